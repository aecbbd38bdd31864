/** The property that fast-check runs and shrinks. */
import fc from "fast-check";
import { CONSTRUCTS } from "./constructs.ts";
import { type Generated, generate } from "./generator.ts";
import { examine, planOf, type Report } from "./pair.ts";
import { measure } from "./precision.ts";
import { generateProgram, PROGRAM_CONSTRUCTS } from "./programs.ts";
import { DATABASES, type ProtectedPath } from "./schema.ts";
import { add, type Tally } from "./tally.ts";
import type { Warehouse } from "./warehouse.ts";

/** What a query is made from. */
export const numbers = fc.noBias(fc.array(fc.nat({ max: 99_999 }), { minLength: 0, maxLength: 260, size: "max" }));

/** What DML or a script is made from. */
export const programNumbers = fc.noBias(
  fc.array(fc.nat({ max: 99_999 }), { minLength: 0, maxLength: 600, size: "max" }),
);

/** What is searched: how it is made, and from how many numbers. */
export interface Subject {
  readonly make: (numbers: readonly number[]) => Generated;
  readonly numbers: fc.Arbitrary<number[]>;
  /** What its coverage counts. */
  readonly constructs: readonly string[];
}

export const QUERIES: Subject = { make: generate, numbers, constructs: CONSTRUCTS };
export const PROGRAMS: Subject = { make: generateProgram, numbers: programNumbers, constructs: PROGRAM_CONSTRUCTS };

/** Of 100 queries so many are asked how much is foreseen in vain. */
const MEASURED = 25;

/** Milliseconds to look for a smaller counterexample. */
const SHRINKING = 20_000;

export interface Leak {
  readonly query: Generated;
  readonly report: Report;
}

/** Runs `queries` queries; the smallest query that leaks, or null. */
export async function search(
  warehouse: Warehouse,
  seed: number,
  queries: number,
  tally: Tally,
  subject: Subject = QUERIES,
  measuredShare = MEASURED,
): Promise<Leak | null> {
  let smallest: Leak | null = null;
  let leaking: ProtectedPath | null = null;
  let deadline = Number.POSITIVE_INFINITY;
  const input = fc.record({
    numbers: subject.numbers,
    dataSeed: fc.nat({ max: DATABASES - 1 }),
    changeSeed: fc.nat({ max: 99_999 }),
  });
  const property = fc.asyncProperty(input, async ({ numbers, dataSeed, changeSeed }) => {
    if (Date.now() > deadline) return true;
    const query = subject.make(numbers);
    const searched = await examine(query, warehouse, dataSeed, changeSeed, leaking);
    const plan = changeSeed % 100 < measuredShare && searched.leak === null ? planOf(query.google) : "not asked";
    const asked = searched.status === "compared" && typeof plan !== "string";
    const measured = asked ? await measure(query, plan, warehouse, changeSeed) : null;
    if (smallest === null) add(tally, query, searched, measured);
    const report = { ...searched, leak: searched.leak ?? measured?.leak ?? null };
    if (report.leak === null) return true;
    if (smallest === null) deadline = Date.now() + SHRINKING;
    smallest = { query, report };
    leaking = report.leak.example.path;
    return false;
  });
  await fc.check(property, { seed, numRuns: queries });
  return smallest;
}

export function describeLeak({ query, report }: Leak): string {
  if (report.leak === null) return "no leak";
  return [
    `LEAK: ${report.leak.message}`,
    `GoogleSQL: ${query.google}`,
    `DuckDB:    ${query.duck}`,
    `plan:      ${JSON.stringify(report.leak.plan)}`,
  ].join("\n");
}
