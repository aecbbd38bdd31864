/** What the names in a statement mean, and marks in the tokens for those that aren't tables or columns. */
import { WarehouseError } from "../errors.ts";
import type { Model } from "../model/model.ts";
import type { Token } from "./lexer.ts";
import type { Routine } from "./routine.ts";
import { Cursor, isSymbol, isWord, nameText, parenthesised, quoted, sql } from "./tokens.ts";
import { duckType, type Field } from "./types.ts";

export interface TableReference {
  readonly projectId: string;
  readonly datasetId: string;
  readonly tableId: string;
}

/** What a table's name stands for. */
export type Relation =
  | { readonly kind: "table"; readonly reference: TableReference; readonly duckName: string }
  | { readonly kind: "view"; readonly reference: TableReference; readonly query: string }
  /** `prefix*`: each matching table and what the star stands for. */
  | {
      readonly kind: "wildcard";
      readonly tables: readonly {
        readonly reference: TableReference;
        readonly duckName: string;
        readonly suffix: string;
      }[];
    };

export interface Names {
  /** Throws `notFound`. `parts`: one to three. */
  table(parts: readonly string[]): Relation;
  /** The columns of a table or view that is there. */
  columnsOf(parts: readonly string[]): readonly string[];
  routine(parts: readonly string[]): Routine | undefined;
  /** Throws `notFound`. */
  model(parts: readonly string[]): Model;
  /** DuckDB's expression for a variable of a script. */
  variable(name: string): string | undefined;
}

/** A marked call: its second argument is DuckDB's type. */
export const COERCE = "bq_coerce";
const ROUTINE = "bq_routine_";
const VARIABLE = "bq_variable_";

/** Prefixes of Google's own functions that have a dot. */
const NAMESPACES = new Set([
  "safe",
  "net",
  "keys",
  "aead",
  "hll_count",
  "kll_quantiles",
  "ml",
  "bigframes",
  "d3a_count",
]);

/** The routine a marked function name stands for. */
export function routinePath(name: string): string[] | undefined {
  if (!name.toLowerCase().startsWith(ROUTINE)) return undefined;
  const path: unknown = JSON.parse(Buffer.from(name.slice(ROUTINE.length), "hex").toString());
  return Array.isArray(path) ? path.map(String) : undefined;
}

/** The variable a marked column name stands for. */
export function variableName(name: string | undefined): string | undefined {
  return name?.startsWith(VARIABLE) ? name.slice(VARIABLE.length) : undefined;
}

/** Marks calls of routines and variables in a query. */
export function markNames(tokens: readonly Token[], names: Names): Token[] {
  return markVariables(markCalls(tokens, names), names);
}

function markCalls(tokens: readonly Token[], names: Names): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i];
    if (token === undefined) break;
    const path = isSymbol(tokens[i - 1], ".") ? undefined : callAt(tokens, i);
    const routine = path && !NAMESPACES.has(path.parts[0]?.toLowerCase() ?? "") ? names.routine(path.parts) : undefined;
    if (path === undefined || (routine === undefined && path.parts.length === 1)) out.push(token);
    else if (routine === undefined) {
      if (!NAMESPACES.has(path.parts[0]?.toLowerCase() ?? "")) {
        throw new WarehouseError("invalidQuery", `Function not found: ${path.parts.join(".")}`);
      }
      out.push(token);
    } else {
      const text = `${ROUTINE}${Buffer.from(JSON.stringify(path.parts)).toString("hex")}`;
      out.push({ kind: "word", text, at: -1, end: -1 });
      i = path.end - 1;
    }
  }
  return out;
}

/** The path of a call that begins here. */
function callAt(tokens: readonly Token[], at: number): { parts: string[]; end: number } | undefined {
  const token = tokens[at];
  if (nameText(token) === undefined) return undefined;
  const dotted = isSymbol(tokens[at + 1], ".", "-");
  if (!dotted && !isSymbol(tokens[at + 1], "(")) return undefined;
  const cursor = new Cursor(tokens, at);
  try {
    const parts = cursor.path();
    return isSymbol(cursor.peek(), "(") ? { parts, end: cursor.at } : undefined;
  } catch {
    // A dot before a star or a bracket: no path.
    return undefined;
  }
}

/** Columns win over variables: https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#declare */
function markVariables(tokens: readonly Token[], names: Names): Token[] {
  let columns: ReadonlySet<string> | undefined;
  return tokens.flatMap((token, i) => {
    const name = nameText(token)?.toLowerCase();
    const before = tokens[i - 1];
    if (name === undefined || isNoValue(tokens, i) || isWord(before, "JOIN")) return [token];
    if (isWord(before, "FROM") && !isExtract(tokens, i - 1)) return [token];
    if (names.variable(name) === undefined) return [token];
    columns ??= columnsInReach(tokens, names);
    if (columns.has(name)) return [token];
    const mark = quoted(`${VARIABLE}${name}`);
    return isSymbol(tokens[i + 1], ".") ? parenthesised([mark]) : [mark];
  });
}

/** A name after a dot or AS, before a bracket, or a date part: `a.x`, `1 AS x`, `x(1)`, `EXTRACT(x FROM d)`. */
function isNoValue(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  if (isSymbol(before, ".") || isWord(before, "AS") || isSymbol(tokens[i + 1], "(")) return true;
  return isWord(tokens[i + 1], "FROM") && isExtract(tokens, i + 1);
}

/** Whether the FROM at `i` is EXTRACT's. */
function isExtract(tokens: readonly Token[], i: number): boolean {
  return isSymbol(tokens[i - 2], "(") && isWord(tokens[i - 3], "EXTRACT");
}

/** Lower-case columns of every table that is named after FROM or JOIN. */
function columnsInReach(tokens: readonly Token[], names: Names): ReadonlySet<string> {
  const columns = new Set<string>();
  for (const [i, token] of tokens.entries()) {
    if (!isWord(token, "FROM", "JOIN") || nameText(tokens[i + 1]) === undefined) continue;
    for (const column of names.columnsOf(new Cursor(tokens, i + 1).path())) columns.add(column.toLowerCase());
  }
  return columns;
}

/** Names for the body of a routine: its arguments stand for what `sql` gives. */
export function withArguments(tokens: readonly Token[], args: ReadonlyMap<string, readonly Token[]>): Token[] {
  if (args.size === 0) return [...tokens];
  return tokens.flatMap((token, i) => {
    const value = args.get(nameText(token)?.toLowerCase() ?? "");
    if (value === undefined || isNoValue(tokens, i)) return [token];
    return isSymbol(tokens[i + 1], ".") ? parenthesised(value) : [...value];
  });
}

/** The value as one of the type: https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules#coercion */
export function coerced(value: readonly Token[], type: Field | undefined): Token[] {
  if (type === undefined) return [...value];
  const text: Token = { kind: "string", value: duckType(type), at: -1, end: -1 };
  return [...sql(`${COERCE}(`), ...value, ...sql(","), text, ...sql(")")];
}
