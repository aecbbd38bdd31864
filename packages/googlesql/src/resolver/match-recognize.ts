/**
 * MATCH_RECOGNIZE: a row for each run of rows that a pattern finds. Partition, order and every condition of DEFINE decide which
 * runs there are. A run can be a single row, so that no measure over it is a statistic.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#match_recognize_clause
 */
import { CONSTANT, chosenBy, type Flow, keysOf, picked, transformed, union } from "../flow/flow.ts";
import type { MatchRecognize, Node, RowPattern } from "../tree.ts";
import { BOOL, coerces, INT64, typeName } from "../types.ts";
import { requireGroupable } from "./clauses.ts";
import { resolveConstant } from "./constant.ts";
import type { Context } from "./context.ts";
import { eachColumn } from "./each-column.ts";
import { newFrame } from "./frame.ts";
import { requireGrouped } from "./group-by.ts";
import { impliedName } from "./implied-name.ts";
import { refuseValueRows, underAlias } from "./pivot.ts";
import { type Column, type Frame, type FromClause, fold, type RangeVariable, type Scope } from "./scope.ts";
import { orderKeys } from "./window.ts";

/** `outer` is a scope of the query without names of its FROM; without `alias` the rows get no name. */
export function matched(
  context: Context,
  from: FromClause,
  match: MatchRecognize,
  alias: string,
  outer: Scope,
  node: Node,
): FromClause {
  refuseValueRows(context, from, "MATCH_RECOGNIZE", node);
  requireOptions(context, match);
  const frame = newFrame(outer.parent);
  const scope = scopeOfRows(from, frame, outer);
  const partitions = match.partitionBy.map((expression): Column => {
    return { ...context.expression(context, expression, scope), name: impliedName(expression) };
  });
  requireGroupable(context, partitions, "PARTITION BY", match);
  const arranged = union([...partitions.map((p) => keysOf(p.flow)), orderKeys(context, match.orderBy, scope)]);

  const conditions = defined(context, match, scopeOfRows(from, { ...frame, match: { place: "DEFINE" } }, outer));
  requirePattern(context, match);
  const decided = union([arranged, ...conditions.map(keysOf)]);

  const few = eachColumn(from, (column) => ({ ...column, flow: picked(column.flow) }));
  const measuring: Frame = {
    ...frame,
    phase: "having",
    rows: picked(from.rows),
    repeated: true,
    keys: new Set(partitions.map((partition) => partition.id)),
    match: {
      place: "MEASURES",
      number: transformed([picked(from.rows)]),
      classifier: chosenBy(CONSTANT, conditions),
    },
  };
  const measures = measured(
    context,
    match,
    scopeOfRows(withVariables(context, few, match, conditions), measuring, outer),
  );
  requireGrouped(context, measuring);
  for (const flow of [...conditions, ...measures.map((measure) => measure.flow)]) context.computed.push(flow);

  const columns = [...partitions, ...measures].map(
    (column): Column => ({ ...column, written: "value", id: context.freshId() }),
  );
  context.spendColumns(columns.length, node);
  return underAlias(context, columns, alias, {
    implicit: union([from.implicit, decided]),
    rows: from.rows,
    repeated: true,
  });
}

function scopeOfRows(from: FromClause, frame: Frame, outer: Scope): Scope {
  const { parent, commonTables } = outer;
  return { parent, frame, ranges: from.ranges, names: from.names, commonTables, aliases: false };
}

/** What each condition depends on. */
function defined(context: Context, match: MatchRecognize, scope: Scope): readonly Flow[] {
  const names = new Set<string>();
  return match.define.map(({ name, expression }) => {
    if (names.has(fold(name.name))) context.fail("name", `${name.name} is defined twice in DEFINE`, name);
    names.add(fold(name.name));
    const value = context.expression(context, expression, scope);
    if (!coerces(value.type, BOOL, value.written)) {
      context.fail("type", `DEFINE takes BOOL, not ${typeName(value.type)}`, expression);
    }
    return value.flow;
  });
}

/** `A.x` is x in the rows that the conditions made A's: as with CASE, they are part of what it shows. */
function withVariables(
  context: Context,
  rows: FromClause,
  match: MatchRecognize,
  conditions: readonly Flow[],
): FromClause {
  const columns = rows.columns.map((column) => ({ ...column, flow: chosenBy(column.flow, conditions) }));
  const ranges = new Map<string, RangeVariable>(rows.ranges);
  for (const { name } of match.define) {
    ranges.set(fold(name.name), { name: name.name, columns, value: null, id: context.freshId() });
  }
  return { ...rows, ranges };
}

function measured(context: Context, match: MatchRecognize, scope: Scope): readonly Column[] {
  const names = new Set<string>();
  return match.measures.map(({ expression, alias }): Column => {
    if (alias === null) return context.fail("name", "Each of MEASURES needs an alias", expression);
    if (names.has(fold(alias.name))) context.fail("name", `${alias.name} stands twice in MEASURES`, alias);
    names.add(fold(alias.name));
    return { ...context.expression(context, expression, scope), name: alias.name };
  });
}

/** The pattern names what DEFINE defines, and all of it. */
function requirePattern(context: Context, match: MatchRecognize): void {
  const unused = new Map(match.define.map(({ name }) => [fold(name.name), name]));
  const known = new Set(unused.keys());
  const walk = (pattern: RowPattern): void => {
    switch (pattern.kind) {
      case "Identifier":
        if (!known.has(fold(pattern.name))) {
          context.fail("name", `${pattern.name} in PATTERN is not defined in DEFINE`, pattern);
        }
        unused.delete(fold(pattern.name));
        return;
      case "RowPatternAlternation":
        for (const alternative of pattern.alternatives) walk(alternative);
        return;
      case "RowPatternSequence":
        for (const element of pattern.elements) walk(element);
        return;
      case "RowPatternQuantified":
        for (const bound of [pattern.lower, pattern.upper]) {
          if (bound !== null) resolveConstant(context, bound, INT64, "A quantifier in PATTERN");
        }
        walk(pattern.operand);
        return;
      case "RowPatternAnchor":
        return;
      default: {
        pattern satisfies never;
      }
    }
  };
  walk(match.pattern);
  const [name] = unused.values();
  if (name !== undefined) context.fail("name", `${name.name} is defined in DEFINE and not used in PATTERN`, name);
}

function requireOptions(context: Context, match: MatchRecognize): void {
  for (const { name, value } of match.options?.options ?? []) {
    if (name.name.toLowerCase() !== "use_longest_match") {
      context.fail("unsupported", `The option ${name.name} of MATCH_RECOGNIZE is not supported`, name);
    }
    resolveConstant(context, value, BOOL, "The option use_longest_match");
  }
}
