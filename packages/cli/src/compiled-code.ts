import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * `$XDG_CACHE_HOME/chaperone/compiled`, by default under `~/.cache` (XDG Base Directory Specification: a relative path is
 * ignored). Not Node's own default, the temporary directory: what another user of the machine put there would run here.
 */
export function compiledCode(env: NodeJS.ProcessEnv): string {
  const base = env.XDG_CACHE_HOME;
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), ".cache"), "chaperone", "compiled");
}
