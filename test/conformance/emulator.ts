/** goccy/bigquery-emulator, where this machine has it: a BigQuery that others wrote, started for one run. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../free-port.ts";
import { PROJECT } from "../rig.ts";
import type { Found } from "./clients.ts";
import type { OtherBigQuery } from "./other-bigquery.ts";

export interface Emulator extends OtherBigQuery {
  readonly storageUrl: string;
  close(): Promise<void>;
}

export const EMULATOR = "goccy/bigquery-emulator";
const START_MS = 30_000;

/** `CHAPERONE_EMULATOR`, or what the path has. */
export function emulatorCommand({ CHAPERONE_EMULATOR: named }: NodeJS.ProcessEnv): string {
  return named === undefined || named === "" ? "bigquery-emulator" : named;
}

/** Its version and commit, as it was built with them. */
export function findEmulator(command: string): Found {
  const { status, stdout } = spawnSync(command, ["--version"], { encoding: "utf8" });
  if (status !== 0) return { missing: "no bigquery-emulator on the path (CHAPERONE_EMULATOR names one)" };
  const [, version = "", revision = ""] = /version: *(\S*) *\((\S*)\)/.exec(stdout) ?? [];
  return { version: [version || "of unknown version", ...(revision === "" ? [] : [`(${revision})`])].join(" ") };
}

/** On loopback (by itself it listens on every address), with nothing in it but the project; what it holds is in a file of `folder`. */
export async function startEmulator(command: string, folder: string): Promise<Emulator> {
  const port = await freePort(2);
  const words = ["--host=127.0.0.1", `--project=${PROJECT}`, `--port=${port}`, `--grpc-port=${port + 1}`];
  const child = spawn(command, words, { stdio: "ignore", env: { PATH: process.env.PATH, TMPDIR: folder } });
  const url = `http://127.0.0.1:${port}`;
  try {
    await listening(child, url);
  } catch (error) {
    await stop(child);
    throw error;
  }
  return { url, storageUrl: `http://127.0.0.1:${port + 1}`, close: () => stop(child) };
}

async function listening(child: ChildProcess, url: string): Promise<void> {
  let ended: string | undefined;
  child.once("error", ({ message }) => (ended = message));
  child.once("exit", (code) => (ended = `exit ${code}`));
  for (const deadline = Date.now() + START_MS; ; await sleep(50)) {
    const answer = await fetch(`${url}/bigquery/v2/projects`).catch(() => undefined);
    if (answer?.ok) return;
    if (ended !== undefined) throw new Error(`${child.spawnfile} doesn't start: ${ended}`);
    if (Date.now() > deadline) throw new Error(`${child.spawnfile} doesn't answer at ${url}`);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
