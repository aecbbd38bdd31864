import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc, { type Arbitrary } from "fast-check";
import { parse } from "./parser/parse.ts";
import { print, redact } from "./printer.ts";
import type {
  AggregateInput,
  Argument,
  ColumnMatch,
  Cube,
  DatePart,
  Expression,
  ExpressionList,
  FrameBound,
  GroupBy,
  GroupingItem,
  GroupingSet,
  Identifier,
  Join,
  JoinOn,
  JoinUsing,
  LambdaArgument,
  NamedArgument,
  OrderItem,
  PipeOperator,
  Query,
  QueryBody,
  QueryOperand,
  Rollup,
  Select,
  SelectExpression,
  SelectItem,
  StarReplacement,
  Subpipeline,
  TableExpression,
  TypeName,
  UnnestOperand,
  Window,
  WithOffset,
} from "./tree.ts";

/** Random trees, of every kind the parser makes. Offsets are 0: they are no part of what is compared. */

const at = { start: 0, end: 0 } as const;
/** One depth for the whole tree: past it, `oneOf` takes its first choice and `orNull` takes null. */
const depthIdentifier = fc.createDepthIdentifier();
const depth = { depthIdentifier, maxDepth: 7, depthSize: "medium" } as const;
const few = { maxLength: 2, depthIdentifier } as const;
const some = { minLength: 1, maxLength: 2, depthIdentifier } as const;
const twoOrMore = { minLength: 2, maxLength: 3, depthIdentifier } as const;
const orNull = <T>(arbitrary: Arbitrary<T>): Arbitrary<T | null> => fc.option(arbitrary, { nil: null, ...depth });
const oneOf = <T>(...choices: Arbitrary<T>[]): Arbitrary<T> => fc.oneof(depth, ...choices);

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom("it's", '"', "`", "\\", "\\'", "-- x", "/*", "*/", "#", ";", "\r\n", "\u2028", "''", "\\\\'", "é😀"),
);
const name = fc.oneof(
  fc.constantFrom("a", "B", "ssn", "select", "from", "date", "current_date", "safe_cast", "value", "1a", "a.b", "a-b"),
  text.filter((value) => value !== ""),
);
const identifier: Arbitrary<Identifier> = name.map((value) => ({ kind: "Identifier", name: value, ...at }));
const path = fc.array(identifier, some);

const datePart: Arbitrary<DatePart> = fc.oneof(
  fc
    .constantFrom("DAY", "MONTH", "ISOWEEK")
    .map((part): DatePart => ({ kind: "DatePart", name: part, weekday: null, ...at })),
  fc.constant<DatePart>({ kind: "DatePart", name: "WEEK", weekday: "MONDAY", ...at }),
);

const literal: Arbitrary<Expression> = fc.oneof(
  fc.constant<Expression>({ kind: "NullLiteral", ...at }),
  fc.boolean().map((value): Expression => ({ kind: "BooleanLiteral", value, ...at })),
  fc.nat().map((value): Expression => ({ kind: "IntegerLiteral", text: String(value), ...at })),
  fc
    .constantFrom("0x1f", "9999999999999999999")
    .map((value): Expression => ({ kind: "IntegerLiteral", text: value, ...at })),
  fc
    .constantFrom("0.5", "1.0", "1e10", "2.5e-3")
    .map((value): Expression => ({ kind: "FloatLiteral", text: value, ...at })),
  text.map((value): Expression => ({ kind: "StringLiteral", value, ...at })),
  fc
    .uint8Array({ maxLength: 5 })
    .map((bytes): Expression => ({ kind: "BytesLiteral", value: String.fromCharCode(...bytes), ...at })),
  fc
    .tuple(fc.constantFrom("NUMERIC", "BIGNUMERIC", "DATE", "DATETIME", "TIME", "TIMESTAMP", "JSON"), text)
    .map(([type, value]): Expression => ({ kind: "TypedLiteral", type, value, ...at })),
);

const integer = fc.nat(99).map((value): Expression => ({ kind: "IntegerLiteral", text: String(value), ...at }));
const parameter = name.map((value): Expression => ({ kind: "Parameter", name: value, position: null, ...at }));
const limitCount = fc.oneof(integer, parameter);

