/** `bq`, the command. Usage: bq.ts STEP (a JSON text); prints one JSON line. See ../README.md. */
import { spawnSync } from "node:child_process";
import type { Step } from "../steps.ts";

const step = JSON.parse(process.argv[2] ?? "") as Step;
const { ENDPOINT = "", PROJECT = "" } = process.env;
const common = ["--api", ENDPOINT, "--project_id", PROJECT, "--format=json", "--quiet"];

function words(): string[] {
  switch (step.how) {
    case "query":
      return [
        "query",
        "--use_legacy_sql=false",
        "--max_rows=10000",
        ...(step.parameters ?? []).map(
          ([name, type, value]) =>
            `--parameter=${name}:${type}:${typeof value === "string" ? value : JSON.stringify(value)}`,
        ),
        step.sql,
      ];
    case "list_rows":
      return ["head", `--max_rows=${step.limit}`, (step.table ?? "").replace(".", ":")];
    default:
      throw new Error(`no ${step.how} here`);
  }
}

const { status, stdout, stderr } = spawnSync("bq", [...common, ...words()], { encoding: "utf8" });
const answer =
  status === 0
    ? { rows: stdout.trim() === "" ? [] : (JSON.parse(stdout.slice(stdout.indexOf("["))) as unknown[]) }
    : { error: { kind: `exit ${status}`, message: `${stdout}${stderr}`.trim() } };
console.log(JSON.stringify(answer));
