/**
 * Functions that ask TimesFM, a model of time series that is built into BigQuery: what they are given stays there, and the model keeps nothing of it. A
 * policy permits each by its name all the same, as it does the other functions of Google's models.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-forecast
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-detect-anomalies
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-evaluate
 */
import { CONSTANT, either, type Flow, keysOf, picked, transformed, union } from "../../flow/flow.ts";
import { once } from "../../once.ts";
import type { Node, TableFunctionCall } from "../../tree.ts";
import { BOOL, FLOAT64, INT64, STRING, sameType, TIMESTAMP, type Type, typeName } from "../../types.ts";
import type { Context } from "../context.ts";
import { noteEffect } from "../effects.ts";
import { modelOfGoogle } from "../model-call.ts";
import type { Column, Relation } from "../scope.ts";
import {
  argumentsByName,
  columnNamed,
  columnsNamed,
  type Given,
  type Input,
  inputOf,
  requireConstant,
  type Surroundings,
} from "./arguments.ts";
import { made, requireDistinct, takeByName } from "./columns-by-name.ts";
import { columns, type ModelColumn } from "./model-function.ts";

/** What a column is made of: of the times or the data alone, of whatever the function reads, or of that or a constant: a setting's value, a word. */
type Of = "times" | "data" | "all" | "told";
type SeriesColumn = readonly [column: ModelColumn, of: Of];

export interface SeriesFunction {
  readonly tables: readonly string[];
  /** Beside the names of columns and of the model. */
  readonly settings: ReadonlyMap<string, Type>;
  /** Behind the columns that tell the series apart. `history`: with output_historical_time_series. */
  readonly columns: (history: boolean) => readonly SeriesColumn[];
}

const of = (which: Of, list: readonly ModelColumn[]): SeriesColumn[] => list.map((column) => [column, which]);
const status = (name: string) => of("told", columns(STRING, name));
const bounds = () => columns(FLOAT64, "prediction_interval_lower_bound prediction_interval_upper_bound");
const HISTORY = "output_historical_time_series";

export const seriesFunctions = once<ReadonlyMap<string, SeriesFunction>>(
  () =>
    new Map<string, SeriesFunction>([
      [
        "AI.FORECAST",
        {
          tables: ["input_data"],
          settings: new Map([
            ["horizon", INT64],
            ["forecast_end_timestamp", TIMESTAMP],
            ["confidence_level", FLOAT64],
            [HISTORY, BOOL],
            ["context_window", INT64],
          ]),
          columns: (history) => [
            ...(history ? of("told", columns(STRING, "time_series_type")) : []),
            ...of("times", columns(TIMESTAMP, history ? "time_series_timestamp" : "forecast_timestamp")),
            ...of("all", columns(FLOAT64, history ? "time_series_data" : "forecast_value")),
            ...of("told", columns(FLOAT64, "confidence_level")),
            ...of("all", bounds()),
            ...status("ai_forecast_status"),
          ],
        },
      ],
      [
        "AI.DETECT_ANOMALIES",
        {
          tables: ["history", "target"],
          settings: new Map([
            ["anomaly_prob_threshold", FLOAT64],
            ["context_window", INT64],
          ]),
          columns: () => [
            // Its reference calls it a STRING, and shows a TIMESTAMP. Where BigQuery's dry run says otherwise, nothing runs.
            ...of("times", columns(TIMESTAMP, "time_series_timestamp")),
            ...of("data", columns(FLOAT64, "time_series_data")),
            ...of("all", columns(BOOL, "is_anomaly")),
            ...of("all", columns(FLOAT64, "lower_bound upper_bound anomaly_probability")),
            ...status("ai_detect_anomalies_status"),
          ],
        },
      ],
      [
        "AI.EVALUATE",
        {
          tables: ["history", "actual"],
          settings: new Map([
            ["horizon", INT64],
            ["context_window", INT64],
          ]),
          columns: () => [
            ...of(
              "all",
              columns(
                FLOAT64,
                "mean_absolute_error mean_squared_error root_mean_squared_error mean_absolute_percentage_error symmetric_mean_absolute_percentage_error mean_absolute_scaled_error",
              ),
            ),
            ...status("ai_evaluate_status"),
          ],
        },
      ],
    ]),
);

/** Those that read of their rows the columns named and no other. TimesFM 3.0 reads others as well, where it is told which. */
const MODELS: ReadonlySet<string> = new Set(["timesfm 2.0", "timesfm 2.5"]);

const NUMBERS: ReadonlySet<string> = new Set(["INT64", "NUMERIC", "BIGNUMERIC", "FLOAT64"]);
const TIMES: ReadonlySet<string> = new Set(["DATE", "DATETIME", "TIMESTAMP"]);
const IDS: ReadonlySet<string> = new Set(["STRING", "INT64", "ARRAY<STRING>", "ARRAY<INT64>"]);

