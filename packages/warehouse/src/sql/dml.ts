/**
 * INSERT, UPDATE, DELETE, MERGE and TRUNCATE, read on tokens.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax
 */
import type { Token } from "./lexer.ts";
import { type Cursor, isSymbol, isWord, nameText, Cursor as Reader, splitCommas, syntaxError } from "./tokens.ts";

export interface Assignment {
  /** A column and fields below it. */
  readonly path: readonly string[];
  readonly value: readonly Token[];
}

/** The rows an INSERT puts in: listed, or a query's; `ROW` is undefined. */
type Rows =
  | { readonly kind: "values"; readonly rows: readonly (readonly (readonly Token[])[])[] }
  | { readonly kind: "query"; readonly query: readonly Token[] }
  | { readonly kind: "row" };

export type MergeAction =
  | { readonly kind: "UPDATE"; readonly set: readonly Assignment[] }
  | { readonly kind: "DELETE" }
  | { readonly kind: "INSERT"; readonly columns: readonly string[]; readonly rows: Rows };

export interface When {
  readonly on: "MATCHED" | "NOT MATCHED BY TARGET" | "NOT MATCHED BY SOURCE";
  readonly condition: readonly Token[];
  readonly action: MergeAction;
}

export type Dml =
  | {
      readonly kind: "INSERT";
      readonly target: readonly string[];
      readonly columns: readonly string[];
      readonly rows: Rows;
    }
  | {
      readonly kind: "UPDATE";
      readonly target: readonly string[];
      readonly alias: string;
      readonly set: readonly Assignment[];
      readonly from: readonly Token[];
      readonly where: readonly Token[];
    }
  | {
      readonly kind: "DELETE";
      readonly target: readonly string[];
      readonly alias: string;
      readonly where: readonly Token[];
    }
  | {
      readonly kind: "MERGE";
      readonly target: readonly string[];
      readonly alias: string;
      readonly source: readonly Token[];
      readonly on: readonly Token[];
      readonly whens: readonly When[];
    }
  | { readonly kind: "TRUNCATE_TABLE"; readonly target: readonly string[] };

/** Reads a DML statement; undefined when it is none. */
export function readDml(tokens: readonly Token[]): Dml | undefined {
  const cursor = new Reader(tokens);
  if (cursor.accept("INSERT")) return readInsert(cursor);
  if (cursor.accept("UPDATE")) return readUpdate(cursor);
  if (cursor.accept("DELETE")) return readDelete(cursor);
  if (cursor.accept("MERGE")) return readMerge(cursor);
  if (cursor.accept("TRUNCATE", "TABLE")) {
    const target = cursor.path();
    atEnd(cursor);
    return { kind: "TRUNCATE_TABLE", target };
  }
  return undefined;
}

function atEnd(cursor: Cursor): void {
  if (!cursor.done) throw syntaxError(cursor.peek(), "end of input");
}

/** `[AS] alias`; the table's own name without one. */
function aliasOf(cursor: Cursor, target: readonly string[], ...next: readonly string[]): string {
  if (cursor.accept("AS")) return cursor.name();
  if (nameText(cursor.peek()) !== undefined && !isWord(cursor.peek(), ...next)) return cursor.name();
  return target.at(-1) ?? "";
}

function readInsert(cursor: Cursor): Dml {
  cursor.accept("INTO");
  const target = cursor.path();
  const columns = insertColumns(cursor);
  if (cursor.accept("VALUES")) {
    const rows = readValues(cursor);
    atEnd(cursor);
    return { kind: "INSERT", target, columns, rows };
  }
  if (cursor.done) throw syntaxError(undefined);
  return { kind: "INSERT", target, columns, rows: { kind: "query", query: cursor.rest() } };
}

