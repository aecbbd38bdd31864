import type { StandardSqlDataType, TableFieldSchema } from "@chaperone/googlesql";
import { z } from "zod";

/**
 * BigQuery's answers, as far as the gateway uses them. Unknown fields are dropped: Google adds some now and then.
 * https://cloud.google.com/bigquery/docs/reference/rest
 */

const DIGITS = /^-?\d{1,19}$/;

/** A 64-bit integer, which JSON carries as text. One that a double can't hold exactly is refused. */
const int64 = z
  .custom<string | number>((value) => typeof value === "number" || (typeof value === "string" && DIGITS.test(value)))
  .transform(Number)
  .refine(Number.isSafeInteger);

const labels = z.record(z.string(), z.string());
const name = z.string().min(1).max(1024);

const field: z.ZodType<TableFieldSchema> = z.lazy(() => fieldObject) as unknown as z.ZodType<TableFieldSchema>;
const fieldObject = z.object({
  name: z.string().min(1).max(300),
  type: z.string().min(1).max(64),
  mode: z.string().max(64).exactOptional(),
  description: z.string().exactOptional(),
  fields: z.array(field).max(10_000).exactOptional(),
  maxLength: z.string().max(64).exactOptional(),
  precision: z.string().max(64).exactOptional(),
  scale: z.string().max(64).exactOptional(),
  rangeElementType: z.object({ type: z.string().max(64) }).exactOptional(),
  defaultValueExpression: z.string().exactOptional(),
  policyTags: z.object({ names: z.array(z.string()).exactOptional() }).exactOptional(),
});

const schema = z.object({ fields: z.array(field).max(10_000).exactOptional() });

const tableReference = z.object({ projectId: name, datasetId: name, tableId: name });
const routineReference = z.object({ projectId: name, datasetId: name, routineId: name });

const partitioning = z.object({ field: z.string().max(300).exactOptional() });

export const tableAnswer = z.object({
  tableReference,
  type: z.string().max(64).exactOptional(),
  schema: schema.exactOptional(),
  /** `type` says whether there is a _PARTITIONDATE: without it a name would be looked for in the wrong place. */
  timePartitioning: partitioning.extend({ type: z.string().max(64).exactOptional() }).exactOptional(),
  rangePartitioning: partitioning.exactOptional(),
  clustering: z.object({ fields: z.array(z.string().max(300)).max(100).exactOptional() }).exactOptional(),
  view: z.object({ query: z.string(), useLegacySql: z.boolean().exactOptional() }).exactOptional(),
  materializedView: z.object({ query: z.string() }).exactOptional(),
  externalDataConfiguration: z
    .object({
      sourceFormat: z.string().max(64).exactOptional(),
      hivePartitioningOptions: z.object({ mode: z.string().max(64).exactOptional() }).exactOptional(),
      objectMetadata: z.string().max(64).exactOptional(),
    })
    .exactOptional(),
  labels: labels.exactOptional(),
  description: z.string().exactOptional(),
  etag: z.string().max(1024).exactOptional(),
});

const dataType: z.ZodType<StandardSqlDataType> = z.lazy(
  () => dataTypeObject,
) as unknown as z.ZodType<StandardSqlDataType>;
const standardField = z.object({ name: z.string().max(300).exactOptional(), type: dataType.exactOptional() });
const dataTypeObject = z.object({
  typeKind: z.string().min(1).max(64),
  arrayElementType: dataType.exactOptional(),
  structType: z.object({ fields: z.array(standardField).max(10_000).exactOptional() }).exactOptional(),
  rangeElementType: dataType.exactOptional(),
});

export const routineAnswer = z.object({
  routineReference,
  routineType: z.string().max(64),
  language: z.string().max(64).exactOptional(),
  arguments: z
    .array(
      z.object({
        name: z.string().max(300).exactOptional(),
        argumentKind: z.string().max(64).exactOptional(),
        mode: z.string().max(64).exactOptional(),
        dataType: dataType.exactOptional(),
        tableType: z.object({ columns: z.array(standardField).max(10_000).exactOptional() }).exactOptional(),
        isAggregate: z.boolean().exactOptional(),
      }),
    )
    .max(1000)
    .exactOptional(),
  returnType: dataType.exactOptional(),
  returnTableType: z.object({ columns: z.array(standardField).max(10_000).exactOptional() }).exactOptional(),
  definitionBody: z.string().exactOptional(),
  remoteFunctionOptions: z
    .object({ endpoint: z.string().exactOptional(), connection: z.string().exactOptional() })
    .exactOptional(),
  importedLibraries: z.array(z.string()).exactOptional(),
  strictMode: z.boolean().exactOptional(),
});

/** Which columns it was made by. https://cloud.google.com/bigquery/docs/reference/rest/v2/models#trainingoptions */
const trainingOptions = z.object({
  userColumn: name.exactOptional(),
  itemColumn: name.exactOptional(),
  feedbackType: z.string().max(64).exactOptional(),
  timeSeriesTimestampColumn: name.exactOptional(),
  timeSeriesDataColumn: name.exactOptional(),
  timeSeriesIdColumn: name.exactOptional(),
  timeSeriesIdColumns: z.array(name).max(100).exactOptional(),
});

