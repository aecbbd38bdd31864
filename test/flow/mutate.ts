/**
 * `npm run mutate:flow`: weakens the flow rules in a copy, one at a time: each rule of flow.ts, each place where the resolver
 * applies one, each line of the catalogue of functions. A weakened rule that neither the tables of plans nor a slice of the
 * noninterference test notices is a survivor, and makes the run fail. `--tables` asks the tables alone, `--both` also asks the noninterference test where
 * they noticed; `--only flow`, `--only resolver/pivot.ts`, `--only functions`; `--shard 2/5` runs every fifth, from the second on.
 */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { catalogueMutants } from "./catalogue-mutants.ts";
import { FLOW_MUTANTS } from "./flow-mutants.ts";
import { type Mutant, resolverMutants, withSwitches } from "./resolver-mutants.ts";
import type { Answer, Asked } from "./tables-worker.ts";

const { values: flags } = parseArgs({
  options: {
    both: { type: "boolean", default: false },
    tables: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    shard: { type: "string", default: "1/1" },
  },
});
const root = join(import.meta.dirname, "../..");
const copy = mkdtempSync(join(tmpdir(), "flow-mutants-"));
const googlesql = join(copy, "packages/googlesql/src");
const flowFile = join(googlesql, "flow/flow.ts");
const FUZZ = "test/flow/noninterference.test.ts";
const PATIENCE_MS = 60_000;
/** Loading runs all the tables, beside whatever else the machine does. */
const LOADING_MS = 600_000;
const NO_MUTANT = "";

