/**
 * `npm run mutate:flow`: weakens the flow rules in a copy, one at a time: each rule of flow.ts, each place where the resolver
 * applies one, each decision of what can fail, each line of the catalogue of functions, and each decision of policy. A weakened rule that
 * neither the tables of plans (of policy: its tests) nor a slice of the noninterference test notices is a survivor, and makes the run fail.
 * `--tables` asks the tables alone, `--both` also asks the noninterference test where they noticed; `--only flow`, `--only resolver/pivot.ts`,
 * `--only functions`, `--only policy/uses.ts,policy/decide.ts`; `--since COMMIT` those on lines that changed since; `--shard 2/5` every fifth,
 * from the second on; `--resume FILE` keeps what was found of this commit, so that a run can be broken off and taken up again.
 */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { CATALOGUE_EQUIVALENTS, catalogueMutants } from "./catalogue-mutants.ts";
import { type Changed, changedSince } from "./changed-lines.ts";
import { analysisMutants, DECISION_EQUIVALENTS, policyMutants } from "./decision-mutants.ts";
import { FLOW_MUTANTS } from "./flow-mutants.ts";
import { type Mutant, withSwitches } from "./mutants.ts";
import { RESOLVER_EQUIVALENTS, resolverMutants } from "./resolver-mutants.ts";
import { Sweep } from "./sweep.ts";
import type { Answer, Asked, Tables } from "./tables-worker.ts";

const { values: flags } = parseArgs({
  options: {
    both: { type: "boolean", default: false },
    tables: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    resume: { type: "string" },
    shard: { type: "string", default: "1/1" },
    since: { type: "string" },
  },
});
const root = join(import.meta.dirname, "../..");
const sweep = new Sweep(root, flags.resume);
/** The mutants that this run is about. */
const asked = new Set<string>();
const copy = mkdtempSync(join(tmpdir(), "flow-mutants-"));
const googlesql = join(copy, "packages/googlesql/src");
const policy = join(copy, "packages/gateway/src/policy");
const FLOW_FILE = "packages/googlesql/src/flow/flow.ts";
const FUZZ = "test/flow/noninterference.test.ts";
const CATALOGUE = "functions";
const PATIENCE_MS = 60_000;
/** Loading runs all the tables, beside whatever else the machine does. */
const LOADING_MS = 600_000;
const FUZZ_MS = 900_000;
const NO_MUTANT = "";

function prepare(): void {
  const isSource = (path: string): boolean => basename(path) !== "node_modules";
  for (const part of ["package.json", "tsconfig.json", "packages", "examples/clinic", "test/flow"]) {
    cpSync(join(root, part), join(copy, part), { recursive: true, filter: isSource });
  }
  mkdirSync(join(copy, "node_modules/@chaperone"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== "@chaperone") symlinkSync(join(root, "node_modules", name), join(copy, "node_modules", name));
  }
  for (const name of readdirSync(join(copy, "packages"))) {
    symlinkSync(join(copy, "packages", name), join(copy, "node_modules/@chaperone", name));
    const own = join(root, "packages", name, "node_modules");
    if (existsSync(own)) symlinkSync(own, join(copy, "packages", name, "node_modules"));
  }
}

/** Tables of plans, queries with their exact sources, and tests of what decides whether a query can fail and how ways of a script meet. */
function tables(): string[] {
  const plans = readdirSync(googlesql).filter((name) => /^(analyze.*|explain)\.test\.ts$/.test(name));
  const ofFunctions = ["array-length", "failing-as-written", "failure", "magnitude", "plain-argument"].map(
    (name) => `functions/${name}.test.ts`,
  );
  const ofScripts = ["state", "joining"].map((name) => `resolver/script/${name}.test.ts`);
  return [...plans, ...ofFunctions, ...ofScripts].map((name) => join(googlesql, name));
}

function policyTests(): string[] {
  return readdirSync(policy)
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join(policy, name));
}

