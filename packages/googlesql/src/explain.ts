/** How a source reaches an output, as a tree from the output back to the columns: what `chaperone analyze --explain` draws. */
import { splitSourceKey } from "./flow/flow.ts";
import type { ColumnName } from "./plan.ts";
import type { Place, Trace } from "./resolver/trace.ts";
import { positionAt } from "./sql-error.ts";

export interface Step {
  /** `column`: a table's column. `expression`: a piece of SQL. `through`: a column of a subquery, a common table, a set operation. */
  readonly kind: "column" | "expression" | "through";
  /** The column's full name, the SQL as written, or the name it went through (empty where that has none). */
  readonly text: string;
  /** Of an expression: where it stands, 1-based. */
  readonly line?: number;
  readonly column?: number;
  readonly from: readonly Step[];
}

export interface Explanation {
  /** One for each column of the result, in order. */
  readonly outputs: readonly { readonly name: string; readonly made: readonly Step[] }[];
  /** The clauses that decided rows and order, in the order in which they were resolved. */
  readonly decided: readonly (Step & { readonly clause: string; readonly columns: readonly ColumnName[] })[];
}

/** Steps on one way; a longer chain ends there. */
const MOST_STEPS = 60;
/** Steps in all: values that are used twice in each other would make a tree that doubles with every step. */
const MOST_STEPS_IN_ALL = 10_000;
/** Characters of SQL shown of one step. */
const MOST_TEXT = 300;

/** `names`: the result's columns as the plan names them. */
export function explain(trace: Trace, names: readonly string[]): Explanation {
  const result = trace.results.at(-1) ?? [];
  const budget = { steps: MOST_STEPS_IN_ALL };
  return {
    outputs: result.map(({ name, id }, i) => ({
      name: names[i] ?? name,
      made: stepsOf(trace, id, MOST_STEPS, budget),
    })),
    decided: trace.clauses.map(({ clause, place, keys }) => ({
      ...expressionStep(trace, place, 0, budget),
      clause,
      columns: [...keys]
        .map((key) => {
          const { table, path } = splitSourceKey(key);
          return `${table}.${path}`;
        })
        .sort(),
    })),
  };
}

interface Budget {
  steps: number;
}

function stepsOf(trace: Trace, id: number, left: number, budget: Budget): readonly Step[] {
  const origin = trace.originOf(id);
  if (origin === undefined || left === 0 || budget.steps === 0) return [];
  budget.steps--;
  switch (origin.kind) {
    case "column":
      return [{ kind: "column", text: origin.column, from: [] }];
    case "expression":
      return [expressionStep(trace, origin.place, left - 1, budget)];
    case "through":
      return [
        {
          kind: "through",
          text: origin.name,
          from: origin.from.flatMap((inner) => stepsOf(trace, inner, left - 1, budget)),
        },
      ];
    default: {
      const unreachable: never = origin;
      return unreachable;
    }
  }
}

function expressionStep(trace: Trace, place: Place, left: number, budget: Budget): Step {
  const text = place.sql.slice(place.start, place.end).replace(/\s+/g, " ");
  return {
    kind: "expression",
    text: text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)} …` : text,
    ...positionAt(place.sql, place.start),
    from: left === 0 ? [] : trace.usedIn(place).flatMap(({ id }) => stepsOf(trace, id, left - 1, budget)),
  };
}
