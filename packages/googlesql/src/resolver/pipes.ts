/**
 * Pipe operators, in order: each takes the rows before it and gives those behind it.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax
 */
import { asArgument, decidedBy, NO_KEYS, NOTHING, picked, transformed, union } from "../flow/flow.ts";
import type {
  Identifier,
  PipeAssert,
  PipeCall,
  PipeIf,
  PipeJoin,
  PipeOperator,
  PipeRecursiveUnion,
  PipeSetOperation,
  Subpipeline,
} from "../tree.ts";
import { casts, STRING, typeName } from "../types.ts";
import {
  checkLimit,
  condition,
  leavesFew,
  leavesNone,
  leavesSome,
  neverMet,
  orderItems,
  pickedColumn,
  withoutRows,
} from "./clauses.ts";
import { withTables } from "./common-tables.ts";
import type { Context } from "./context.ts";
import { eachColumn } from "./each-column.ts";
import { makesARow, takesEachRow } from "./each-row.ts";
import { joined, tableFunction } from "./from-clause.ts";
import { matched } from "./match-recognize.ts";
import { pipeAggregate } from "./pipe-aggregate.ts";
import { pipeDistinct, pipeDrop, pipeExtend, pipeRename, pipeSelect, pipeSet } from "./pipe-columns.ts";
import { type PipeInput, pipeInput } from "./pipe-input.ts";
import { aliasedRows, relationOf, relationRows, rowItems } from "./piped-rows.ts";
import { pivoted } from "./pivot.ts";
import { resolveRecursion, withDepth } from "./recursion.ts";
import { type CommonTables, type FromClause, fold, type PipedRows, type Relation, type Scope } from "./scope.ts";
import { combineRelations } from "./set-operation.ts";
import { sampled } from "./table-sample.ts";
import { unpivoted } from "./unpivot.ts";

/** `parent` is the scope of the query around the pipe's. */
export function pipedRows(
  context: Context,
  pipes: readonly PipeOperator[],
  start: PipedRows,
  parent: Scope | null,
  outerTables: CommonTables | null,
): PipedRows {
  let rows = start;
  let tables = outerTables;
  let none = false;
  let anyRow = start.anyRow ?? start.implicit;
  for (const pipe of pipes) {
    // Most operators look at each column.
    context.spendColumns(rows.columns.length, pipe);
    // Its common tables are there for all operators behind it.
    if (pipe.kind === "PipeWith") tables = withTables(context, pipe.with, tables);
    else rows = piped(context, pipe, pipeInput(rows, parent, tables));
    none = leavesNoRow(pipe) || (none && takesEachRow(pipe));
    anyRow = makesARow(pipe) ? NO_KEYS : leavesARow(pipe) ? anyRow : rows.implicit;
  }
  return none ? withoutNamedRows(context, rows) : { ...rows, anyRow };
}

/** Whether it gives some row wherever it was given one: it computes, orders, groups or tells apart. */
function leavesARow(pipe: PipeOperator): boolean {
  switch (pipe.kind) {
    case "PipeLimit":
      return leavesSome(pipe.limit);
    case "PipeAggregate":
      return pipe.mode === null;
    default:
      return pipe.kind !== "PipeWhere" && takesEachRow(pipe);
  }
}

function leavesNoRow(pipe: PipeOperator): boolean {
  if (pipe.kind === "PipeLimit") return leavesNone(pipe.limit);
  return pipe.kind === "PipeWhere" && neverMet(pipe.condition);
}

