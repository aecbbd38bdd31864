import { z } from "zod";
import { MemberTwice } from "../../sessions/sent-value.ts";
import { GoogleError, invalid } from "./google-error.ts";
import { copyConfiguration, extractConfiguration, loadConfiguration } from "./job-configurations.ts";

/**
 * The request bodies this door understands. Strict: a field that isn't here is refused by name, never ignored (I1),
 * since an ignored field could be one that moves data (destinationTable, tableDefinitions …).
 */

const int64 = z.union([z.string().regex(/^[0-9]{1,18}$/), z.number().int().nonnegative()]).transform(Number);
/** What 0 would mean to BigQuery, none or no bound, isn't said anywhere. */
const bound = int64.refine((n) => n > 0);
const bool = z.boolean();
/** https://cloud.google.com/bigquery/docs/labels-intro#requirements */
const MOST_LABELS = 64;
const label = z
  .record(z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/), z.string().regex(/^[a-z0-9_-]{0,63}$/))
  .refine((labels) => Object.keys(labels).length <= MOST_LABELS);

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/QueryParameter */
const parameterType: z.ZodType = z.lazy(() =>
  z.strictObject({
    type: z.string().max(32),
    arrayType: parameterType.optional(),
    structTypes: z
      .array(
        z.strictObject({
          name: z.string().max(300).optional(),
          type: parameterType,
          description: z.string().optional(),
        }),
      )
      .max(1000)
      .optional(),
    rangeElementType: parameterType.optional(),
    timestampPrecision: z.union([z.string(), z.number()]).optional(),
  }),
);
/**
 * Official clients send numbers and booleans bare, and BigQuery reads them as text; so they become text here, before
 * anything is bound to them. An integer that a double can't hold is refused, since it was rounded when it was read.
 */
const scalar = z
  .union([
    z.string(),
    z.boolean(),
    z.number().refine((n) => !Number.isInteger(n) || Number.isSafeInteger(n), {
      error: "send integers above 9007199254740991 as text",
    }),
  ])
  .transform(String);
const parameterValue: z.ZodType = z.lazy(() =>
  z.strictObject({
    value: scalar.nullable().optional(),
    arrayValues: z.array(parameterValue).max(100_000).optional(),
    structValues: z.record(z.string().max(300), parameterValue).optional(),
    rangeValue: z.strictObject({ start: parameterValue.optional(), end: parameterValue.optional() }).optional(),
  }),
);
const queryParameters = z
  .array(
    z.strictObject({ name: z.string().max(128).optional(), parameterType, parameterValue: parameterValue.optional() }),
  )
  .max(10_000);

const shared = {
  query: z.string(),
  useLegacySql: z.literal(false, { error: "set useLegacySql to false: legacy SQL is not served" }),
  defaultDataset: z
    .strictObject({
      datasetId: z.string().regex(/^[A-Za-z0-9_]{1,1024}$/),
      projectId: z
        .string()
        .regex(/^([A-Za-z0-9.-]{1,255}:)?[A-Za-z0-9_-]{1,255}$/)
        .optional(),
    })
    .optional(),
  parameterMode: z.enum(["NAMED", "POSITIONAL", "named", "positional"]).optional(),
  queryParameters: queryParameters.optional(),
  maximumBytesBilled: bound.optional(),
  useQueryCache: bool.optional(),
};

/** POST /projects/{p}/queries */
export const queryRequest = z.strictObject({
  kind: z.string().optional(),
  ...shared,
  dryRun: bool.optional(),
  labels: label.optional(),
  location: z.string().max(64).optional(),
  maxResults: int64.optional(),
  timeoutMs: int64.optional(),
  requestId: z
    .string()
    .regex(/^[\x21-\x7e]{1,36}$/)
    .optional(),
  jobCreationMode: z
    .enum(["JOB_CREATION_REQUIRED", "JOB_CREATION_OPTIONAL", "JOB_CREATION_MODE_UNSPECIFIED"])
    .optional(),
  formatOptions: z
    .strictObject({
      useInt64Timestamp: bool.optional(),
      timestampOutputFormat: z
        .enum(["FLOAT64", "INT64", "ISO8601_STRING", "TIMESTAMP_OUTPUT_FORMAT_UNSPECIFIED"])
        .optional(),
    })
    .optional(),
});

const jobQuery = z.strictObject({
  ...shared,
  allowLargeResults: bool.optional(),
  flattenResults: bool.optional(),
  priority: z.enum(["INTERACTIVE"]).optional(),
  // bq says of every query that it is not a continuous one.
  continuous: z.literal(false).optional(),
  // The Node client leaves its own option in the body; its parameters carry the types already. BigQuery doesn't read it either.
  types: z.unknown().optional(),
});

