/** Tests of statements, a line each: what is written of what, and what is refused. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { planOf, refusalOf, writes } from "./clinic.ts";

/** `mode table: column = via column ? what decided the value; … WHERE what decided over rows`; a column without table is of `patients`. */
type Wrote = readonly [sql: string, ...writes: string[]];

export function table(title: string, kind: string, statements: readonly Wrote[]): void {
  describe(title, () => {
    for (const [sql, ...expected] of statements) {
      test(sql, () => {
        assert.deepEqual(writes(sql), expected);
        const plan = planOf(sql);
        assert.equal(plan.kind, kind);
        assert.deepEqual(plan.outputs, []);
      });
    }
  });
}

export function refused(title: string, refusals: Readonly<Record<string, RegExp>>): void {
  describe(title, () => {
    for (const [sql, message] of Object.entries(refusals)) {
      test(sql, () => {
        const refusal = refusalOf(sql);
        assert.ok(refusal, "was understood");
        assert.match(`${refusal.code}: ${refusal.message}`, message);
      });
    }
  });
}
