import type { TableFieldSchema } from "@chaperone/googlesql";
import type { Json } from "../evidence/event.ts";
import type { LoadJob, QueryParameter } from "../upstream/upstream.ts";

/** What an agent asked for, as one door understood it. */
export interface Statement {
  readonly sql: string;
  readonly parameterMode: "NAMED" | "POSITIONAL" | undefined;
  /** BigQuery's queryParameters, as sent. */
  readonly parameters: readonly Json[];
  readonly defaultDataset: { readonly projectId: string; readonly datasetId: string } | undefined;
  /** Of a load that a person must agree to: which rows follow it. Bound, sealed and hashed as parameters are; BigQuery, which isn't asked about them, isn't told. */
  readonly rows?: CountedRows;
}

/** Rows that were read, counted and dropped: what is agreed to in their place. */
export interface CountedRows {
  readonly rows: number;
  /** Of the lines that go on to BigQuery. */
  readonly bytes: number;
  /** HMAC-SHA-256 (hex) of these lines, under a key of the gateway's (I5). */
  readonly digest: string;
}

/** All that is written with a statement beside its text, for whoever binds or hashes it. */
export function boundParameters({ parameters, rows }: Statement): readonly Json[] {
  return rows === undefined ? parameters : [...parameters, { ...rows }];
}

/** A job that was asked for in other words than SQL, as it was asked for: `statement` says the same. */
export interface AskedJob {
  readonly kind: "load" | "extract" | "copy";
  readonly configuration: Json;
  /** Set where more rows are loaded than a statement takes: `statement` says what is done to which columns, and is judged; the rows go after it (sent-on.ts). */
  readonly sentOn?: SentOnLoad;
}

/** What BigQuery's own load job is told. */
export interface SentOnLoad {
  /** `project.dataset.table`. */
  readonly table: string;
  /** Of the table that is made; null: it is there. */
  readonly schema: readonly TableFieldSchema[] | null;
  readonly write: LoadJob["write"];
}

export interface Submission {
  readonly door: "bigquery-rest" | "bigquery-storage";
  readonly project: string;
  readonly location: string | undefined;
  /** The client's own job id, if it gave one. */
  readonly jobId: string | undefined;
  readonly requestId: string | undefined;
  readonly statement: Statement;
  readonly dryRun: boolean;
  readonly maximumBytesBilled: number | undefined;
  readonly jobTimeoutMs: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly asked?: AskedJob;
}

/** A statement's parameters as upstream's calls take them. */
export function parametersOf(statement: Statement): {
  parameters?: readonly QueryParameter[];
  parameterMode?: "NAMED" | "POSITIONAL";
} {
  return {
    ...(statement.parameters.length === 0 ? {} : { parameters: statement.parameters as readonly QueryParameter[] }),
    ...(statement.parameterMode === undefined ? {} : { parameterMode: statement.parameterMode }),
  };
}