const { type } = fc.letrec<{ type: TypeName }>((tie) => ({
  type: fc.oneof(
    fc
      .constantFrom("INT64", "STRING", "INTERVAL")
      .map((value): TypeName => ({ kind: "SimpleType", name: value, parameters: [], ...at })),
    fc.array(integer, some).map((parameters): TypeName => ({ kind: "SimpleType", name: "NUMERIC", parameters, ...at })),
    tie("type").map((element): TypeName => ({ kind: "ArrayType", element, ...at })),
    tie("type").map((element): TypeName => ({ kind: "RangeType", element, ...at })),
    fc.array(fc.record({ name: orNull(identifier), type: tie("type") }), some).map(
      (fields): TypeName => ({
        kind: "StructType",
        fields: fields.map((field) => ({ kind: "StructTypeField", ...field, ...at })),
        ...at,
      }),
    ),
  ),
}));

/** A type, not an interface: fast-check wants an index signature. */
type Grammar = {
  expression: Expression;
  query: Query;
  select: Select;
  table: TableExpression;
  join: TableExpression;
  orderItem: OrderItem;
  window: Window;
};

const grammar = fc.letrec<Grammar>((tie) => {
  const expression = tie("expression");
  const expressions = (size: { minLength?: number; maxLength: number }) => fc.array(expression, size);
  const query = tie("query");
  const node = <T extends object>(record: { [K in keyof T]: Arbitrary<T[K]> }) => fc.record(record);

  const inSource = oneOf<ExpressionList | UnnestOperand | QueryOperand>(
    expressions(some).map((items) => {
      const [only] = items;
      // `IN ((SELECT …))` is read as a query.
      return items.length === 1 && only?.kind === "SubqueryExpression" && only.form === "SCALAR"
        ? ({ kind: "QueryOperand", query: only.query, ...at } as const)
        : ({ kind: "ExpressionList", items, ...at } as const);
    }),
    expression.map((item) => ({ kind: "UnnestOperand", expression: item, ...at }) as const),
    query.map((item) => ({ kind: "QueryOperand", query: item, ...at }) as const),
  );
  const lambda = node({ parameters: fc.array(identifier, some), body: expression }).map(
    (value): LambdaArgument => ({ kind: "LambdaArgument", ...value, ...at }),
  );
  const named = node({ name: identifier, value: oneOf<Expression | LambdaArgument>(expression, lambda) }).map(
    (value): NamedArgument => ({ kind: "NamedArgument", ...value, ...at }),
  );
  const argumentList = oneOf<Argument[]>(
    fc.constant<Argument[]>([{ kind: "StarArgument", ...at }]),
    fc.array(oneOf<Argument>(expression, lambda, named), few),
  );
  const inputOf = (
    where: Expression | null,
    groupBy: Expression[],
    filter: Expression | null,
  ): AggregateInput | null =>
    where === null && groupBy.length === 0
      ? null
      : { kind: "AggregateInput", where, groupBy, having: groupBy.length === 0 ? null : filter, ...at };
  const call = node({
    name: fc.array(
      name.map((value): Identifier => ({ kind: "Identifier", name: value, ...at })),
      { minLength: 1, maxLength: 2 },
    ),
    list: argumentList,
    distinct: fc.boolean(),
    nulls: fc.constantFrom(null, "IGNORE" as const, "RESPECT" as const),
    having: orNull(node({ extreme: fc.constantFrom("MAX" as const, "MIN" as const), expression })),
    where: orNull(expression),
    groupBy: fc.array(expression, few),
    filter: orNull(expression),
    orderBy: fc.array(tie("orderItem"), few),
    limit: orNull(limitCount),
    over: orNull(tie("window")),
  }).map(
    ({ list, distinct, having, where, groupBy, filter, ...rest }): Expression => ({
      kind: "FunctionCall",
      input: inputOf(where, having === null ? groupBy : [], filter),
      chained: false,
      ...rest,
      arguments: list,
      distinct: distinct && list.length > 0 && list[0]?.kind !== "StarArgument",
      having: having && { kind: "HavingModifier", ...having, ...at },
      ...at,
    }),
  );
  const not = fc.boolean();

  const operators = oneOf<Expression>(
    node({ operator: fc.constantFrom("AND" as const, "OR" as const), operands: expressions(twoOrMore) }).map(
      (value): Expression => ({ kind: "LogicalExpression", ...value, ...at }),
    ),
    expression.map((operand): Expression => ({ kind: "NotExpression", operand, ...at })),
    node({ operator: fc.constantFrom("-" as const, "+" as const, "~" as const), operand: expression }).map(
      (value): Expression => ({ kind: "UnaryExpression", ...value, ...at }),
    ),
    node({
      operator: fc.constantFrom("||", "+", "-", "*", "/", "|", "^", "&", "<<", ">>"),
      operands: expressions(twoOrMore),
    }).map((value): Expression => ({ kind: "BinaryExpression", ...value, ...at })),
    node({ operator: fc.constantFrom("=", "!=", "<", "<=", ">", ">="), left: expression, right: expression }).map(
      (value): Expression => ({ kind: "ComparisonExpression", ...value, ...at }),
    ),
    node({ operand: expression, not, test: fc.constantFrom("NULL", "TRUE", "FALSE", "UNKNOWN") }).map(
      (value): Expression => ({ kind: "IsExpression", ...value, ...at }),
    ),
    node({ left: expression, not, right: expression }).map(
      (value): Expression => ({ kind: "IsDistinctFrom", ...value, ...at }),
    ),
    node({ operand: expression, not, source: inSource }).map(
      (value): Expression => ({ kind: "InExpression", ...value, ...at }),
    ),
    node({ operand: expression, not, low: expression, high: expression }).map(
      (value): Expression => ({ kind: "BetweenExpression", ...value, ...at }),
    ),
    node({ operand: expression, not, pattern: expression }).map(
      (value): Expression => ({ kind: "LikeExpression", ...value, ...at }),
    ),
    node({
      operand: expression,
      not,
      quantifier: fc.constantFrom("ANY" as const, "ALL" as const),
      patterns: inSource,
    }).map((value): Expression => ({ kind: "QuantifiedLike", ...value, ...at })),
  );
  const primaries = oneOf<Expression>(
    node({ operand: expression, field: identifier }).map(
      (value): Expression => ({ kind: "FieldAccess", ...value, ...at }),
    ),
    node({
      operand: expression,
      accessor: fc.constantFrom(null, "OFFSET" as const, "SAFE_ORDINAL" as const),
      index: expression,
    }).map((value): Expression => ({ kind: "Subscript", ...value, ...at })),
    node({
      operand: orNull(expression),
      whens: fc.array(
        fc.tuple(expression, expression).map(([when, then]) => ({ kind: "CaseWhen" as const, when, then, ...at })),
        some,
      ),
      else: orNull(expression),
    }).map((value): Expression => ({ kind: "CaseExpression", ...value, ...at })),
    node({
      safe: fc.boolean(),
      operand: expression,
      type,
      format: orNull(expression),
      timeZone: orNull(expression),
    }).map(
      (value): Expression => ({
        kind: "CastExpression",
        ...value,
        timeZone: value.format && value.timeZone,
        ...at,
      }),
    ),
    node({ part: datePart, from: expression, timeZone: orNull(expression) }).map(
      (value): Expression => ({ kind: "ExtractExpression", ...value, ...at }),
    ),
    node({ value: expression, part: datePart, toPart: orNull(datePart) }).map(
      (value): Expression => ({ kind: "IntervalExpression", ...value, ...at }),
    ),
    node({ fields: fc.array(node({ expression, alias: orNull(identifier) }), few), type: orNull(type) }).map(
      (value): Expression => ({
        kind: "StructExpression",
        type: value.type?.kind === "StructType" ? value.type : null,
        fields: value.fields.map((field) => ({ kind: "StructField", ...field, ...at })),
        ...at,
      }),
    ),
    expressions(twoOrMore).map((elements): Expression => ({ kind: "TupleExpression", elements, ...at })),
    node({ elements: expressions(few), type: orNull(type) }).map(
      (value): Expression => ({
        kind: "ArrayExpression",
        elements: value.elements,
        type: value.type?.kind === "ArrayType" ? value.type : null,
        ...at,
      }),
    ),
    node({ form: fc.constantFrom("SCALAR" as const, "ARRAY" as const, "EXISTS" as const), query }).map(
      (value): Expression => ({ kind: "SubqueryExpression", ...value, ...at }),
    ),
    node({
      bindings: fc.array(
        node({ name: identifier, expression }).map((value) => ({ kind: "WithBinding" as const, ...value, ...at })),
        some,
      ),
      result: expression,
    }).map((value): Expression => ({ kind: "WithExpression", ...value, ...at })),
    call,
  );

  const columnMatch: Arbitrary<ColumnMatch> = node({
    mode: fc.constantFrom(null, "FULL" as const, "LEFT" as const, "INNER" as const),
    form: fc.constantFrom("BY NAME" as const, "CORRESPONDING" as const),
    columns: fc.array(identifier, few),
  }).map((value) => ({ kind: "ColumnMatch", ...value, ...at }));
  const selectExpression = node({ expression, alias: orNull(identifier) }).map(
    (value): SelectExpression => ({ kind: "SelectExpression", ...value, ...at }),
  );
  const subpipeline = fc
    .array(
      expression.map((condition): PipeOperator => ({ kind: "PipeWhere", condition, ...at })),
      few,
    )
    .map((pipes): Subpipeline => ({ kind: "Subpipeline", pipes, ...at }));
  const pipe: Arbitrary<PipeOperator> = oneOf<PipeOperator>(
    expression.map((condition) => ({ kind: "PipeWhere", condition, ...at })),
    fc.array(selectExpression, some).map((items) => ({ kind: "PipeExtend", items, windows: [], ...at })),
    fc.array(identifier, some).map((columns) => ({ kind: "PipeDrop", columns, ...at })),
    identifier.map((alias) => ({ kind: "PipeAs", alias, ...at })),
    node({
      operator: fc.constantFrom("UNION ALL" as const),
      match: orNull(columnMatch),
      queries: fc.array(query, some),
    }).map((value) => ({ kind: "PipeSetOperation", ...value, ...at })),
    node({ condition: expression, messages: expressions(few) }).map((value) => ({
      kind: "PipeAssert",
      ...value,
      ...at,
    })),
    fc.array(subpipeline, few).map((pipelines) => ({ kind: "PipeTee", pipelines, ...at })),
    node({ condition: expression, pipeline: subpipeline, else: orNull(subpipeline) }).map(
      ({ condition, pipeline, else: otherwise }) => ({
        kind: "PipeIf",
        branches: [{ kind: "PipeBranch", condition, pipeline, ...at }],
        else: otherwise,
        ...at,
      }),
    ),
    fc.array(tie("orderItem"), some).map((orderBy) => ({ kind: "PipeOrderBy", orderBy, ...at })),
  );

  const withOffset = orNull(orNull(identifier).map((alias): WithOffset => ({ kind: "WithOffset", alias, ...at })));
  const condition = orNull(
    oneOf<JoinOn | JoinUsing>(
      expression.map((item) => ({ kind: "JoinOn", expression: item, ...at }) as const),
      fc.array(identifier, some).map((columns) => ({ kind: "JoinUsing", columns, ...at }) as const),
    ),
  );
  const joined = node({
    first: tie("table"),
    rest: fc.array(
      node({ type: fc.constantFrom("CROSS", "INNER", "LEFT", "RIGHT", "FULL"), right: tie("table"), condition }),
      some,
    ),
  }).map(({ first, rest }) =>
    rest.reduce<TableExpression>(
      (left, item): Join => ({
        kind: "Join",
        left,
        ...item,
        condition: item.type === "CROSS" ? null : item.condition,
        ...at,
      }),
      first,
    ),
  );
  const set = (minLength: number): Arbitrary<GroupingSet> =>
    expressions({ minLength, maxLength: 2 }).map((list) => {
      const [only] = list;
      // `((a, b))` is read as two columns.
      const expressionsOfSet = list.length === 1 && only?.kind === "TupleExpression" ? only.elements : list;
      return { kind: "GroupingSet", expressions: expressionsOfSet, ...at };
    });
  const rollup = node({ kind: fc.constantFrom("Rollup" as const, "Cube" as const), sets: fc.array(set(1), some) }).map(
    (value) => ({ ...value, ...at }),
  );
  const groupingItem: Arbitrary<GroupingItem> = oneOf<GroupingItem>(
    expression.map((item) => ({ kind: "GroupingExpression", expression: item, ...at })),
    fc.constant({ kind: "GroupingSet", expressions: [], ...at }),
    rollup,
    fc
      .array(oneOf<GroupingSet | Rollup | Cube>(set(0), rollup), some)
      .map((items) => ({ kind: "GroupingSets", items, ...at })),
  );
  const groupBy: Arbitrary<GroupBy> = oneOf<GroupBy>(
    fc.constant({ kind: "GroupByAll", ...at }),
    fc.array(groupingItem, some).map((items) => ({ kind: "GroupByItems", items, ...at })),
  );
  const star = {
    except: fc.array(identifier, few),
    replace: fc.array(
      node({ expression, name: identifier }).map(
        (value): StarReplacement => ({ kind: "StarReplacement", ...value, ...at }),
      ),
      few,
    ),
  };
  const selectItem: Arbitrary<SelectItem> = oneOf<SelectItem>(
    node({ expression, alias: orNull(identifier) }).map((value) => ({ kind: "SelectExpression", ...value, ...at })),
    node(star).map((value) => ({ kind: "SelectStar", ...value, ...at })),
    node({
      expression: path.map((parts): Expression => ({ kind: "PathExpression", parts, ...at })),
      ...star,
    }).map((value) => ({ kind: "SelectDotStar", ...value, ...at })),
  );
  const frameBound: Arbitrary<FrameBound> = oneOf<FrameBound>(
    fc
      .constantFrom("UNBOUNDED PRECEDING" as const, "CURRENT ROW" as const, "UNBOUNDED FOLLOWING" as const)
      .map((bound) => ({ kind: "FrameBound", bound, offset: null, ...at })),
    node({ bound: fc.constantFrom("PRECEDING" as const, "FOLLOWING" as const), offset: expression }).map((value) => ({
      kind: "FrameBound",
      ...value,
      ...at,
    })),
  );

  return {
    expression: fc.oneof(
      depth,
      { arbitrary: literal, weight: 3 },
      { arbitrary: path.map((parts): Expression => ({ kind: "PathExpression", parts, ...at })), weight: 3 },
      { arbitrary: parameter, weight: 1 },
      { arbitrary: path.map((parts): Expression => ({ kind: "SystemVariable", parts, ...at })), weight: 1 },
      { arbitrary: operators, weight: 4 },
      { arbitrary: primaries, weight: 4 },
    ),
    orderItem: node({
      expression,
      collate: orNull(
        oneOf<Expression>(
          parameter,
          text.map((value) => ({ kind: "StringLiteral", value, ...at })),
        ),
      ),
      direction: fc.constantFrom(null, "ASC" as const, "DESC" as const),
      nulls: fc.constantFrom(null, "FIRST" as const, "LAST" as const),
    }).map((value): OrderItem => ({ kind: "OrderItem", ...value, ...at })),
    window: oneOf<Window>(
      identifier.map((value) => ({ kind: "WindowName", name: value, ...at })),
      node({
        base: orNull(identifier),
        partitionBy: expressions(few),
        orderBy: fc.array(tie("orderItem"), few),
        frame: orNull(
          node({
            unit: fc.constantFrom("ROWS" as const, "RANGE" as const),
            from: frameBound,
            to: orNull(frameBound),
          }).map((value) => ({ kind: "WindowFrame" as const, ...value, ...at })),
        ),
      }).map((value) => ({ kind: "WindowSpecification", ...value, ...at })),
    ),
    table: oneOf<TableExpression>(
      node({ parts: path, alias: orNull(identifier), withOffset, systemTime: orNull(expression) }).map((value) => ({
        kind: "TablePath",
        ...value,
        ...at,
      })),
      node({ expression, alias: orNull(identifier), withOffset }).map((value) => ({ kind: "Unnest", ...value, ...at })),
      node({ query, alias: orNull(identifier) }).map((value) => ({ kind: "TableSubquery", ...value, ...at })),
      node({ table: tie("table"), percent: limitCount }).map(({ table, percent }) => ({
        kind: "SampledTable",
        table,
        sample: { kind: "TableSample", percent, ...at },
        ...at,
      })),
      node({
        query,
        input: expression,
        aggregates: fc.array(selectExpression, some),
        values: fc.array(selectExpression, some),
        alias: orNull(identifier),
      }).map(({ query: inner, input, aggregates, values, alias }) => ({
        kind: "PivotedTable",
        table: { kind: "TableSubquery", query: inner, alias, ...at },
        pivot: {
          kind: "Pivot",
          aggregates: aggregates.map((item) => ({ ...item, kind: "PivotExpression" as const })),
          input,
          values: values.map((item) => ({ ...item, kind: "PivotExpression" as const })),
          ...at,
        },
        alias,
        ...at,
      })),
      tie("join"),
    ),
    join: joined,
    select: node({
      mode: fc.constant(null),
      quantifier: fc.constantFrom(null, "ALL" as const, "DISTINCT" as const),
      as: fc.constantFrom(null, null, "STRUCT" as const, "VALUE" as const),
      items: fc.array(selectItem, some),
      from: orNull(
        node({ first: tie("table"), commas: fc.array(tie("table"), few) }).map(({ first, commas }) =>
          commas.reduce<TableExpression>(
            (left, right): Join => ({ kind: "Join", type: "COMMA", left, right, condition: null, ...at }),
            first,
          ),
        ),
      ),
      where: orNull(expression),
      groupBy: orNull(groupBy),
      having: orNull(expression),
      qualify: orNull(expression),
      windows: fc.array(
        node({ name: identifier, window: tie("window") }).map((value) => ({
          kind: "NamedWindow" as const,
          ...value,
          ...at,
        })),
        few,
      ),
    }).map((value): Select => ({ kind: "Select", ...value, ...at })),
    query: node({
      with: orNull(
        fc
          .array(
            node({ name: identifier, query, depth: fc.constant(null) }).map((value) => ({
              kind: "CommonTable" as const,
              ...value,
              ...at,
            })),
            some,
          )
          .chain((entries) =>
            fc.boolean().map((recursive) => ({ kind: "WithClause" as const, recursive, entries, ...at })),
          ),
      ),
      body: oneOf<QueryBody>(
        tie("select"),
        node({
          operator: fc.constantFrom("UNION ALL" as const, "EXCEPT DISTINCT" as const),
          match: orNull(columnMatch),
          inputs: fc.array(oneOf<Select | Query>(tie("select"), query), twoOrMore),
        }).map((value) => ({ kind: "SetOperation" as const, ...value, ...at })),
        query,
      ),
      orderBy: fc.array(tie("orderItem"), few),
      limit: orNull(
        node({ count: limitCount, offset: orNull(limitCount) }).map((value) => ({
          kind: "Limit" as const,
          ...value,
          ...at,
        })),
      ),
      pipes: fc.array(pipe, few),
    }).map((value): Query => {
      const bare =
        value.with === null && value.orderBy.length === 0 && value.limit === null && value.pipes.length === 0;
      // Parentheses around a whole query say nothing and are no node.
      return bare && value.body.kind === "Query" ? value.body : { kind: "Query", ...value, ...at };
    }),
  };
});

