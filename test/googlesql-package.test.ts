import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { buildGooglesql } from "../build/googlesql.ts";

/** A user's project, outside the workspace, with the packed package installed. */
const project = mkdtempSync(join(tmpdir(), "googlesql-package-"));
const installed = join(project, "node_modules/@chaperone/googlesql");
let packed: readonly string[] = [];

function run(command: string, args: readonly string[], cwd = project): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

describe("the front end as a package", () => {
  before(async () => {
    const built = join(project, "built");
    await buildGooglesql(built);
    const [{ filename, files }] = JSON.parse(
      run("npm", ["pack", "--json", "--offline", "--pack-destination", project], built),
    );
    packed = files.map((file: { path: string }) => file.path);
    mkdirSync(installed, { recursive: true });
    run("tar", ["-xzf", join(project, filename), "--strip-components=1", "-C", installed]);
    writeFileSync(join(project, "package.json"), `{ "type": "module" }`);
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  it("holds one module, its types and what a package has, and no source or test", () => {
    const own = packed.filter((path) => !path.startsWith("types/"));
    assert.deepEqual(own.toSorted(), ["LICENSE", "README.md", "index.js", "index.js.map", "package.json"]);
    assert.ok(packed.includes("types/index.d.ts"));
    assert.deepEqual(
      packed.filter((path) => path.startsWith("types/") && !path.endsWith(".d.ts")),
      [],
    );
    assert.deepEqual(readdirSync(join(installed, "..")), ["googlesql"]);
  });

  it("analyses where only it is installed, and has no top-level await that would keep require() out", () => {
    const text = `analyze("SELECT UPPER(name) AS n FROM d.t", { catalog: { table: () => ({
      tableReference: { projectId: "p", datasetId: "d", tableId: "t" },
      schema: { fields: [{ name: "name", type: "STRING" }] } }) }, defaultProject: "p" }).plan`;
    writeFileSync(
      join(project, "imports.js"),
      `import { analyze } from "@chaperone/googlesql";\nconsole.log(JSON.stringify(${text}));`,
    );
    writeFileSync(
      join(project, "requires.cjs"),
      `const { analyze } = require("@chaperone/googlesql");\nconsole.log(JSON.stringify(${text}));`,
    );
    for (const file of ["imports.js", "requires.cjs"]) {
      const plan = JSON.parse(run(process.execPath, [file]));
      assert.equal(plan.canonicalSql, "SELECT UPPER(`name`) AS `n` FROM `p`.`d`.`t`");
      assert.deepEqual(plan.result[0].explicit, [{ column: "p.d.t.name", via: "transform" }]);
    }
  });

  it("gives a user's compiler its types, without a library of Node's", () => {
    const use = (of: string) => `import { analyze } from "@chaperone/googlesql";
const { plan } = analyze("SELECT 1 AS one", { catalog: { table: () => undefined } });
export const found: ${of} = plan.understood ? plan.canonicalSql : plan.refusal.message;
`;
    const compile = (file: string) =>
      spawnSync(
        process.execPath,
        [
          join(import.meta.dirname, "../node_modules/typescript-7/bin/tsc"),
          ...["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--types", "", file],
        ],
        { cwd: project, encoding: "utf8" },
      );
    writeFileSync(join(project, "right.ts"), use("string"));
    writeFileSync(join(project, "wrong.ts"), use("number"));
    const right = compile("right.ts");
    assert.equal(right.status, 0, right.stdout);
    assert.match(compile("wrong.ts").stdout, /wrong\.ts\(3,14\): error TS2322/);
  });
});
