import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { once } from "node:events";

/** A server in a process of its own, so that neither side of a comparison shares a thread with the other or with the client. */
export interface ServerProcess {
  readonly url: string;
  /** Of a gateway that serves the Storage Read API. */
  readonly storageUrl: string | undefined;
  readonly pid: number;
  /** Processor time used so far, user and system, all threads. */
  cpuSeconds(): Promise<number>;
  /** Memory that it holds now, as the system says. */
  residentBytes(): number;
  close(): Promise<void>;
}

const START_MS = 60_000;

/** Starts `processes/<name>.ts` and waits until it listens. */
export async function startProcess(name: string, args: readonly string[] = []): Promise<ServerProcess> {
  const child = fork(new URL(`./processes/${name}.ts`, import.meta.url), args, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const { url, storageUrl } = await message(child, "url", START_MS).catch((error: unknown) => {
    child.kill();
    throw new Error(`${name} did not start`, { cause: error });
  });
  return {
    url: String(url),
    storageUrl: storageUrl === undefined ? undefined : String(storageUrl),
    pid: child.pid ?? 0,
    async cpuSeconds() {
      const told = answer(child, "cpuSeconds", START_MS);
      child.send("cpu");
      return Number(await told);
    },
    residentBytes() {
      const kilobytes = Number(spawnSync("ps", ["-o", "rss=", "-p", String(child.pid)]).stdout.toString());
      if (!(kilobytes > 0)) throw new Error(`nobody knows how much memory ${name} holds`);
      return kilobytes * 1024;
    },
    async close() {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}

/** All threads of it on the first core, where the system has `taskset`. */
export function pinToOneCore({ pid }: ServerProcess): void {
  if (pid > 0) spawnSync("taskset", ["--all-tasks", "--cpu-list", "--pid", "0", String(pid)], { stdio: "ignore" });
}

/** The member `key` of the child's next message that has it. */
async function answer(child: ChildProcess, key: string, milliseconds: number): Promise<unknown> {
  return (await message(child, key, milliseconds))[key];
}

function message(child: ChildProcess, key: string, milliseconds: number): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(() => reject(new Error("no answer in time"))), milliseconds);
    const heard = (message: unknown) => {
      if (typeof message !== "object" || message === null || !(key in message)) return;
      end(() => resolve(message as Record<string, unknown>));
    };
    const gone = () => end(() => reject(new Error("the process ended")));
    const end = (settle: () => void) => {
      clearTimeout(timer);
      child.off("message", heard);
      child.off("exit", gone);
      settle();
    };
    child.on("message", heard);
    child.on("exit", gone);
  });
}
