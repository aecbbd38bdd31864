import {
  BINARY,
  call,
  datePart,
  functionName,
  interval,
  literalValue,
  NOT,
  operand,
  POSTFIX,
  PRIMARY,
  typeParameters,
  UNARY,
  type ValueLiteral,
} from "./print-expressions.ts";
import { matchRecognize, pivot, printPipe, rowPattern, setOperator, unpivot } from "./print-pipes.ts";
import {
  frame,
  frameBound,
  join,
  listed,
  query,
  queryPart,
  recursionDepth,
  select,
  starModifiers,
  tableOperand,
  windowSpecification,
} from "./print-queries.ts";
import { printStatement } from "./print-statements.ts";
import { as, backquote, type Printing, parameterName, path, words } from "./printing.ts";
import { tableNameParts } from "./table-name.ts";
import type {
  Expression,
  FunctionCall,
  Identifier,
  Node,
  PipeNode,
  StatementNode,
  TableFunctionCall,
  TablePath,
} from "./tree.ts";

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
  /** What to print for a name that begins a path in an expression or in FROM. Undefined: as it stands in the tree. */
  readonly rangeName?: (name: Identifier) => string | undefined;
  /** An alias for a table that has none in the tree. */
  readonly alias?: (node: TablePath) => string | undefined;
  /** What to print for a literal's value; `index` counts from 0 in print order. Undefined: the value. */
  readonly literal?: (node: ValueLiteral, index: number) => string | undefined;
  /** What to print for a table's name alone. Undefined: as without it. */
  readonly tableName?: (node: TablePath) => string | undefined;
}

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
        return this.column(node.parts);
      case "Script":
        return this.list(node.statements, ";\n");
      case "QueryStatement":
        return this.node(node.query);
      case "Query":
        return query(node, this);
      case "WithClause":
        return `WITH ${node.recursive ? "RECURSIVE " : ""}${this.list(node.entries)}`;
      case "CommonTable":
        return words(`${this.node(node.name)} AS (${this.node(node.query)})`, node.depth && this.node(node.depth));
      case "RecursionDepth":
        return recursionDepth(node, this);
      case "FromQuery":
        return `FROM ${this.node(node.from)}`;
      case "SetOperation": {
        const operator = setOperator(node.operator, node.match, this);
        return node.inputs.map((input) => queryPart(input, this)).join(` ${operator} `);
      }
      case "ColumnMatch":
        return setOperator("UNION ALL", node, this);
      case "SelectMode":
        return words(`WITH ${node.mode}`, node.options && `OPTIONS ${this.node(node.options)}`);
      case "Select":
        return select(node, this);
      case "SelectExpression":
        return this.node(node.expression) + as(node.alias, this);
      case "SelectStar":
        return `*${starModifiers(node, this)}`;
      case "SelectDotStar":
        return `${operand(node.expression, POSTFIX, this)}.*${starModifiers(node, this)}`;
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
        return `(${this.node(node.query)})${as(node.alias, this)}`;
      case "PivotedTable":
        return `${this.node(node.table)} ${this.node(node.pivot)}${as(node.alias, this)}`;
      case "UnpivotedTable":
        return `${this.node(node.table)} ${this.node(node.unpivot)}${as(node.alias, this)}`;
      case "SampledTable":
        return `${tableOperand(node.table, this)} ${this.node(node.sample)}`;
      case "MatchedTable":
        return `${tableOperand(node.table, this)} ${this.node(node.match)}${as(node.alias, this)}`;
      case "Pivot":
        return pivot(node, this);
      case "PivotExpression":
        return this.node(node.expression) + as(node.alias, this);
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
          `UNNEST(${this.node(node.expression)})${as(node.alias, this)}`,
          node.withOffset && this.node(node.withOffset),
        );
      case "WithOffset":
        return `WITH OFFSET${as(node.alias, this)}`;
      case "Join":
        return join(node, this);
      case "JoinOn":
        return `ON ${this.node(node.expression)}`;
      case "JoinUsing":
        return `USING (${this.list(node.columns)})`;
      case "NamedWindow":
        return `${this.node(node.name)} AS ${this.node(node.window)}`;
      case "WindowName":
        return this.node(node.name);
      case "WindowSpecification":
        return windowSpecification(node, this);
      case "WindowFrame":
        return frame(node, this);
      case "FrameBound":
        return frameBound(node, this);
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
        return `${operand(node.operand, node.operand.kind === "PathExpression" ? POSTFIX + 1 : POSTFIX, this)}.${this.node(node.field)}`;
      case "Subscript": {
        const array = operand(node.operand, POSTFIX, this);
        const index = this.node(node.index);
        return node.accessor === null ? `${array}[${index}]` : `${array}[${node.accessor}(${index})]`;
      }
      case "Parameter":
        return node.name === null ? "?" : `@${parameterName(node.name)}`;
      case "SystemVariable":
        return `@@${node.parts.map(({ name }) => parameterName(name)).join(".")}`;
      case "LogicalExpression":
        return node.operands.map((part) => operand(part, NOT, this)).join(` ${node.operator} `);
      case "NotExpression":
        return `NOT ${operand(node.operand, NOT, this)}`;
      case "UnaryExpression":
        return `${node.operator}${operand(node.operand, PRIMARY, this)}`;
      case "BinaryExpression":
        return node.operands.map((part) => operand(part, UNARY, this)).join(` ${node.operator} `);
      case "ComparisonExpression":
        return `${operand(node.left, BINARY, this)} ${node.operator} ${operand(node.right, BINARY, this)}`;
      case "IsExpression":
        return `${operand(node.operand, BINARY, this)} IS ${node.not ? "NOT " : ""}${node.test}`;
      case "IsDistinctFrom":
        return `${operand(node.left, BINARY, this)} IS ${node.not ? "NOT " : ""}DISTINCT FROM ${operand(node.right, BINARY, this)}`;
      case "InExpression":
        return `${operand(node.operand, BINARY, this)} ${node.not ? "NOT " : ""}IN ${this.node(node.source)}`;
      case "ExpressionList":
        return `(${this.list(node.items)})`;
      case "UnnestOperand":
        return `UNNEST(${this.node(node.expression)})`;
      case "QueryOperand":
        return `(${this.node(node.query)})`;
      case "BetweenExpression":
        return (
          `${operand(node.operand, BINARY, this)} ${node.not ? "NOT " : ""}BETWEEN ` +
          `${operand(node.low, BINARY, this)} AND ${operand(node.high, BINARY, this)}`
        );
      case "LikeExpression":
        return `${operand(node.operand, BINARY, this)} ${node.not ? "NOT " : ""}LIKE ${operand(node.pattern, BINARY, this)}`;
      case "QuantifiedLike":
        return `${operand(node.operand, BINARY, this)} ${node.not ? "NOT " : ""}LIKE ${node.quantifier} ${this.node(node.patterns)}`;
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
        return interval(node, this);
      case "DatePart":
        return datePart(node);
      case "StructExpression":
        return `${node.type === null ? "STRUCT" : this.node(node.type)}(${this.list(node.fields)})`;
      case "StructField":
        return this.node(node.expression) + as(node.alias, this);
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
        return call(node, this.#calledName(node), this);
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
        return node.parameters.length === 0 ? node.name : `${node.name}(${typeParameters(node.parameters, this)})`;
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
    return operand(node, BINARY, this);
  }

  list(nodes: readonly Node[], separator = ", "): string {
    let text = "";
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i];
      if (node !== undefined) text += i === 0 ? this.node(node) : separator + this.node(node);
    }
    return text;
  }

  name(node: Node, parts: readonly Identifier[]): string {
    return this.#options.name?.(node)?.map(backquote).join(".") ?? path(parts);
  }

  column(parts: readonly Identifier[]): string {
    const [first, ...fields] = parts;
    const name = first && this.#options.rangeName?.(first);
    if (name === undefined) return path(parts);
    return [backquote(name), ...fields.map((field) => this.node(field))].join(".");
  }

  #tablePath(node: TablePath): string {
    const rows = this.#options.tableRows?.(node);
    const alias = node.alias?.name ?? this.#options.alias?.(node);
    // Where it has no alias, its name's last part is one: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#implicit_aliases
    if (rows !== undefined) return `${rows} AS ${backquote(alias ?? tableNameParts(node.parts).at(-1) ?? "")}`;
    const full = this.#options.tablePath?.(node);
    const columns = this.#options.columns?.(node);
    if (full !== undefined && columns !== undefined) return listed(full, columns, alias);
    return words(
      this.#options.tableName?.(node) ?? (full === undefined ? this.column(node.parts) : quotedPath(full)),
      alias === undefined ? "" : `AS ${backquote(alias)}`,
      node.withOffset && this.node(node.withOffset),
      node.systemTime && `FOR SYSTEM_TIME AS OF ${this.node(node.systemTime)}`,
    );
  }

  #tableFunction(node: TableFunctionCall): string {
    const call = `${this.#routine(node)}(${this.list(node.arguments)})`;
    const columns = this.#options.calledColumns?.(node);
    if (columns === undefined) return call + as(node.alias, this);
    // Behind the range variable a name can be no column of a query around.
    const list = columns.map((name) => `r.${backquote(name)}`).join(", ");
    return `(SELECT ${list} FROM ${call} AS r)${as(node.alias, this)}`;
  }

  #value(node: ValueLiteral): string {
    return this.#options.literal?.(node, this.#literals++) ?? literalValue(node);
  }

  /** Behind the dot of a chained call a name of several parts stands in parentheses. */
  #calledName(node: FunctionCall): string {
    const parts = this.#options.routinePath?.(node) ?? node.name;
    return node.chained && parts.length > 1 ? `(${this.#routine(node)})` : this.#routine(node);
  }

  #routine(node: FunctionCall | TableFunctionCall): string {
    return (
      this.#options.routinePath?.(node)?.map(backquote).join(".") ??
      functionName(node.name, node.kind === "FunctionCall")
    );
  }
}

