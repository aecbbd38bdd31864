/** The file of a large load, as `LARGE_LOADS` says, in a folder of its own. */
import { createWriteStream, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

export async function largeFile(rows: number): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = mkdtempSync(join(tmpdir(), "chaperone-load-"));
  const path = join(folder, "large.json");
  function* lines() {
    for (let n = 0; n < rows; n++) {
      yield `${JSON.stringify({ n, born: `${1950 + (n % 50)}-05-17`, word: "w".repeat(85) })}\n`;
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
  return { folder, path };
}
