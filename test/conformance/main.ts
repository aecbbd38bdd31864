/**
 * Official clients, unchanged, through the gateway: npm run conformance -- [--only NAME] [--feature NAME] [--write]
 *
 * Each step runs twice, through the gateway and against the warehouse itself: what isn't masked must be the same, what is must
 * be what the policy says. --write puts the matrix into docs/clients.md. CHAPERONE_BIGQUERY names what the gateway stands in front of, in place of the
 * project's own warehouse.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { CLIENTS, type Client, type Found } from "./clients.ts";
import { type Answer, judge } from "./judge.ts";
import { type Outcome, writeMatrix } from "./matrix.ts";
import { otherBigQuery } from "./other-bigquery.ts";
import { type Setting, startSetting } from "./setting.ts";
import { FEATURES } from "./steps.ts";

const PATIENCE_MS = 600_000;

const { values: options } = parseArgs({
  options: { only: { type: "string" }, feature: { type: "string" }, write: { type: "boolean" } },
});
const only = options.only?.toLowerCase();
const named = CLIENTS.filter(({ name }) => name.toLowerCase() === only);
const chosen = named.length > 0 ? named : CLIENTS.filter(({ name }) => name.toLowerCase().includes(only ?? ""));
if (chosen.length === 0) throw new Error(`no client is named like ${options.only}`);
if (options.feature !== undefined && !Object.hasOwn(FEATURES, options.feature))
  throw new Error(`no feature ${options.feature}: ${Object.keys(FEATURES).join(", ")}`);

const other = otherBigQuery(process.env);
if (other !== undefined && options.write === true)
  throw new Error("docs/clients.md is of the project's own warehouse: --write isn't for CHAPERONE_BIGQUERY");

const folder = mkdtempSync(join(tmpdir(), "chaperone-conformance-"));
const outcomes: Outcome[] = [];
try {
  // Before anything listens: a build takes this process's time, and connections that stood meanwhile would be stale.
  const prepared = chosen.map((client) => ({ client, found: client.prepare(folder) }));
  const setting = await startSetting(folder, other);
  try {
    for (const { client, found } of prepared) outcomes.push(...(await outcomesOf(client, found, setting)));
  } finally {
    await setting.close();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (options.write === true)
  writeMatrix(
    outcomes,
    CLIENTS.map(({ name }) => name),
  );
const failed = outcomes.filter(({ fault }) => fault !== null).length;
console.log(`\n${outcomes.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && outcomes.length > 0 ? 0 : 1;

async function outcomesOf(client: Client, found: Found, setting: Setting): Promise<Outcome[]> {
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
    const answer = await answerOf(client.command(step, folder), await environment(client.kind, "gateway"));
    await stop();
    const without = await answerOf(client.command(step, folder), await environment(client.kind, "warehouse"));
    const fault = judge(step, answer, without);
    results.push({
      client: client.name,
      version: found.version,
      kind: client.kind,
      feature: step.feature,
      how: step.how,
      fault,
    });
    console.log(
      `  ${fault === null ? "ok  " : "FAIL"} ${step.feature} (${step.how})${fault === null ? "" : `: ${fault}`}`,
    );
  }
  return results;
}

async function answerOf([command, ...words]: readonly [string, ...string[]], env: NodeJS.ProcessEnv): Promise<Answer> {
  const child = spawn(command, words, { env, stdio: ["ignore", "pipe", "pipe"], timeout: PATIENCE_MS });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const line = out.trim().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line) as Answer;
  } catch {
    return { error: { kind: "no answer", message: `${out}${err}`.slice(-800) } };
  }
}
