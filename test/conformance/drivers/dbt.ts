/** dbt: seed, run and test of a small project. Usage: dbt.ts DBT FOLDER; prints one JSON line. See ../README.md. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [, , dbt = "dbt", folder = "."] = process.argv;
const { ENDPOINT = "", PROJECT = "", GOOGLE_APPLICATION_CREDENTIALS = "" } = process.env;
const project = mkdtempSync(join(folder, "dbt-"));
cpSync(join(import.meta.dirname, "dbt"), project, { recursive: true });
writeFileSync(
  join(project, "profiles.yml"),
  JSON.stringify({
    clinic: {
      target: "gateway",
      outputs: {
        gateway: {
          type: "bigquery",
          method: "service-account",
          keyfile: GOOGLE_APPLICATION_CREDENTIALS,
          project: PROJECT,
          dataset: "workspace",
          location: "US",
          threads: 1,
          api_endpoint: ENDPOINT,
        },
      },
    },
  }),
);
const words = ["--project-dir", project, "--profiles-dir", project, "--no-use-colors"];
const rows: unknown[] = [];
let failure = "";
for (const command of ["seed", "run", "test"]) {
  const { stdout, stderr } = spawnSync(dbt, [command, ...words], { encoding: "utf8" });
  const results = (() => {
    try {
      return JSON.parse(readFileSync(join(project, "target/run_results.json"), "utf8")) as {
        results: { unique_id: string; status: string; message: string | null }[];
      };
    } catch {
      return { results: [] };
    }
  })().results;
  if (results.length === 0) failure ||= `${command}: ${`${stdout}${stderr}`.slice(-1500)}`;
  for (const { unique_id, status, message } of results) {
    rows.push([command, unique_id, status]);
    if (status !== "success" && status !== "pass") failure ||= `${command} ${unique_id}: ${message}`;
  }
}
console.log(JSON.stringify(failure === "" ? { rows } : { error: { kind: "dbt", message: failure } }));
