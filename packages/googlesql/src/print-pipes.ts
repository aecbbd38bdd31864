/** Canonical text of pipe operators and table operators. */
import { as, type Printing, words } from "./printing.ts";
import type {
  ColumnMatch,
  MatchRecognize,
  NamedWindow,
  PipeAggregate,
  PipeNode,
  Pivot,
  RowPattern,
  RowPatternQuantified,
  SelectMode,
  SetOperator,
  Unpivot,
} from "./tree.ts";

export function printPipe(node: PipeNode, to: Printing): string {
  switch (node.kind) {
    case "PipeSelect":
      return words(
        "|> SELECT",
        mode(node.mode, to),
        node.quantifier,
        node.as && `AS ${node.as}`,
        to.list(node.items),
        windows(node.windows, to),
      );
    case "PipeExtend":
      return words(`|> EXTEND ${to.list(node.items)}`, windows(node.windows, to));
    case "PipeSet":
      return `|> SET ${to.list(node.assignments)}`;
    case "PipeAssignment":
      return `${to.node(node.name)} = ${to.node(node.value)}`;
    case "PipeDrop":
      return `|> DROP ${to.list(node.columns)}`;
    case "PipeRename":
      return `|> RENAME ${to.list(node.renamings)}`;
    case "PipeRenaming":
      return `${to.node(node.from)} AS ${to.node(node.to)}`;
    case "PipeAs":
      return `|> AS ${to.node(node.alias)}`;
    case "PipeWhere":
      return `|> WHERE ${to.node(node.condition)}`;
    case "PipeLimit":
      return `|> ${to.node(node.limit)}`;
    case "PipeAggregate":
      return words("|> AGGREGATE", mode(node.mode, to), to.list(node.items), grouping(node, to));
    case "PipeAggregateItem":
      return words(to.node(node.expression) + as(node.alias, to), node.direction, node.nulls && `NULLS ${node.nulls}`);
    case "PipeGroupingItem":
      return words(to.node(node.item) + as(node.alias, to), node.direction, node.nulls && `NULLS ${node.nulls}`);
    case "PipeDistinct":
      return "|> DISTINCT";
    case "PipeOrderBy":
      return `|> ORDER BY ${to.list(node.orderBy)}`;
    case "PipeSetOperation":
      return `|> ${setOperator(node.operator, node.match, to)} ${node.queries.map((q) => `(${to.node(q)})`).join(", ")}`;
    case "PipeRecursiveUnion":
      return words(
        `|> RECURSIVE ${setOperator(node.operator, node.match, to)}`,
        node.depth && to.node(node.depth),
        (node.step.kind === "Query" ? `(${to.node(node.step)})` : to.node(node.step)) + as(node.alias, to),
      );
    case "PipeJoin": {
      const table = node.table.kind === "Join" ? `(${to.node(node.table)})` : to.node(node.table);
      return words(`|> ${node.type} JOIN`, table, node.condition && to.node(node.condition));
    }
    case "PipeCall":
      return `|> CALL ${to.node(node.call)}`;
    case "PipeWindow":
      return `|> WINDOW ${to.list(node.items)}`;
    case "PipeTableSample":
      return `|> ${to.node(node.sample)}`;
    case "PipePivot":
      return `|> ${to.node(node.pivot)}${as(node.alias, to)}`;
    case "PipeUnpivot":
      return `|> ${to.node(node.unpivot)}${as(node.alias, to)}`;
    case "PipeMatchRecognize":
      return `|> ${to.node(node.match)}${as(node.alias, to)}`;
    case "PipeWith":
      return `|> ${to.node(node.with)}`;
    case "PipeAssert":
      return `|> ASSERT ${to.list([node.condition, ...node.messages])}`;
    case "PipeLog":
      return words("|> LOG", node.pipeline && to.node(node.pipeline));
    case "PipeIf":
      return words(`|> IF ${to.list(node.branches, " ELSEIF ")}`, node.else && `ELSE ${to.node(node.else)}`);
    case "PipeBranch":
      return `${to.node(node.condition)} THEN ${to.node(node.pipeline)}`;
    case "PipeFork":
      return `|> FORK ${to.list(node.pipelines)}`;
    case "PipeTee":
      return words("|> TEE", to.list(node.pipelines));
    case "Subpipeline":
      return `(${to.list(node.pipes, " ")})`;
    case "PipeInsert":
      return `|> ${to.node(node.insert)}`;
    case "PipeExportData":
      return `|> ${to.node(node.export)}`;
    case "PipeCreateTable":
      return `|> ${to.node(node.create)}`;
  }
}