/** What a model gives; not what it learnt. https://cloud.google.com/bigquery/docs/reference/rest/v2/models#Model */
export const modelAnswer = z.object({
  modelReference: z.object({ projectId: name, datasetId: name, modelId: name }),
  modelType: z.string().max(64).exactOptional(),
  featureColumns: z.array(standardField).max(10_000).exactOptional(),
  labelColumns: z.array(standardField).max(10_000).exactOptional(),
  transformColumns: z
    .array(z.object({ name: z.string().max(300).exactOptional() }))
    .max(10_000)
    .exactOptional(),
  trainingRuns: z
    .array(z.object({ trainingOptions: trainingOptions.exactOptional() }))
    .max(1000)
    .exactOptional(),
  remoteModelInfo: z
    .object({ endpoint: z.string().exactOptional(), connection: z.string().exactOptional() })
    .exactOptional(),
});

/** Asked for by name, since results of trainings stand beside their options. */
export const MODEL_FIELDS = Object.keys(modelAnswer.shape)
  .map((field) =>
    field === "trainingRuns" ? `trainingRuns(trainingOptions(${Object.keys(trainingOptions.shape).join(",")}))` : field,
  )
  .join(",");

export const datasetAnswer = z.object({
  datasetReference: z.object({ projectId: name, datasetId: name }),
  location: z.string().max(64).exactOptional(),
  labels: labels.exactOptional(),
  description: z.string().exactOptional(),
  isCaseInsensitive: z.boolean().exactOptional(),
  etag: z.string().max(1024).exactOptional(),
});

const pageToken = z.string().max(8192).exactOptional();

export const datasetListAnswer = z.object({
  datasets: z.array(datasetAnswer).exactOptional(),
  nextPageToken: pageToken,
});

export const tableListAnswer = z.object({
  tables: z
    .array(z.object({ tableReference, type: z.string().max(64).exactOptional(), labels: labels.exactOptional() }))
    .exactOptional(),
  nextPageToken: pageToken,
});

export const routineListAnswer = z.object({
  routines: z.array(z.object({ routineReference, routineType: z.string().max(64) })).exactOptional(),
  nextPageToken: pageToken,
});

export const modelListAnswer = z.object({
  models: z
    .array(
      z.object({
        modelReference: z.object({ projectId: name, datasetId: name, modelId: name }),
        modelType: z.string().max(64).exactOptional(),
      }),
    )
    .exactOptional(),
  nextPageToken: pageToken,
});

const errorProto = z.object({ reason: z.string().exactOptional() });

export const jobAnswer = z.object({
  jobReference: z
    .object({
      projectId: name.exactOptional(),
      jobId: name.exactOptional(),
      location: z.string().max(64).exactOptional(),
    })
    .exactOptional(),
  status: z
    .object({ state: z.enum(["PENDING", "RUNNING", "DONE"]), errorResult: errorProto.exactOptional() })
    .exactOptional(),
  configuration: z
    .object({
      dryRun: z.boolean().exactOptional(),
      query: z
        .object({ query: z.string().exactOptional(), destinationTable: tableReference.exactOptional() })
        .exactOptional(),
      load: z.object({ destinationTable: tableReference.exactOptional() }).exactOptional(),
    })
    .exactOptional(),
  statistics: z
    .object({
      creationTime: int64.exactOptional(),
      startTime: int64.exactOptional(),
      endTime: int64.exactOptional(),
      totalBytesProcessed: int64.exactOptional(),
      totalSlotMs: int64.exactOptional(),
      load: z.object({ outputRows: int64.exactOptional() }).exactOptional(),
      query: z
        .object({
          statementType: z.string().max(64).exactOptional(),
          schema: schema.exactOptional(),
          referencedTables: z.array(tableReference).exactOptional(),
          referencedRoutines: z.array(routineReference).exactOptional(),
          totalBytesProcessed: int64.exactOptional(),
          totalBytesProcessedAccuracy: z.string().max(64).exactOptional(),
          totalBytesBilled: int64.exactOptional(),
          totalSlotMs: int64.exactOptional(),
          numDmlAffectedRows: int64.exactOptional(),
          cacheHit: z.boolean().exactOptional(),
          undeclaredQueryParameters: z.array(z.object({ name: z.string().max(300).exactOptional() })).exactOptional(),
          ddlTargetTable: tableReference.exactOptional(),
        })
        .exactOptional(),
    })
    .exactOptional(),
});
export type JobAnswer = z.output<typeof jobAnswer>;

/** Of a job that was just inserted: no more than that it is there, and whose it is. */
export const insertedAnswer = jobAnswer.pick({ jobReference: true, status: true });

/** Of a list of jobs: which they are and by what labels they go. */
export const jobListAnswer = z.object({
  jobs: z
    .array(
      z.object({
        jobReference: z.object({ projectId: name, jobId: name, location: z.string().max(64).exactOptional() }),
        configuration: z.object({ labels: labels.exactOptional() }).exactOptional(),
      }),
    )
    .exactOptional(),
  nextPageToken: pageToken,
});

/** jobs.cancel wraps the job. */
export const cancelAnswer = z.object({ job: jobAnswer });

export const resultsAnswer = z.object({
  jobReference: z.object({ projectId: name, jobId: name, location: z.string().max(64).exactOptional() }),
  jobComplete: z.boolean(),
  schema: schema.exactOptional(),
  totalRows: int64.exactOptional(),
  totalBytesProcessed: int64.exactOptional(),
  numDmlAffectedRows: int64.exactOptional(),
  cacheHit: z.boolean().exactOptional(),
});

/** Google's error envelope; only the reason code is read. */
export const errorAnswer = z.object({ error: z.object({ errors: z.array(errorProto).exactOptional() }) });
