/**
 * EXECUTE IMMEDIATE of a text that is written there: its statement takes its place, so that it is analysed, printed and redacted as
 * any other, and what runs is what was analysed (I2). A text that is made while the script runs is refused (threat-model row 33).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#execute_immediate
 */
import { parse } from "../../parser/parse.ts";
import { SqlError } from "../../sql-error.ts";
import type { ExecuteImmediateStatement, Node, Script, Statement, StringLiteral } from "../../tree.ts";
import { childrenOf } from "../../visitor.ts";

/** @throws SqlError `unsupported`, or what `parse` throws */
export function withImmediateStatements(sql: string, tree: Script): Script {
  if (!/immediate/i.test(sql)) return tree;
  return mapped(tree, (node) => (node.kind === "ExecuteImmediateStatement" ? immediate(sql, node) : null));
}

function immediate(sql: string, node: ExecuteImmediateStatement): Statement {
  const refuse = (message: string): never => {
    throw SqlError.at(sql, node.start, "unsupported", `EXECUTE IMMEDIATE ${message}`);
  };
  if (node.sql.kind !== "StringLiteral") return refuse("takes one string literal here; write the statement itself");
  if (node.using.length > 0) return refuse("with USING is not supported; write the values where they stand");
  const [statement, more] = statementsIn(sql, node.sql, refuse);
  if (statement === undefined || more !== undefined) return refuse("takes one statement");
  if (!isPlain(statement)) return refuse("takes a query, DML or DDL here");
  if (holdsParameter(statement)) return refuse("with parameters in its text is not supported");
  const [variable, another] = node.into;
  if (variable === undefined) return statement;
  if (another !== undefined) return refuse("INTO takes one variable here; SELECT AS STRUCT into it");
  if (statement.kind !== "QueryStatement") return refuse("INTO takes a query");
  // No row gives NULL, and more than one is an error, as for a subquery that stands as a value.
  const { start, end } = node;
  const value = { kind: "SubqueryExpression", form: "SCALAR", query: statement.query, start, end } as const;
  return { kind: "SetStatement", targets: [variable], parenthesized: false, value, start, end };
}

function statementsIn(sql: string, literal: StringLiteral, refuse: (message: string) => never): readonly Statement[] {
  // Without escapes the text stands in the script as it is, and each place in it has its own.
  const at = sql.slice(literal.start, literal.end).indexOf(literal.value);
  if (literal.value === "" || at === -1) return refuse("takes a text without escapes; put it between triple quotes");
  const shift = literal.start + at;
  const inner = mapped(parse(literal.value), () => null, shift);
  return inner.statements;
}

function isPlain({ kind }: Statement): boolean {
  switch (kind) {
    case "QueryStatement":
    case "InsertStatement":
    case "UpdateStatement":
    case "DeleteStatement":
    case "MergeStatement":
    case "TruncateStatement":
    case "CreateTableStatement":
    case "CreateViewStatement":
    case "DropStatement":
      return true;
    default:
      return false;
  }
}

function holdsParameter(node: Node): boolean {
  return node.kind === "Parameter" || childrenOf(node).some(holdsParameter);
}

/** The tree with `replace`d nodes, all places moved by `shift`. */
export function mapped<T extends Node>(node: T, replace: (node: Node) => Node | null, shift = 0): T {
  const map = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(map);
    if (typeof value !== "object" || value === null || !("kind" in value)) return value;
    const child = value as Node;
    return replace(child) ?? mapped(child, replace, shift);
  };
  const entries = Object.entries(node).map(([name, value]) => [name, map(value)]);
  return { ...Object.fromEntries(entries), start: node.start + shift, end: node.end + shift } as T;
}
