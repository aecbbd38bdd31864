import {
  CALLS_WITHOUT_PARENTHESES,
  FUNCTION_KEYWORDS,
  PLAIN_IDENTIFIER,
  RESERVED_KEYWORDS,
  SPECIAL_CALLS,
} from "./keywords.ts";
import { matchRecognize, pivot, printPipe, rowPattern, setOperator, unpivot } from "./print-pipes.ts";
import { printStatement } from "./print-statements.ts";
import { backquote, type Printing, parameterName, path, words } from "./printing.ts";
import { escapeBytes, escapeString } from "./string-escapes.ts";
import { tableNameParts } from "./table-name.ts";
import type {
  Argument,
  DatePart,
  Expression,
  FrameBound,
  FunctionCall,
  Identifier,
  IntervalExpression,
  Join,
  Literal,
  Node,
  PipeNode,
  Query,
  RecursionDepth,
  Select,
  SelectDotStar,
  SelectStar,
  StatementNode,
  TableExpression,
  TableFunctionCall,
  TablePath,
  WindowFrame,
  WindowSpecification,
} from "./tree.ts";

/** Literals with a value; TRUE, FALSE and NULL are words of the language. */
export type ValueLiteral = Exclude<Literal, { kind: "NullLiteral" | "BooleanLiteral" }>;

export interface PrintOptions {
  /** The full name of a table, one backquoted identifier a part. Undefined: as it stands in the tree. */
  readonly tablePath?: (node: TablePath) => readonly string[] | undefined;
  /** A query that takes the place of a table's name. Undefined: there is none. */
  readonly tableRows?: (node: TablePath) => string | undefined;
  /** The columns to take of a table function, where those are named. */
  readonly calledColumns?: (node: TableFunctionCall) => readonly string[] | undefined;
  /** The columns that are named one by one where FROM names the table. Undefined: it stands by its name alone. */
  readonly columns?: (node: TablePath) => readonly string[] | undefined;
  /** The same for the routine that a call names. */
  readonly routinePath?: (node: FunctionCall | TableFunctionCall) => readonly string[] | undefined;
  /** The full name of what a statement changes, where it is named outside a TablePath. Undefined: as it stands in the tree. */
  readonly name?: (node: Node) => readonly string[] | undefined;
  /** What to print for a literal's value; `index` counts from 0 in print order. Undefined: the value. */
  readonly literal?: (node: ValueLiteral, index: number) => string | undefined;
}

/** How tightly an expression binds, from loose to tight. */
const OR = 1;
const AND = 2;
const NOT = 3;
const COMPARISON = 4;
const BINARY = 5;
const UNARY = 6;
const PRIMARY = 7;
/** A primary that another `.`, `[` or `.*` may follow without parentheses. */
const POSTFIX = 8;

/**
 * Prints a tree as canonical GoogleSQL: one line, ASCII, keywords in upper case, identifiers backquoted, strings between
 * single quotes and without any quote inside. Operators of different kinds are parted by parentheses, so that nobody needs to
 * know their precedence. `print(parse(print(tree)))` is `print(tree)`, and parses to an equal tree (offsets apart).
 */
export function print(node: Node, options: PrintOptions = {}): string {
  return new Printer(options).node(node);
}

class Printer implements Printing {
  readonly #options: PrintOptions;
  #literals = 0;

  constructor(options: PrintOptions) {
    this.#options = options;
  }

