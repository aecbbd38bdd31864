import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { analyze, type TableResource } from "@chaperone/googlesql";
import { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { explanationPage } from "../print/explanation.ts";
import { planPage } from "../print/plan.ts";

interface Options {
  readonly tables: string;
  readonly project?: string;
  readonly dataset?: string;
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly explain?: boolean;
}

/** `chaperone analyze --tables FILE < SQL`: the access plan of a query, before anything is deployed. */
export function analyzeCommand(setStatus: (code: number) => void): Command {
  return new Command("analyze")
    .description("print the access plan of a query read from standard input: what it reads, shows and does")
    .requiredOption("--tables <file>", "JSON array of table resources (bq show --format=json)")
    .option("--project <id>", "default project")
    .option("--dataset <id>", "default dataset")
    .option("--json", "the plan as JSON")
    .option("--explain", "also draw how each column reaches the result")
    .option("--jsonl", 'read one {"id", "sql"} a line, write one {"id", "plan"} a line')
    .action(async (options: Options) => {
      const tables = readTables(options.tables);
      const analysis = (sql: string) =>
        analyze(sql, {
          explain: options.explain === true,
          catalog: { table: (name) => tables.get(name) },
          ...(options.project === undefined ? {} : { defaultProject: options.project }),
          ...(options.dataset === undefined || options.project === undefined
            ? {}
            : { defaultDataset: { project: options.project, dataset: options.dataset } }),
        });
      if (options.jsonl === true) {
        for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
          if (line.trim() === "") continue;
          const { id, sql } = query(line);
          process.stdout.write(`${JSON.stringify({ id, plan: analysis(sql).plan })}\n`);
        }
        return;
      }
      const { plan, explanation } = analysis(await text(process.stdin));
      if (options.json === true) {
        const shown = explanation === undefined ? plan : { ...plan, explanation };
        process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
      } else {
        process.stdout.write(`${planPage(plan)}\n`);
        if (explanation !== undefined) process.stdout.write(`\n${explanationPage(explanation)}\n`);
      }
      if (!plan.understood) setStatus(1);
    });
}

function query(line: string): { id: unknown; sql: string } {
  try {
    const { id, sql } = JSON.parse(line) as { id: unknown; sql: unknown };
    if (typeof sql === "string") return { id, sql };
  } catch {
    // Said below.
  }
  throw new CliError('each line is a JSON object {"id": …, "sql": "…"}');
}

function readTables(file: string): Map<string, TableResource> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CliError(`--tables ${file}: ${error instanceof SyntaxError ? "not JSON" : "can't be read"}`);
  }
  if (!Array.isArray(parsed)) throw new CliError(`--tables ${file}: a JSON array of table resources is expected`);
  return new Map(
    (parsed as TableResource[]).map((t, i) => {
      const r = t?.tableReference;
      if (typeof r?.projectId !== "string" || typeof r.datasetId !== "string" || typeof r.tableId !== "string")
        throw new CliError(`--tables ${file}: element ${i + 1} has no tableReference {projectId, datasetId, tableId}`);
      return [`${r.projectId}.${r.datasetId}.${r.tableId}`, t];
    }),
  );
}
