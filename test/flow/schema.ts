/** The tables of the generated queries, what may stand in them, and databases that differ in one path. */
import type { TableFieldSchema, TableResource } from "@chaperone/googlesql";
import { Choices } from "./choices.ts";
import {
  arrayOf,
  BOOL,
  DATE,
  duckType,
  type Field,
  FLOAT64,
  INT64,
  NUMERIC,
  type ScalarName,
  STRING,
  structOf,
  type Type,
} from "./types.ts";

/** A value as JSON: INT64, NUMERIC and DATE are text. A STRUCT is the list of its fields' values. */
export type Datum = null | string | number | boolean | readonly Datum[];

export interface Table {
  readonly name: string;
  /** The first is the key: different in every row. */
  readonly columns: readonly Field[];
  /** What columns take where no value is given: the same in both dialects. */
  readonly defaults?: Readonly<Record<string, string>>;
  readonly rowCount: number;
}

/** `_1` and `_2` are of one prefix: a wildcard table. */
export const WILDCARD_PREFIX = "log_";
const LOG: readonly Field[] = [
  { name: "k", type: INT64 },
  { name: "name", type: STRING },
  { name: "n", type: INT64 },
  { name: "seen", type: DATE },
];

export const TABLES: readonly Table[] = [
  {
    name: "pair",
    rowCount: 5,
    defaults: { b: "'ab'", n: "1 + 2" },
    columns: [
      { name: "k", type: INT64 },
      { name: "a", type: STRING },
      { name: "b", type: STRING },
      { name: "n", type: INT64 },
    ],
  },
  {
    name: "people",
    rowCount: 6,
    columns: [
      { name: "k", type: INT64 },
      { name: "pid", type: INT64 },
      { name: "name", type: STRING },
      { name: "ssn", type: STRING },
      { name: "born", type: DATE },
      { name: "score", type: FLOAT64 },
      { name: "paid", type: NUMERIC },
      { name: "alive", type: BOOL },
      { name: "tags", type: arrayOf(STRING) },
      {
        name: "home",
        type: structOf([
          { name: "zip", type: STRING },
          { name: "city", type: STRING },
          {
            name: "geo",
            type: structOf([
              { name: "lat", type: FLOAT64 },
              { name: "ok", type: BOOL },
            ]),
          },
        ]),
      },
      {
        name: "stays",
        type: arrayOf(
          structOf([
            { name: "code", type: STRING },
            { name: "days", type: INT64 },
            { name: "seen", type: DATE },
          ]),
        ),
      },
    ],
  },
  {
    name: "orders",
    rowCount: 7,
    defaults: { name: "CONCAT('a', 'b')", day: "DATE '2020-01-01'" },
    columns: [
      { name: "k", type: INT64 },
      { name: "pid", type: INT64 },
      { name: "name", type: STRING },
      { name: "cost", type: NUMERIC },
      { name: "qty", type: INT64 },
      { name: "rate", type: FLOAT64 },
      { name: "day", type: DATE },
      { name: "paid", type: BOOL },
      {
        name: "lines",
        type: arrayOf(
          structOf([
            { name: "sku", type: STRING },
            { name: "qty", type: INT64 },
          ]),
        ),
      },
    ],
  },
  { name: `${WILDCARD_PREFIX}1`, rowCount: 4, columns: LOG },
  { name: `${WILDCARD_PREFIX}2`, rowCount: 3, columns: LOG },
];

/** Values and literals come from the same few, so that they meet; FLOAT64 in quarters, so that sums are exact in any order. */
export const DOMAIN: Readonly<Record<ScalarName, readonly (string | number | boolean)[]>> = {
  STRING: ["a", "b", "A", "ab", "ba", "", "12", "-3", "7", "a-b", "2020-02-29", "x%", "é", "zzz", "true"],
  INT64: ["1", "2", "0", "3", "-1", "5", "12"],
  FLOAT64: [0.5, 1, 2, 0, 0.25, -1.5, 3.75, 12],
  BOOL: [true, false],
  DATE: ["2020-01-01", "2020-02-29", "1999-12-31", "2021-06-15"],
  NUMERIC: ["1", "2", "0", "1.5", "-2.25", "12"],
};

const EXTREMES: Readonly<Record<ScalarName, readonly (string | number | boolean)[]>> = {
  STRING: ["zzzzzzzz", "9223372036854775807", ""],
  INT64: ["9223372036854775807", "-9223372036854775808", "1000000"],
  FLOAT64: [1048576, -1048576, 0.25],
  BOOL: [true, false],
  DATE: ["0001-01-01", "9999-12-31"],
  NUMERIC: ["99999999999.123456789", "-99999999999", "0.000000001"],
};

export const CATALOG_DEFAULTS = { defaultProject: "clinic", defaultDataset: { project: "clinic", dataset: "ehr" } };

function resource(table: Table): TableResource {
  return {
    tableReference: { projectId: "clinic", datasetId: "ehr", tableId: table.name },
    type: "TABLE",
    schema: {
      fields: table.columns.map((column) => {
        const given = table.defaults?.[column.name];
        return { ...schemaField(column), ...(given === undefined ? {} : { defaultValueExpression: given }) };
      }),
    },
  };
}

