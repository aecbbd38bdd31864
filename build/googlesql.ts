/**
 * The front end as a package of its own: one module of plain JavaScript, its types, and a package.json that names them. The
 * workspace itself runs the sources; Node strips no types below node_modules, so whoever installs the package needs this.
 *
 *   npm run build                       into packages/googlesql/dist
 *   node build/googlesql.ts DIRECTORY   anywhere else
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");
const SOURCE = join(ROOT, "packages/googlesql");

/** Writes the package into `directory`, which is made anew. */
export async function buildGooglesql(directory: string): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  await build({
    entryPoints: [join(SOURCE, "src/index.ts")],
    outfile: join(directory, "index.js"),
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2024",
    // What is read at each start is to be short; the source map leads back.
    minify: true,
    sourcemap: "linked",
    sourcesContent: false,
    logLevel: "warning",
  });
  writeTypes(join(directory, "types"));
  const { name, version, license, type } = JSON.parse(readFileSync(join(SOURCE, "package.json"), "utf8"));
  const published = {
    name,
    version,
    description: "Reads GoogleSQL and says what a query reads, shows and does",
    license,
    type,
    sideEffects: false,
    exports: { ".": { types: "./types/index.d.ts", default: "./index.js" } },
    files: ["index.js", "index.js.map", "types"],
    engines: { node: ">=22" },
  };
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
  writeFileSync(join(directory, "README.md"), README);
  copyFileSync(join(ROOT, "LICENSE"), join(directory, "LICENSE"));
}

function writeTypes(directory: string): void {
  const compiler = join(ROOT, "node_modules/typescript-7/bin/tsc");
  const project = join(SOURCE, "tsconfig.build.json");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", project, "--outDir", directory], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the types can't be written:\n${stdout}`);
}

const README = `# googlesql

Reads GoogleSQL, as BigQuery runs it, and says what a query reads, shows and does: each column of the result with the columns it
is made of, and those that decided over its rows. Nothing is executed, nothing is imported, and what isn't understood is refused.

\`\`\`js
import { analyze } from "@chaperone/googlesql";

// Tables as BigQuery's tables.get gives them, by project.dataset.table.
const fields = [{ name: "name", type: "STRING" }, { name: "age", type: "INTEGER" }];
const tableReference = { projectId: "health", datasetId: "clinic", tableId: "patients" };
const tables = new Map([["health.clinic.patients", { tableReference, type: "TABLE", schema: { fields } }]]);

const catalog = { table: (name) => tables.get(name) };
const { plan } = analyze("SELECT name FROM clinic.patients WHERE age > 80", { catalog, defaultProject: "health" });
if (plan.understood) console.log(plan.result, plan.canonicalSql);
else console.log(plan.refusal);
\`\`\`
`;

if (import.meta.main) {
  const directory = process.argv[2] ?? join(SOURCE, "dist");
  await buildGooglesql(directory);
  console.log(`The package is in ${directory}.`);
}
