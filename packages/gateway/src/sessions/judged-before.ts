import type { UnderstoodPlan } from "@chaperone/googlesql";
import type { CatalogSnapshot } from "../catalog/catalog.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import type { Decision } from "../policy/decision.ts";
import type { PolicySet } from "../policy/policy-set.ts";
import { whoAsks } from "./decision-cache.ts";
import type { SessionError } from "./session.ts";
import type { Statement } from "./statement.ts";

/** What analysis and policy make of a statement. */
export interface Judged {
  readonly kind: "judged";
  readonly redacted: { readonly sql: string; readonly literals: readonly string[] };
  readonly plan: UnderstoodPlan;
  readonly decision: Decision;
  /** What the agent is told where policy denies, if that isn't policy's own message (hidden-tables.ts). */
  readonly told?: SessionError | undefined;
}

/** All that a judgement follows from, but the tables and the configuration, which doesn't change. */
export interface Question {
  readonly connection: { readonly name: string; readonly policies: PolicySet };
  readonly principal: AgentPrincipal;
  readonly project: string;
  readonly statement: Statement;
  readonly purpose: string | null;
}

interface Kept {
  readonly judged: Judged;
  readonly snapshot: CatalogSnapshot;
}

/** Judgements kept, and characters of a statement that is still kept with its (I10). */
const MOST = 256;
const LONGEST = 20_000;

/**
 * Judgements that would be the same now, since nothing that they follow from is another: who asks, the statement, the policies, and tables that the catalog
 * remembers, with their classes (`CatalogSnapshot.isCurrent`). In memory alone, for it holds literals (I5). Policies that read the clock are asked each time, and so is what
 * reads views, routines, models and wildcards, whose definitions are asked for anew.
 */
export class JudgedBefore {
  /** Least recently used first. */
  readonly #kept = new Map<string, Kept>();
  /** The last, if it was moved there. */
  #latest: Kept | undefined;

  find(question: Question): Judged | undefined {
    if (question.connection.policies.readsClock) return undefined;
    const key = keyOnce(question);
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (!kept.snapshot.isCurrent()) {
      this.#kept.delete(key);
      return undefined;
    }
    // The one used last often comes again.
    if (kept !== this.#latest) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      this.#latest = kept;
    }
    return kept.judged;
  }

  keep(question: Question, judged: Judged, snapshot: CatalogSnapshot): void {
    const { connection, statement } = question;
    if (connection.policies.readsClock || statement.sql.length > LONGEST || statement.parameters.length > 0) return;
    if (!snapshot.isCurrent()) return;
    this.#kept.set(keyOf(question), { judged, snapshot });
    this.#latest = undefined;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST) break;
      this.#kept.delete(oldest);
    }
  }
}

/** The last key of each statement, which the same agent often asks again. */
const keys = new WeakMap<Statement, { readonly of: readonly unknown[]; readonly key: string }>();

function keyOnce(question: Question): string {
  const { connection, principal, project, statement, purpose } = question;
  const known = keys.get(statement);
  const of = [connection.name, principal, project, purpose];
  if (known?.of.every((one, i) => one === of[i])) return known.key;
  const key = keyOf(question);
  keys.set(statement, { of, key });
  return key;
}

function keyOf({ connection, principal, project, statement, purpose }: Question): string {
  const { sql, parameters, parameterMode, defaultDataset } = statement;
  // The text last, since it may hold anything.
  return `${JSON.stringify([connection.name, whoAsks(principal), project, purpose, parameterMode, defaultDataset, parameters])}${sql}`;
}