  node(node: Node): string {
    switch (node.kind) {
      // The most frequent first.
      case "Identifier":
        return backquote(node.name);
      case "PathExpression":
        return path(node.parts);
      case "Script":
        return this.list(node.statements, ";\n");
      case "QueryStatement":
        return this.node(node.query);
      case "Query":
        return this.#query(node);
      case "WithClause":
        return `WITH ${node.recursive ? "RECURSIVE " : ""}${this.list(node.entries)}`;
      case "CommonTable":
        return words(`${this.node(node.name)} AS (${this.node(node.query)})`, node.depth && this.node(node.depth));
      case "RecursionDepth":
        return this.#recursionDepth(node);
      case "FromQuery":
        return `FROM ${this.node(node.from)}`;
      case "SetOperation": {
        const operator = setOperator(node.operator, node.match, this);
        return node.inputs.map((input) => this.#queryPart(input)).join(` ${operator} `);
      }
      case "ColumnMatch":
        return setOperator("UNION ALL", node, this);
      case "SelectMode":
        return words(`WITH ${node.mode}`, node.options && `OPTIONS ${this.node(node.options)}`);
      case "Select":
        return this.#select(node);
      case "SelectExpression":
        return this.node(node.expression) + this.#as(node.alias);
      case "SelectStar":
        return `*${this.#starModifiers(node)}`;
      case "SelectDotStar":
        return `${this.#dotStarOperand(node.expression)}.*${this.#starModifiers(node)}`;
      case "StarReplacement":
        return `${this.node(node.expression)} AS ${this.node(node.name)}`;
      case "OrderItem":
        return words(
          this.node(node.expression),
          node.collate && `COLLATE ${this.node(node.collate)}`,
          node.direction,
          node.nulls && `NULLS ${node.nulls}`,
        );
      case "Limit":
        return words(`LIMIT ${this.node(node.count)}`, node.offset && `OFFSET ${this.node(node.offset)}`);
      case "GroupByAll":
        return "GROUP BY ALL";
      case "GroupByItems":
        return `GROUP BY ${this.list(node.items)}`;
      case "GroupingExpression":
        return this.node(node.expression);
      case "GroupingSet":
        return `(${this.list(node.expressions)})`;
      case "Rollup":
        return `ROLLUP(${this.list(node.sets)})`;
      case "Cube":
        return `CUBE(${this.list(node.sets)})`;
      case "GroupingSets":
        return `GROUPING SETS (${this.list(node.items)})`;
      case "TablePath":
        return this.#tablePath(node);
      case "TableSubquery":
        return `(${this.node(node.query)})${this.#as(node.alias)}`;
      case "PivotedTable":
        return `${this.node(node.table)} ${this.node(node.pivot)}${this.#as(node.alias)}`;
      case "UnpivotedTable":
        return `${this.node(node.table)} ${this.node(node.unpivot)}${this.#as(node.alias)}`;
      case "SampledTable":
        return `${this.#tableOperand(node.table)} ${this.node(node.sample)}`;
      case "MatchedTable":
        return `${this.#tableOperand(node.table)} ${this.node(node.match)}${this.#as(node.alias)}`;
      case "Pivot":
        return pivot(node, this);
      case "PivotExpression":
        return this.node(node.expression) + this.#as(node.alias);
      case "Unpivot":
        return unpivot(node, this);
      case "UnpivotColumns": {
        const columns = node.columns.length === 1 ? this.list(node.columns) : `(${this.list(node.columns)})`;
        return words(columns, node.label && `AS ${this.node(node.label)}`);
      }
      case "TableSample":
        return `TABLESAMPLE SYSTEM (${this.node(node.percent)} PERCENT)`;
      case "MatchRecognize":
        return matchRecognize(node, this);
      case "RowPatternAlternation":
      case "RowPatternSequence":
      case "RowPatternQuantified":
      case "RowPatternAnchor":
        return rowPattern(node, this);
      case "TableFunctionCall":
        return this.#tableFunction(node);
      case "TableArgument":
        return `TABLE ${this.node(node.path)}`;
      case "ModelArgument":
        return `MODEL ${this.name(node, node.parts)}`;
      case "Unnest":
        return words(
          `UNNEST(${this.node(node.expression)})${this.#as(node.alias)}`,
          node.withOffset && this.node(node.withOffset),
        );
      case "WithOffset":
        return `WITH OFFSET${this.#as(node.alias)}`;
      case "Join":
        return this.#join(node);
      case "JoinOn":
        return `ON ${this.node(node.expression)}`;
      case "JoinUsing":
        return `USING (${this.list(node.columns)})`;
      case "NamedWindow":
        return `${this.node(node.name)} AS ${this.node(node.window)}`;
      case "WindowName":
        return this.node(node.name);
      case "WindowSpecification":
        return this.#windowSpecification(node);
      case "WindowFrame":
        return this.#frame(node);
      case "FrameBound":
        return this.#frameBound(node);
      case "NullLiteral":
        return "NULL";
      case "BooleanLiteral":
        return node.value ? "TRUE" : "FALSE";
      case "IntegerLiteral":
      case "FloatLiteral":
      case "StringLiteral":
      case "BytesLiteral":
        return this.#value(node);
      case "TypedLiteral":
        return `${node.type} ${this.#value(node)}`;
      case "RangeLiteral":
        return `${this.node(node.type)} ${this.#value(node)}`;
      case "FieldAccess":
        return `${this.#operand(node.operand, node.operand.kind === "PathExpression" ? POSTFIX + 1 : POSTFIX)}.${this.node(node.field)}`;
      case "Subscript": {
        const operand = this.#operand(node.operand, POSTFIX);
        const index = this.node(node.index);
        return node.accessor === null ? `${operand}[${index}]` : `${operand}[${node.accessor}(${index})]`;
      }
      case "Parameter":
        return node.name === null ? "?" : `@${parameterName(node.name)}`;
      case "SystemVariable":
        return `@@${node.parts.map(({ name }) => parameterName(name)).join(".")}`;
      case "LogicalExpression":
        return node.operands.map((operand) => this.#operand(operand, NOT)).join(` ${node.operator} `);
      case "NotExpression":
        return `NOT ${this.#operand(node.operand, NOT)}`;
      case "UnaryExpression":
        return `${node.operator}${this.#operand(node.operand, PRIMARY)}`;
      case "BinaryExpression":
        return node.operands.map((operand) => this.#operand(operand, UNARY)).join(` ${node.operator} `);
      case "ComparisonExpression":
        return `${this.#operand(node.left, BINARY)} ${node.operator} ${this.#operand(node.right, BINARY)}`;
      case "IsExpression":
        return `${this.#operand(node.operand, BINARY)} IS ${node.not ? "NOT " : ""}${node.test}`;
      case "IsDistinctFrom":
        return `${this.#operand(node.left, BINARY)} IS ${node.not ? "NOT " : ""}DISTINCT FROM ${this.#operand(node.right, BINARY)}`;
      case "InExpression":
        return `${this.#operand(node.operand, BINARY)} ${node.not ? "NOT " : ""}IN ${this.node(node.source)}`;
      case "ExpressionList":
        return `(${this.list(node.items)})`;
      case "UnnestOperand":
        return `UNNEST(${this.node(node.expression)})`;
      case "QueryOperand":
        return `(${this.node(node.query)})`;
      case "BetweenExpression":
        return (
          `${this.#operand(node.operand, BINARY)} ${node.not ? "NOT " : ""}BETWEEN ` +
          `${this.#operand(node.low, BINARY)} AND ${this.#operand(node.high, BINARY)}`
        );
      case "LikeExpression":
        return `${this.#operand(node.operand, BINARY)} ${node.not ? "NOT " : ""}LIKE ${this.#operand(node.pattern, BINARY)}`;
      case "QuantifiedLike":
        return `${this.#operand(node.operand, BINARY)} ${node.not ? "NOT " : ""}LIKE ${node.quantifier} ${this.node(node.patterns)}`;
      case "CaseExpression":
        return words(
          "CASE",
          node.operand && this.node(node.operand),
          this.list(node.whens, " "),
          node.else && `ELSE ${this.node(node.else)}`,
          "END",
        );
      case "CaseWhen":
        return `WHEN ${this.node(node.when)} THEN ${this.node(node.then)}`;
      case "CastExpression":
        return `${node.safe ? "SAFE_CAST" : "CAST"}(${words(
          this.node(node.operand),
          "AS",
          this.node(node.type),
          node.format && `FORMAT ${this.node(node.format)}`,
          node.timeZone && `AT TIME ZONE ${this.node(node.timeZone)}`,
        )})`;
      case "ExtractExpression":
        return `EXTRACT(${words(
          this.node(node.part),
          "FROM",
          this.node(node.from),
          node.timeZone && `AT TIME ZONE ${this.node(node.timeZone)}`,
        )})`;
      case "IntervalExpression":
        return this.#interval(node);
      case "DatePart":
        return datePart(node);
      case "StructExpression":
        return `${node.type === null ? "STRUCT" : this.node(node.type)}(${this.list(node.fields)})`;
      case "StructField":
        return this.node(node.expression) + this.#as(node.alias);
      case "TupleExpression":
        return `(${this.list(node.elements)})`;
      case "ArrayExpression":
        return `${node.type === null ? "" : this.node(node.type)}[${this.list(node.elements)}]`;
      case "SubqueryExpression":
        return `${node.form === "SCALAR" ? "" : node.form}(${this.node(node.query)})`;
      case "WithExpression":
        return `WITH(${this.list(node.bindings)}, ${this.node(node.result)})`;
      case "WithBinding":
        return `${this.node(node.name)} AS ${this.node(node.expression)}`;
      case "FunctionCall":
        return this.#call(node);
      case "StarArgument":
        return "*";
      case "NamedArgument":
        return `${this.node(node.name)} => ${this.node(node.value)}`;
      case "LambdaArgument":
        return `(${this.list(node.parameters)}) -> ${this.node(node.body)}`;
      case "AggregateInput":
        return words(
          node.where && `WHERE ${this.node(node.where)}`,
          node.groupBy.length > 0 && `GROUP BY ${this.list(node.groupBy)}`,
          node.having && `HAVING ${this.node(node.having)}`,
        );
      case "HavingModifier":
        return `HAVING ${node.extreme} ${this.node(node.expression)}`;
      case "SimpleType":
        return node.parameters.length === 0 ? node.name : `${node.name}(${this.#typeParameters(node.parameters)})`;
      case "ArrayType":
        return `ARRAY<${this.node(node.element)}>`;
      case "StructType":
        return `STRUCT<${this.list(node.fields)}>`;
      case "StructTypeField":
        return words(node.name && this.node(node.name), this.node(node.type));
      case "RangeType":
        return `RANGE<${this.node(node.element)}>`;
      default:
        return isPipe(node) ? printPipe(node, this) : printStatement(node, this);
    }
  }

  comparand(node: Expression): string {
    return this.#operand(node, BINARY);
  }

  list(nodes: readonly Node[], separator = ", "): string {
    let text = "";
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i];
      if (node !== undefined) text += i === 0 ? this.node(node) : separator + this.node(node);
    }
    return text;
  }

  #as(alias: Identifier | null): string {
    return alias === null ? "" : ` AS ${this.node(alias)}`;
  }

