/**
 * Whether something that can fail is computed at all. `ssn = '1' AND ERROR('x') IS NULL` fails for no other ssn, so what decides
 * whether the part that can fail is computed is a predicate as well as what that part is given (threat-model row 7).
 * Conditional expressions compute no more than what they choose; all else computes all it is given:
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/conditional_expressions
 * A column of a query, a common table or a WITH expression may be computed only where it is used, so whoever names one that can
 * fail may be what fails.
 */
import { CONSTANT, canFail, type Flow, NOTHING } from "../flow/flow.ts";
import type { Context } from "./context.ts";
import type { Relation, Value } from "./scope.ts";

/** Resolves a part, and says whether something in it can fail. */
export function watched<T>(context: Context, resolve: () => T): { readonly made: T; readonly fails: boolean } {
  const before = context.failures;
  const made = resolve();
  return { made, fails: context.failures > before };
}

/** Operands of which one can make the others superfluous. BigQuery doesn't say in which order it looks at them. */
export function inAnyOrder(context: Context, operands: readonly (() => Value)[]): Value[] {
  const parts = operands.map((resolve) => watched(context, resolve));
  const failing = parts.filter(({ fails }) => fails).length;
  // Where it is one alone, it is not the one to decide.
  if (failing > 0)
    noteDeciders(
      context,
      parts.filter(({ fails }) => failing > 1 || !fails).map(({ made }) => made),
    );
  return parts.map(({ made }) => made);
}

/** What decides whether something that can fail is computed. */
export function noteDeciders(context: Context, deciders: Iterable<Value>): void {
  for (const { flow } of deciders) context.failing.push(flow);
}

/** Where it can fail it is marked, for whoever uses it: it may be computed there. */
export function lazily(context: Context, resolve: () => Value): Value {
  const { made, fails } = watched(context, resolve);
  return fails ? { ...made, flow: canFail(made.flow) } : made;
}

/** The same for a relation that has a name. */
export function lazilyNamed(context: Context, resolve: () => Relation): Relation {
  const { made, fails } = watched(context, resolve);
  return fails ? { ...made, rows: canFail(made.rows) } : made;
}

/** Something marked is used. */
export function noteUse(context: Context, flow: Flow): void {
  if (flow.fails) context.failing.push(CONSTANT);
}

/** Over the rows of a query in which something can fail, what decides which they are decides whether it does. */
export function decidedByRows<Rows extends Pick<Relation, "implicit">>(context: Context, resolve: () => Rows): Rows {
  const { made, fails } = watched(context, resolve);
  if (fails) context.failing.push({ ...NOTHING, implicit: made.implicit });
  return made;
}