const STORED: Readonly<Record<ScalarName, string>> = {
  STRING: "STRING",
  INT64: "INTEGER",
  FLOAT64: "FLOAT",
  BOOL: "BOOLEAN",
  DATE: "DATE",
  NUMERIC: "NUMERIC",
};

export function schemaField({ name, type }: Field): TableFieldSchema {
  const element = type.kind === "array" ? type.element : type;
  const mode = type.kind === "array" ? { mode: "REPEATED" } : {};
  if (element.kind === "scalar") return { name, type: STORED[element.name], ...mode };
  if (element.kind === "struct") return { name, type: "RECORD", ...mode, fields: element.fields.map(schemaField) };
  throw new Error("an array of arrays");
}

export const TABLE_RESOURCES: ReadonlyMap<string, TableResource> = new Map(
  TABLES.map((table) => [`clinic.ehr.${table.name}`, resource(table)]),
);

// ------------------------------------------------------------------------------------------------------- paths and rows

/** One thing that can differ. `shape`: whether the STRUCT is NULL, how long the ARRAY<STRUCT> is. */
export interface ProtectedPath {
  readonly table: string;
  readonly path: readonly string[];
  readonly shape: boolean;
}

export const PATHS: readonly ProtectedPath[] = TABLES.flatMap((table) => pathsOf(table.name, table.columns, []));

function pathsOf(table: string, fields: readonly Field[], above: readonly string[]): ProtectedPath[] {
  return fields.flatMap(({ name, type }) => {
    const path = [...above, name];
    const element = type.kind === "array" ? type.element : type;
    if (element.kind !== "struct") return [{ table, path, shape: false }];
    return [{ table, path, shape: true }, ...pathsOf(table, element.fields, path)];
  });
}

export type Rows = readonly (readonly Datum[])[];

/** What stands in a database. */
export interface DatabaseKind {
  /** Of each table; null for as many as it says. */
  readonly rows: number | null;
  /** Of 100 values. */
  readonly nulls: number;
  /** How many different ones of each type: the fewer, the more often conditions hold. */
  readonly values: number;
  /** How many different keys; null where they tell the rows apart, which no plan knows, and which the generator relies on. */
  readonly keys: number | null;
}

const SMALL: DatabaseKind = { rows: null, nulls: 15, values: 99, keys: null };

function randomScalar(choices: Choices, name: ScalarName, { nulls, values } = SMALL): Datum {
  return choices.chance(nulls) ? null : choices.pick(DOMAIN[name].slice(0, values));
}

function randomDatum(choices: Choices, type: Type, kind = SMALL): Datum {
  if (type.kind === "scalar") return randomScalar(choices, type.name, kind);
  if (type.kind === "struct") {
    return choices.chance(kind.nulls) ? null : type.fields.map((field) => randomDatum(choices, field.type, kind));
  }
  return Array.from({ length: choices.below(4) }, () => randomElement(choices, type.element, kind));
}

/** BigQuery stores no NULL as an array's element. */
function randomElement(choices: Choices, type: Type, kind = SMALL): Datum {
  if (type.kind === "scalar") return choices.pick(DOMAIN[type.name].slice(0, kind.values));
  return type.kind === "struct" ? type.fields.map((field) => randomDatum(choices, field.type, kind)) : [];
}

export function randomRows(choices: Choices, table: Table, kind = SMALL): Rows {
  return Array.from({ length: kind.rows ?? table.rowCount }, (_, row) =>
    table.columns.map((column, i) =>
      i === 0 ? randomKey(choices, row, kind) : randomDatum(choices, column.type, kind),
    ),
  );
}

function randomKey(choices: Choices, row: number, { keys }: DatabaseKind): Datum {
  return String(1 + (keys === null ? row : choices.below(keys)));
}

/** How many base databases there are for the search. */
export const DATABASES = 4;

/** All base databases, by their seed: those of the search, and others on which more of what is foreseen comes to show. */
export const DATABASE_KINDS: readonly DatabaseKind[] = [
  ...Array.from({ length: DATABASES }, () => SMALL),
  { rows: 9, nulls: 5, values: 2, keys: null },
  { rows: 12, nulls: 5, values: 3, keys: 3 },
  { rows: 14, nulls: 0, values: 3, keys: null },
  { rows: 30, nulls: 0, values: 99, keys: 12 },
  { rows: 30, nulls: 15, values: 99, keys: null },
  { rows: 40, nulls: 5, values: 4, keys: 6 },
  { rows: 60, nulls: 8, values: 6, keys: null },
];

export const CHANGES = ["redraw", "permute", "one", "null", "same", "extreme", "two", "alike"] as const;
export type Change = (typeof CHANGES)[number];
/** As often as they come: what changes most shows most. */
export const CHANGE_MIX: readonly Change[] = [...CHANGES, "redraw", "redraw", "redraw", "permute"];