const withoutPlaces = (tree: unknown): unknown =>
  JSON.parse(JSON.stringify(tree, (key, value) => (key === "start" || key === "end" ? undefined : value)));

function reread(query: Query): Query {
  const [statement] = parse(print(query)).statements;
  assert.ok(statement?.kind === "QueryStatement");
  return statement.query;
}

function assertRoundTrip(query: Query): void {
  const printed = print(query);
  assert.match(printed, /^[\x20-\x7e]*$/);
  const again = reread(query);
  assert.deepEqual(withoutPlaces(again), withoutPlaces(query));
  assert.equal(print(again), printed);
}

/** `SELECT expression` */
const selectOf = (expression: Expression): Query => ({
  kind: "Query",
  with: null,
  body: {
    kind: "Select",
    mode: null,
    quantifier: null,
    as: null,
    items: [{ kind: "SelectExpression", expression, alias: null, ...at }],
    from: null,
    where: null,
    groupBy: null,
    having: null,
    qualify: null,
    windows: [],
    ...at,
  },
  orderBy: [],
  limit: null,
  pipes: [],
  ...at,
});

// A failing property prints its seed; fc.assert(…, { seed, path }) replays it.
describe("round trip", () => {
  it("reads every printed query as that very tree, and prints ASCII only", () => {
    fc.assert(fc.property(grammar.query, assertRoundTrip), { numRuns: 150 });
  });

  it("reads every printed expression as that very tree", () => {
    fc.assert(
      fc.property(grammar.expression, (expression) => assertRoundTrip(selectOf(expression))),
      { numRuns: 3000 },
    );
  });

  it("keeps the literals it takes apart", () => {
    fc.assert(
      fc.property(grammar.query, (query) => {
        const { sql, literals } = redact(query);
        const whole = sql.replace(/⟨(\d+)⟩/g, (_, index) => literals[Number(index) - 1] ?? "");
        assert.equal(whole, print(query));
      }),
      { numRuns: 50 },
    );
  });
});