  /** An operand that must bind at least as tightly as `least`, else it goes in parentheses. */
  #operand(expression: Expression, least: number): string {
    const text = this.node(expression);
    return tightness(expression) >= least ? text : `(${text})`;
  }

  // ------------------------------------------------------------------------------------------------------ queries

  #query(node: Query): string {
    return words(
      node.with && this.node(node.with),
      this.#queryPart(node.body),
      node.orderBy.length > 0 && `ORDER BY ${this.list(node.orderBy)}`,
      node.limit && this.node(node.limit),
      this.list(node.pipes, " "),
    );
  }

  #recursionDepth({ alias, lower, upper }: RecursionDepth): string {
    const bound = (node: Expression | null): string => (node === null ? "UNBOUNDED" : this.node(node));
    const bounds = lower !== null ? `BETWEEN ${bound(lower)} AND ${bound(upper)}` : upper && `MAX ${bound(upper)}`;
    return words(`WITH DEPTH${this.#as(alias)}`, bounds);
  }

  /** A join as an operand of TABLESAMPLE and its like. */
  #tableOperand(table: TableExpression): string {
    return table.kind === "Join" ? `(${this.node(table)})` : this.node(table);
  }

  #queryPart(node: Query["body"]): string {
    return node.kind === "Query" ? `(${this.node(node)})` : this.node(node);
  }

  #select(node: Select): string {
    return words(
      "SELECT",
      node.mode && this.node(node.mode),
      node.quantifier,
      node.as && `AS ${node.as}`,
      this.list(node.items),
      node.from && `FROM ${this.node(node.from)}`,
      node.where && `WHERE ${this.node(node.where)}`,
      node.groupBy && this.node(node.groupBy),
      node.having && `HAVING ${this.node(node.having)}`,
      node.qualify && `QUALIFY ${this.node(node.qualify)}`,
      node.windows.length > 0 && `WINDOW ${this.list(node.windows)}`,
    );
  }

  #starModifiers(node: SelectStar | SelectDotStar): string {
    const except = node.except.length > 0 ? ` EXCEPT (${this.list(node.except)})` : "";
    return node.replace.length > 0 ? `${except} REPLACE (${this.list(node.replace)})` : except;
  }

  #dotStarOperand(expression: Expression): string {
    return this.#operand(expression, POSTFIX);
  }

  name(node: Node, parts: readonly Identifier[]): string {
    return this.#options.name?.(node)?.map(backquote).join(".") ?? path(parts);
  }

  #tablePath(node: TablePath): string {
    const rows = this.#options.tableRows?.(node);
    // Where it has no alias, its name's last part is one: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#implicit_aliases
    if (rows !== undefined)
      return `${rows} AS ${backquote(node.alias?.name ?? tableNameParts(node.parts).at(-1) ?? "")}`;
    const full = this.#options.tablePath?.(node);
    const columns = this.#options.columns?.(node);
    if (full !== undefined && columns !== undefined) return listed(full, columns, node);
    return words(
      (full === undefined ? path(node.parts) : full.map(backquote).join(".")) + this.#as(node.alias),
      node.withOffset && this.node(node.withOffset),
      node.systemTime && `FOR SYSTEM_TIME AS OF ${this.node(node.systemTime)}`,
    );
  }

  #tableFunction(node: TableFunctionCall): string {
    const call = `${this.#routine(node)}(${this.list(node.arguments)})`;
    const columns = this.#options.calledColumns?.(node);
    if (columns === undefined) return call + this.#as(node.alias);
    // Behind the range variable a name can be no column of a query around.
    const list = columns.map((name) => `r.${backquote(name)}`).join(", ");
    return `(SELECT ${list} FROM ${call} AS r)${this.#as(node.alias)}`;
  }

  #join(node: Join): string {
    // Left-deep chains of joins are long: take them apart without recursion.
    const chain: Join[] = [];
    let first: Join["left"] = node;
    while (first.kind === "Join") {
      chain.push(first);
      first = first.left;
    }
    let text = this.node(first);
    for (const { type, right, condition } of chain.reverse()) {
      const table = right.kind === "Join" ? `(${this.node(right)})` : this.node(right);
      text += type === "COMMA" ? `, ${table}` : words(` ${type} JOIN`, table, condition && this.node(condition));
    }
    return text;
  }

  // -------------------------------------------------------------------------------------------------- expressions

  #value(node: ValueLiteral): string {
    return this.#options.literal?.(node, this.#literals++) ?? literalValue(node);
  }

  #interval(node: IntervalExpression): string {
    const value = this.#operand(node.value, UNARY);
    return words("INTERVAL", value, this.node(node.part), node.toPart && `TO ${this.node(node.toPart)}`);
  }

  #call(node: FunctionCall): string {
    const [first, ...rest] = node.arguments;
    const inside = words(
      node.distinct && "DISTINCT",
      this.list(node.chained ? rest : node.arguments),
      node.nulls && `${node.nulls} NULLS`,
      node.input && this.node(node.input),
      node.having && this.node(node.having),
      node.orderBy.length > 0 && `ORDER BY ${this.list(node.orderBy)}`,
      node.limit && `LIMIT ${this.node(node.limit)}`,
    );
    const receiver = node.chained && first !== undefined ? `${this.#receiver(first)}.` : "";
    const plain = this.#routine(node);
    const parts = this.#options.routinePath?.(node) ?? node.name;
    const name = node.chained && parts.length > 1 ? `(${plain})` : plain;
    return words(`${receiver}${name}(${inside})`, node.over && `OVER ${this.node(node.over)}`);
  }

  #routine(node: FunctionCall | TableFunctionCall): string {
    return (
      this.#options.routinePath?.(node)?.map(backquote).join(".") ??
      functionName(node.name, node.kind === "FunctionCall")
    );
  }

  /** The first argument of a chained call; a bare path before the dot would be read as part of the function's name. */
  #receiver(first: Argument): string {
    const text = this.node(first);
    const bare = isExpression(first) && first.kind !== "PathExpression" && tightness(first) >= POSTFIX;
    return bare ? text : `(${text})`;
  }

  #windowSpecification(node: WindowSpecification): string {
    return `(${words(
      node.base && this.node(node.base),
      node.partitionBy.length > 0 && `PARTITION BY ${this.list(node.partitionBy)}`,
      node.orderBy.length > 0 && `ORDER BY ${this.list(node.orderBy)}`,
      node.frame && this.node(node.frame),
    )})`;
  }

  #frame({ unit, from, to }: WindowFrame): string {
    return to === null ? `${unit} ${this.node(from)}` : `${unit} BETWEEN ${this.node(from)} AND ${this.node(to)}`;
  }

  #frameBound(node: FrameBound): string {
    return words(node.offset && this.#operand(node.offset, BINARY), node.bound);
  }

  #typeParameters(parameters: readonly Expression[]): string {
    return parameters.map((node) => (node.kind === "PathExpression" ? "MAX" : this.node(node))).join(", ");
  }
}

