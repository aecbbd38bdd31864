/** A wide synthetic table for benchmarks: three identifiers among ten columns, made by DuckDB itself. */
import type { Catalog } from "./catalog.ts";
import type { Engine } from "./engine.ts";
import type { Field } from "./sql/types.ts";

const FIELDS: readonly Field[] = [
  { name: "id", type: "INTEGER" },
  { name: "ssn", type: "STRING" },
  { name: "mrn", type: "STRING" },
  { name: "full_name", type: "STRING" },
  { name: "birth_date", type: "DATE" },
  { name: "seen_at", type: "TIMESTAMP" },
  { name: "score", type: "FLOAT" },
  { name: "active", type: "BOOLEAN" },
  { name: "balance", type: "NUMERIC" },
  { name: "note", type: "STRING" },
];

/** `<project>.bench.wide` with so many rows, the same every time; replaces an earlier one. */
export async function createBench(engine: Engine, catalog: Catalog, project: string, rows: number): Promise<void> {
  const tableReference = { projectId: project, datasetId: "bench", tableId: "wide" };
  catalog.ensureDataset(project, "bench");
  const duckName = catalog.freshName("data");
  await engine.run(`
    CREATE TABLE ${duckName} AS
    SELECT
      i AS id,
      printf('%03d-%02d-%04d', 100 + i % 800, 10 + i // 7 % 89, (i * 7919) % 10000) AS ssn,
      printf('MRN%08d', i) AS mrn,
      ['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara'][1 + i % 5] || ' ' || ['Moss', 'Lund', 'Ives', 'Okoro'][1 + i // 5 % 4] AS full_name,
      DATE '1930-01-01' + CAST(i * 37 % 33000 AS INTEGER) AS birth_date,
      make_timestamptz(1600000000000000 + i * 61000000) AS seen_at,
      (i * 31 % 1000) / 8.0e0 AS score,
      i % 3 = 0 AS active,
      CAST(i * 97 % 100000 AS DECIMAL(38,9)) AS balance,
      'visit ' || i || ' without remarks' AS note
    FROM range(${Math.floor(rows)}) AS r(i)`);
  catalog.register({ tableReference, schema: { fields: FIELDS } }, duckName, rows, false);
}
