/** What each client is asked to do, and what its user must see. */
import { PROJECT } from "../rig.ts";

/** One thing a client does; the drivers get it as JSON. */
export interface Step {
  readonly feature: Feature;
  /** The client's own way: each driver has some of them. */
  readonly how:
    | "query"
    | "query_and_wait"
    | "dataframe"
    | "arrow"
    | "dbapi"
    | "list_rows"
    | "storage"
    | "storage_v1"
    | "storage_result"
    | "dbt"
    | "load";
  readonly sql: string;
  /** [name, GoogleSQL type, value] */
  readonly parameters?: readonly (readonly [string, string, unknown])[];
  readonly pageSize?: number;
  readonly table?: string;
  readonly limit?: number;
}

/** Rows of the documentation's matrix, in its order. */
export const FEATURES = {
  plain: "a plain query",
  parameterised: "query parameters",
  paged: "a result of many pages",
  nested: "STRUCT and ARRAY",
  types: "every type of a column",
  approved: "held, approved, masked",
  denied: "held, denied",
  refused: "refused by policy",
  dataframe: "to_dataframe()",
  arrow: "to_arrow()",
  dbapi: "DB-API",
  list: "rows of a table without a query",
  storage: "rows of a table, Storage Read API",
  result: "rows of a result, Storage Read API",
  load: "rows sent: JSON, CSV, a DataFrame",
  models: "seed, run and test",
} as const;
export type Feature = keyof typeof FEATURES;

/** A `how` of null: the client's plain way of asking. */
const QUERIES: readonly (Omit<Step, "how"> & { readonly how: null })[] = [
  {
    feature: "plain",
    how: null,
    sql: `SELECT day, weekday, is_holiday, opens FROM \`${PROJECT}.ops.calendar\` ORDER BY day LIMIT 3`,
  },
  {
    feature: "parameterised",
    how: null,
    sql: `SELECT day FROM \`${PROJECT}.ops.calendar\` WHERE weekday IN UNNEST(@days) AND day > @after AND LENGTH(weekday) > @length AND weekday != @never ORDER BY day LIMIT 4`,
    parameters: [
      ["days", "ARRAY<STRING>", ["Monday", "Sunday"]],
      ["after", "DATE", "2025-03-01"],
      ["length", "INT64", 3],
      ["never", "STRING", 'it\'s \\ "odd"'],
    ],
  },
  {
    feature: "paged",
    how: null,
    sql: `SELECT day, opens FROM \`${PROJECT}.ops.calendar\` ORDER BY day`,
    pageSize: 200,
  },
  {
    feature: "nested",
    how: null,
    sql: "SELECT STRUCT(1 AS a, [STRUCT('x' AS b, NULL AS c), STRUCT('y', 2)] AS list) AS s, ['p', 'q'] AS names, ARRAY<INT64>[] AS none",
  },
  {
    feature: "types",
    how: null,
    sql: "SELECT TRUE AS b, -9223372036854775808 AS i, 1.5 AS f, NUMERIC '12.345' AS n, 'é' AS s, b'\\x00\\xff' AS bytes, DATE '2026-02-28' AS d, DATETIME '2026-02-28 12:34:56.789012' AS dt, TIME '23:59:59.999999' AS t, TIMESTAMP '2026-02-28 12:34:56.789012+00' AS ts, JSON '{\"k\": [1, null]}' AS j, CAST(NULL AS STRING) AS nothing",
  },
  {
    feature: "approved",
    how: null,
    sql: `SELECT first_name, ssn, birth_date, phone FROM \`${PROJECT}.ehr.patients\` LIMIT 5`,
  },
  { feature: "denied", how: null, sql: `SELECT first_name FROM \`${PROJECT}.ehr.patients\` LIMIT 1` },
  { feature: "refused", how: null, sql: `SELECT address.street FROM \`${PROJECT}.ehr.patients\` LIMIT 1` },
];

/** The queries as one client asks them, in the ways it has; a user who waits long asks by `query`. */
export function queriesBy(...ways: readonly Step["how"][]): Step[] {
  return ways.flatMap((how) => QUERIES.map((query) => ({ ...query, how })));
}

export const PYTHON_ALONE: readonly Step[] = [
  { feature: "dataframe", how: "dataframe", sql: `SELECT * FROM \`${PROJECT}.ops.calendar\` ORDER BY day LIMIT 50` },
  { feature: "arrow", how: "arrow", sql: `SELECT * FROM \`${PROJECT}.ops.calendar\` ORDER BY day LIMIT 50` },
  { feature: "dbapi", how: "dbapi", sql: `SELECT * FROM \`${PROJECT}.ops.calendar\` ORDER BY day LIMIT 50` },
];

export const LISTS: readonly Step[] = [
  { feature: "list", how: "list_rows", sql: "", table: `${PROJECT}.ops.calendar`, limit: 5 },
];

/** Each driver makes a table of its own of these rows, in each way that its client has, and gives back what it then holds. */
export const LOADS: readonly Step[] = [{ feature: "load", how: "load", sql: "", table: `${PROJECT}.workspace.sent` }];

export const STORAGE: readonly Step[] = [
  { feature: "storage", how: "storage", sql: "", table: `${PROJECT}.ops.calendar` },
];

/** Go's client reads by the Storage Read API itself once told to, results too; `storage_v1` is that API's own client. */
export const GO_STORAGE: readonly Step[] = [
  ...STORAGE,
  { feature: "storage", how: "storage_v1", sql: "", table: `${PROJECT}.ops.calendar` },
  {
    feature: "result",
    how: "storage_result",
    sql: `SELECT day, weekday, is_holiday, opens FROM \`${PROJECT}.ops.calendar\` ORDER BY day LIMIT 50`,
  },
];