function prepare(): void {
  for (const part of ["package.json", "tsconfig.json", "packages/googlesql", "test/flow"]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  mkdirSync(join(copy, "node_modules/@chaperone"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== "@chaperone") symlinkSync(join(root, "node_modules", name), join(copy, "node_modules", name));
  }
  symlinkSync(join(copy, "packages/googlesql"), join(copy, "node_modules/@chaperone/googlesql"));
}

/** Tables of plans: queries with their exact sources. */
function tables(): string[] {
  return readdirSync(googlesql)
    .filter((name) => /^(analyze.*|explain)\.test\.ts$/.test(name))
    .map((name) => join(googlesql, name));
}

/** A thread that has loaded the tables; `first` is its answer without any mutant. */
async function loaded(): Promise<{ readonly worker: Worker; readonly first: Noticed }> {
  const worker = new Worker(join(copy, "test/flow/tables-worker.ts"), {
    workerData: tables(),
    resourceLimits: { maxOldGenerationSizeMb: 2048 },
  });
  return { worker, first: await answerOf(worker, LOADING_MS) };
}

/** By which test; null: by none. A mutant can also run for ever, or until there is no memory, which is noticed too. */
type Noticed = string | null | typeof ENDLESS;
const ENDLESS = Symbol("runs for ever");

async function answerOf(worker: Worker, patience = PATIENCE_MS): Promise<Noticed> {
  try {
    const [answer]: Answer[] = await once(worker, "message", { signal: AbortSignal.timeout(patience) });
    return answer?.noticed ?? null;
  } catch (error) {
    const { name, code } = error as { readonly name?: string; readonly code?: string };
    if (name !== "AbortError" && code !== "ERR_WORKER_OUT_OF_MEMORY") throw error;
    await worker.terminate();
    return ENDLESS;
  }
}

function fuzzNotices(mutant: string): boolean {
  const { status } = spawnSync(
    process.execPath,
    ["--import", "./test/flow/switch.ts", "--test", "--test-isolation=none", FUZZ],
    { cwd: copy, stdio: "ignore", timeout: 300_000, env: { ...process.env, MUTANT: mutant } },
  );
  return status !== 0;
}

const survivors: string[] = [];

/** Says who noticed; the noninterference test is asked where the tables noticed nothing. */
function report(rule: string, noticed: Noticed, mutant: string): void {
  const fuzz = !flags.tables && (noticed === null || flags.both) && fuzzNotices(mutant);
  console.log(`${rule}: ${noticed === null ? "–" : "table"} ${fuzz ? "fuzz" : "–"}`);
  if (noticed === null && !fuzz) survivors.push(rule);
}

async function weakenFlow(mutants: typeof FLOW_MUTANTS): Promise<void> {
  const text = readFileSync(flowFile, "utf8");
  for (const [rule, from] of mutants) {
    if (text.split(from).length !== 2) throw new Error(`the text of "${rule}" stands not once in flow.ts`);
  }
  for (const [rule, from, to] of mutants) {
    writeFileSync(
      flowFile,
      text.replace(from, () => to),
    );
    const { worker, first } = await loaded();
    await worker.terminate();
    report(rule, first, NO_MUTANT);
  }
  writeFileSync(flowFile, text);
}

type Named = Asked & { readonly name: string };

async function turnOnEach(mutants: readonly Named[]): Promise<void> {
  let { worker } = await loaded();
  for (const { name, reach, on } of mutants) {
    worker.postMessage({ reach, on } satisfies Asked);
    const noticed = await answerOf(worker);
    if (noticed === ENDLESS) ({ worker } = await loaded());
    report(name, noticed, on);
  }
  await worker.terminate();
}

function named({ number, file, line, from }: Mutant): Named {
  const name = `${relative(googlesql, file)}:${line}: ${from.replace(/\s+/g, " ").slice(0, 90)}`;
  return { name, reach: `${number}`, on: `${number}` };
}

/** Lets the copy ask which mutant is on where it looks a function up, and where it asks whether one can fail. */
function openCatalogue(): void {
  replaceIn("functions/catalogue.ts", "return byName().get(name.toUpperCase());", (text) =>
    text
      .replace("byName", "globalThis.weakened(byName")
      .replace("());", "()), (kind, via, lines) => readEntries({ kind, via, lines }));"),
  );
  replaceIn("functions/failure.ts", "  const zone = ", (text) => {
    const asked = '[["fails", name], ["fails", name, place]].map((mutant) => globalThis.mutant(mutant.join(" ")))';
    return `  if (${asked}.includes(true)) return false;\n${text}`;
  });
}

function replaceIn(file: string, from: string, to: (text: string) => string): void {
  const path = join(googlesql, file);
  const text = readFileSync(path, "utf8");
  if (text.split(from).length !== 2) throw new Error(`"${from}" stands not once in ${file}`);
  writeFileSync(
    path,
    text.replace(from, () => to(from)),
  );
}

const [, which, of] = /^(\d+)\/(\d+)$/.exec(flags.shard) ?? [];
if (which === undefined || of === undefined) throw new Error("--shard takes N/M");
const inShard = (_: unknown, i: number): boolean => i % Number(of) === Number(which) - 1;

prepare();
try {
  const all = resolverMutants(join(googlesql, "resolver"));
  for (const [file, text] of withSwitches(all)) writeFileSync(file, text);
  openCatalogue();
  const { worker, first } = await loaded();
  await worker.terminate();
  if (first !== null) throw new Error(`the tables fail without any mutant: ${String(first)}`);
  if (!flags.tables && fuzzNotices(NO_MUTANT)) throw new Error("the noninterference test fails without any mutant");

  const rules = "flow".startsWith(flags.only) ? FLOW_MUTANTS.filter(inShard) : [];
  const places = all
    .filter(({ file }) => flags.only !== "flow" && relative(googlesql, file).startsWith(flags.only))
    .filter(inShard);
  const functions = catalogueMutants();
  const lines = "functions".startsWith(flags.only) ? functions.filter(inShard) : [];
  await weakenFlow(rules);
  await turnOnEach([...places.map(named), ...lines.map((line) => ({ ...line, name: line.on }))]);
  const asked = rules.length + places.length + lines.length;
  console.log(`${asked} of ${FLOW_MUTANTS.length + all.length + functions.length} mutants`);
  console.log(survivors.length === 0 ? "no survivors" : `survivors:\n  ${survivors.join("\n  ")}`);
  if (survivors.length > 0) process.exitCode = 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
