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
    | "load"
    | "large_load";
  readonly sql: string;
  /** [name, GoogleSQL type, value] */
  readonly parameters?: readonly (readonly [string, string, unknown])[];
  readonly pageSize?: number;
  readonly table?: string;
  readonly limit?: number;
  /** How many rows the file has that the driver makes. */
  readonly rows?: number;
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
  large: "a large load",
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

const INTAKE = `${PROJECT}.ops.intake`;
/** One of the rows of a large load: what its date of birth is, and the default that stands in its place. */
export const LARGE = { rows: 140_000, n: 123_456, born: "1956-05-17", shown: "1970-01-01" } as const;

/**
 * A file of newline-delimited JSON, row n being `{"n":n,"born":…,"word":…}`: born is the 17th of May of the year 1950 + n mod 50, and word
 * fills the row to some 130 bytes. That makes 18 MB: more than a statement takes (10 MB), and than Go (16 MB) and Java (15 MB) send in one piece.
 */
export const LARGE_LOADS: readonly Step[] = [
  {
    feature: "large",
    how: "large_load",
    sql: `SELECT n, born, (SELECT COUNT(*) FROM \`${INTAKE}\`) AS total FROM \`${INTAKE}\` WHERE n = ${LARGE.n}`,
    table: INTAKE,
    rows: LARGE.rows,
  },
];

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
