import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { freePort } from "../free-port.ts";
import { type ChaperoneProcess, runChaperone } from "./gateway-process.ts";

/** From the signal to the end of the process: nothing is under way that would take longer. */
const STOP_MS = 8_000;
/** What `--port` says is the first of. */
const DEMO_PORTS = 5;

describe("npm start", () => {
  let folder: string;
  const running = new Set<ChaperoneProcess>();
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "chaperone-start-"));
  });
  after(async () => {
    for (const demo of running) demo.kill("SIGKILL");
    await Promise.all([...running].map((demo) => demo.exited));
    rmSync(folder, { recursive: true, force: true });
  });

  function start(state: string, ...more: readonly string[]): ChaperoneProcess {
    const ports = more.includes("--port") ? [] : ["--port", "0"];
    const demo = runChaperone(["demo", "--patients", "50", "--state", state, ...ports, ...more]);
    running.add(demo);
    void demo.exited.then(() => running.delete(demo));
    return demo;
  }

  /** It ends with status 1 and one line that says what to do. */
  async function refuses(demo: ChaperoneProcess, message: RegExp): Promise<void> {
    const late = setTimeout(() => demo.kill("SIGKILL"), 60_000);
    const { code } = await demo.exited;
    clearTimeout(late);
    const text = demo.output();
    assert.equal(code, 1, text);
    assert.match(text, message);
    assert.equal(text.split("\n").filter((line) => line.startsWith("chaperone: ")).length, 1, text);
    assert.doesNotMatch(text, /^\s+at /m, "no stack");
    assert.doesNotMatch(text, /node:internal|"level":"fatal"/);
  }

  async function endsInTime(demo: ChaperoneProcess, status: number): Promise<void> {
    const began = performance.now();
    demo.kill("SIGINT");
    const agents = children(demo.pid);
    assert.deepEqual(await demo.exited, { code: status, signal: null }, demo.output());
    assert.ok(performance.now() - began < STOP_MS, `it took ${Math.round(performance.now() - began)} ms`);
    for (const pid of agents) assert.ok(!lives(pid), `agent ${pid} outlived the demo`);
  }

  it("is interrupted in the tour, goes on with its state the next time, and plays the tour until Ctrl-C", async () => {
    const state = join(folder, "first");
    const interrupted = start(state);
    await interrupted.prints(/── 2\. Chaperone holds it/);
    // A request of the interrupted tour stays in the inbox.
    await endsInTime(interrupted, 130);

    const port = await freePort(DEMO_PORTS);
    const again = start(state, "--port", String(port));
    await again.prints(/the state of an earlier run is in/);
    await again.prints(/All of it was as told.*Ctrl-C stops everything/s);
    await Promise.all([
      refuses(start(state), /another process has the store in .*first open; stop it first/),
      refuses(start(join(folder, "other"), "--port", String(port)), /port \d+ on 127\.0\.0\.1 is taken.*--port/s),
    ]);
    await endsInTime(again, 0);
    assert.match(again.output(), /Stopping\.\n$/);
  });

  it("says what is wrong with a state that it can't go on with", async () => {
    const spoilt = (name: string, spoil: (state: string) => void): string => {
      const state = join(folder, name);
      cpSync(join(folder, "first"), state, { recursive: true });
      spoil(state);
      return state;
    };
    writeFileSync(join(folder, "file"), "");
    await refuses(start(join(folder, "file")), /file already exists|not a directory/);
    const noKey = spoilt("no-ledger-key", (s) => rmSync(join(s, "ledger.key")));
    await refuses(start(noKey), /ledger\.key is missing while there is data; restore it/);
    // The rest as `serve` says it, with the configuration that the demo left: the same words, without the demo's database.
    const cases: [string, RegExp][] = [
      [spoilt("no-seal-key", (s) => rmSync(join(s, "seal.key"))), /seal\.key is missing while there is data/],
      [spoilt("open-key", (s) => chmodSync(join(s, "seal.key"), 0o644)), /seal\.key has mode 0644.*chmod 600/],
      [spoilt("open-token-key", (s) => chmodSync(join(s, "token.key"), 0o640)), /token\.key has mode 0640/],
      [
        spoilt("no-database", (s) => {
          for (const end of ["-wal", "-shm"]) rmSync(join(s, `chaperone.db${end}`), { force: true });
          writeFileSync(join(s, "chaperone.db"), "no database ".repeat(500));
        }),
        /not a database/,
      ],
    ];
    for (const [state, message] of cases)
      await refuses(runChaperone(["serve", "--config", join(state, "chaperone.yaml")]), message);
  });

  it("can be interrupted while it starts, wherever it is", async () => {
    for (const [index, moment] of [/a tour on this machine/, /starting the gateway/].entries()) {
      const demo = start(join(folder, `interrupted-${index}`));
      await demo.prints(moment);
      await endsInTime(demo, 130);
    }
  });
});

/** Process ids of a process's children, where the system tells (Linux). */
function children(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
