/**
 * DML as queries: which rows change and to what is SELECTed first, through the same translation as any query, then
 * applied by row number, all in one transaction.
 */
import type { DuckDBType } from "@duckdb/node-api";
import type { Table } from "../catalog.ts";
import { WarehouseError } from "../errors.ts";
import { coerce, updated } from "../sql/coerce.ts";
import type { Assignment, Dml, MergeAction, When } from "../sql/dml.ts";
import type { Token } from "../sql/lexer.ts";
import type { TableReference } from "../sql/names.ts";
import { commaJoined, isWord, parenthesised, quoted, sql } from "../sql/tokens.ts";
import { translate } from "../sql/translate.ts";
import { type Field, quoteIdentifier } from "../sql/types.ts";
import { bytesOf } from "./query.ts";
import type { Session } from "./session.ts";
import type { DmlStats, Outcome, Prepared } from "./statement.ts";

/** Rows to change: each query gives `_row`, the target's row number (but for INSERT), and the values. */
type Change =
  | { readonly kind: "insert"; readonly query: readonly Token[]; readonly columns: readonly Field[] }
  | { readonly kind: "update"; readonly query: readonly Token[]; readonly set: readonly Assignment[] }
  | { readonly kind: "delete"; readonly query: readonly Token[] };

/** A change, translated and described. */
interface Step {
  readonly change: Change;
  readonly sql: string;
  /** Types of the values, without `_row`. */
  readonly types: readonly DuckDBType[];
}

const ROW = "_row";

export async function prepareDml(session: Session, dml: Dml): Promise<Prepared> {
  const table = session.base(dml.target);
  const referenced = new Map<string, TableReference>();
  const steps: Step[] = [];
  for (const change of changesOf(dml, table)) {
    const { sql: text, referencedTables } = translate(change.query, session);
    for (const r of referencedTables) referenced.set(`${r.projectId}.${r.datasetId}.${r.tableId}`, r);
    const shapes = await session.describe(text);
    const types = shapes.map((shape) => shape.type).slice(change.kind === "insert" ? 0 : 1);
    const step = { change, sql: text, types };
    steps.push(step);
    // What can't be assigned is an error before anything runs.
    await session.describe(valuesOf(step, table, `(${text})`));
  }
  const tables = [...referenced.values()];
  return {
    analysis: {
      statementType: dml.kind,
      schema: undefined,
      referencedTables: tables,
      totalBytesProcessed: bytesOf(session, tables),
      facts: {},
    },
    run: () => runDml(session, table, dml, steps),
  };
}

