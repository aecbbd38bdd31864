/** `bq`, the command. Usage: bq.ts STEP (a JSON text); prints one JSON line. See ../README.md. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { discoveryDocument } from "../../../packages/gateway/src/doors/bigquery-rest/discovery.ts";
import type { Step } from "../steps.ts";
import { largeFile } from "./large-file.ts";

const step = JSON.parse(process.argv[2] ?? "") as Step;
const { ENDPOINT = "", PROJECT = "", SIDE = "", HOME = "" } = process.env;
const common = ["--api", ENDPOINT, "--project_id", PROJECT, "--format=json", "--quiet"];
if (SIDE !== "gateway") {
  // The stand-in for BigQuery doesn't describe itself: there bq makes the same calls, of the gateway's description.
  const description = join(HOME, "discovery.json");
  writeFileSync(description, JSON.stringify(discoveryDocument(ENDPOINT)));
  common.push(`--discovery_file=${description}`);
}

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
    case "large_load":
      return ["query", "--use_legacy_sql=false", step.sql];
    case "load":
      return ["query", "--use_legacy_sql=false", `SELECT * FROM \`${step.table}_bq\` ORDER BY day`];
    default:
      throw new Error(`no ${step.how} here`);
  }
}

/** A CSV file, as `bq load` uploads it. */
function sendRows(): void {
  const folder = mkdtempSync(join(tmpdir(), "chaperone-load-"));
  const file = join(folder, "rows.csv");
  writeFileSync(file, "day,word\n2026-02-28,a\n2026-03-01,\n");
  const table = `${(step.table ?? "").replace(".", ":")}_bq`;
  load(folder, ["--source_format=CSV", "--skip_leading_rows=1", table, file, "day:DATE,word:STRING"]);
}

/** A file of as many rows as the step says. */
async function sendManyRows(): Promise<void> {
  const { folder, path } = await largeFile(step.rows ?? 0);
  const table = (step.table ?? "").replace(".", ":");
  load(folder, ["--source_format=NEWLINE_DELIMITED_JSON", table, path, "n:INTEGER,born:DATE,word:STRING"]);
}

function load(folder: string, given: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync("bq", [...common, "load", "--replace", ...given], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  if (status === 0) return;
  console.log(JSON.stringify({ error: { kind: `exit ${status}`, message: `${stdout}${stderr}`.trim() } }));
  process.exit();
}

if (step.how === "load") sendRows();
if (step.how === "large_load") await sendManyRows();
const { status, stdout, stderr } = spawnSync("bq", [...common, ...words()], { encoding: "utf8" });
const answer =
  status === 0
    ? { rows: stdout.trim() === "" ? [] : (JSON.parse(stdout.slice(stdout.indexOf("["))) as unknown[]) }
    : { error: { kind: `exit ${status}`, message: `${stdout}${stderr}`.trim() } };
console.log(JSON.stringify(answer));
