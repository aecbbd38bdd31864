import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { openStore, type Store, type StoreOptions } from "../store.ts";
import type { COMMANDS } from "./commands.ts";

export type TestStore = Store<typeof COMMANDS>;

/** A directory that goes when the test ends. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "chaperone-store-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A store with the test commands, closed when the test ends. */
export async function testStore(t: TestContext, options: Partial<StoreOptions> = {}): Promise<TestStore> {
  const store = await openTestStore({ directory: temporaryDirectory(t), ...options });
  t.after(() => store.close());
  return store;
}

/** A store with the test commands, for the caller to close. */
export async function openTestStore(options: Partial<StoreOptions> & { directory: string }): Promise<TestStore> {
  const commands = new URL("./commands.ts", import.meta.url).href;
  return openStore<typeof COMMANDS>({ origin: "test.example/ledger", commands, ...options });
}