/** POST /projects/{p}/jobs */
export const insertRequest = z.strictObject({
  kind: z.string().optional(),
  id: z.string().optional(),
  jobReference: z
    .strictObject({
      projectId: z.string().max(1024).optional(),
      jobId: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,1024}$/)
        .optional(),
      location: z.string().max(64).optional(),
    })
    .optional(),
  configuration: z.strictObject({
    jobType: z.string().optional(),
    dryRun: bool.optional(),
    labels: label.optional(),
    jobTimeoutMs: bound.optional(),
    query: jobQuery.optional(),
    load: loadConfiguration.optional(),
    copy: copyConfiguration.optional(),
    extract: extractConfiguration.optional(),
  }),
});

/** Job kinds and query fields that would move data past the masks: named in the refusal, so that the developer knows at once. */
const NOT_YET: Readonly<Record<string, string>> = {
  schemaUpdateOptions: "changes of a table's schema by jobs: say them in DDL",
  timePartitioning: "the layout of tables made by jobs: say it in DDL",
  clustering: "the layout of tables made by jobs: say it in DDL",
  sourceModel: "extracts of models",
  destinationTable: "destination tables: results are read through the job",
  tableDefinitions: "external table definitions",
  userDefinedFunctionResources: "user-defined function resources",
  createSession: "sessions of BigQuery",
  connectionProperties: "connection properties",
  scriptOptions: "options of scripts",
};

/** Types and values of parameters nest; what nests deeper than the stack bears is refused like any other form. */
function checked<T extends z.ZodType>(schema: T, json: unknown): z.ZodSafeParseResult<z.output<T>> {
  try {
    return schema.safeParse(json);
  } catch (error) {
    if (error instanceof RangeError) throw invalid("The request body is nested too deep.");
    throw error;
  }
}

/**
 * The one name that objects of JavaScript have a meaning of their own for: schemas of records leave it out without a word, and what
 * isn't read is refused (I1). Looked for only where the text could have it, plainly or escaped.
 */
function refuseProto(text: string, json: unknown): void {
  if (!/proto|\\u00/i.test(text)) return;
  for (const left: unknown[] = [json]; left.length > 0; ) {
    const value = left.pop();
    if (typeof value !== "object" || value === null) continue;
    if (Object.hasOwn(value, "__proto__"))
      throw invalid("Chaperone does not know the request field __proto__; remove it.");
    for (const inner of Object.values(value)) left.push(inner);
  }
}

/** Half of a pair of surrogates is no character: no UTF-8 says it, and no hash is made of it (evidence/canonical-json.ts). */
function refuseHalves(text: string, json: unknown): void {
  if (!/\\ud/i.test(text)) return;
  for (const left: unknown[] = [json]; left.length > 0; ) {
    const value = left.pop();
    if (typeof value === "string" && !value.isWellFormed())
      throw invalid("The request body holds half of a pair of surrogates.");
    if (typeof value === "object" && value !== null) for (const entry of Object.entries(value)) left.push(...entry);
  }
}

/** 15 STRUCTs take some fifty levels as a parameter's type; of much deeper ones no hash is made (evidence/canonical-json.ts). */
const DEEPEST = 60;

function refuseDepth(json: unknown): void {
  let level: readonly unknown[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw invalid("The request body is nested too deep.");
    const below: unknown[] = [];
    for (const value of level)
      if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) below.push(inner);
    level = below;
  }
}

/** Parses a body by its schema, or refuses it naming the field (never a value). */
export function parseBody<T extends z.ZodType>(
  schema: T,
  text: string,
  parse: (text: string) => unknown = JSON.parse,
): z.output<T> {
  let json: unknown;
  try {
    json = parse(text);
  } catch (error) {
    if (error instanceof RangeError) throw invalid("The request body is nested too deep.");
    if (error instanceof MemberTwice) throw invalid("The request body has a member twice in one object.");
    throw new GoogleError(400, "parseError", "The request body is not JSON.");
  }
  refuseProto(text, json);
  // Rows that are sent hold JSON of their own.
  if (parse === JSON.parse) {
    refuseDepth(json);
    refuseHalves(text, json);
  }
  const result = checked(schema, json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue === undefined) throw invalid("The request body is not of the expected form.");
  const at = issue.path
    .map(String)
    .filter((p) => /^[A-Za-z0-9_]{1,40}$/.test(p))
    .join(".");
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys.find((k) => /^[A-Za-z0-9_]{1,40}$/.test(k)) ?? "?";
    const why = Object.hasOwn(NOT_YET, key) ? NOT_YET[key] : undefined;
    throw new GoogleError(
      400,
      "invalid",
      why === undefined
        ? `Chaperone does not know the request field ${at === "" ? key : `${at}.${key}`}; remove it.`
        : `Chaperone does not serve ${why} (request field ${key}).`,
    );
  }
  const said = /^(set useLegacySql|send integers|give) /.test(issue.message) ? ` (${issue.message})` : "";
  throw invalid(`Request field ${at === "" ? "(body)" : at} is missing or not of the expected form${said}.`);
}