function isPipe(node: PipeNode | StatementNode): node is PipeNode {
  return node.kind.startsWith("Pipe") || node.kind === "Subpipeline";
}

function isExpression(node: Argument): node is Expression {
  return node.kind !== "StarArgument" && node.kind !== "NamedArgument" && node.kind !== "LambdaArgument";
}

function tightness(node: Expression): number {
  switch (node.kind) {
    case "LogicalExpression":
      return node.operator === "OR" ? OR : AND;
    case "NotExpression":
      return NOT;
    case "ComparisonExpression":
    case "IsExpression":
    case "IsDistinctFrom":
    case "InExpression":
    case "BetweenExpression":
    case "LikeExpression":
    case "QuantifiedLike":
      return COMPARISON;
    case "BinaryExpression":
      return BINARY;
    case "UnaryExpression":
    case "IntervalExpression":
      return UNARY;
    case "FunctionCall":
      return node.over === null ? POSTFIX : PRIMARY;
    case "PathExpression":
    case "FieldAccess":
    case "Subscript":
      return POSTFIX;
    case "Parameter":
      return node.name === null ? PRIMARY : POSTFIX;
    case "SubqueryExpression":
      return node.form === "SCALAR" ? POSTFIX : PRIMARY;
    default:
      return PRIMARY;
  }
}

