/**
 * Official clients, unchanged, through the gateway: npm run conformance -- [--only NAME,…] [--feature NAME] [--behind warehouse|emulator] [--write]
 *
 * Each step runs twice, through the gateway and against the BigQuery behind it: what isn't masked must be the same, what is must be what the policy says. Behind it
 * stand, one after the other, the project's own warehouse and goccy/bigquery-emulator where this machine has it; CHAPERONE_BIGQUERY names another in
 * place of both. --write puts the matrices into docs/clients.md.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { CLIENTS, type Client, type Found } from "./clients.ts";
import { EMULATOR, emulatorCommand, findEmulator, startEmulator } from "./emulator.ts";
import { type Answer, judge, judgeBoth } from "./judge.ts";
import { type Behind, type Outcome, writeMatrix } from "./matrix.ts";
import { type OtherBigQuery, otherBigQuery } from "./other-bigquery.ts";
import { type Setting, type Side, startSetting } from "./setting.ts";
import { FEATURES } from "./steps.ts";

const PATIENCE_MS = 600_000;
/** Some clients ask an emulator without end. */
const EMULATOR_PATIENCE_MS = 180_000;

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    feature: { type: "string" },
    behind: { type: "string" },
    write: { type: "boolean" },
  },
});
const chosen = (options.only ?? "").toLowerCase().split(",").flatMap(clientsNamed);
if (options.feature !== undefined && !Object.hasOwn(FEATURES, options.feature))
  throw new Error(`no feature ${options.feature}: ${Object.keys(FEATURES).join(", ")}`);
if (!["warehouse", "emulator", undefined].includes(options.behind))
  throw new Error(`--behind is warehouse or emulator, not ${options.behind}`);

const named = otherBigQuery(process.env);
if (named !== undefined && options.write === true)
  throw new Error(
    "docs/clients.md is of the project's own warehouse and of an emulator that is started here: --write isn't for CHAPERONE_BIGQUERY",
  );

/** What the gateway stands in front of. `start`: undefined for the project's own warehouse. */
interface Run {
  readonly behind: Behind | undefined;
  readonly title: string;
  start(folder: string): Promise<(OtherBigQuery & { close?(): Promise<void> }) | undefined>;
}

const folder = mkdtempSync(join(tmpdir(), "chaperone-conformance-"));
let done = false;
let failed = false;
try {
  // Before anything listens: a build takes this process's time, and connections that stood meanwhile would be stale.
  const prepared = chosen.map((client) => ({ client, found: client.prepare(folder) }));
  for (const [index, run] of runs().entries()) {
    console.log(`\n${run.title}`);
    const outcomes = await outcomesOfRun(run, join(folder, `run-${index}`), prepared);
    const faults = outcomes.filter(({ fault }) => fault !== null).length;
    console.log(`\n${outcomes.length - faults} passed, ${faults} failed`);
    done ||= outcomes.length > 0;
    // What fails in front of the emulator is in docs/clients.md, with whose fault it is.
    failed ||= faults > 0 && run.behind !== "emulator";
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = done && !failed ? 0 : 1;

function clientsNamed(text: string): readonly Client[] {
  const exact = CLIENTS.filter(({ name }) => name.toLowerCase() === text);
  const found = exact.length > 0 ? exact : CLIENTS.filter(({ name }) => name.toLowerCase().includes(text));
  if (found.length === 0) throw new Error(`no client is named like ${text}`);
  return found;
}

function runs(): Run[] {
  if (named !== undefined)
    return [{ behind: undefined, title: `Behind the gateway: ${named.url}`, start: async () => named }];
  const own: Run = {
    behind: "warehouse",
    title: "Behind the gateway: the project's own stand-in for BigQuery.",
    start: async () => undefined,
  };
  const command = emulatorCommand(process.env);
  const found = findEmulator(command);
  if ("missing" in found) {
    console.log(`${EMULATOR}: not run, ${found.missing}`);
    return chosenOf([own]);
  }
  const title = `Behind the gateway: ${EMULATOR} ${found.version}.`;
  return chosenOf([own, { behind: "emulator", title, start: (folder) => startEmulator(command, folder) }]);
}

function chosenOf(all: readonly Run[]): Run[] {
  return all.filter(({ behind }) => behind === (options.behind ?? behind));
}

async function outcomesOfRun(
  run: Run,
  own: string,
  prepared: readonly { readonly client: Client; readonly found: Found }[],
): Promise<Outcome[]> {
  mkdirSync(own);
  const other = await run.start(own);
  try {
    const setting = await startSetting(own, other);
    if (setting.dryRunsAnswered) console.log("Its dry runs say no columns: the harness answers them (dry-runs.ts).");
    try {
      const outcomes: Outcome[] = [];
      for (const { client, found } of prepared) {
        const seen = await outcomesOf(client, found, setting, run.behind);
        // After each: it takes long, and what was seen is kept.
        if (options.write === true && run.behind !== undefined)
          writeMatrix(
            run.behind,
            run.title,
            seen,
            CLIENTS.map(({ name }) => name),
          );
        outcomes.push(...seen);
      }
      return outcomes;
    } finally {
      await setting.close();
    }
  } finally {
    await other?.close?.();
  }
}

async function outcomesOf(
  client: Client,
  found: Found,
  setting: Setting,
  behind: Behind | undefined,
): Promise<Outcome[]> {
  if ("missing" in found) {
    console.log(`\n${client.name}: not run, ${found.missing}`);
    return [];
  }
  console.log(`\n${client.name} ${found.version}, credential ${client.kind}`);
  const { environment, deciding, hasStorage } = setting;
  await client.logIn?.(await environment(client.kind, "gateway"));
  const results: Outcome[] = [];
  for (const step of client.steps) {
    if (step.feature !== (options.feature ?? step.feature)) continue;
    if (!hasStorage && (step.feature === "storage" || step.feature === "result")) {
      console.log(
        `  --   ${step.feature} (${step.how}): not asked, CHAPERONE_BIGQUERY_STORAGE names no Storage Read API`,
      );
      continue;
    }
    const stop = deciding(step.feature === "denied" ? "deny" : "approve");
    const ask = async (side: Side) =>
      answerOf(
        client.command(step, folder),
        await environment(client.kind, side),
        behind === "emulator" ? EMULATOR_PATIENCE_MS : PATIENCE_MS,
      );
    const answer = await ask("gateway");
    await stop();
    const without = await ask("behind");
    const { fault, straight } =
      behind === "warehouse"
        ? { fault: judge(step, answer, without), straight: null }
        : await judgeBoth(step, answer, without, () => ask("stand-in"));
    results.push({
      client: client.name,
      version: found.version,
      kind: client.kind,
      feature: step.feature,
      how: step.how,
      fault,
      straight,
    });
    console.log(
      `  ${fault === null ? "ok  " : "FAIL"} ${step.feature} (${step.how})${fault === null ? "" : `: ${fault}`}`,
    );
    if (straight !== null) console.log(`       straight, without the gateway: ${straight}`);
  }
  return results;
}

async function answerOf(
  [command, ...words]: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  timeout: number,
): Promise<Answer> {
  const child = spawn(command, words, { env, stdio: ["ignore", "pipe", "pipe"], timeout });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const line = out.trim().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line) as Answer;
  } catch {
    return { error: { kind: "no answer", message: `${out}${err}`.slice(-800) } };
  }
}
