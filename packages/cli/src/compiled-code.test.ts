import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { compiledCode } from "./compiled-code.ts";

const directory = mkdtempSync(join(tmpdir(), "compiled-code-"));

function help(XDG_CACHE_HOME: string): string {
  const { NODE_COMPILE_CACHE: _, NODE_DISABLE_COMPILE_CACHE: __, ...env } = process.env;
  const main = join(import.meta.dirname, "main.ts");
  const { status, stdout } = spawnSync(process.execPath, [main, "--help"], {
    env: { ...env, XDG_CACHE_HOME },
    encoding: "utf8",
  });
  assert.equal(status, 0);
  return stdout;
}

describe("the compiled code that is kept for the next start", () => {
  after(() => rmSync(directory, { recursive: true, force: true }));

  it("lies in the user's own cache, whatever a relative path says", () => {
    assert.equal(compiledCode({ XDG_CACHE_HOME: "/c" }), "/c/chaperone/compiled");
    assert.match(compiledCode({ XDG_CACHE_HOME: "relative" }), /^\/.*\.cache\/chaperone\/compiled$/);
    assert.match(compiledCode({}), /^\/.*\.cache\/chaperone\/compiled$/);
  });

  it("is written by a start, and missing where nothing can be written", () => {
    const text = help(directory);
    assert.match(text, /Usage: chaperone/);
    const [build] = readdirSync(join(directory, "chaperone/compiled"));
    assert.ok(build !== undefined && readdirSync(join(directory, "chaperone/compiled", build)).length > 100);
    const file = join(directory, "no-directory");
    writeFileSync(file, "");
    assert.equal(help(file), text);
  });
});
