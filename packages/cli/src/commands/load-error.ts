import { CliError } from "../cli-error.ts";

/** By name, since loading the gateway takes longer than most commands. */
const MENDABLE: ReadonlySet<string> = new Set(["ConfigError", "PolicyError", "StoreError", "LedgerError"]);

/** Errors that tell the operator what to mend become one message; any other error is ours and stays what it is. */
export function asCliError(error: unknown): unknown {
  if (error instanceof Error && MENDABLE.has(error.name)) return new CliError(error.message);
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE")
    return new CliError(
      "the port is taken by another program (is a gateway running already?); choose another with listen.port, or --port",
    );
  if (error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR")
    return new CliError(
      `the state directory's database can't be read (${error.message}): damaged, or no database of the gateway`,
    );
  // What the file system refuses: Node's message names the call and the path.
  if (error instanceof Error && "syscall" in error && "path" in error) return new CliError(error.message);
  return error;
}

export function orCliError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asCliError(error);
  }
}
