/** Canonical text of queries: their clauses, what FROM joins, and windows. */
import { BINARY, operand } from "./print-expressions.ts";
import { as, backquote, type Printing, words } from "./printing.ts";
import type {
  Expression,
  FrameBound,
  Join,
  Query,
  RecursionDepth,
  Select,
  SelectDotStar,
  SelectStar,
  TableExpression,
  WindowFrame,
  WindowSpecification,
} from "./tree.ts";

export function query(node: Query, to: Printing): string {
  return words(
    node.with && to.node(node.with),
    queryPart(node.body, to),
    node.orderBy.length > 0 && `ORDER BY ${to.list(node.orderBy)}`,
    node.limit && to.node(node.limit),
    to.list(node.pipes, " "),
  );
}

export function recursionDepth({ alias, lower, upper }: RecursionDepth, to: Printing): string {
  const bound = (node: Expression | null): string => (node === null ? "UNBOUNDED" : to.node(node));
  const bounds = lower !== null ? `BETWEEN ${bound(lower)} AND ${bound(upper)}` : upper && `MAX ${bound(upper)}`;
  return words(`WITH DEPTH${as(alias, to)}`, bounds);
}

/** A join as an operand of TABLESAMPLE and its like. */
export function tableOperand(table: TableExpression, to: Printing): string {
  return table.kind === "Join" ? `(${to.node(table)})` : to.node(table);
}

export function queryPart(node: Query["body"], to: Printing): string {
  return node.kind === "Query" ? `(${to.node(node)})` : to.node(node);
}

export function select(node: Select, to: Printing): string {
  return words(
    "SELECT",
    node.mode && to.node(node.mode),
    node.quantifier,
    node.as && `AS ${node.as}`,
    to.list(node.items),
    node.from && `FROM ${to.node(node.from)}`,
    node.where && `WHERE ${to.node(node.where)}`,
    node.groupBy && to.node(node.groupBy),
    node.having && `HAVING ${to.node(node.having)}`,
    node.qualify && `QUALIFY ${to.node(node.qualify)}`,
    node.windows.length > 0 && `WINDOW ${to.list(node.windows)}`,
  );
}

export function starModifiers(node: SelectStar | SelectDotStar, to: Printing): string {
  const except = node.except.length > 0 ? ` EXCEPT (${to.list(node.except)})` : "";
  return node.replace.length > 0 ? `${except} REPLACE (${to.list(node.replace)})` : except;
}

export function join(node: Join, to: Printing): string {
  // Left-deep chains of joins are long: take them apart without recursion.
  const chain: Join[] = [];
  let first: Join["left"] = node;
  while (first.kind === "Join") {
    chain.push(first);
    first = first.left;
  }
  let text = to.node(first);
  for (const { type, right, condition } of chain.reverse()) {
    const table = right.kind === "Join" ? `(${to.node(right)})` : to.node(right);
    text += type === "COMMA" ? `, ${table}` : words(` ${type} JOIN`, table, condition && to.node(condition));
  }
  return text;
}

export function windowSpecification(node: WindowSpecification, to: Printing): string {
  return `(${words(
    node.base && to.node(node.base),
    node.partitionBy.length > 0 && `PARTITION BY ${to.list(node.partitionBy)}`,
    node.orderBy.length > 0 && `ORDER BY ${to.list(node.orderBy)}`,
    node.frame && to.node(node.frame),
  )})`;
}

export function frame({ unit, from, to: last }: WindowFrame, to: Printing): string {
  return last === null ? `${unit} ${to.node(from)}` : `${unit} BETWEEN ${to.node(from)} AND ${to.node(last)}`;
}

export function frameBound(node: FrameBound, to: Printing): string {
  return words(node.offset && operand(node.offset, BINARY, to), node.bound);
}

/** Qualified by the table, so that no name can be one of a query around. */
export function listed(full: readonly string[], columns: readonly string[], alias: string | undefined): string {
  const table = backquote(full.at(-1) ?? "");
  const list = columns.map((name) => `${table}.${backquote(name)} AS ${backquote(name)}`).join(", ");
  const named = alias === undefined ? table : backquote(alias);
  return `(SELECT ${list} FROM ${full.map(backquote).join(".")} AS ${table}) AS ${named}`;
}
