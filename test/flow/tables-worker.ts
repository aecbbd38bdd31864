/**
 * Runs the tables of plans with one mutant after another, in a thread: each time only the tests that reach the mutant's
 * place, until one fails. Told a mutant, it answers the name of the test that noticed it, or null.
 */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { type Collected, tests } from "./collected-tests.ts";
import { forget, noteReached, reached, turnOn } from "./switch.ts";

/** What the thread is given. */
export interface Tables {
  /** Those with the tables. */
  readonly files: readonly string[];
  /** Whether they are run but once, until one fails. */
  readonly toFirst: boolean;
}
/** What it answers: first "ready", or what fails without any mutant. */
export type Answer = { readonly noticed: string | null };

/** By which name a place is reached, and by which its mutant is turned on. */
export interface Asked {
  readonly reach: string;
  readonly on: string;
}

const NO_MUTANT = "";

/** What stands for what the tests import. */
const STANDS_FOR: ReadonlyMap<string, string> = new Map([
  ["node:test", new URL("./collected-tests.ts", import.meta.url).href],
  ["@cedar-policy/cedar-wasm/nodejs", new URL("./remembered-cedar.ts", import.meta.url).href],
]);
registerHooks({
  resolve: (specifier, context, next) => {
    const url = STANDS_FOR.get(specifier);
    return url === undefined || context.parentURL === url ? next(specifier, context) : { url, shortCircuit: true };
  },
});
const { files, toFirst } = workerData as Tables;
for (const file of files) await import(pathToFileURL(file).href);

function fails({ run }: Collected): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}

/** How long an analysis takes says nothing of a rule, and beside other work it fails without a mutant. */
const isTimed = ({ run }: Collected): boolean => run.toString().includes("cpuMs(");

type Timed = Collected & { readonly ms: number };
/** The quickest first. */
const reachedBy = new Map<string, Timed[]>();
let failing: string | null = null;
noteReached(true);
for (const test of tests.filter((test) => !isTimed(test))) {
  reached.clear();
  forget();
  const started = performance.now();
  if (fails(test)) failing ??= test.name;
  if (toFirst && failing !== null) break;
  const timed = { ...test, ms: performance.now() - started };
  for (const place of reached) {
    const known = reachedBy.get(place);
    if (known === undefined) reachedBy.set(place, [timed]);
    else known.push(timed);
  }
}
noteReached(false);
for (const tests of reachedBy.values()) tests.sort((a, b) => a.ms - b.ms);
const answer = (noticed: string | null): void => parentPort?.postMessage({ noticed } satisfies Answer);
answer(failing);

parentPort?.on("message", ({ reach, on }: Asked) => {
  turnOn(on);
  const noticed = reachedBy.get(reach)?.find(fails);
  turnOn(NO_MUTANT);
  answer(noticed?.name ?? null);
});
