import { spawn } from "node:child_process";
import { join } from "node:path";

export interface AgentAnswer {
  readonly rows?: readonly Readonly<Record<string, unknown>>[];
  readonly error?: { readonly code?: number; readonly message?: string };
}

export interface AgentTask {
  readonly endpoint: string;
  readonly project: string;
  readonly token: string;
  readonly query: string;
  readonly purpose?: string;
  /** Ends the agent with the demo. */
  readonly signal?: AbortSignal;
}

/** Runs demo/agent.ts as a child process that inherits nothing but PATH. Rejects if it does not answer. */
export function runAgent(task: AgentTask): Promise<AgentAnswer> {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "agent.ts")],
    {
      env: {
        PATH: process.env.PATH,
        AGENT_ENDPOINT: task.endpoint,
        AGENT_PROJECT: task.project,
        AGENT_TOKEN: task.token,
        AGENT_QUERY: task.query,
        ...(task.purpose === undefined ? {} : { AGENT_PURPOSE: task.purpose }),
      },
      stdio: ["ignore", "pipe", "pipe"],
      // In a group of its own, a Ctrl-C reaches the demo alone, which then ends its agents.
      detached: process.platform !== "win32",
      windowsHide: true,
      ...(task.signal === undefined ? {} : { signal: task.signal }),
    },
  );
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      try {
        resolve(JSON.parse(Buffer.concat(out).toString()) as AgentAnswer);
      } catch {
        reject(
          new Error(
            `the agent ended with status ${code} and no answer: ${Buffer.concat(err).toString().slice(0, 2000)}`,
          ),
        );
      }
    });
  });
}
