/**
 * EXECUTE IMMEDIATE of a text that is known: its statement takes its place, so that it is analysed, printed and redacted as any
 * other, and what runs is what was analysed (I2). A text that depends on anything but literals is refused (threat-model row 33).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#execute_immediate
 */
import { LIMITS } from "../../limits.ts";
import { parse } from "../../parser/parse.ts";
import { SqlError } from "../../sql-error.ts";
import type {
  ExecuteImmediateStatement,
  Expression,
  Identifier,
  Node,
  NodeKind,
  Query,
  Script,
  Statement,
} from "../../tree.ts";
import { childrenOf } from "../../visitor.ts";
import { constantTexts } from "./constant-texts.ts";
import { isProcedural } from "./procedural.ts";

/** @throws SqlError `unsupported`, or what `parse` throws */
export function withImmediateStatements(sql: string, tree: Script): Script {
  if (!/immediate/i.test(sql)) return tree;
  const texts = constantTexts(tree);
  // Texts that stand nowhere as they are have their places behind the end, each its own.
  let end = sql.length;
  const replaced = (node: Node): Node | null => {
    if (node.kind !== "ExecuteImmediateStatement") return null;
    const text = texts.get(node);
    const start = end;
    end += (text?.length ?? 0) + 1;
    if (end > LIMITS.sqlLength) {
      throw SqlError.at(sql, node.start, "limit", "The texts of EXECUTE IMMEDIATE make the script too long");
    }
    return immediate(sql, node, text, start);
  };
  return mapped(tree, replaced);
}

type Refuse = (message: string) => never;

function immediate(sql: string, node: ExecuteImmediateStatement, text: string | undefined, behind: number): Statement {
  const refuse: Refuse = (message) => {
    throw SqlError.at(sql, node.start, "unsupported", `EXECUTE IMMEDIATE ${message}`);
  };
  if (text === undefined) {
    return refuse(
      "takes a text that is made of literals alone, whichever way the script goes; write the statement itself",
    );
  }
  const [written, more] = statementsIn(sql, node, text, behind);
  if (written === undefined || more !== undefined) return refuse("takes one statement");
  if (isProcedural(written)) return refuse("takes a query, DML or DDL here");
  const { statement, declared } = withArguments(written, node, refuse);
  const done = node.into.length === 0 ? statement : intoVariables(statement, node, refuse);
  if (declared.length === 0) return done;
  const { start, end } = node;
  return { kind: "BlockStatement", label: null, statements: [...declared, done], handler: null, start, end };
}

function statementsIn(
  sql: string,
  { sql: written, start }: ExecuteImmediateStatement,
  text: string,
  behind: number,
): readonly Statement[] {
  // Without escapes the text stands in the script as it is, and each place in it has its own.
  const at = written.kind === "StringLiteral" && text !== "" ? sql.slice(written.start, written.end).indexOf(text) : -1;
  if (at !== -1) return mapped(parse(text), () => null, written.start + at).statements;
  let inner: Script;
  try {
    inner = parse(text);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw SqlError.at(sql, start, error.code, `In the text of EXECUTE IMMEDIATE: ${error.message}`);
  }
  return mapped(inner, () => null, behind + 1).statements;
}

/**
 * USING: the parameters of the text. A literal takes the parameter's place; any other value is a variable of a block around the
 * statement, so that it is computed once, where the names of the text's tables aren't known.
 */
function withArguments(
  written: Statement,
  node: ExecuteImmediateStatement,
  refuse: Refuse,
): { readonly statement: Statement; readonly declared: readonly Statement[] } {
  const named = node.using.filter(({ alias }) => alias !== null).length;
  if (named !== 0 && named !== node.using.length) return refuse("USING takes names for all of its values, or for none");
  const values = new Map<string | number, Expression>();
  const declared: Statement[] = [];
  for (const [i, { expression, alias, start, end }] of node.using.entries()) {
    const key = alias === null ? i : alias.name.toLowerCase();
    if (values.has(key)) return refuse("USING names a parameter twice");
    if (isLiteral(expression)) {
      values.set(key, expression);
      continue;
    }
    const name: Identifier = { kind: "Identifier", name: `execute_immediate_parameter_${i + 1}`, start, end };
    declared.push({ kind: "DeclareStatement", names: [name], type: null, default: expression, start, end });
    values.set(key, { kind: "PathExpression", parts: [name], start, end });
  }
  let positions = 0;
  const bounds = new Set(boundsIn(written));
  const statement = mapped(written, (part) => {
    if (part.kind !== "Parameter") return null;
    if (part.position !== null) positions++;
    const value = values.get(part.name === null ? (part.position ?? -1) : part.name.toLowerCase());
    if (value === undefined) return refuse("has a parameter in its text that USING gives no value");
    if (bounds.has(part) && !isLiteral(value))
      return refuse("takes as LIMIT and other bounds literals alone; USING gives one another value");
    return value;
  });
  if (node.using.length > 0 && named === 0 && positions !== node.using.length) {
    return refuse("takes as many values as its text has parameters");
  }
  return { statement, declared };
}

/** Parameters where the language takes no variable that could stand for them: in LIMIT, TABLESAMPLE, frames of windows, bounds of patterns and recursion. */
function boundsIn(node: Node, bounding = false): readonly Node[] {
  if (node.kind === "Parameter") return bounding ? [node] : [];
  const limit = node.kind === "FunctionCall" ? node.limit : null;
  return childrenOf(node).flatMap((child) => boundsIn(child, bounding || child === limit || BOUNDING.has(node.kind)));
}

const BOUNDING: ReadonlySet<NodeKind> = new Set<NodeKind>([
  "Limit",
  "TableSample",
  "FrameBound",
  "RowPatternQuantified",
  "RecursionDepth",
]);

function isLiteral({ kind }: Expression): boolean {
  return [
    "NullLiteral",
    "StringLiteral",
    "IntegerLiteral",
    "FloatLiteral",
    "BooleanLiteral",
    "BytesLiteral",
    "TypedLiteral",
  ].includes(kind);
}

/** INTO: no row gives NULL, and more than one is an error, as for a subquery that stands as a value. */
function intoVariables(
  statement: Statement,
  { into, start, end }: ExecuteImmediateStatement,
  refuse: Refuse,
): Statement {
  if (statement.kind !== "QueryStatement") return refuse("INTO takes a query");
  const { query } = statement;
  const single = into.length === 1;
  const value = {
    kind: "SubqueryExpression",
    form: "SCALAR",
    query: single ? query : oneRow(query),
    start,
    end,
  } as const;
  return { kind: "SetStatement", targets: into, parenthesized: !single, value, start, end };
}

/** All columns of the query as one STRUCT, whose fields are NULL where there is no row. */
function oneRow(query: Query): Query {
  const [statement] = parse(
    "SELECT AS STRUCT row.* FROM (SELECT 1 AS one) LEFT JOIN (SELECT 1) AS row ON TRUE",
  ).statements;
  if (statement?.kind !== "QueryStatement") throw new Error("A query was read as something else");
  const { start, end } = query;
  return mapped(statement.query, (node) => {
    if (node.kind !== "TableSubquery" || node.alias === null) return null;
    return { ...node, query, start, end };
  });
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
