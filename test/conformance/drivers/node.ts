/** `@google-cloud/bigquery`. Usage: node.ts STEP (a JSON text); prints one JSON line. See ../README.md. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BigQuery } from "@google-cloud/bigquery";
import { v1 } from "@google-cloud/bigquery-storage";
import { tableFromIPC } from "apache-arrow";
import type { Step } from "../steps.ts";
import { largeFile } from "./large-file.ts";

const step = JSON.parse(process.argv[2] ?? "") as Step;
const { ENDPOINT = "", PROJECT = "", UNIVERSE } = process.env;
const client = new BigQuery({
  projectId: PROJECT,
  apiEndpoint: ENDPOINT,
  ...(UNIVERSE === undefined ? {} : { universeDomain: UNIVERSE }),
});

async function rows(): Promise<unknown[]> {
  const given = step.parameters ?? [];
  const params = Object.fromEntries(given.map(([name, type, value]) => [name, asUsersWrite(type, value)]));
  const types = Object.fromEntries(given.map(([name, type]) => [name, /^ARRAY<(.*)>$/.exec(type)?.slice(1) ?? type]));
  const query = { query: step.sql, ...(step.parameters === undefined ? {} : { params, types }) };
  switch (step.how) {
    case "query_and_wait":
      return (await client.query(query))[0];
    case "query": {
      const [job] = await client.createQueryJob(query);
      const all: unknown[] = [];
      // Page by page, as far as a page token leads.
      let more: object | null = { maxResults: step.pageSize ?? 1000, autoPaginate: false };
      while (more !== null) {
        const [page, next] = (await job.getQueryResults(more)) as unknown as [unknown[], object | null];
        all.push(...page);
        more = next;
      }
      return all;
    }
    case "list_rows": {
      const [, dataset = "", table = ""] = (step.table ?? "").split(".");
      return (
        await client
          .dataset(dataset)
          .table(table)
          .getRows({ maxResults: step.limit ?? 10 })
      )[0];
    }
    case "load":
      return loaded();
    case "large_load":
      return loadedLarge();
    case "storage":
      return storageRows();
    default:
      throw new Error(`no ${step.how} here`);
  }
}

/** What two tables hold, made by a file of JSON rows and by one of CSV. */
async function loaded(): Promise<unknown[]> {
  const [, dataset = "", table = ""] = (step.table ?? "").split(".");
  const folder = mkdtempSync(join(tmpdir(), "chaperone-load-"));
  const schema = {
    fields: [
      { name: "day", type: "DATE" },
      { name: "word", type: "STRING" },
    ],
  };
  const all: unknown[] = [];
  for (const [way, file, format] of [
    ["json", '{"day":"2026-02-28","word":"a"}\n{"day":"2026-03-01"}\n', { sourceFormat: "NEWLINE_DELIMITED_JSON" }],
    ["csv", "day,word\n2026-02-28,a\n2026-03-01,\n", { sourceFormat: "CSV", skipLeadingRows: 1 }],
  ] as const) {
    const path = join(folder, way);
    writeFileSync(path, file);
    const to = client.dataset(dataset).table(`${table}_node_${way}`);
    await to.load(path, { ...format, schema, writeDisposition: "WRITE_TRUNCATE" });
    all.push(...(await client.query(`SELECT * FROM ${dataset}.${table}_node_${way} ORDER BY day`))[0]);
  }
  rmSync(folder, { recursive: true });
  return all;
}

/** What the step asks of a table of as many rows as it says, which come from a file: an upload in one request. */
async function loadedLarge(): Promise<unknown[]> {
  const [, dataset = "", table = ""] = (step.table ?? "").split(".");
  const { folder, path } = await largeFile(step.rows ?? 0);
  const schema = {
    fields: [
      { name: "n", type: "INTEGER" },
      { name: "born", type: "DATE" },
      { name: "word", type: "STRING" },
    ],
  };
  const format = { sourceFormat: "NEWLINE_DELIMITED_JSON", writeDisposition: "WRITE_TRUNCATE" };
  await client
    .dataset(dataset)
    .table(table)
    .load(path, { ...format, schema });
  rmSync(folder, { recursive: true });
  return (await client.query(step.sql))[0];
}

async function storageRows(): Promise<unknown[]> {
  const reader = new v1.BigQueryReadClient({
    projectId: PROJECT,
    apiEndpoint: "localhost",
    port: Number(process.env.STORAGE_PORT),
    ...(UNIVERSE === undefined ? {} : { universeDomain: UNIVERSE }),
  });
  const [project = "", dataset = "", table = ""] = (step.table ?? "").split(".");
  const [session] = await reader.createReadSession({
    parent: `projects/${PROJECT}`,
    readSession: { table: `projects/${project}/datasets/${dataset}/tables/${table}`, dataFormat: "ARROW" },
    maxStreamCount: 1,
  });
  const parts = [session.arrowSchema?.serializedSchema ?? ""];
  const stream = reader.readRows({ readStream: session.streams?.[0]?.name ?? "" });
  for await (const { arrowRecordBatch } of stream) parts.push(arrowRecordBatch.serializedRecordBatch);
  await reader.close();
  return tableFromIPC(Buffer.concat(parts.map((part) => Buffer.from(part)))).toArray();
}

function asUsersWrite(type: string, value: unknown): unknown {
  return type === "DATE" ? BigQuery.date(String(value)) : value;
}

try {
  const asText = (_key: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
  console.log(JSON.stringify({ rows: await rows() }, asText));
} catch (error) {
  const { code, message } = error as { code?: unknown; message: string };
  console.log(JSON.stringify({ error: { kind: String(code), message } }));
}
