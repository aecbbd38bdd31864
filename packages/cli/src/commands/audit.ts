import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { auditPage } from "../print/audit.ts";
import { json } from "../print/table.ts";
import { asCliError } from "./load-error.ts";

/** `chaperone audit verify|export`: on the state directory itself, of a running or a stopped gateway. */
export function auditCommand(setStatus: (code: number) => void): Command {
  const audit = new Command("audit").description("the ledger");
  audit
    .command("verify")
    .description(
      "recompute the whole ledger: every entry, every hash, every checkpoint, and that what is said of sessions and agents agrees with it",
    )
    .option("--state <folder>", "the gateway's state directory", ".chaperone/demo")
    .option(
      "--vkey <key>",
      "the ledger's public key, as kept elsewhere; otherwise the store's own word for it is taken",
    )
    .option("--checkpoint <file...>", "checkpoints kept elsewhere: they show that entries were cut off or rewritten")
    .option("--json", "as JSON")
    .action(async (options: { state: string; vkey?: string; checkpoint?: string[]; json?: boolean }) => {
      const { verifyStore } = await import("@chaperone/gateway");
      const known = (options.checkpoint ?? []).map((file) => readCheckpoint(file));
      const result = await verifyStore(resolve(options.state), {
        known,
        ...(options.vkey === undefined ? {} : { vkey: options.vkey }),
      }).catch((error: unknown) => {
        throw asCliError(error);
      });
      process.stdout.write(`${options.json === true ? json(result) : auditPage(result)}\n`);
      if (!result.ok) setStatus(1);
    });
  audit
    .command("export <folder>")
    .description("write the ledger as a static tlog-tiles folder (c2sp.org/tlog-tiles) that others' tools verify")
    .option("--state <folder>", "the gateway's state directory", ".chaperone/demo")
    .action(async (folder: string, options: { state: string }) => {
      const { exportTiles } = await import("@chaperone/gateway");
      const { entries } = await exportTiles(resolve(options.state), resolve(folder)).catch((error: unknown) => {
        throw asCliError(error);
      });
      process.stdout.write(`Wrote ${entries} entries to ${folder}.\n`);
    });
  return audit;
}

function readCheckpoint(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new CliError(`--checkpoint ${file}: can't be read`);
  }
}