/** A thread that has loaded the tests; `first` is its answer before any mutant is turned on. */
async function loaded(
  files: readonly string[],
  toFirst = false,
): Promise<{ readonly worker: Worker; readonly first: Noticed }> {
  const worker = new Worker(join(copy, "test/flow/tables-worker.ts"), {
    workerData: { files, toFirst } satisfies Tables,
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

let fuzzWorks = false;

function fuzzNotices(mutant: string): boolean {
  if (!fuzzWorks && mutant !== NO_MUTANT) {
    if (fuzzNotices(NO_MUTANT)) throw new Error("the noninterference test fails without any mutant");
    fuzzWorks = true;
  }
  const { status } = spawnSync(
    process.execPath,
    ["--import", "./test/flow/switch.ts", "--test", "--test-isolation=none", FUZZ],
    { cwd: copy, stdio: "ignore", timeout: FUZZ_MS, env: { ...process.env, MUTANT: mutant } },
  );
  // None where it took too long, which tells of the machine.
  return status !== null && status !== 0;
}

/** Says who noticed; the noninterference test is asked where the tables noticed nothing. */
function report(part: string, name: string, noticed: Noticed, mutant: string, asksFuzz = !flags.tables): void {
  const fuzz = asksFuzz && (noticed === null || flags.both) && fuzzNotices(mutant);
  console.log(`${name}: ${noticed === null ? "–" : "table"} ${fuzz ? "fuzz" : "–"}`);
  sweep.note(part, name, noticed !== null ? "table" : fuzz ? "fuzz" : "nobody");
}

function flowMutants(changed: Changed): typeof FLOW_MUTANTS {
  const text = readFileSync(join(root, FLOW_FILE), "utf8");
  return FLOW_MUTANTS.filter(([rule, from]) => {
    const [before = "", behind] = text.split(from);
    if (behind === undefined || text.split(from).length !== 2)
      throw new Error(`the text of "${rule}" stands not once in flow.ts`);
    const line = before.split("\n").length;
    return changed.lines(FLOW_FILE, line, line + from.split("\n").length - 1);
  });
}

async function weakenFlow(mutants: typeof FLOW_MUTANTS): Promise<void> {
  const file = join(copy, FLOW_FILE);
  const [text, switched] = [join(root, FLOW_FILE), file].map((path) => readFileSync(path, "utf8"));
  if (text === undefined || switched === undefined) return;
  for (const [rule, from, to] of mutants) {
    if (isKnown(rule)) continue;
    writeFileSync(
      file,
      text.replace(from, () => to),
    );
    const { worker, first } = await loaded(tables(), true);
    await worker.terminate();
    report("flow.ts, rule by rule", rule, first, NO_MUTANT);
  }
  writeFileSync(file, switched);
}

type Named = Asked & { readonly part: string; readonly name: string };

async function turnOnEach(
  mutants: readonly Named[],
  tests: readonly string[],
  asksFuzz = !flags.tables,
): Promise<void> {
  const open = mutants.filter(({ name }) => !isKnown(name));
  if (open.length === 0) return;
  let { worker, first } = await loaded(tests);
  if (first !== null) throw new Error(`the tests fail without any mutant: ${String(first)}`);
  for (const { part, name, reach, on } of open) {
    worker.postMessage({ reach, on } satisfies Asked);
    const noticed = await answerOf(worker);
    if (noticed === ENDLESS) ({ worker, first } = await loaded(tests));
    report(part, name, noticed, on, asksFuzz);
  }
  await worker.terminate();
}

/** Whether the run that is taken up again asked about this one. */
function isKnown(name: string): boolean {
  asked.add(name);
  return sweep.knows(name);
}

/** `resolver/pivot.ts`, `policy/uses.ts`: as `--only` says it. */
function shortName(file: string): string {
  return file.startsWith(policy) ? join("policy", relative(policy, file)) : relative(googlesql, file);
}

function named({ number, file, line, from, to }: Mutant): Named {
  const short = (text: string): string => text.replace(/\s+/g, " ").slice(0, 90);
  const name = sweep.keyOf(`${shortName(file)}:${line}: ${short(from)} → ${short(to)}`);
  return { part: shortName(file), name, reach: `${number}`, on: `${number}` };
}

/** Lets the copy ask which mutant is on where it looks a function up, and where it asks whether one can fail. */
function openCatalogue(): void {
  replaceIn("functions/catalogue.ts", "return byName().get(name.toUpperCase());", (text) =>
    text
      .replace("byName", "globalThis.weakened(byName")
      .replace("());", "()), (kind, via, lines) => readEntries({ kind, via, lines }));"),
  );
  replaceIn("functions/failure.ts", "export function mayFailAt(", (text) => {
    const asked = '[["fails", name], ["fails", name, place]].map((mutant) => globalThis.mutant(mutant.join(" ")))';
    const weaker = `const fails = asWritten(name, ...rest);\n  return (place) => !${asked}.includes(true) && fails(place);`;
    return `${text}name, ...rest) {\n  ${weaker}\n}\n\nfunction asWritten(`;
  });
}

/** And where it asks how long what a function gives is. */
function openLengthening(): void {
  replaceIn("functions/lengthening.ts", "  return LENGTHENING.get(name) ??", (text) => {
    const weaker = '["short", 1].find((to) => globalThis.mutant(["long", name, to].join(" ")))';
    return `${text.replace("return ", `return ${weaker} ?? `)}`;
  });
}

/** And where it remembers what it made, which another mutant would make otherwise. */
function openMemories(): void {
  const memory = /new WeakMap<.*>\(\)/;
  for (const name of readdirSync(googlesql, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue;
    const text = readFileSync(join(googlesql, name), "utf8");
    if (memory.test(text)) writeFileSync(join(googlesql, name), text.replace(memory, "globalThis.kept()"));
  }
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
const changed = changedSince(flags.since, root);

const isAskedFor = (name: string): boolean => flags.only.split(",").some((only) => name.startsWith(only));
console.log(`commit ${sweep.commit}, ${new Date().toISOString()}`);
prepare();
try {
  const places = [
    ...analysisMutants(googlesql),
    ...resolverMutants(join(googlesql, "resolver")),
    ...policyMutants(policy),
  ];
  const all = places.map((place, number): Mutant => ({ ...place, number }));
  for (const [file, text] of withSwitches(all)) writeFileSync(file, text);
  openCatalogue();
  openLengthening();
  openMemories();
  const chosen = all
    .filter(({ file }) => isAskedFor(shortName(file)))
    .filter(({ file, line, lastLine }) => changed.lines(relative(copy, file), line, lastLine))
    .filter(inShard);
  const [ofPolicy = [], ofPlans = []] = [true, false].map((is) =>
    chosen.filter(({ file }) => file.startsWith(policy) === is).map(named),
  );
  const rules = isAskedFor("flow") ? flowMutants(changed).filter(inShard) : [];
  const functions = catalogueMutants();
  const isNamed = (reach: string): boolean =>
    changed.names("packages/googlesql/src/functions", reach.split(" ")[1] ?? "");
  const lines = (isAskedFor(CATALOGUE) ? functions : [])
    .filter(({ reach }) => isNamed(reach))
    .filter(inShard)
    .map((line) => ({ ...line, part: CATALOGUE, name: sweep.keyOf(line.on) }));

  await turnOnEach(ofPolicy, policyTests(), false);
  await weakenFlow(rules);
  await turnOnEach([...ofPlans, ...lines], tables());
  const everything = FLOW_MUTANTS.length + all.length + functions.length;
  console.log(`${asked.size} of ${everything} mutants, ${new Date().toISOString()}`);
  const parts = new Set([...chosen.map(({ file }) => shortName(file)), ...(lines.length === 0 ? [] : [CATALOGUE])]);
  const equivalent = [...DECISION_EQUIVALENTS, ...RESOLVER_EQUIVALENTS, ...CATALOGUE_EQUIVALENTS].filter(({ part }) =>
    parts.has(part),
  );
  for (const { part, what, why } of equivalent) console.log(`equivalent: ${part}: ${what}: ${why}`);
  console.log(sweep.summary(asked, equivalent));
  const survivors = sweep.survivors(asked);
  console.log(survivors.length === 0 ? "no survivors" : `survivors:\n  ${survivors.join("\n  ")}`);
  if (survivors.length > 0) process.exitCode = 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
