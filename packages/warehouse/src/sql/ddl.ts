/**
 * CREATE, ALTER and DROP, read on tokens.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
 */
import { WarehouseError } from "../errors.ts";
import { readColumn, readType } from "./data-type.ts";
import type { Token } from "./lexer.ts";
import { type OptionValue, readOptions } from "./options.ts";
import type { Argument, RoutineType } from "./routine.ts";
import { Cursor, closingAngle, isSymbol, isWord, splitCommas, sql, syntaxError } from "./tokens.ts";
import type { Field } from "./types.ts";

export type Options = ReadonlyMap<string, OptionValue>;

interface Creation {
  readonly name: readonly string[];
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
}

export interface CreateTable extends Creation {
  readonly kind: "CREATE_TABLE";
  readonly temporary: boolean;
  readonly columns: readonly Field[] | undefined;
  readonly options: Options;
  readonly query: readonly Token[] | undefined;
  /** The query is a whole table: BigQuery calls the statement CREATE_TABLE, and says no schema. */
  readonly copy?: true;
}

export interface CreateView extends Creation {
  readonly kind: "CREATE_VIEW";
  /** Names, when the view gives its own. */
  readonly columns: readonly string[] | undefined;
  readonly options: Options;
  readonly query: readonly Token[];
}

export interface CreateRoutine extends Creation {
  readonly kind: "CREATE_ROUTINE";
  readonly routineType: RoutineType;
  readonly temporary: boolean;
  readonly arguments: readonly Argument[];
  readonly returnType: Field | undefined;
  readonly returnTable: readonly Field[] | undefined;
  readonly options: Options;
  readonly body: readonly Token[];
}

export interface CreateModel extends Creation {
  readonly kind: "CREATE_MODEL";
  readonly modelType: string;
  /** The column that the model predicts. */
  readonly label: string;
  readonly query: readonly Token[];
}

export type Alteration =
  | { readonly kind: "ADD"; readonly column: Field; readonly ifNotExists: boolean }
  | { readonly kind: "DROP"; readonly column: string; readonly ifExists: boolean }
  | { readonly kind: "RENAME"; readonly column: string; readonly to: string }
  | { readonly kind: "RENAME TABLE"; readonly to: string }
  | { readonly kind: "OPTIONS"; readonly options: Options };

export type Ddl =
  | CreateTable
  | CreateView
  | CreateRoutine
  | CreateModel
  | {
      readonly kind: "DROP";
      readonly what: "TABLE" | "VIEW" | "FUNCTION" | "TABLE FUNCTION" | "PROCEDURE" | "MODEL";
      readonly name: readonly string[];
      readonly ifExists: boolean;
    }
  | {
      readonly kind: "ALTER";
      readonly what: "TABLE" | "VIEW";
      readonly name: readonly string[];
      readonly ifExists: boolean;
      readonly alterations: readonly Alteration[];
    };

/** Reads a DDL statement; undefined when it is none. */
export function readDdl(tokens: readonly Token[]): Ddl | undefined {
  const cursor = new Cursor(tokens);
  if (cursor.accept("CREATE")) return readCreate(cursor);
  if (cursor.accept("DROP")) return readDrop(cursor);
  if (cursor.accept("ALTER")) return readAlter(cursor);
  return undefined;
}

function unsupported(what: string): WarehouseError {
  return new WarehouseError("invalidQuery", `Statement is not supported by this warehouse: ${what}`);
}

function wordsAt(cursor: Cursor): string {
  const words = [cursor.peek(), cursor.peek(1)].flatMap((t) => (t?.kind === "word" ? [t.text.toUpperCase()] : []));
  return words.join(" ");
}

function readCreate(cursor: Cursor): Ddl {
  const orReplace = cursor.accept("OR", "REPLACE");
  const temporary = cursor.accept("TEMP") || cursor.accept("TEMPORARY");
  if (cursor.sees("TABLE", "FUNCTION")) {
    cursor.at += 2;
    return readRoutine(cursor, "TABLE_VALUED_FUNCTION", orReplace, temporary);
  }
  if (cursor.accept("TABLE")) return readTable(cursor, orReplace, temporary);
  if (cursor.accept("VIEW")) return readView(cursor, orReplace);
  if (cursor.accept("MODEL")) return readModel(cursor, orReplace);
  if (cursor.accept("FUNCTION")) return readRoutine(cursor, "SCALAR_FUNCTION", orReplace, temporary);
  if (cursor.accept("PROCEDURE")) return readRoutine(cursor, "PROCEDURE", orReplace, temporary);
  throw unsupported(`CREATE ${wordsAt(cursor)}`);
}