function literalValue(node: ValueLiteral): string {
  switch (node.kind) {
    case "IntegerLiteral":
    case "FloatLiteral":
      return node.text;
    case "StringLiteral":
    case "TypedLiteral":
    case "RangeLiteral":
      return escapeString(node.value, "'");
    case "BytesLiteral":
      return escapeBytes(node.value);
  }
}

/**
 * Built-in functions stay unquoted, as everybody writes them; what could be read as anything else is quoted. A keyword like IF
 * names a function only where an expression stands.
 */
function functionName(parts: readonly Identifier[], inExpression = true): string {
  return parts
    .map(({ name }, index) => {
      const upper = name.toUpperCase();
      const keyword =
        RESERVED_KEYWORDS.has(upper) && !(inExpression && parts.length === 1 && FUNCTION_KEYWORDS.has(upper));
      const call = parts.length > 1 && CALLS_WITHOUT_PARENTHESES.has(upper);
      const special = index === 0 && (call || SPECIAL_CALLS.has(upper));
      return PLAIN_IDENTIFIER.test(name) && !keyword && !special ? name : backquote(name);
    })
    .join(".");
}

function datePart({ name, weekday }: DatePart): string {
  return weekday === null ? name : `${name}(${weekday})`;
}

/**
 * The SQL with its literals apart: each shows as ⟨1⟩, ⟨2⟩ … and stands, as it would be printed, at that place of `literals`.
 * `sql` holds no literal's value (I5, I9), but is no longer GoogleSQL.
 */
export function redact(tree: Node): { readonly sql: string; readonly literals: readonly string[] } {
  const literals: string[] = [];
  const sql = print(tree, {
    literal: (node, index) => {
      literals.push(literalValue(node));
      return `⟨${index + 1}⟩`;
    },
  });
  return { sql, literals };
}

/** Qualified by the table, so that no name can be one of a query around. */
function listed(full: readonly string[], columns: readonly string[], { alias }: TablePath): string {
  const table = backquote(full.at(-1) ?? "");
  const list = columns.map((name) => `${table}.${backquote(name)} AS ${backquote(name)}`).join(", ");
  const named = alias === null ? table : backquote(alias.name);
  return `(SELECT ${list} FROM ${full.map(backquote).join(".")} AS ${table}) AS ${named}`;
}