/** The same rows but for what stands at `path`. */
export function changedRows(rows: Rows, table: Table, path: ProtectedPath, change: Change, choices: Choices): Rows {
  const [column = "", ...rest] = path.path;
  const at = table.columns.findIndex((c) => c.name === column);
  const type = table.columns[at]?.type;
  if (type === undefined) throw new Error(`no column ${column}`);
  const put = (values: readonly Datum[]): Rows =>
    rows.map((row, r) => row.map((datum, i) => (i === at ? (values[r] ?? null) : datum)));
  const old = rows.map((row) => row[at] ?? null);
  if (at === 0) return put(otherKeys(old, change, choices));
  if (rest.length === 0 && change === "permute") return put(permuted(old, choices));
  if (rest.length === 0 && change === "alike" && type.kind === "scalar") {
    // What is compared with it is equal then.
    const others = table.columns.flatMap((c, i) => (i !== at && c.type === type ? [i] : []));
    if (others.length > 0) {
      const other = choices.pick(others);
      return put(rows.map((row) => row[other] ?? null));
    }
  }
  const chosen = choices.below(rows.length);
  const shared = choices.below(1000);
  return put(
    old.map((datum, r) => {
      if (change === "one" && r !== chosen) return datum;
      return changedAt(datum, type, rest, path.shape, change, choices, shared);
    }),
  );
}

function otherKeys(keys: readonly Datum[], change: Change, choices: Choices): Datum[] {
  if (change === "permute" || change === "redraw") return permuted(keys, choices);
  const chosen = choices.below(keys.length);
  return keys.map((key, i) =>
    change !== "one" || i === chosen ? String(Number(key) + 10 + choices.below(2) * 90) : key,
  );
}

function permuted(values: readonly Datum[], choices: Choices): Datum[] {
  const left = [...values];
  return values.map(() => left.splice(choices.below(left.length), 1)[0] ?? null);
}

function changedAt(
  datum: Datum,
  type: Type,
  path: readonly string[],
  shape: boolean,
  change: Change,
  choices: Choices,
  shared: number,
): Datum {
  const [name, ...rest] = path;
  if (name === undefined) return shape ? otherShape(datum, type, choices) : otherValue(type, change, choices, shared);
  if (datum === null) return null;
  const within = (value: Datum, struct: Type): Datum => {
    if (struct.kind !== "struct" || !Array.isArray(value)) return value;
    return struct.fields.map((field, i) =>
      field.name === name
        ? changedAt(value[i] ?? null, field.type, rest, shape, change, choices, shared)
        : (value[i] ?? null),
    );
  };
  if (type.kind !== "array") return within(datum, type);
  const { element } = type;
  return Array.isArray(datum) ? datum.map((value) => within(value, element)) : datum;
}

function otherValue(type: Type, change: Change, choices: Choices, shared: number): Datum {
  if (type.kind === "array") {
    if (change === "null") return [];
    if (change === "same") return [randomElement(new Choices([shared]), type.element)];
    return randomDatum(choices, type);
  }
  if (type.kind !== "scalar") throw new Error("a STRUCT has a shape and fields");
  const domain = DOMAIN[type.name];
  switch (change) {
    case "null":
      return null;
    case "same":
      return domain[shared % domain.length] ?? null;
    case "two":
      return domain[(shared + choices.below(2)) % domain.length] ?? null;
    case "extreme":
      return choices.pick(EXTREMES[type.name]);
    default:
      return randomScalar(choices, type.name);
  }
}

/** Another NULL-ness or length; what stays keeps its values. */
function otherShape(datum: Datum, type: Type, choices: Choices): Datum {
  if (type.kind === "struct") return datum === null ? randomElement(choices, type) : null;
  if (type.kind !== "array" || !Array.isArray(datum)) throw new Error("only STRUCT and ARRAY have a shape");
  const shorter: readonly Datum[] = datum.slice(0, choices.below(datum.length + 1));
  return shorter.length < datum.length && choices.chance(50)
    ? shorter
    : [...datum, randomElement(choices, type.element)];
}

// ------------------------------------------------------------------------------------------------------------ in DuckDB

export function duckDatum(datum: Datum, type: Type): string {
  if (datum === null) return `CAST(NULL AS ${duckType(type)})`;
  if (type.kind === "array" && Array.isArray(datum)) {
    return `CAST([${datum.map((d: Datum) => duckDatum(d, type.element)).join(", ")}] AS ${duckType(type)})`;
  }
  if (type.kind === "struct" && Array.isArray(datum)) {
    const fields = type.fields.map((f, i) => `'${f.name}': ${duckDatum(datum[i] ?? null, f.type)}`);
    return `{${fields.join(", ")}}`;
  }
  return `CAST('${String(datum).replaceAll("'", "''")}' AS ${duckType(type)})`;
}

export function createTable(physical: string, table: Table, rows: Rows): string {
  const columns = table.columns.map((c) => `"${c.name}" ${duckType(c.type)}`).join(", ");
  const values = rows.map(
    (row) => `(${table.columns.map((column, i) => duckDatum(row[i] ?? null, column.type)).join(", ")})`,
  );
  const insert = values.length === 0 ? "" : `; INSERT INTO "${physical}" VALUES ${values.join(", ")}`;
  return `CREATE OR REPLACE TABLE "${physical}" (${columns})${insert}`;
}