function mode(node: SelectMode | null, to: Printing): string | null {
  return node && to.node(node);
}

function windows(list: readonly NamedWindow[], to: Printing): string | false {
  return list.length > 0 && `WINDOW ${to.list(list)}`;
}

function grouping({ groupBy, ordered }: PipeAggregate, to: Printing): string {
  if (groupBy.length === 0) return "";
  return `GROUP ${ordered ? "AND ORDER " : ""}BY ${groupBy === "ALL" ? "ALL" : to.list(groupBy)}`;
}

/** `FULL UNION ALL BY NAME ON (…)`: how columns match stands on both sides of the operator. */
export function setOperator(operator: SetOperator, match: ColumnMatch | null, to: Printing): string {
  if (match === null) return operator;
  const columns = match.columns.length > 0 && `${match.form === "BY NAME" ? "ON" : "BY"} (${to.list(match.columns)})`;
  return words(match.mode, operator, match.form, columns);
}

export function pivot({ aggregates, input, values }: Pivot, to: Printing): string {
  return `PIVOT(${to.list(aggregates)} FOR ${to.comparand(input)} IN (${to.list(values)}))`;
}

export function unpivot({ nulls, values, name, columns }: Unpivot, to: Printing): string {
  const list = values.length === 1 ? to.list(values) : `(${to.list(values)})`;
  const inside = `(${list} FOR ${to.node(name)} IN (${to.list(columns)}))`;
  return nulls === null ? `UNPIVOT${inside}` : `UNPIVOT ${nulls} NULLS ${inside}`;
}

export function matchRecognize(node: MatchRecognize, to: Printing): string {
  const pattern = to.node(node.pattern);
  return `MATCH_RECOGNIZE(${words(
    node.partitionBy.length > 0 && `PARTITION BY ${to.list(node.partitionBy)}`,
    `ORDER BY ${to.list(node.orderBy)}`,
    `MEASURES ${to.list(node.measures)}`,
    node.skip && `AFTER MATCH SKIP ${node.skip}`,
    `PATTERN (${pattern === "()" ? "" : pattern})`,
    `DEFINE ${to.list(node.define)}`,
    node.options && `OPTIONS ${to.node(node.options)}`,
  )})`;
}

/** A pattern of no rows is `()`, so that every other pattern has something to stand between its signs. */
export function rowPattern(node: Exclude<RowPattern, { kind: "Identifier" }>, to: Printing): string {
  const inside = (operand: RowPattern, bare: readonly RowPattern["kind"][]): string => {
    const text = to.node(operand);
    return text === "()" || bare.includes(operand.kind) ? text : `(${text})`;
  };
  switch (node.kind) {
    case "RowPatternAlternation":
      return node.alternatives
        .map((a) => inside(a, ["Identifier", "RowPatternAnchor", "RowPatternQuantified", "RowPatternSequence"]))
        .join(" | ");
    case "RowPatternSequence":
      if (node.elements.length === 0) return "()";
      return node.elements.map((e) => inside(e, ["Identifier", "RowPatternAnchor", "RowPatternQuantified"])).join(" ");
    case "RowPatternQuantified":
      return inside(node.operand, ["Identifier"]) + quantifier(node, to);
    case "RowPatternAnchor":
      return node.edge;
  }
}

function quantifier(node: RowPatternQuantified, to: Printing): string {
  const lower = node.lower === null ? "" : to.node(node.lower);
  const upper = node.upper === null ? "" : to.node(node.upper);
  if (node.quantifier === "EXACTLY") return `{${lower}}`;
  const sign = node.quantifier === "BETWEEN" ? `{${lower}, ${upper}}` : node.quantifier;
  return node.reluctant ? `${sign}?` : sign;
}
