/** What is passed to a table function of BigQuery's own: tables and queries, names of their columns, constants. */
import { closed } from "../../flow/flow.ts";
import type {
  Argument,
  At,
  Expression,
  ModelArgument,
  NamedArgument,
  Node,
  TableArgument,
  TableFunctionArgument,
  TableFunctionCall,
  TablePath,
} from "../../tree.ts";
import type { Type } from "../../types.ts";
import { resolveConstant, resolveGiven } from "../constant.ts";
import type { Context } from "../context.ts";
import { type Column, type CommonTables, type FromClause, fold, type Value } from "../scope.ts";

/** Where the call stands. */
export interface Surroundings {
  readonly commonTables: CommonTables | null;
  /** What FROM makes of a table that is named alone. */
  readonly table: (path: TablePath) => FromClause;
  /** Behind `|> CALL`: the rows before it, which are the first table. */
  readonly piped: Input | undefined;
}

export type Given = Argument | TableArgument | ModelArgument | NamedArgument["value"] | PipedTable;

/** The rows before `|> CALL`, in the place of an argument. */
interface PipedTable extends At {
  readonly kind: "PipedTable";
  readonly input: Input;
}

/**
 * The arguments under the names of their places; those by name come after those by place. The first place is a table's: behind
 * `|> CALL` it is taken.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax#call_pipe_operator
 */
export function argumentsByName(
  context: Context,
  name: string,
  node: TableFunctionCall,
  places: readonly string[],
  names: readonly string[],
  { piped }: Surroundings,
): ReadonlyMap<string, Given> {
  const given = new Map<string, Given>();
  const [first] = places;
  const { start, end } = node;
  if (piped !== undefined && first !== undefined) given.set(first, { kind: "PipedTable", input: piped, start, end });
  let byName = false;
  for (const argument of node.arguments) {
    const key = nameOf(argument) ?? (byName ? undefined : places[given.size]);
    byName ||= argument.kind === "NamedArgument";
    if (key === undefined || given.has(key) || !(places.includes(key) || names.includes(key))) {
      return context.fail("type", `${name} has an argument too many, or one it doesn't know`, argument);
    }
    given.set(key, argument.kind === "NamedArgument" ? argument.value : argument);
  }
  return given;
}

function nameOf(argument: TableFunctionArgument): string | undefined {
  return argument.kind === "NamedArgument" ? fold(argument.name.name) : undefined;
}

/** A table's or a query's rows, as an argument. */
export type Input = Pick<FromClause, "columns" | "implicit" | "rows" | "repeated">;

/** `TABLE t`, or a query in parentheses. Neither sees the rows around the call. */
export function inputOf(
  context: Context,
  name: string,
  given: Given | undefined,
  around: Surroundings,
  node: Node,
): Input {
  if (given?.kind === "PipedTable") return given.input;
  if (given?.kind === "TableArgument") return around.table(given.path);
  if (given?.kind === "SubqueryExpression" && given.form === "SCALAR") {
    const relation = context.query(context, given.query, null, around.commonTables);
    if (relation.valueTable) context.fail("unsupported", `${name} takes columns, not rows that are values`, given);
    const { columns, implicit, rows, repeated } = relation;
    return {
      columns: columns.map((column) => ({ ...column, flow: closed(column.flow) })),
      implicit,
      rows: closed(rows),
      repeated,
    };
  }
  return context.fail("type", `${name} takes TABLE and a name, or a query in parentheses`, given ?? node);
}

/** The column that a string literal names: which one, the text must say. */
export function columnNamed(
  context: Context,
  name: string,
  input: Input,
  given: Given | undefined,
  node: Node,
): Column {
  if (given?.kind !== "StringLiteral") {
    return context.fail("unsupported", `${name} takes a column's name as a string literal`, given ?? node);
  }
  const found = input.columns.filter((column) => fold(column.name) === fold(given.value));
  const [column] = found;
  if (column === undefined || found.length > 1) {
    return context.fail("name", `${name} names a column that its table doesn't have, or has twice`, given);
  }
  return column;
}

/** The columns that an array of string literals names. */
export function columnsNamed(context: Context, name: string, input: Input, given: Given, node: Node): Column[] {
  if (given.kind !== "ArrayExpression") {
    return context.fail("unsupported", `${name} takes columns' names as an array of string literals`, given);
  }
  return given.elements.map((element) => columnNamed(context, name, input, element, node));
}

/** A value known before the query runs, whatever is in any table. */
export function requireConstant(context: Context, name: string, given: Given, type: Type): void {
  resolveConstant(context, expressionOf(context, name, given), type, name);
}

/** A value known before the query runs, with what a variable or an argument in it is made of. */
export function givenValue(context: Context, name: string, given: Given, type: Type): Value {
  return resolveGiven(context, expressionOf(context, name, given), type, name);
}

function expressionOf(context: Context, name: string, given: Given): Expression {
  return isExpression(given) ? given : context.fail("type", `${name} takes a constant here`, given);
}

function isExpression(given: Given): given is Expression {
  const others = ["StarArgument", "NamedArgument", "LambdaArgument", "TableArgument", "ModelArgument", "PipedTable"];
  return !others.includes(given.kind);
}