function piped(context: Context, pipe: Exclude<PipeOperator, { kind: "PipeWith" }>, input: PipeInput): PipedRows {
  const { rows, frame, scope, outer } = input;
  switch (pipe.kind) {
    case "PipeSelect":
      return pipeSelect(context, pipe, input);
    case "PipeExtend":
    case "PipeWindow":
      return pipeExtend(context, pipe, input);
    case "PipeSet":
      return pipeSet(context, pipe, input);
    case "PipeDrop":
      return pipeDrop(context, pipe, input);
    case "PipeRename":
      return pipeRename(context, pipe, input);
    case "PipeAs":
      return aliasedRows(context, rows, pipe.alias.name, pipe);
    case "PipeWhere": {
      // Behind AGGREGATE it is HAVING, with a window function QUALIFY.
      frame.phase = "piped";
      return { ...rows, implicit: union([rows.implicit, condition(context, pipe.condition, scope, "WHERE")]) };
    }
    case "PipeLimit":
      checkLimit(context, pipe.limit);
      return {
        ...eachColumn(rows, pickedColumn),
        rows: picked(rows.rows),
        repeated: rows.repeated || !leavesFew(pipe.limit),
      };
    case "PipeAggregate":
      return pipeAggregate(context, pipe, input);
    case "PipeDistinct":
      return pipeDistinct(context, pipe, input);
    case "PipeOrderBy": {
      frame.phase = "piped";
      const columns = rowItems(context, rows, pipe).map((item) => item.column);
      return { ...rows, implicit: union([rows.implicit, orderItems(context, pipe.orderBy, columns, scope)]) };
    }
    case "PipeSetOperation":
      return setOperation(context, pipe, input);
    case "PipeJoin":
      return join(context, pipe, input);
    case "PipePivot":
      return plain(pivoted(context, rows, pipe.pivot, nameOf(pipe.alias), outer, pipe));
    case "PipeUnpivot":
      return plain(unpivoted(context, rows, pipe.unpivot, nameOf(pipe.alias), pipe));
    case "PipeMatchRecognize":
      return plain(matched(context, rows, pipe.match, nameOf(pipe.alias), outer, pipe));
    case "PipeTableSample":
      return { ...rows, ...sampled(context, rows, pipe.sample) };
    case "PipeAssert":
      return assertion(context, pipe, input);
    case "PipeIf":
      return branch(context, pipe, input);
    case "PipeRecursiveUnion":
      return recursiveUnion(context, pipe, input);
    case "PipeCall":
      return call(context, pipe, input);
    case "PipeLog":
    case "PipeFork":
    case "PipeTee":
    case "PipeInsert":
    case "PipeExportData":
    case "PipeCreateTable":
      // Those that are statements stand at a statement's end, and aren't here any more.
      return context.fail("unsupported", "The pipe operator is not supported", pipe);
    default: {
      const unreachable: never = pipe;
      return unreachable;
    }
  }
}

/** The same for rows that are named: each column is that of its name. */
function withoutNamedRows(context: Context, rows: PipedRows): PipedRows {
  const { columns, ranges, names, values = [] } = eachColumn(rows, (column) => ({ ...column, flow: NOTHING }));
  return { ...withoutRows(context, rows), columns, ranges, names, values };
}

function nameOf(alias: Identifier | null): string {
  return alias?.name ?? "";
}

function plain(from: FromClause): PipedRows {
  return { ...from, valueTable: false };
}

/** The rows before the pipe are the first input; names of tables end here. */
function setOperation(context: Context, node: PipeSetOperation, { rows, outer }: PipeInput): PipedRows {
  const others = node.queries.map((query) => context.query(context, query, outer.parent, outer.commonTables));
  const inputs = [relationOf(context, rows, node), ...others];
  return relationRows(context, combineRelations(context, node, inputs, node), "", node);
}

/**
 * The rows before the pipe are the anchor of a recursive query. The term is a query, in which the alias stands for the rows made
 * before, or pipe operators that take those, under the alias as a name of their rows. Neither sees the rows around.
 */