/** A parenthesis that is a list of columns, not a query. */
function insertColumns(cursor: Cursor): string[] {
  if (!isSymbol(cursor.peek(), "(")) return [];
  if (isWord(cursor.peek(1), "SELECT", "WITH", "FROM") || isSymbol(cursor.peek(1), "(")) return [];
  return splitCommas(cursor.group()).map((piece) => {
    const column = new Reader(piece);
    const name = column.name();
    atEnd(column);
    return name;
  });
}

function readValues(cursor: Cursor): Rows {
  const rows: Token[][][] = [];
  do rows.push(splitCommas(cursor.group()));
  while (cursor.acceptSymbol(","));
  return { kind: "values", rows };
}

function readUpdate(cursor: Cursor): Dml {
  const target = cursor.path();
  const alias = aliasOf(cursor, target, "SET");
  cursor.expect("SET");
  const set = readSet(cursor, (c) => c.sees("WHERE") || c.sees("FROM"));
  const from = cursor.accept("FROM") ? cursor.until((c) => c.sees("WHERE")) : [];
  cursor.expect("WHERE");
  return { kind: "UPDATE", target, alias, set, from, where: cursor.rest() };
}

function readSet(cursor: Cursor, end: (cursor: Cursor) => boolean): Assignment[] {
  return splitCommas(cursor.until(end)).map((piece) => {
    const assignment = new Reader(piece);
    const path = assignment.path();
    assignment.expectSymbol("=");
    return { path, value: assignment.rest() };
  });
}

function readDelete(cursor: Cursor): Dml {
  cursor.accept("FROM");
  const target = cursor.path();
  const alias = aliasOf(cursor, target, "WHERE");
  cursor.expect("WHERE");
  return { kind: "DELETE", target, alias, where: cursor.rest() };
}

function readMerge(cursor: Cursor): Dml {
  cursor.accept("INTO");
  const target = cursor.path();
  const alias = aliasOf(cursor, target, "USING");
  cursor.expect("USING");
  const source = cursor.until((c) => c.sees("ON"));
  cursor.expect("ON");
  const isWhen = (c: Cursor): boolean => c.sees("WHEN", "MATCHED") || c.sees("WHEN", "NOT", "MATCHED");
  // `CASE WHEN matched …` in ON would need brackets, as in Google's grammar.
  const on = cursor.until(isWhen);
  const whens: When[] = [];
  while (cursor.accept("WHEN")) whens.push(readWhen(cursor, isWhen));
  atEnd(cursor);
  if (whens.length === 0) throw syntaxError(undefined, "keyword WHEN");
  return { kind: "MERGE", target, alias, source, on, whens };
}

function readWhen(cursor: Cursor, isWhen: (cursor: Cursor) => boolean): When {
  let on: When["on"] = "MATCHED";
  if (cursor.accept("NOT", "MATCHED", "BY", "SOURCE")) on = "NOT MATCHED BY SOURCE";
  else if (cursor.accept("NOT", "MATCHED")) {
    cursor.accept("BY", "TARGET");
    on = "NOT MATCHED BY TARGET";
  } else cursor.expect("MATCHED");
  const isThen = (c: Cursor): boolean =>
    c.sees("THEN", "UPDATE") || c.sees("THEN", "DELETE") || c.sees("THEN", "INSERT");
  const condition = cursor.accept("AND") ? cursor.until(isThen) : [];
  cursor.expect("THEN");
  if (cursor.accept("DELETE")) return { on, condition, action: { kind: "DELETE" } };
  if (cursor.accept("UPDATE")) {
    cursor.expect("SET");
    return { on, condition, action: { kind: "UPDATE", set: readSet(cursor, isWhen) } };
  }
  cursor.expect("INSERT");
  const columns = insertColumns(cursor);
  if (cursor.accept("ROW")) return { on, condition, action: { kind: "INSERT", columns, rows: { kind: "row" } } };
  cursor.expect("VALUES");
  return { on, condition, action: { kind: "INSERT", columns, rows: readValues(cursor) } };
}