function quotedPath(parts: readonly string[]): string {
  return parts.map(backquote).join(".");
}

function isPipe(node: PipeNode | StatementNode): node is PipeNode {
  return node.kind.startsWith("Pipe") || node.kind === "Subpipeline";
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
      return literalMark(index);
    },
  });
  return { sql, literals };
}

function literalMark(index: number): string {
  return `⟨${index + 1}⟩`;
}

/** Around the number of a place where two texts differ; no text that is printed holds it. */
const GAP = "\0";

/** `print` and `redact` in one walk, where nothing but the names of tables is printed otherwise than it stands in the tree. */
export function printBoth(
  tree: Node,
  tablePath: (node: TablePath) => readonly string[] | undefined,
): { readonly sql: string; readonly redacted: ReturnType<typeof redact> } {
  const canonical: string[] = [];
  const redacted: string[] = [];
  const literals: string[] = [];
  const gap = (inCanonical: string, inRedacted: string): string => {
    redacted.push(inRedacted);
    return `${GAP}${canonical.push(inCanonical) - 1}${GAP}`;
  };
  const text = print(tree, {
    tableName: (node) => {
      const full = tablePath(node);
      return full === undefined ? undefined : gap(quotedPath(full), path(node.parts));
    },
    literal: (node, index) => {
      const value = literalValue(node);
      literals.push(value);
      return gap(value, literalMark(index));
    },
  });
  return { sql: filled(text, canonical), redacted: { sql: filled(text, redacted), literals } };
}

/** `text`, with what each of its gaps stands for. */
function filled(text: string, gaps: readonly string[]): string {
  let out = "";
  let from = 0;
  for (let to = text.indexOf(GAP); to >= 0; to = text.indexOf(GAP, from)) {
    const end = text.indexOf(GAP, to + 1);
    out += text.slice(from, to) + gaps[Number(text.slice(to + 1, end))];
    from = end + 1;
  }
  return out + text.slice(from);
}