async function runDml(session: Session, table: Table, dml: Dml, steps: readonly Step[]): Promise<Outcome> {
  const stats = await session.atomically(async (): Promise<DmlStats> => {
    if (dml.kind === "TRUNCATE_TABLE") {
      const deleted = table.numRows;
      await session.run(`DELETE FROM ${table.duckName}`);
      await session.recount(table);
      return { inserted: 0, updated: 0, deleted };
    }
    for (const [i, step] of steps.entries()) {
      await session.run(`CREATE OR REPLACE TEMP TABLE _change${i} AS ${step.sql}`);
    }
    await refuseTwiceChanged(session, steps);
    const count = { insert: 0, update: 0, delete: 0 };
    for (const kind of ["delete", "update", "insert"] as const) {
      for (const [i, step] of steps.entries()) {
        if (step.change.kind !== kind) continue;
        await session.run(applying(step, table, `_change${i}`));
        const [row] = await session.read(`SELECT count(*) FROM _change${i}`);
        count[kind] += Number(row?.[0] ?? 0);
      }
    }
    for (const i of steps.keys()) await session.run(`DROP TABLE _change${i}`);
    await session.recount(table);
    return { inserted: count.insert, updated: count.update, deleted: count.delete };
  });
  return { dml: stats, destination: table.tableReference };
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#merge_statement: a row changes once. */
async function refuseTwiceChanged(session: Session, steps: readonly Step[]): Promise<void> {
  const rows = steps.flatMap(({ change }, i) => (change.kind === "insert" ? [] : [`SELECT ${ROW} FROM _change${i}`]));
  if (rows.length === 0) return;
  const [found] = await session.read(`SELECT count(*) - count(DISTINCT ${ROW}) FROM (${rows.join(" UNION ALL ")})`);
  if (Number(found?.[0] ?? 0) > 0)
    throw new WarehouseError("invalidQuery", "UPDATE/MERGE must match at most one source row for each target row");
}

// ── from the statement to queries ──────────────────────────────────────────────

function changesOf(dml: Dml, table: Table): Change[] {
  switch (dml.kind) {
    case "TRUNCATE_TABLE":
      return [];
    case "INSERT": {
      const columns = columnsOf(table, dml.columns);
      switch (dml.rows.kind) {
        case "query":
          return [{ kind: "insert", query: dml.rows.query, columns }];
        case "values":
          return insertsOf(dml.rows.rows, columns, []);
        case "row":
          return [];
      }
      break;
    }
    case "UPDATE": {
      const from = dml.from.length === 0 ? [] : [...sql(","), ...dml.from];
      const query = [...changing(dml.alias, dml.set), ...named(table, dml.alias), ...from, ...where([dml.where])];
      return [{ kind: "update", query, set: dml.set }];
    }
    case "DELETE":
      return [
        { kind: "delete", query: [...changing(dml.alias, []), ...named(table, dml.alias), ...where([dml.where])] },
      ];
    case "MERGE":
      return dml.whens.flatMap((when, i) =>
        mergeChanges(
          dml,
          table,
          when,
          dml.whens.slice(0, i).filter((w) => w.on === when.on),
        ),
      );
  }
}

/** One WHEN clause; those of the same kind before it take their rows first. */
function mergeChanges(
  dml: Extract<Dml, { kind: "MERGE" }>,
  table: Table,
  when: When,
  before: readonly When[],
): Change[] {
  const target = named(table, dml.alias);
  const untaken = before.map((w) => [
    ...sql("NOT IFNULL("),
    ...(w.condition.length === 0 ? sql("TRUE") : parenthesised(w.condition)),
    ...sql(", FALSE)"),
  ]);
  const conditions = [...(when.condition.length === 0 ? [] : [when.condition]), ...untaken];
  const unmatched = (other: readonly Token[]): Token[] => [
    ...sql("NOT EXISTS (SELECT 1 FROM"),
    ...other,
    ...where([dml.on]),
    ...sql(")"),
  ];
  switch (when.on) {
    case "MATCHED": {
      const rest = [...target, ...sql("JOIN"), ...dml.source, ...sql("ON"), ...parenthesised(dml.on)];
      return [changeOf(when.action, dml.alias, [...rest, ...where(conditions)])];
    }
    case "NOT MATCHED BY SOURCE":
      return [changeOf(when.action, dml.alias, [...target, ...where([unmatched(dml.source), ...conditions])])];
    case "NOT MATCHED BY TARGET": {
      if (when.action.kind !== "INSERT")
        throw new WarehouseError("invalidQuery", "WHEN NOT MATCHED BY TARGET takes INSERT only");
      const columns = columnsOf(table, when.action.columns);
      const rest = [...sql("FROM"), ...dml.source, ...where([unmatched(target), ...conditions])];
      const { rows } = when.action;
      if (rows.kind === "values") return insertsOf(rows.rows, columns, rest);
      return [{ kind: "insert", query: [...sql("SELECT *"), ...rest], columns }];
    }
  }
}

function changeOf(action: MergeAction, alias: string, rest: readonly Token[]): Change {
  switch (action.kind) {
    case "UPDATE":
      return { kind: "update", query: [...changing(alias, action.set), ...rest], set: action.set };
    case "DELETE":
      return { kind: "delete", query: [...changing(alias, []), ...rest] };
    case "INSERT":
      throw new WarehouseError("invalidQuery", "INSERT stands after WHEN NOT MATCHED BY TARGET only");
  }
}

/** `SELECT alias.rowid AS _row, v AS _value0, … FROM`. */
function changing(alias: string, set: readonly Assignment[]): Token[] {
  const values = set.flatMap(({ value }, i) => [...sql(","), ...assigned(value), ...sql("AS"), quoted(`_value${i}`)]);
  return [
    ...sql("SELECT"),
    quoted(alias),
    ...sql("."),
    quoted("rowid"),
    ...sql("AS"),
    quoted(ROW),
    ...values,
    ...sql("FROM"),
  ];
}

/** Without defaults, DEFAULT is NULL. */
function assigned(value: readonly Token[]): readonly Token[] {
  return value.length === 1 && isWord(value[0], "DEFAULT") ? sql("NULL") : value;
}

function named(table: Table, alias: string): Token[] {
  const { projectId, datasetId, tableId } = table.tableReference;
  const name = [quoted(projectId), ...sql("."), quoted(datasetId), ...sql("."), quoted(tableId)];
  return [...name, ...sql("AS"), quoted(alias)];
}

function where(conditions: readonly (readonly Token[])[]): Token[] {
  return conditions.flatMap((c, i) => [...sql(i === 0 ? "WHERE" : "AND"), ...parenthesised(c)]);
}

/** Listed rows: one query when the columns are scalars, else one a row, whose STRUCTs may have names of their own. */
function insertsOf(
  rows: readonly (readonly (readonly Token[])[])[],
  columns: readonly Field[],
  from: readonly Token[],
): Change[] {
  const selects = rows.map((row) => {
    if (row.length !== columns.length) {
      throw new WarehouseError(
        "invalidQuery",
        `Inserted row has wrong column count; Has ${row.length}, expected ${columns.length}`,
      );
    }
    const items = row.map((value, i) => [...assigned(value), ...sql("AS"), quoted(`_value${i}`)]);
    return [...sql("SELECT"), ...commaJoined(items), ...from];
  });
  const plain = columns.every((field) => field.type !== "RECORD" && field.mode !== "REPEATED");
  if (!plain) return selects.map((query) => ({ kind: "insert", query, columns }));
  const query = selects.flatMap((select, i) => (i === 0 ? select : [...sql("UNION ALL"), ...select]));
  return [{ kind: "insert", query, columns }];
}

function columnsOf(table: Table, names: readonly string[]): Field[] {
  if (names.length === 0) return [...table.schema.fields];
  return names.map((name) => columnOf(table, name));
}

function columnOf(table: Table, name: string): Field {
  const field = table.schema.fields.find((f) => f.name.toLowerCase() === name.toLowerCase());
  if (!field) {
    const { projectId, datasetId, tableId } = table.tableReference;
    const where = `${projectId}.${datasetId}.${tableId}`;
    throw new WarehouseError("invalidQuery", `Column ${name} is not present in table ${where}`);
  }
  return field;
}

// ── from their rows to the table ───────────────────────────────────────────────

/** A DuckDB query of the row numbers and the columns' new values. */
function valuesOf(step: Step, table: Table, rows: string): string {
  const { change } = step;
  switch (change.kind) {
    case "delete":
      return `SELECT 1 FROM ${rows} AS c(${ROW})`;
    case "insert":
      return `SELECT ${insertValues(change.columns, step.types, table).join(", ")} FROM ${rows} AS c(${names(step)})`;
    case "update": {
      const items = assignmentsOf(change.set, step.types, table).map(({ value }) => value);
      return `SELECT ${items.join(", ")} FROM ${table.duckName} AS t JOIN ${rows} AS c(${ROW}, ${names(step)}) ON t.rowid = c.${ROW}`;
    }
  }
}

function names(step: Step): string {
  return step.types.map((_, i) => `_value${i}`).join(", ");
}

function applying(step: Step, table: Table, rows: string): string {
  const { change } = step;
  switch (change.kind) {
    case "delete":
      return `DELETE FROM ${table.duckName} WHERE rowid IN (SELECT ${ROW} FROM ${rows})`;
    case "insert":
      return `INSERT INTO ${table.duckName} ${valuesOf(step, table, rows)} ORDER BY c.rowid`;
    case "update": {
      const items = assignmentsOf(change.set, step.types, table);
      const set = items.map(({ field, value }) => `${quoteIdentifier(field.name)} = ${value}`).join(", ");
      return `UPDATE ${table.duckName} AS t SET ${set} FROM ${rows} AS c(${ROW}, ${names(step)}) WHERE t.rowid = c.${ROW}`;
    }
  }
}

/** Every column of the table: the inserted values, NULL or an empty array for the others. */
function insertValues(columns: readonly Field[], types: readonly DuckDBType[], table: Table): string[] {
  if (types.length !== columns.length) {
    throw new WarehouseError(
      "invalidQuery",
      `Inserted row has wrong column count; Has ${types.length}, expected ${columns.length}`,
    );
  }
  return table.schema.fields.map((field) => {
    const at = columns.indexOf(field);
    const type = types[at];
    if (type !== undefined) return coerce(`c._value${at}`, type, field);
    if (field.mode === "REPEATED") return "[]";
    if (field.mode !== "REQUIRED") return "NULL";
    throw new WarehouseError("invalidQuery", `Required column ${field.name} is missing from the INSERT`);
  });
}

function assignmentsOf(
  set: readonly Assignment[],
  types: readonly DuckDBType[],
  table: Table,
): { field: Field; value: string }[] {
  const updates = set.flatMap(({ path }, i) => {
    const type = types[i];
    const names = pathOf(path, table);
    return type === undefined ? [] : [{ field: columnOf(table, names[0] ?? ""), path: names.slice(1), type, at: i }];
  });
  return [...new Set(updates.map((u) => u.field))].map((field) => ({
    field,
    value: updated(
      `t.${quoteIdentifier(field.name)}`,
      field,
      updates.filter((u) => u.field === field).map(({ path, type, at }) => ({ path, type, value: `c._value${at}` })),
    ),
  }));
}

/** The column first: an alias before it is left out. */
function pathOf(path: readonly string[], table: Table): readonly string[] {
  const isColumn = table.schema.fields.some((f) => f.name.toLowerCase() === path[0]?.toLowerCase());
  return isColumn || path.length === 1 ? path : path.slice(1);
}
