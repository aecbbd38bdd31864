import { z } from "zod";
import { quotedTable } from "../../sessions/table-read.ts";
import { invalid } from "./google-error.ts";
import { sqlText } from "./sql-text.ts";

/**
 * routines.insert, update and delete as the DDL that says the same, which policy judges like any other: a body is judged where it is
 * made, and again at each use. What no DDL here says is refused by name.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/routines#Routine
 */

const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,255}$/);

const SCALARS = [
  "INT64",
  "BOOL",
  "FLOAT64",
  "STRING",
  "BYTES",
  "TIMESTAMP",
  "DATE",
  "TIME",
  "DATETIME",
  "INTERVAL",
  "GEOGRAPHY",
  "NUMERIC",
  "BIGNUMERIC",
  "JSON",
] as const;

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/StandardSqlDataType: what is said beside a kind is of that kind, or refused. */
type DataType =
  | { readonly typeKind: (typeof SCALARS)[number] }
  | { readonly typeKind: "ARRAY"; readonly arrayElementType: DataType }
  | { readonly typeKind: "RANGE"; readonly rangeElementType: DataType }
  | { readonly typeKind: "STRUCT"; readonly structType: { readonly fields: readonly Field[] } };
interface Field {
  readonly name?: string;
  readonly type: DataType;
}
const dataType: z.ZodType<DataType> = z.lazy(() =>
  z.discriminatedUnion("typeKind", [
    z.strictObject({ typeKind: z.enum(SCALARS) }),
    z.strictObject({ typeKind: z.literal("ARRAY"), arrayElementType: dataType }),
    z.strictObject({ typeKind: z.literal("RANGE"), rangeElementType: dataType }),
    z.strictObject({ typeKind: z.literal("STRUCT"), structType: z.strictObject({ fields: z.array(field).max(1000) }) }),
  ]),
);
const field: z.ZodType<Field> = z.strictObject({ name: name.exactOptional(), type: dataType });

export const routineRequest = z.strictObject({
  kind: z.string().optional(),
  routineReference: z.strictObject({
    projectId: z.string().max(1024).optional(),
    datasetId: z.string().max(1024).optional(),
    routineId: name,
  }),
  routineType: z.enum(["SCALAR_FUNCTION", "TABLE_VALUED_FUNCTION", "PROCEDURE", "AGGREGATE_FUNCTION"]),
  language: z.enum(["SQL", "JAVASCRIPT"]).optional(),
  arguments: z
    .array(
      z.strictObject({
        name,
        argumentKind: z.literal("FIXED_TYPE").optional(),
        dataType,
        /** Of procedures. */
        mode: z.enum(["IN", "OUT", "INOUT"]).optional(),
        /** Of aggregate functions; false: one value for all rows. */
        isAggregate: z.boolean().optional(),
      }),
    )
    .max(256)
    .optional(),
  returnType: dataType.optional(),
  definitionBody: z.string(),
  description: z.string().max(16_384).optional(),
});
export type RoutineRequest = z.output<typeof routineRequest>;

/** A body follows AS to its end, and is judged as SQL like all of it: one that closes what encloses it is another statement, judged too. */
export function createRoutineSql(body: RoutineRequest, project: string, dataset: string, replacing: boolean): string {
  const { routineReference, routineType, returnType, description, definitionBody, language = "SQL" } = body;
  if ((routineReference.projectId ?? project) !== project || (routineReference.datasetId ?? dataset) !== dataset)
    throw invalid("routineReference is not in the dataset of the path.");
  const verb = replacing ? "CREATE OR REPLACE" : "CREATE";
  const made = quotedTable({ project, dataset, table: routineReference.routineId });
  const list = (body.arguments ?? []).map((one) => argumentText(one, routineType)).join(", ");
  const returns = returnType === undefined ? "" : ` RETURNS ${typeText(returnType)}`;
  const options = description === undefined ? "" : ` OPTIONS (description = ${sqlText(description)})`;
  switch (routineType) {
    case "SCALAR_FUNCTION":
      return language === "SQL"
        ? `${verb} FUNCTION ${made}(${list})${returns} AS (${definitionBody}\n)${options}`
        : `${verb} FUNCTION ${made}(${list})${returns} LANGUAGE js${options} AS ${sqlText(definitionBody)}`;
    case "TABLE_VALUED_FUNCTION":
      if (language !== "SQL" || returnType !== undefined)
        throw invalid("A table function is made of its query: language SQL, without returnType.");
      return `${verb} TABLE FUNCTION ${made}(${list})${options} AS (${definitionBody}\n)`;
    case "AGGREGATE_FUNCTION":
      if (language !== "SQL") throw invalid("An aggregate function is made here of SQL alone.");
      return `${verb} AGGREGATE FUNCTION ${made}(${list})${returns} AS (${definitionBody}\n)${options}`;
    case "PROCEDURE":
      if (language !== "SQL" || returnType !== undefined)
        throw invalid("A procedure is made of its statements: language SQL, without returnType.");
      return `${verb} PROCEDURE ${made}(${list})${options} ${blockOf(definitionBody)}`;
  }
}

type Argument = NonNullable<RoutineRequest["arguments"]>[number];

function argumentText(
  { name: given, dataType: type, mode, isAggregate }: Argument,
  of: RoutineRequest["routineType"],
): string {
  if (mode !== undefined && of !== "PROCEDURE") throw invalid("Arguments of a function have no mode.");
  if (isAggregate !== undefined && of !== "AGGREGATE_FUNCTION")
    throw invalid("isAggregate is said of an aggregate function's arguments alone.");
  const before = mode === undefined ? "" : `${mode} `;
  return `${before}\`${given}\` ${typeText(type)}${isAggregate === false ? " NOT AGGREGATE" : ""}`;
}

/** BigQuery shows a procedure's body with its BEGIN and END, and takes its statements alone as well. */
function blockOf(body: string): string {
  return /^\s*BEGIN\b(?!\s*(TRANSACTION\b|;))/i.test(body) ? body : `BEGIN\n${body}\nEND`;
}

/** `type`: of the routine's resource. */
export function dropRoutineSql(project: string, dataset: string, routine: string, type: string): string {
  const made = quotedTable({ project, dataset, table: routine });
  switch (type.toUpperCase()) {
    case "SCALAR_FUNCTION":
    case "AGGREGATE_FUNCTION":
      return `DROP FUNCTION ${made}`;
    case "TABLE_VALUED_FUNCTION":
      return `DROP TABLE FUNCTION ${made}`;
    case "PROCEDURE":
      return `DROP PROCEDURE ${made}`;
    default:
      throw invalid("A routine of this type is dropped by DDL only.");
  }
}

function typeText(type: DataType): string {
  switch (type.typeKind) {
    case "ARRAY":
      return `ARRAY<${typeText(type.arrayElementType)}>`;
    case "RANGE":
      return `RANGE<${typeText(type.rangeElementType)}>`;
    case "STRUCT":
      return `STRUCT<${type.structType.fields.map(fieldText).join(", ")}>`;
    default:
      return type.typeKind;
  }
}

function fieldText({ name, type }: Field): string {
  return name === undefined ? typeText(type) : `\`${name}\` ${typeText(type)}`;
}
