import { createHash } from "node:crypto";
import type { PlanStatement } from "@chaperone/googlesql";
import type { Decision } from "../policy/decision.ts";
import type { TextsInput } from "./commands/texts.ts";
import type { MaskPlan } from "./mask-plan.ts";
import type { DecidedTexts } from "./tables.ts";
import { jsonOnce } from "./written-once.ts";

/** What analysis and policy made of a statement. */
export interface Decided {
  readonly redactedSql: string;
  readonly statements: readonly PlanStatement[];
  readonly decision: Decision;
  /** null: nothing is shown. */
  readonly maskPlan: MaskPlan | null;
}

interface Known {
  readonly of: Decided;
  readonly texts: DecidedTexts;
  readonly input: TextsInput;
  stored: boolean;
}

/** The texts of what was decided: made once, and sent to the store until it is known to have them. */
export class DecidedTextsOf {
  /** Kept as long as the decision is. */
  readonly #known = new WeakMap<Decision, Known>();

  /** For a command, which is told to `stored` when it is done. */
  of(decided: Decided): TextsInput {
    const { input, stored } = this.#of(decided);
    return stored ? { key: input.key } : input;
  }

  /** The texts themselves. */
  texts(decided: Decided): DecidedTexts {
    return this.#of(decided).texts;
  }

  /** A command with these texts was committed: they stay. */
  stored(decided: Decided): void {
    this.#of(decided).stored = true;
  }

  #of(decided: Decided): Known {
    const before = this.#known.get(decided.decision);
    if (before !== undefined && same(before.of, decided)) return before;
    const texts: DecidedTexts = {
      sql_redacted: decided.redactedSql,
      canonical_redacted: decided.redactedSql,
      plan: jsonOnce(decided.statements),
      decision: jsonOnce(decided.decision),
      mask_plan: decided.maskPlan === null ? "null" : jsonOnce(decided.maskPlan),
    };
    const known: Known = { of: decided, texts, input: textsInput(texts), stored: false };
    this.#known.set(decided.decision, known);
    return known;
  }
}

function same(a: Decided, b: Decided): boolean {
  return a.redactedSql === b.redactedSql && a.statements === b.statements && a.maskPlan === b.maskPlan;
}

export function textsInput(texts: DecidedTexts): TextsInput {
  const { sql_redacted, canonical_redacted, plan, decision, mask_plan } = texts;
  const all = JSON.stringify([sql_redacted, canonical_redacted, plan, decision, mask_plan]);
  return { key: createHash("sha256").update(all).digest("hex"), texts };
}