function naming(cursor: Cursor, orReplace: boolean): Creation {
  const ifNotExists = cursor.accept("IF", "NOT", "EXISTS");
  return { name: cursor.path(), orReplace, ifNotExists };
}

function optionsOf(cursor: Cursor): Options {
  return cursor.accept("OPTIONS") ? readOptions(cursor.group()) : new Map();
}

function atEnd(cursor: Cursor): void {
  if (!cursor.done) throw syntaxError(cursor.peek(), "end of input");
}

function readTable(cursor: Cursor, orReplace: boolean, temporary: boolean): CreateTable {
  const creation = naming(cursor, orReplace);
  if (cursor.sees("LIKE") || cursor.sees("CLONE")) throw unsupported(`CREATE TABLE ${wordsAt(cursor)}`);
  if (cursor.accept("COPY")) {
    const query = [...sql("SELECT * FROM"), ...cursor.rest()];
    return { kind: "CREATE_TABLE", ...creation, temporary, columns: undefined, options: new Map(), query, copy: true };
  }
  const columns = isSymbol(cursor.peek(), "(") ? splitCommas(cursor.group()).flatMap(columnOf) : undefined;
  // How a table is laid out changes no answer.
  for (const clause of ["PARTITION", "CLUSTER"]) {
    if (cursor.accept(clause, "BY")) cursor.until((c) => isWord(c.peek(), "CLUSTER", "OPTIONS", "AS"));
  }
  const options = optionsOf(cursor);
  const query = cursor.accept("AS") ? cursor.rest() : undefined;
  atEnd(cursor);
  if (columns === undefined && query === undefined) throw syntaxError(undefined, '"("');
  return { kind: "CREATE_TABLE", ...creation, temporary, columns, options, query };
}

/** A column; constraints, which aren't enforced, are none. */
function columnOf(piece: readonly Token[]): Field[] {
  if (isWord(piece[0], "PRIMARY", "FOREIGN", "CONSTRAINT")) return [];
  const cursor = new Cursor(piece);
  const field = readColumn(cursor);
  if (cursor.accept("PRIMARY", "KEY")) cursor.until(() => false);
  atEnd(cursor);
  return [field];
}

function readView(cursor: Cursor, orReplace: boolean): CreateView {
  const creation = naming(cursor, orReplace);
  const columns = isSymbol(cursor.peek(), "(")
    ? splitCommas(cursor.group()).map((piece) => new Cursor(piece).name())
    : undefined;
  const options = optionsOf(cursor);
  cursor.expect("AS");
  return { kind: "CREATE_VIEW", ...creation, columns, options, query: cursor.rest() };
}

function readModel(cursor: Cursor, orReplace: boolean): CreateModel {
  const creation = naming(cursor, orReplace);
  cursor.expect("OPTIONS");
  const given = cursor.group();
  const modelType = readOptions(given).get("model_type");
  const labels = splitCommas(given).find((option) => new Cursor(option).name().toLowerCase() === "input_label_cols");
  const [label, more] = (labels ?? []).flatMap((token) => (token.kind === "string" ? [token.value] : []));
  // Unnamed it is the column label: https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-create-glm#input_label_cols
  if (typeof modelType !== "string" || more !== undefined) throw unsupported("CREATE MODEL with these options");
  cursor.expect("AS");
  return { kind: "CREATE_MODEL", ...creation, modelType, label: label ?? "label", query: cursor.rest() };
}