function recursiveUnion(context: Context, node: PipeRecursiveUnion, { rows, outer }: PipeInput): PipedRows {
  const { step, alias } = node;
  if (step.kind === "Query" && alias === null) {
    return context.fail(
      "name",
      "RECURSIVE UNION of a query needs an alias, by which the query names its own rows",
      node,
    );
  }
  if (alias?.name.includes(".")) context.fail("name", "The alias of RECURSIVE UNION can't hold a dot", alias);
  const named = (relation: Relation | null): CommonTables | null =>
    alias === null
      ? outer.commonTables
      : { parent: outer.commonTables, relations: new Map([[fold(alias.name), relation]]) };
  const term = (self: Relation): Relation =>
    step.kind === "Query"
      ? context.query(context, step, null, named(self))
      : relationOf(
          context,
          pipedRows(context, step.pipes, relationRows(context, self, nameOf(alias), step), null, named(null)),
          step,
        );
  const relation = resolveRecursion(context, node, anchorOf(relationOf(context, rows, node), outer), term, step);
  const result = node.depth === null ? relation : withDepth(context, relation, node.depth);
  return relationRows(context, result, nameOf(alias), node);
}

/** Its rows leave the query they stand in: inside a subquery they may be one row's around it, and a sum over them no statistic. */
function anchorOf(relation: Relation, outer: Scope): Relation {
  if (outer.parent === null) return relation;
  const columns = relation.columns.map((column) => ({ ...column, flow: asArgument(column.flow) }));
  return { ...relation, columns, rows: asArgument(relation.rows) };
}

/** The rows before the pipe are the left side; names of tables of both sides stay. */
function join(context: Context, node: PipeJoin, { rows, frame, outer }: PipeInput): PipedRows {
  return plain(joined(context, { ...node, right: node.table }, rows, rows, frame, outer));
}

/**
 * The rows before the pipe are the function's first table; unlike a table that is named, they may be of a row of the query around.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax#call_pipe_operator
 */
function call(context: Context, node: PipeCall, { rows, frame, outer }: PipeInput): PipedRows {
  const piped = relationOf(context, rows, node);
  if (piped.valueTable) return context.fail("unsupported", "CALL takes columns, not rows that are values", node);
  // It may drop its rows, and with them what decides whether something before it that can fail is computed.
  if (context.failures > 0) context.failing.push({ ...NOTHING, implicit: piped.implicit });
  const relation = tableFunction(context, node.call, frame, outer, piped);
  return relationRows(context, relation, nameOf(node.call.alias), node);
}

/**
 * ASSERT: that the query runs tells that the condition is true of each row, and its messages leave by the error.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax#assert_pipe_operator
 */
function assertion(context: Context, node: PipeAssert, { rows, scope }: PipeInput): PipedRows {
  const keys = condition(context, node.condition, scope, "ASSERT");
  // A condition of no column is an answer to whether there are rows.
  const answered = keys.size === 0 ? rows.rows : NOTHING;
  context.failing.push(decidedBy(answered, keys));
  for (const message of node.messages) {
    const value = context.expression(context, message, scope);
    if (!casts(value.type, STRING, value.written)) {
      context.fail("type", `ASSERT can't show ${typeName(value.type)}; make a STRING of it`, message);
    }
    context.errors.push(transformed([value.flow]));
  }
  return rows;
}

/**
 * IF: the operators of the first branch whose condition is TRUE. BigQuery too takes conditions that are constants alone.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax#if_pipe_operator
 */
function branch(context: Context, node: PipeIf, { rows, outer }: PipeInput): PipedRows {
  let chosen: Subpipeline | null | undefined;
  for (const { condition: written, pipeline } of node.branches) {
    const holds = constantCondition(written);
    if (holds === undefined) {
      return context.fail("unsupported", "IF takes TRUE, FALSE or NULL, or NOT before one of them", written);
    }
    if (holds && chosen === undefined) chosen = pipeline;
  }
  chosen ??= node.else;
  return chosen === null ? rows : pipedRows(context, chosen.pipes, rows, outer.parent, outer.commonTables);
}

/** Undefined for what is no constant; NULL is no TRUE, nor is NOT NULL. */
function constantCondition(node: PipeIf["branches"][number]["condition"]): boolean | null | undefined {
  switch (node.kind) {
    case "BooleanLiteral":
      return node.value;
    case "NullLiteral":
      return null;
    case "NotExpression": {
      const operand = constantCondition(node.operand);
      return typeof operand === "boolean" ? !operand : operand;
    }
    default:
      return undefined;
  }
}
