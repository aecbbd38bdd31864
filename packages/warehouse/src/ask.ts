/** Asks a warehouse over REST, for tests: rows, columns, statistics and errors in short forms. */
import assert from "node:assert/strict";
import type { TableResource } from "./catalog.ts";
import { isObject, type JsonObject, objectAt, stringAt } from "./rest/json.ts";
import type { Warehouse } from "./warehouse.ts";

export interface Asker {
  /** Rows of jobs.query, without REST's wrapping. */
  rows(sql: string, more?: object): Promise<unknown[]>;
  /** `name TYPE` of each output column by a dry run, `[]` when repeated. */
  columns(sql: string): Promise<string[]>;
  /** `statistics.query` of a dry run. */
  dryRun(sql: string): Promise<JsonObject>;
  /** Runs it as a job and answers jobs.get of it, done. */
  job(sql: string): Promise<JsonObject>;
  /** The message of the error, undefined when there is none. */
  error(sql: string): Promise<string | undefined>;
  /** A GET or POST below the project. */
  call(method: string, path: string, body?: object): Promise<JsonObject>;
}

export function askerFor(warehouse: Warehouse, project: string, dataset: string): Asker {
  const call = async (method: string, path: string, body?: object): Promise<JsonObject> => {
    const response = await fetch(`${warehouse.url}/bigquery/v2/projects/${project}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    assert.ok(isObject(answer));
    return answer;
  };
  const defaultDataset = { projectId: project, datasetId: dataset };
  const ask = (query: string, more: object = {}): Promise<JsonObject> =>
    call("POST", "/queries", { query, useLegacySql: false, defaultDataset, ...more });
  const message = (answer: JsonObject): string | undefined => stringAt(objectAt(answer, "error"), "message");
  const succeed = (answer: JsonObject, sql: string): JsonObject => {
    assert.equal(message(answer), undefined, sql);
    return answer;
  };
  const insert = async (query: string, more: object): Promise<JsonObject> =>
    succeed(
      await call("POST", "/jobs", {
        configuration: { query: { query, useLegacySql: false, defaultDataset }, ...more },
      }),
      query,
    );
  return {
    call,
    async rows(sql, more) {
      const { rows } = succeed(await ask(sql, more), sql);
      return (Array.isArray(rows) ? rows : []).map(plain);
    },
    async columns(sql) {
      const { fields } = objectAt(succeed(await ask(sql, { dryRun: true }), sql), "schema");
      return (Array.isArray(fields) ? fields : []).map((f) =>
        isObject(f) ? `${String(f.name)} ${String(f.type)}${f.mode === "REPEATED" ? "[]" : ""}` : "",
      );
    },
    async dryRun(sql) {
      return objectAt(objectAt(await insert(sql, { dryRun: true }), "statistics"), "query");
    },
    async job(sql) {
      const id = String(objectAt(await insert(sql, {}), "jobReference").jobId);
      await call("GET", `/queries/${id}?maxResults=0`);
      return call("GET", `/jobs/${id}`);
    },
    async error(sql) {
      return message(await ask(sql));
    },
  };
}

/** REST cells without their wrapping. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => plain(isObject(item) ? item.v : item));
  if (isObject(value) && Array.isArray(value.f)) return value.f.map((cell) => plain(isObject(cell) ? cell.v : cell));
  return value;
}

/** A small table for statements to be tried on: `id` 1 is ann, 2 is bob. */
export async function loadTwoRows(
  warehouse: Warehouse,
  tableReference: TableResource["tableReference"],
): Promise<void> {
  const fields = [
    { name: "id", type: "INTEGER" as const },
    { name: "name", type: "STRING" as const },
  ];
  await warehouse.loadTable({ tableReference, schema: { fields } }, [
    { id: 1, name: "ann" },
    { id: 2, name: "bob" },
  ]);
}
