import { writeSync } from "node:fs";
import { openStore } from "../store.ts";
import type { COMMANDS } from "./commands.ts";

/** Writes until it is killed, and says what was acknowledged: `index label` a line, by a write that doesn't wait in memory. */

const [directory = "", round = ""] = process.argv.slice(2);
const commands = new URL("./commands.ts", import.meta.url).href;
const store = await openStore<typeof COMMANDS>({ directory, origin: "test.example/ledger", commands });
writeSync(1, "ready\n");

async function writeForever(writer: number): Promise<void> {
  for (let n = 0; ; n++) {
    const label = `${round}.${writer}.${n}`;
    const { firstIndex } = await store.append([{ type: "test.event", data: { label } }]);
    writeSync(1, `${firstIndex} ${label}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, (_, writer) => writeForever(writer)));
