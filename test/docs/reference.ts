import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { configJsonSchema } from "../../packages/gateway/src/config/index.ts";
import { datasetPatch } from "../../packages/gateway/src/doors/bigquery-rest/dataset-changes.ts";
import { insertRequest, queryRequest } from "../../packages/gateway/src/doors/bigquery-rest/requests.ts";
import { routineRequest } from "../../packages/gateway/src/doors/bigquery-rest/routine-ddl.ts";
import { rowAccessRequest } from "../../packages/gateway/src/doors/bigquery-rest/row-access.ts";
import { COMMON, METHODS, OTHER_PATHS } from "../../packages/gateway/src/doors/bigquery-rest/rules.ts";
import { insertAllRequest } from "../../packages/gateway/src/doors/bigquery-rest/streamed-rows.ts";
import { tableRequest } from "../../packages/gateway/src/doors/bigquery-rest/table-ddl.ts";
import { patchRequest } from "../../packages/gateway/src/doors/bigquery-rest/table-patch.ts";
import { functionsByTheme } from "../../packages/googlesql/src/functions/catalogue.ts";
import { failureOf } from "../../packages/googlesql/src/functions/failure.ts";
import { refusals } from "../../packages/googlesql/src/functions/refused.ts";
import type { FunctionEntry } from "../../packages/googlesql/src/functions/signature.ts";
import {
  type SystemVariableEntry,
  systemVariable,
  systemVariables,
} from "../../packages/googlesql/src/functions/system-variables.ts";
import { METADATA_VIEWS, REFUSED_METADATA } from "../../packages/googlesql/src/metadata/views.ts";
import type { ModelResource } from "../../packages/googlesql/src/model-resource.ts";
import { generatingFunctions } from "../../packages/googlesql/src/resolver/table-functions/generating-model.ts";
import { MODEL_KINDS, modelFunctions } from "../../packages/googlesql/src/resolver/table-functions/model-columns.ts";
import { seriesFunctions } from "../../packages/googlesql/src/resolver/table-functions/time-series-model.ts";
import type { TableResource } from "../../packages/googlesql/src/table-resource.ts";
import type { Expression } from "../../packages/googlesql/src/tree.ts";
import { typeName } from "../../packages/googlesql/src/types.ts";
import { documentedRules } from "./documented-rules.ts";
import { policyExamples } from "./policy-examples.ts";
import { takenAway } from "./taken-away.ts";

const ROOT = join(import.meta.dirname, "../..");

/** The parts of documents that are made from the code, by the name of their markers. */
const PARTS: Readonly<Record<string, () => string>> = {
  limits: limitTables,
  operations,
  "refused operations": refusedOperations,
  "common parameters": () => `${COMMON.map((one) => `\`${one}\``).join(", ")}.`,
  "query fields": queryFields,
  "insert fields": insertFields,
  "policy examples": examplesTable,
  "taken away": () => table(["what takes data away", "is asked as"], takenAway()),
  functions,
  "refused functions": refusedFunctions,
  "system variables": systemVariableTable,
  "model functions": modelFunctionTable,
  "series functions": seriesFunctionTable,
  "generating functions": generatingFunctionTable,
  "metadata views": metadataViews,
  "refused metadata views": refusedMetadataViews,
  "documented rules": rulesTable,
};

/**
 * The text with all that is made from the code made anew: what stands between `<!-- made: name -->` and `<!-- end -->`,
 * and in each `console` block what its command, after `$ `, prints when it is run from the root.
 */
export function renewed(text: string): string {
  return text
    .replace(/^<!-- made: ([^\n]*) -->\n.*?^<!-- end -->$/gms, (_, name: string) => {
      const make = PARTS[name];
      if (make === undefined) throw new Error(`nothing is made by the name of ${name}`);
      return `<!-- made: ${name} -->\n${make()}\n<!-- end -->`;
    })
    .replace(/^```console\n\$ ([^\n]*)\n.*?^```$/gms, (_, command: string) => {
      return `\`\`\`console\n$ ${command}\n${printed(command)}\n\`\`\``;
    });
}