export function seriesFunction(context: Context, node: TableFunctionCall, around: Surroundings): Relation {
  const name = node.name.map((part) => part.name.toUpperCase()).join(".");
  const known = seriesFunctions().get(name);
  if (known === undefined) return context.fail("unsupported", `Table function ${name} is not supported`, node);
  if (around.piped !== undefined) {
    return context.fail("unsupported", `CALL of ${name} is not supported; give it a query in parentheses`, node);
  }
  const named = ["data_col", "timestamp_col", "id_cols", "model", ...known.settings.keys()];
  const given = argumentsByName(context, name, node, known.tables, named, around);
  requireSettings(context, name, known, given);
  const through = modelOfGoogle(context, name, node);
  noteEffect(context, "model", through, []);
  context.localModels.add(through);

  const inputs = known.tables.map((table) => inputOf(context, name, given.get(table), around, node));
  const series = inputs.map((input) => seriesOf(context, name, input, given, node));
  // Of two tables the reference has it that whatever columns they have are variables of what is expected.
  const read =
    inputs.length > 1
      ? inputs.flatMap((input) => input.columns)
      : series.flatMap(({ time, data, ids }) => [time, data, ...ids]);
  // As few values as a series has times go into each: a statistic over many of them would be none over many rows.
  const shown = (flows: readonly Flow[]) => picked(transformed(flows));
  const flows = [...read.map(({ flow }) => flow), ...inputs.map(({ rows }) => rows)];
  context.failing.push(shown(flows));
  const flowOf: Readonly<Record<Of, Flow>> = {
    times: shown(series.map(({ time }) => time.flow)),
    data: shown(series.map(({ data }) => data.flow)),
    all: shown(flows),
    told: shown([...flows, CONSTANT]),
  };
  const list = known.columns(isTrue(given.get(HISTORY)));
  const result = [
    ...idColumns(
      context,
      name,
      series.map(({ ids }) => ids),
      node,
    ),
    ...list.map(([[column, type], which]) => made(context, column, type, flowOf[which])),
  ];
  requireDistinct(context, name, result, [], [], node);
  takeByName(context, node, result);
  return {
    columns: result,
    implicit: union([...inputs.map(({ implicit }) => implicit), ...read.map(({ flow }) => keysOf(flow))]),
    rows: shown(inputs.map(({ rows }) => rows)),
    repeated: true,
    valueTable: false,
  };
}

function isTrue(given: Given | undefined): boolean {
  return given?.kind === "BooleanLiteral" && given.value;
}

/** Settings are constants. Which columns there are, the text itself must say, and which model reads which. */
function requireSettings(
  context: Context,
  name: string,
  { settings }: SeriesFunction,
  given: ReadonlyMap<string, Given>,
): void {
  for (const [setting, type] of settings) {
    const value = given.get(setting);
    if (value === undefined) continue;
    if (setting === HISTORY && value.kind !== "BooleanLiteral") {
      context.fail("unsupported", `${name} takes ${HISTORY} as TRUE or FALSE`, value);
    }
    requireConstant(context, name, value, type);
  }
  const model = given.get("model");
  if (model !== undefined && (model.kind !== "StringLiteral" || !MODELS.has(model.value.toLowerCase()))) {
    context.fail("unsupported", `${name} takes as model 'TimesFM 2.0' or 'TimesFM 2.5'`, model);
  }
}

interface Series {
  readonly time: Column;
  readonly data: Column;
  readonly ids: readonly Column[];
}

/** The columns of a table that the names given are those of. */
function seriesOf(context: Context, name: string, input: Input, given: ReadonlyMap<string, Given>, node: Node): Series {
  const column = (argument: string, types: ReadonlySet<string>) => {
    const found = columnNamed(context, name, input, given.get(argument), node);
    requireType(context, name, found, types, node);
    return found;
  };
  const data = column("data_col", NUMBERS);
  const time = column("timestamp_col", TIMES);
  const listed = given.get("id_cols");
  const ids = listed === undefined ? [] : columnsNamed(context, name, input, listed, node);
  for (const id of ids) requireType(context, name, id, IDS, node);
  return { time, data, ids };
}

function requireType(context: Context, name: string, column: Column, types: ReadonlySet<string>, node: Node): void {
  if (types.has(typeName(column.type))) return;
  context.fail("type", `${name} takes no ${typeName(column.type)} there, but ${[...types].join(", ")}`, node);
}

/** Which series a row is of: unchanged, out of any of the tables. */
function idColumns(context: Context, name: string, tables: readonly (readonly Column[])[], node: Node): Column[] {
  const [first = [], ...others] = tables;
  return first.map((id, i) => {
    const same = others.flatMap((ids) => ids[i] ?? []);
    if (same.some(({ type }) => !sameType(type, id.type))) {
      context.fail("type", `${name} takes of both tables id_cols of one type`, node);
    }
    return made(context, id.name, id.type, picked(either([id, ...same].map(({ flow }) => flow))));
  });
}
