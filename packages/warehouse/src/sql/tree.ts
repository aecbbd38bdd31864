/**
 * The parser's tree as plain JSON, and how to build pieces of it.
 * A node is an object with one member, its kind: `{column: {name, table}}`. Identifiers are `{name, quoted}`.
 */
import { Dialect, generate, parse } from "@polyglot-sql/sdk";
import { WarehouseError } from "../errors.ts";
import { isObject, type Json, type JsonObject } from "../rest/json.ts";

export type Node = JsonObject;

/** A node's kind and content; undefined for what is no node. */
export function kindOf(node: Json | undefined): [string, JsonObject] | undefined {
  if (!isObject(node)) return undefined;
  const keys = Object.keys(node);
  const kind = keys[0];
  // `{this: …}` is a clause (WHERE, LIMIT) around a node, no node itself.
  if (keys.length !== 1 || kind === undefined || kind === "this") return undefined;
  const content = node[kind];
  return isObject(content) ? [kind, content] : undefined;
}

/** The content of a node of this kind. */
export function as(node: Json | undefined, kind: string): JsonObject | undefined {
  if (!isObject(node)) return undefined;
  const content = node[kind];
  return isObject(content) ? content : undefined;
}

export function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

/** The text of an identifier `{name, quoted}`. */
export function nameOf(value: Json | undefined): string | undefined {
  return isObject(value) && typeof value.name === "string" ? value.name : undefined;
}

export function parseStatements(sql: string): Node[] {
  const result = parse(sql, Dialect.BigQuery);
  if (!result.success) throw new WarehouseError("invalidQuery", `Syntax error: ${result.error ?? "not understood"}`);
  const ast: unknown = result.ast;
  return Array.isArray(ast) ? ast.filter(isObject) : isObject(ast) ? [ast] : [];
}

export function printDuckDb(statement: Node): string {
  const result = generate([statement], Dialect.DuckDB);
  const sql = result.sql?.[0];
  if (!result.success || sql === undefined)
    throw new WarehouseError("invalidQuery", `Unsupported statement: ${result.error ?? ""}`);
  return sql;
}

const templates = new Map<string, Json>();

/** A DuckDB expression with `_1`, `_2` … replaced by nodes. */
export function expression(text: string, ...holes: Json[]): Json {
  const [select] = duckDbSelect(`SELECT ${text}`, holes);
  return list(select.expressions)[0] ?? null;
}

/** What stands in DuckDB's FROM for the text, holes filled. */
export function fromItem(text: string, ...holes: Json[]): Json {
  const [select] = duckDbSelect(`SELECT 1 FROM ${text}`, holes);
  const from = select.from;
  return isObject(from) ? (list(from.expressions)[0] ?? null) : null;
}

function duckDbSelect(sql: string, holes: Json[]): [JsonObject] {
  let tree = templates.get(sql);
  if (tree === undefined) {
    const result = parse(sql, Dialect.DuckDB);
    const ast: unknown = result.ast;
    const first: unknown = Array.isArray(ast) ? ast[0] : ast;
    if (!result.success || !isObject(first)) throw new WarehouseError("internalError", `template: ${sql}`);
    tree = first;
    templates.set(sql, tree);
  }
  const select = as(fill(tree, holes), "select");
  if (select === undefined) throw new WarehouseError("internalError", `template: ${sql}`);
  return [select];
}

/** A copy with the columns `_1`, `_2` … replaced. */
function fill(value: Json | undefined, holes: Json[]): Json {
  if (Array.isArray(value)) return value.map((item) => fill(item, holes));
  if (!isObject(value)) return value ?? null;
  const column = as(value, "column");
  const hole = column && /^_(\d+)$/.exec(nameOf(column.name) ?? "");
  if (hole) return holes[Number(hole[1]) - 1] ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fill(member, holes)]));
}

export function identifier(name: string): JsonObject {
  return { name, quoted: true, trailing_comments: [] };
}

/** `node AS name`. */
export function aliased(node: Json, name: string): JsonObject {
  return {
    alias: {
      this: node,
      alias: identifier(name),
      column_aliases: [],
      alias_explicit_as: true,
      pre_alias_comments: [],
      trailing_comments: [],
    },
  };
}

export function textLiteral(value: string): JsonObject {
  return { literal: { literal_type: "string", value } };
}

/** A DuckDB call; the arguments in order. */
export function call(name: string, ...args: Json[]): JsonObject {
  return {
    function: {
      name,
      args,
      distinct: false,
      trailing_comments: [],
      use_bracket_syntax: false,
      no_parens: false,
      quoted: false,
    },
  };
}

/** DuckDB's STRUCT of named values. */
export function structOf(members: readonly { readonly name: string; readonly value: Json }[]): Json {
  const text = members.map((m, i) => `"${m.name.replaceAll('"', '""')}" := _${i + 1}`).join(", ");
  return expression(`STRUCT_PACK(${text})`, ...members.map((m) => m.value));
}
