import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { type ApiClient, apiClient } from "../../packages/cli/src/api-client.ts";
import { DEMO_PEOPLE, demoAgents } from "../../packages/cli/src/demo/demo-people.ts";
import { demoConfig } from "../../packages/cli/src/demo/environment.ts";
import { type IdentityProvider, startIdentityProvider } from "../../packages/cli/src/demo/identity-provider.ts";
import { loginAsDemoPerson } from "../../packages/cli/src/login/index.ts";
import { startWarehouse, type Warehouse } from "../../packages/warehouse/src/index.ts";
import { freePort } from "../free-port.ts";

/** The `chaperone` command, as `npm run chaperone` starts it. */
const MAIN = resolve(import.meta.dirname, "../../packages/cli/src/main.ts");
/** How long a gateway may take to listen: generous, since machines that test are busy. */
const START_MS = 60_000;

/** What stays alive while gateways die: identity provider and warehouse in this process, and the folder a gateway is started on. */
export interface Surroundings {
  readonly identityProvider: IdentityProvider;
  readonly warehouse: Warehouse;
  readonly state: string;
  readonly configFile: string;
  /** The gateway's address: the same at every start, so that clients find it again. */
  readonly url: string;
  token(agent: string): Promise<string>;
  person(subject: string): ApiClient;
  start(options?: { readonly nodeArguments?: readonly string[] }): Promise<ChaperoneProcess>;
  /** Kills what was started and still runs. */
  close(): Promise<void>;
}

export async function startSurroundings(
  options: {
    readonly patients?: number;
    readonly jobsKept?: number;
    readonly config?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<Surroundings> {
  const state = mkdtempSync(join(tmpdir(), "chaperone-faults-"));
  const [port, identityProvider, warehouse] = await Promise.all([
    freePort(),
    startIdentityProvider({ people: DEMO_PEOPLE, agents: demoAgents(() => randomBytes(24).toString("base64url")) }),
    startWarehouse({
      patients: options.patients ?? 100,
      ...(options.jobsKept === undefined ? {} : { jobsKept: options.jobsKept }),
    }),
  ]);
  const configFile = join(state, "chaperone.yaml");
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const config = { log: { level: "info" }, ...options.config };
  writeFileSync(configFile, stringify(demoConfig({ port, config }, identityProvider, warehouse)));
  const url = `http://127.0.0.1:${port}`;
  const processes = new Set<ChaperoneProcess>();
  const tokens = new Map<string, Promise<string>>();
  const once = (key: string, make: () => Promise<string>): Promise<string> => {
    const token = tokens.get(key) ?? make();
    tokens.set(key, token);
    return token;
  };
  return {
    identityProvider,
    warehouse,
    state,
    configFile,
    url,
    token: (agent) => once(`agent ${agent}`, () => identityProvider.agentToken(agent)),
    person: (subject) =>
      apiClient(url, () => once(`person ${subject}`, () => loginAsDemoPerson(identityProvider.issuer, subject))),
    async start({ nodeArguments = [] } = {}) {
      const gateway = runChaperone(["serve", "--config", configFile], { nodeArguments });
      processes.add(gateway);
      void gateway.exited.then(() => processes.delete(gateway));
      await gateway.prints(/the gateway listens/);
      return gateway;
    },
    async close() {
      await Promise.all(
        [...processes].map((gateway) => {
          gateway.kill("SIGKILL");
          return gateway.exited;
        }),
      );
      await Promise.all([identityProvider.close(), warehouse.close()]);
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** A `chaperone` command in a process of its own. */
export interface ChaperoneProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Standard output and standard error so far. */
  output(): string;
  /** Resolves when the output so far matches; rejects when the process ends first, or takes too long. */
  prints(pattern: RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves, never rejects, when the process has ended and all it wrote was read. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

export interface RunOptions {
  readonly nodeArguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `chaperone <args>` with an empty environment but PATH and HOME. */
export function runChaperone(args: readonly string[], options: RunOptions = {}): ChaperoneProcess {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", ...(options.nodeArguments ?? []), MAIN, ...args],
    {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_COMPILE_CACHE: compileCache, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const { pid } = child;
  if (pid === undefined) throw new Error("the process could not be started");
  let text = "";
  const onOutput = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      for (const look of onOutput) look();
    });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((ended) =>
    child.once("close", (code, signal) => ended({ code, signal })),
  );
  return {
    pid,
    child,
    exited,
    output: () => text,
    prints(pattern) {
      return new Promise((found, missed) => {
        const finish = (act: () => void) => {
          clearTimeout(timer);
          onOutput.delete(look);
          act();
        };
        const look = () => {
          if (pattern.test(text)) finish(found);
        };
        const timer = setTimeout(
          () => finish(() => missed(new Error(`${pattern} was not printed in time:\n${text}`))),
          START_MS,
        );
        onOutput.add(look);
        void exited.then(({ code, signal }) =>
          finish(() => missed(new Error(`ended (${code ?? signal}) before it printed ${pattern}:\n${text}`))),
        );
        look();
      });
    },
    kill: (signal) => void child.kill(signal),
  };
}

/** Compiled code of the gateway's sources, shared by all starts: most of a start's time is else spent compiling them again. */
const compileCache = join(tmpdir(), "chaperone-compile-cache");