function printed(command: string): string {
  const { stdout, stderr, status } = spawnSync("bash", ["-c", command], {
    cwd: ROOT,
    encoding: "utf8",
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`${command} ended with status ${status}: ${stderr}`);
  return stdout.trim();
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

const GIVES: Readonly<Record<FunctionEntry["via"], string>> = {
  copy: "its argument",
  transform: "a changed value",
  aggregate: "a statistic",
};

function functions(): string {
  return functionsByTheme()
    .map(([theme, entries]) => {
      const rows = entries.map(({ name, via, written }) => [
        `\`${name}\``,
        written.map((signature) => `\`${signature}\``).join("<br>"),
        GIVES[via],
        written.every((signature) => signature.startsWith("()")) ? "never" : failureOf(name),
      ]);
      return `### ${theme}\n\n${table(["function", "arguments and result", "gives", "can fail"], rows)}`;
    })
    .join("\n\n");
}

function refusedFunctions(): string {
  const starred = (name: string) => `\`${name.endsWith(".") ? `${name}*` : name}\``;
  return table(
    ["functions", "refused, since"],
    refusals().map(([reason, list]) => [list.map(starred).join(", "), reason]),
  );
}

/** Models as models.get describes them: of a rating each kind of feedback, of time series several. */
const DESCRIBED_MODELS: readonly ModelResource[] = MODEL_KINDS.flatMap((kinds) => kinds.split(" ")).flatMap(
  (modelType) => {
    const typed = (name: string) => ({ name, type: { typeKind: "STRING" } });
    const model = {
      modelReference: { projectId: "p", datasetId: "d", modelId: "m" },
      modelType,
      labelColumns: [typed("label")],
      featureColumns: ["user", "item", "series"].map(typed),
    };
    const series = { timeSeriesTimestampColumn: "at", timeSeriesDataColumn: "data", timeSeriesIdColumns: ["series"] };
    const options = { userColumn: "user", itemColumn: "item", ...(modelType.startsWith("ARIMA") ? series : {}) };
    const feedback = modelType === "MATRIX_FACTORIZATION" ? ["EXPLICIT", "IMPLICIT"] : [""];
    return feedback.map((feedbackType) => ({
      ...model,
      trainingRuns: [{ trainingOptions: { ...options, ...(feedbackType === "" ? {} : { feedbackType }) } }],
    }));
  },
);

function modelFunctionTable(): string {
  const takes = {
    none: "",
    may: "a table or query, or none",
    must: "a table or query",
  };
  const rows = [...modelFunctions()].flatMap(([name, { columns, rows: taken, settings, keeps, thresholds }]) => {
    const byColumns = new Map<string, Set<string>>();
    for (const model of DESCRIBED_MODELS) {
      const feedback = model.trainingRuns?.[0]?.trainingOptions?.feedbackType;
      const kind = [model.modelType, feedback].filter((text) => text !== undefined).join(" ");
      const listed = (given: boolean) =>
        columns(model, given)
          ?.map(([column]) => `\`${column}\``)
          .join(", ");
      const [withRows, without] = [listed(true), listed(false)];
      const either = taken !== "may" || withRows === without;
      for (const [list, of] of [
        [taken === "none" ? undefined : withRows, either ? kind : `${kind} with rows`],
        [taken === "must" ? undefined : without, either ? kind : `${kind} without rows`],
      ] as const) {
        if (list !== undefined) byColumns.set(list, (byColumns.get(list) ?? new Set()).add(of));
      }
    }
    const settable = settings.length === 0 ? "" : `STRUCT of ${settings.join(", ")}`;
    return [...byColumns].map(([list, kinds]) => [
      `\`${name}\``,
      [...kinds].join(", "),
      [takes[taken], thresholds === true ? "an array of thresholds" : "", settable]
        .filter((text) => text !== "")
        .join("; "),
      keeps === true ? `${list}; then what it is given` : list,
    ]);
  });
  return table(["function", "of models", "takes beside the model", "gives"], rows);
}

function seriesFunctionTable(): string {
  const rows = [...seriesFunctions()].flatMap(([name, { tables, settings, columns }]) => {
    const given = (history: boolean) =>
      ["`id_cols` as they are", ...columns(history).map(([[column]]) => `\`${column}\``)].join(", ");
    const takes = [
      `${tables.length === 1 ? "a table or query" : `${tables.join(" and ")}, each a table or query`}; data_col, timestamp_col, id_cols, model`,
      ...settings.keys(),
    ].join(", ");
    const [plain, history] = [given(false), given(true)];
    const other = history === plain ? [] : [[`\`${name}\``, "the same, with output_historical_time_series", history]];
    return [[`\`${name}\``, takes, plain], ...other];
  });
  return table(["function", "takes", "gives"], rows);
}

/** With flatten_json_output the other way round, or by a schema of one column. */
function generatingFunctionTable(): string {
  const literal = (value: boolean) => ({ kind: "BooleanLiteral", value, start: 0, end: 0 }) as const;
  const schema = { kind: "StringLiteral", value: "column STRING", start: 0, end: 0 } as const;
  const rows = [...generatingFunctions()].map(([name, { sends, sendsAlso, settings, texts, columns }]) => {
    const lists = [undefined, false, true].map((flatten) =>
      columns(
        new Map<string, Expression>([
          ["output_schema", schema],
          ...(flatten === undefined ? [] : ([["flatten_json_output", literal(flatten)]] as const)),
        ]),
      )
        ?.map(([column, type]) => `\`${column} ${typeName(type)}\``)
        .join(", "),
    );
    return [
      `\`${name}\``,
      [sends, ...(sendsAlso === undefined ? [] : [sendsAlso])].map((column) => `\`${column}\``).join(", "),
      [...settings, ...texts].join(", "),
      `${[...new Set(lists)].join("<br>or ")}; then what it is given`,
    ];
  });
  return table(["function", "sends", "STRUCT of", "gives"], rows);
}

const KINDS_OF_TABLES = ["TABLE", "VIEW", "MATERIALIZED_VIEW"];

/** What is told of a table of each kind, with a field that has a field. */
const TABLES_OF_EACH_KIND: readonly TableResource[] = KINDS_OF_TABLES.map((type, i) => ({
  tableReference: { projectId: "p", datasetId: "d", tableId: `t${i}` },
  type,
  schema: { fields: [{ name: "a", type: "RECORD", fields: [{ name: "b", type: "STRING" }] }] },
}));

function metadataViews(): string {
  const rows = [...METADATA_VIEWS].map(([name, view]) => {
    const shown = view.rows(TABLES_OF_EACH_KIND, "EU");
    const told = (column: string) => shown.some((row) => (row[column] ?? null) !== null);
    const list = (those: readonly string[]) => those.map((column) => `\`${column}\``).join(", ");
    const columns = view.columns().map(([column]) => column);
    const empty = shown.length === 0;
    return [
      `\`${name.startsWith("__") ? name : `INFORMATION_SCHEMA.${name}`}\``,
      empty ? "no rows" : list(columns.filter(told)),
      list(empty ? columns : columns.filter((column) => !told(column))),
    ];
  });
  return table(["view", "tells", "NULL in every row"], rows);
}

function refusedMetadataViews(): string {
  return table(
    ["views", "refused, since"],
    REFUSED_METADATA.map(([reason, names]) => [
      names
        .split(" ")
        .map((name) => `\`${name}\``)
        .join(", "),
      reason,
    ]),
  );
}

function systemVariableTable(): string {
  return table(
    ["variable", ""],
    systemVariables().map((name) => {
      const entry = systemVariable(name);
      return [`\`@@${name}\``, entry === undefined ? "" : systemVariableMeaning(entry)];
    }),
  );
}

function systemVariableMeaning(entry: SystemVariableEntry): string {
  switch (entry.kind) {
    case "constant":
      return "a constant of the run";
    case "row count":
      return "made of what decided which rows the last DML statement of the script changed";
    case "error":
      return "made of all that the statements of the block had to do with, whose failing it tells of";
    case "failed statement":
      return "decided by what decided which statement of the block failed";
    case "cost":
      return "made of all that the statements so far read";
    case "statements run":
      return "decided by what decided which statements have run so far";
    case "refused":
      return `refused: ${entry.reason}`;
    default: {
      const unreachable: never = entry;
      return unreachable;
    }
  }
}

function rulesTable(): string {
  const rows = documentedRules().map(({ file, rule, links }) => [
    `[${file}](../packages/googlesql/src/${file})`,
    rule === "" ? "(the code's name says it)" : rule,
    links.map((link) => `[${link.replace(/^.*\//, "")}](${link})`).join("<br>"),
  ]);
  return table(["where", "rule", "taken from"], rows);
}

interface Property {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Property>>;
}

function limitTables(): string {
  const { limits } = (configJsonSchema() as { properties: Record<string, Property> }).properties;
  return table(
    ["`limits.`", "default", "bounds"],
    Object.entries(limits?.properties ?? {}).flatMap(([section, { properties = {} }]) =>
      Object.entries(properties).map(([key, property]) => [
        `\`${section}.${key}\``,
        `\`${String(property.default)}\``,
        property.description ?? "",
      ]),
    ),
  );
}

function operations(): string {
  return table(
    ["method", "request", "rule", "what is answered, or what it becomes", "query parameters"],
    METHODS.flatMap(({ rule, method, path, query }) =>
      rule.kind === "refuse"
        ? []
        : [
            [
              `\`${rule.name}\``,
              `\`${method} ${path.join("/")}\``,
              rule.kind,
              rule.what,
              query.flatMap((one) => (COMMON.includes(one) ? [] : [`\`${one}\``])).join(", "),
            ],
          ],
    ),
  );
}

function refusedOperations(): string {
  const whys = new Map<string, string[]>();
  for (const { rule } of METHODS)
    if (rule.kind === "refuse") whys.set(rule.why, [...(whys.get(rule.why) ?? []), `\`${rule.name}\``]);
  const rows = [...whys].map(([why, names]) => [names.join(", "), why]);
  return table(
    ["methods", "why, and what to do"],
    [...rows, ...OTHER_PATHS.map(({ begins, why }) => [`\`${begins}…\``, why])],
  );
}

const EXAMPLES = await policyExamples();

function examplesTable(): string {
  return table(["", "query", "purpose", "shows", "who agrees"], EXAMPLES);
}

function names(fields: object): string {
  return Object.keys(fields)
    .map((name) => `\`${name}\``)
    .join(", ");
}

function queryFields(): string {
  return `${names(queryRequest.shape)}.`;
}

function insertFields(): string {
  const { configuration, jobReference } = insertRequest.shape;
  return [
    `- the body: ${names(insertRequest.shape)};`,
    `- \`jobReference\`: ${names(jobReference.unwrap().shape)};`,
    `- \`configuration\`: ${names(configuration.shape)};`,
    ...(["query", "load", "copy", "extract"] as const).map(
      (kind) => `- \`configuration.${kind}\`: ${names(configuration.shape[kind].unwrap().shape)};`,
    ),
    `- tabledata.insertAll: ${names(insertAllRequest.shape)};`,
    `- tables.insert: ${names(tableRequest.shape)};`,
    `- tables.patch: ${names(patchRequest.shape)};`,
    `- datasets.patch: ${names(datasetPatch.shape)};`,
    `- rowAccessPolicies.insert, rowAccessPolicies.update: ${names(rowAccessRequest.shape)};`,
    `- routines.insert, routines.update: ${names(routineRequest.shape)}.`,
  ].join("\n");
}
