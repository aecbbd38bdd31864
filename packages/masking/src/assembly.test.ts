import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { it } from "node:test";

const ROOT = resolve(import.meta.dirname, "../../..");

for (const name of ["rows", "candidates", "column", "avro"])
  it(`${name}.wasm is what its source compiles to (npm run build:wasm)`, () => {
    const folder = mkdtempSync(join(tmpdir(), "masking-wasm-"));
    try {
      const built = join(folder, `${name}.wasm`);
      execFileSync(
        process.execPath,
        [join(ROOT, "node_modules/assemblyscript/bin/asc.js"), `${name}.ts`, "--outFile", built],
        { cwd: join(ROOT, "packages/masking/assembly"), stdio: ["ignore", "ignore", "inherit"] },
      );
      assert.deepEqual(readFileSync(built), readFileSync(join(ROOT, `packages/masking/assembly/${name}.wasm`)));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
