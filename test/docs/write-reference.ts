import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renewed } from "./reference.ts";

/** `npm run docs`: makes anew what docs/ shows of the code. */
const folder = join(import.meta.dirname, "../../docs");
for (const name of readdirSync(folder).filter((file) => file.endsWith(".md"))) {
  const path = join(folder, name);
  const text = readFileSync(path, "utf8");
  const now = renewed(text);
  if (now !== text) writeFileSync(path, now);
}
