import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { analyze, type ModelResource, type RoutineResource, type TableResource } from "@chaperone/googlesql";
import { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { explanationPage } from "../print/explanation.ts";
import { planPage } from "../print/plan.ts";
import { json, jsonLine } from "../print/table.ts";

interface Options {
  readonly tables: string;
  readonly routines?: string;
  readonly models?: string;
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
    .option("--routines <file>", "JSON array of routine resources (bq show --routine --format=json)")
    .option("--models <file>", "JSON array of model resources (bq show --model --format=json)")
    .option("--project <id>", "default project")
    .option("--dataset <id>", "default dataset")
    .option("--json", "the plan as JSON")
    .option("--explain", "also draw how each column reaches the result")
    .option("--jsonl", 'read one {"id", "sql"} a line, write one {"id", "plan"} a line')
    .action(async (options: Options) => {
      const tables = readTables(options.tables);
      const routines = options.routines === undefined ? undefined : readRoutines(options.routines);
      const models = options.models === undefined ? undefined : readModels(options.models);
      const catalog = {
        table: (name: string) => tables.get(name),
        routine: (name: string) => routines?.get(name),
        model: (name: string) => models?.get(name),
        wildcard: (prefix: string) => [...tables].flatMap(([name, table]) => (name.startsWith(prefix) ? [table] : [])),
      };
      const all = [...tables.values()];
      const metadata = (place: string) => {
        const [project, where = ""] = place.split(/\.(?=[^.]*$)/);
        const whole = where === "" || where.startsWith("region-");
        const of = ({ tableReference: r }: TableResource) =>
          r.projectId === project && (whole || r.datasetId === where);
        return { tables: all.filter(of) };
      };
      const analysis = (sql: string) =>
        analyze(sql, {
          explain: options.explain === true,
          catalog: { ...catalog, metadata },
          ...(options.project === undefined ? {} : { defaultProject: options.project }),
          ...(options.dataset === undefined || options.project === undefined
            ? {}
            : { defaultDataset: { project: options.project, dataset: options.dataset } }),
        });
      if (options.jsonl === true) {
        let number = 0;
        for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
          number++;
          if (line.trim() === "") continue;
          const { id, sql } = query(line, number);
          process.stdout.write(`${jsonLine({ id, plan: analysis(sql).plan })}\n`);
        }
        return;
      }
      const { plan, explanation } = analysis(await text(process.stdin));
      if (options.json === true) {
        const shown = explanation === undefined ? plan : { ...plan, explanation };
        process.stdout.write(`${json(shown)}\n`);
      } else {
        process.stdout.write(`${planPage(plan)}\n`);
        if (explanation !== undefined) process.stdout.write(`\n${explanationPage(explanation)}\n`);
      }
      if (!plan.understood) setStatus(1);
    });
}

function query(line: string, number: number): { id: unknown; sql: string } {
  try {
    const { id, sql } = JSON.parse(line) as { id: unknown; sql: unknown };
    if (typeof sql === "string") return { id, sql };
  } catch {
    // Said below.
  }
  throw new CliError(`line ${number}: each line is a JSON object {"id": …, "sql": "…"}`);
}

function readTables(file: string): Map<string, TableResource> {
  return readResources<TableResource>("--tables", file, "table", (t) => {
    const r = t?.tableReference;
    if (typeof r?.projectId !== "string" || typeof r.datasetId !== "string" || typeof r.tableId !== "string")
      return "tableReference {projectId, datasetId, tableId}";
    return [r.projectId, r.datasetId, r.tableId];
  });
}

function readRoutines(file: string): Map<string, RoutineResource> {
  return readResources<RoutineResource>("--routines", file, "routine", (t) => {
    const r = t?.routineReference;
    if (typeof r?.projectId !== "string" || typeof r.datasetId !== "string" || typeof r.routineId !== "string")
      return "routineReference {projectId, datasetId, routineId}";
    if (typeof t.routineType !== "string") return "routineType";
    return [r.projectId, r.datasetId, r.routineId];
  });
}

function readModels(file: string): Map<string, ModelResource> {
  return readResources<ModelResource>("--models", file, "model", (t) => {
    const r = t?.modelReference;
    if (typeof r?.projectId !== "string" || typeof r.datasetId !== "string" || typeof r.modelId !== "string")
      return "modelReference {projectId, datasetId, modelId}";
    if (typeof t.modelType !== "string") return "modelType";
    return [r.projectId, r.datasetId, r.modelId];
  });
}

/** By full name. `nameOf` gives its parts, or says what the resource lacks. */
function readResources<T>(
  option: string,
  file: string,
  what: string,
  nameOf: (resource: T) => readonly [string, string, string] | string,
): Map<string, T> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CliError(`${option} ${file}: ${error instanceof SyntaxError ? "not JSON" : "can't be read"}`);
  }
  if (!Array.isArray(parsed)) throw new CliError(`${option} ${file}: a JSON array of ${what} resources is expected`);
  return new Map(
    (parsed as T[]).map((resource, i) => {
      const name = nameOf(resource);
      if (typeof name === "string") throw new CliError(`${option} ${file}: element ${i + 1} has no ${name}`);
      return [name.join("."), resource];
    }),
  );
}
