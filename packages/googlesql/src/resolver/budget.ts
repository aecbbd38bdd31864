import { type Flow, fieldTypes } from "../flow/flow.ts";
import { LIMITS } from "../limits.ts";
import type { Node } from "../tree.ts";
import type { Type } from "../types.ts";
import { wholeTree } from "../visitor.ts";
import type { Context } from "./context.ts";
import type { Value } from "./scope.ts";

/** Bounds on what an analysis may grow to (I10). */
export const ANALYSIS_LIMITS = {
  /** Columns of one relation; BigQuery's own bound on a result. */
  columns: 10_000,
  /** Fields of one STRUCT with all its inner fields. */
  fields: 10_000,
  /** Columns made in all, over every subquery. */
  columnsInAll: 2_000_000,
  /**
   * Length of the SQL that is resolved in all, each piece as often as it is: definitions, bodies of functions, recursive terms,
   * statements in loops and in procedures. BigQuery's own bound on what a query is once its views are in place is 12 MB.
   * https://cloud.google.com/bigquery/quotas#query_jobs
   */
  text: 4_000_000,
  /** Sources handled in all, over every expression. */
  work: 30_000_000,
  /** Definitions of the catalog resolved in all. */
  definitions: 5_000,
  /** Definitions within definitions; BigQuery's own bound on views. */
  definitionDepth: 16,
  /** Nodes on the longest way down through the bodies of functions in SQL that stand open: each is resolved within the one that calls it. */
  openHeight: LIMITS.treeHeight,
  /**
   * Characters of the plan as JSON, over all of its statements: outputs, what they and the writes are made of, columns read. The result stands
   * there a second time, so that the whole, without its SQL, stays under eight million. What needs most is where each column decides over each
   * other: SELECT DISTINCT * of some 250 columns.
   */
  plan: 4_000_000,
} as const;
type Limits = Readonly<Record<keyof typeof ANALYSIS_LIMITS, number>>;

/** As far as an analysis goes in some tens of milliseconds: functions of functions make seconds of a few hundred characters. */
export const QUICK_LIMITS: Limits = {
  columns: 10_000,
  fields: 10_000,
  columnsInAll: 50_000,
  text: 32_768,
  work: 300_000,
  definitions: 200,
  definitionDepth: 16,
  openHeight: LIMITS.treeHeight,
  plan: 1_000_000,
};

type At = { readonly start: number };

/** Counts what an analysis has grown to, and refuses what is too large at the node that made it so. */
export class Budget {
  readonly #context: Pick<Context, "fail">;
  readonly #limits: Limits;
  #definitions = 0;
  #columns = 0;
  #textLength = 0;
  #work = 0;
  #plan = 0;
  #open = 0;
  readonly #heights = new Map<Node, number>();
  readonly #sizes = new Map<Type, number>();

  constructor(context: Pick<Context, "fail">, limits: Limits) {
    this.#context = context;
    this.#limits = limits;
  }

  /** Counts a definition that is resolved within `depth` others. */
  spendDefinition(depth: number, node: At): void {
    if (depth >= this.#limits.definitionDepth || ++this.#definitions > this.#limits.definitions) {
      this.#context.fail("limit", "The query uses too many views and routines", node);
    }
  }

  /** Resolves the body of a function, which a call at `node` opens within all that stand open. */
  within<T>(body: Node, node: At, resolve: () => T): T {
    const height = this.#heights.get(body) ?? wholeTree(body).height;
    this.#heights.set(body, height);
    const before = this.#open;
    this.#open = before + height;
    if (this.#open > this.#limits.openHeight)
      this.#context.fail("limit", "Functions that call each other are nested too deeply", node);
    try {
      return resolve();
    } finally {
      this.#open = before;
    }
  }

  /** Counts columns made, so that a small text can't ask for a large analysis. */
  spendColumns(count: number, node: At): void {
    this.#columns += count;
    if (count > this.#limits.columns) this.#context.fail("limit", "A query has too many columns", node);
    if (this.#columns > this.#limits.columnsInAll)
      this.#context.fail(
        "limit",
        "The query makes too many columns in all; name those it needs where it takes all of a wide table, or split it",
        node,
      );
  }

  /** Counts SQL that is resolved once more: what is used twice by what is used twice multiplies. */
  spendText(text: Pick<Node, "start" | "end">, node: At = text): void {
    this.#textLength += text.end - text.start;
    if (this.#textLength > this.#limits.text) {
      this.#context.fail(
        "limit",
        "Functions, views, procedures, loops or recursion make the query too long to analyse",
        node,
      );
    }
  }

  /** Counts what the flow of one more expression costs: its sources, times its fields. */
  spendWork(value: Value, node: Node): void {
    this.#work += this.#size(value.type) * (1 + value.flow.explicit.size + value.flow.implicit.size);
    this.#boundWork(node);
  }

  /** Counts what a script's analysis carries along. */
  spendCarried(count: number, node: At): void {
    this.#work += count;
    if (this.#work > this.#limits.work) this.#context.fail("limit", "The script is too large to analyse", node);
  }

  /** Counts sources that are put together once more, by so many steps: in a recursion's pass, by a function that keeps what it was given. */
  spendSources(flows: readonly Flow[], steps: number, node: At): void {
    for (const flow of flows) this.#work += steps * sourcesIn(flow);
    this.#boundWork(node);
  }

  /** Counts what is put into the plan, by its length (plan-length.ts). */
  spendPlan(length: number, node: At): void {
    this.#plan += length;
    if (this.#plan > this.#limits.plan) {
      this.#context.fail(
        "limit",
        "What the columns are made of is too much to list; use fewer columns or tables, or send several smaller queries",
        node,
      );
    }
  }

  /** `type`, if it is no larger than a type may be. Types share parts, so their size can double with each line of SQL. */
  bounded<T extends Type>(type: T, node: At): T {
    if (this.#size(type) > this.#limits.fields) this.#context.fail("limit", "A STRUCT has too many fields", node);
    return type;
  }

  #boundWork(node: At): void {
    if (this.#work > this.#limits.work)
      this.#context.fail(
        "limit",
        "The query is too large to analyse; use fewer columns, above all in recursion and in calls of functions in JavaScript, or send several smaller queries",
        node,
      );
  }

  #size(type: Type): number {
    const fields = fieldTypes(type);
    if (fields === null) return 1;
    const known = this.#sizes.get(type);
    if (known !== undefined) return known;
    let size = 1;
    for (const field of fields) size += this.#size(field.type);
    this.#sizes.set(type, size);
    return size;
  }
}

function sourcesIn({ explicit, implicit, fields }: Flow): number {
  return (fields ?? []).reduce((sum, field) => sum + sourcesIn(field), explicit.size + implicit.size);
}
