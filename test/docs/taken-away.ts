import { changeUses } from "../../packages/gateway/src/policy/statements.ts";
import { writtenColumns } from "../../packages/gateway/src/policy/writes.ts";
import { loadOfAnyRows } from "../../packages/gateway/src/sessions/load-rows.ts";
import { analyze, type QueryParameter, type TableResource } from "../../packages/googlesql/src/index.ts";

const FIELDS = [
  { name: "a", type: "STRING" },
  { name: "b", type: "STRING" },
];
const table = (tableId: string): TableResource => ({
  tableReference: { projectId: "p", datasetId: "d", tableId },
  schema: { fields: FIELDS },
});
const upload = loadOfAnyRows({ target: "`p.d.t`", fields: FIELDS, exists: true, write: "WRITE_TRUNCATE" });

/** What takes data away, in docs/policies.md: how it is said there, and a statement that does it to table `t` of columns `a` and `b`. */
const STATEMENTS: readonly (readonly [string, string])[] = [
  ["`DELETE`, `TRUNCATE TABLE`, and `MERGE` that deletes", "TRUNCATE TABLE t"],
  ["`UPDATE a`", "UPDATE t SET a = NULL WHERE TRUE"],
  ["`ALTER TABLE … DROP COLUMN a`", "ALTER TABLE t DROP COLUMN a"],
  ["`ALTER TABLE … RENAME TO n`", "ALTER TABLE t RENAME TO n"],
  ["`DROP TABLE`, of a view or snapshot too", "DROP TABLE t"],
  [
    "`CREATE OR REPLACE TABLE` of a column `c`, also by a copy job with `WRITE_TRUNCATE`",
    "CREATE OR REPLACE TABLE t (c STRING)",
  ],
  [
    "`LOAD DATA OVERWRITE`, also by a load job of files with `WRITE_TRUNCATE`",
    "LOAD DATA OVERWRITE t (a STRING, b STRING) FROM FILES (format = 'CSV', uris = ['gs://x/y'])",
  ],
  ["an upload with `WRITE_TRUNCATE`", upload.sql],
  [
    "`expiration_timestamp`, or `expirationTime` by `tables.patch`",
    "ALTER TABLE t SET OPTIONS (expiration_timestamp = TIMESTAMP '2030-01-01 00:00:00+00')",
  ],
  ["`partition_expiration_days`", "ALTER TABLE t SET OPTIONS (partition_expiration_days = 1)"],
  ["`DROP SCHEMA … CASCADE`", "DROP SCHEMA d CASCADE"],
  [
    "a dataset's `default_table_expiration_days`, for tables that are made later",
    "ALTER SCHEMA d SET OPTIONS (default_table_expiration_days = 1)",
  ],
  ["its `default_partition_expiration_days`", "ALTER SCHEMA d SET OPTIONS (default_partition_expiration_days = 1)"],
];

/** Each with what policy is asked of it, by the code that asks. */
export function takenAway(): readonly (readonly string[])[] {
  return STATEMENTS.map(([said, sql]) => {
    const { plan } = analyze(sql, {
      catalog: { table: (name) => (name === "p.d.t" ? table("t") : undefined) },
      defaultProject: "p",
      defaultDataset: { project: "p", dataset: "d" },
      parameters: upload.parameters as unknown as readonly QueryParameter[],
    });
    if (!plan.understood) throw new Error(`${sql}: ${plan.refusal.message}`);
    const written = writtenColumns(plan, (column) => ({ column, classes: [], source: undefined }));
    const asked = [
      ...plan.statements.flatMap((statement) => changeUses(statement)),
      ...written.map(({ table: of, path, mode }) => ({ table: of, path, action: "write", via: mode })),
    ];
    const ways = new Map<string, Set<string>>();
    for (const { table: of, path, action, via } of asked) {
      const key = `\`${action}\` by way of \`${via}\``;
      ways.set(key, (ways.get(key) ?? new Set()).add(of === "p.d.t" ? path : `${path} of ${of.replace(/^p\./, "")}`));
    }
    return [said, [...ways].map(([way, paths]) => `${way}: ${[...paths].map(coded).join(", ")}`).join("<br>")];
  });
}

function coded(path: string): string {
  return `\`${path}\``;
}