function readRoutine(cursor: Cursor, routineType: RoutineType, orReplace: boolean, temporary: boolean): CreateRoutine {
  const creation = naming(cursor, orReplace);
  const args = splitCommas(cursor.group()).map(argumentOf);
  let returnType: Field | undefined;
  let returnTable: Field[] | undefined;
  if (cursor.accept("RETURNS")) {
    if (routineType === "TABLE_VALUED_FUNCTION") {
      cursor.expect("TABLE");
      returnTable = readType(new Cursor(asStruct(cursor)), "").fields?.slice() ?? [];
    } else returnType = readType(cursor, "");
  }
  if (cursor.accept("LANGUAGE")) {
    const language = cursor.name().toUpperCase();
    if (language !== "SQL") throw unsupported(`CREATE FUNCTION … LANGUAGE ${language}`);
  }
  if (cursor.sees("REMOTE")) throw unsupported("CREATE FUNCTION … REMOTE");
  let options = optionsOf(cursor);
  const base = {
    kind: "CREATE_ROUTINE" as const,
    ...creation,
    routineType,
    temporary,
    arguments: args,
    returnType,
    returnTable,
  };
  if (routineType === "PROCEDURE") return { ...base, options, body: cursor.rest() };
  cursor.expect("AS");
  const body =
    routineType === "SCALAR_FUNCTION" || isSymbol(cursor.peek(), "(")
      ? cursor.group()
      : cursor.until((c) => c.sees("OPTIONS"));
  if (options.size === 0) options = optionsOf(cursor);
  atEnd(cursor);
  return { ...base, options, body };
}

/** `<a INT64, …>` read as a STRUCT's type. */
function asStruct(cursor: Cursor): Token[] {
  const start = cursor.at;
  cursor.at = closingAngle(cursor.tokens, start);
  return [...sql("STRUCT"), ...cursor.tokens.slice(start, cursor.at)];
}

function argumentOf(piece: readonly Token[]): Argument {
  const cursor = new Cursor(piece);
  let mode: Argument["mode"];
  for (const word of ["IN", "OUT", "INOUT"] as const) if (mode === undefined && cursor.accept(word)) mode = word;
  const name = cursor.name();
  if (cursor.accept("ANY", "TYPE")) return { name, type: undefined, mode };
  if (cursor.sees("TABLE")) throw unsupported("an argument of type TABLE");
  const type = readType(cursor, name);
  atEnd(cursor);
  return { name, type, mode };
}

function readDrop(cursor: Cursor): Ddl {
  const whats = ["TABLE FUNCTION", "TABLE", "VIEW", "FUNCTION", "PROCEDURE", "MODEL"] as const;
  const what = whats.find((w) => cursor.accept(...w.split(" ")));
  if (what === undefined) throw unsupported(`DROP ${wordsAt(cursor)}`);
  const ifExists = cursor.accept("IF", "EXISTS");
  const name = cursor.path();
  atEnd(cursor);
  return { kind: "DROP", what, name, ifExists };
}

function readAlter(cursor: Cursor): Ddl {
  const what = (["TABLE", "VIEW"] as const).find((w) => cursor.accept(w));
  if (what === undefined) throw unsupported(`ALTER ${wordsAt(cursor)}`);
  const ifExists = cursor.accept("IF", "EXISTS");
  const name = cursor.path();
  const alterations = splitCommas(cursor.rest()).map(alterationOf);
  if (alterations.length === 0) throw syntaxError(undefined);
  return { kind: "ALTER", what, name, ifExists, alterations };
}

function alterationOf(piece: readonly Token[]): Alteration {
  const cursor = new Cursor(piece);
  const alteration = oneAlteration(cursor);
  atEnd(cursor);
  return alteration;
}

function oneAlteration(cursor: Cursor): Alteration {
  if (cursor.accept("ADD", "COLUMN")) {
    const ifNotExists = cursor.accept("IF", "NOT", "EXISTS");
    return { kind: "ADD", column: readColumn(cursor), ifNotExists };
  }
  if (cursor.accept("DROP", "COLUMN")) {
    const ifExists = cursor.accept("IF", "EXISTS");
    return { kind: "DROP", column: cursor.name(), ifExists };
  }
  if (cursor.accept("RENAME", "COLUMN")) {
    const column = cursor.name();
    cursor.expect("TO");
    return { kind: "RENAME", column, to: cursor.name() };
  }
  if (cursor.accept("RENAME", "TO")) return { kind: "RENAME TABLE", to: cursor.name() };
  if (cursor.accept("SET", "OPTIONS")) return { kind: "OPTIONS", options: readOptions(cursor.group()) };
  throw unsupported(`ALTER TABLE … ${wordsAt(cursor)}`);
}
