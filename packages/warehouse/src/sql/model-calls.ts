/**
 * Table functions of models, written out as the queries they amount to: `FROM ML.PREDICT(MODEL m, (…))` is a query over its rows.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-predict
 */
import { WarehouseError } from "../errors.ts";
import type { Feature, Model } from "../model/model.ts";
import { typeText } from "./data-type.ts";
import type { Token } from "./lexer.ts";
import {
  Cursor,
  closingOf,
  commaJoined,
  isSymbol,
  isWord,
  parenthesised,
  quoted,
  splitCommas,
  sql,
  tableRows,
} from "./tokens.ts";

type FindModel = (parts: readonly string[]) => Model;

export function writeOutModels(tokens: readonly Token[], find: FindModel): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i];
    if (token === undefined) break;
    const opens = isSymbol(tokens[i + 3], "(") && isWord(tokens[i + 4], "MODEL");
    if (!opens || !isWord(token, "ML") || !isSymbol(tokens[i + 1], ".") || isSymbol(tokens[i - 1], ".")) {
      out.push(token);
      continue;
    }
    const end = closingOf(tokens, i + 3);
    const name = tokens[i + 2];
    const called = name?.kind === "word" ? name.text.toUpperCase() : "";
    out.push(...parenthesised(calledQuery(called, splitCommas(tokens.slice(i + 4, end - 1)), find)));
    i = end - 1;
  }
  return out;
}

function calledQuery(name: string, args: readonly Token[][], find: FindModel): Token[] {
  const [first = [], ...rest] = args;
  const cursor = new Cursor(first);
  cursor.expect("MODEL");
  const model = find(cursor.path());
  const settings = rest.find((argument) => isWord(argument[0], "STRUCT"));
  const given = rest.find((argument) => argument !== settings);
  const rows = given && writeOutModels(tableRows(given), find);
  switch (name) {
    case "PREDICT":
      if (rows === undefined) break;
      return predictedRows(model, rows, thresholdOf(settings));
    case "EVALUATE":
      if (settings !== undefined) break;
      return rows === undefined ? evaluatedBefore(model) : evaluatedRows(model, rows);
    case "WEIGHTS":
      if (rest.length > 0) break;
      return weightRows(model);
  }
  throw new WarehouseError("invalidQuery", `ML.${name} with these arguments is not supported by this warehouse`);
}

function thresholdOf(settings: readonly Token[] | undefined): Token[] {
  if (settings === undefined) return sql("0.5");
  const [value, ...more] = splitCommas(new Cursor(settings.slice(1)).group());
  const cursor = new Cursor(value ?? []);
  const number = cursor.until((c) => c.sees("AS"));
  if (more.length > 0 || !cursor.accept("AS", "THRESHOLD")) {
    throw new WarehouseError("invalidQuery", "ML.PREDICT takes of settings threshold");
  }
  return number;
}

const text = (value: string): Token => ({ kind: "string", value, at: -1, end: -1 });

/** A double to its last bit, as DuckDB reads a text. */
function double(value: number | null): Token[] {
  return value === null ? sql("CAST(NULL AS FLOAT64)") : [...sql("CAST("), text(String(value)), ...sql("AS FLOAT64)")];
}

/** The model's sum over a row's features. */
function sumOf(model: Model): Token[] {
  return [...double(model.intercept), ...model.features.flatMap((feature) => [...sql("+"), ...termOf(feature)])];
}

function termOf(feature: Feature): Token[] {
  const column = quoted(feature.field.name);
  if (feature.kind === "number") {
    const value = [...sql("IFNULL(CAST("), column, ...sql("AS FLOAT64),"), ...double(feature.mean), ...sql(")")];
    return [...double(feature.weight), ...sql("*"), ...value];
  }
  const cases = feature.weights.flatMap(([category, weight]) => [
    ...sql("WHEN"),
    text(category),
    ...sql("THEN"),
    ...double(weight),
  ]);
  if (cases.length === 0) return double(0);
  return [...sql("CASE"), column, ...cases, ...sql("ELSE"), ...double(0), ...sql("END")];
}

function predictedRows(model: Model, rows: readonly Token[], threshold: readonly Token[]): Token[] {
  const label = `predicted_${model.label.name}`;
  const over = (source: readonly Token[]) => [...sql("FROM"), ...parenthesised(source)];
  if (model.labels === undefined) {
    return [...sql("SELECT"), ...sumOf(model), ...sql("AS"), quoted(label), ...sql(", *"), ...over(rows)];
  }
  const [first, second] = model.labels.map((one) => [
    ...sql("CAST("),
    text(one),
    ...sql(`AS ${typeText({ ...model.label, mode: "NULLABLE" })})`),
  ]);
  const share = [...sql("(1.0 / (1.0 + EXP(-("), ...sumOf(model), ...sql("))))")];
  const probability = (of: readonly Token[], value: readonly Token[]) => [
    ...sql("STRUCT("),
    ...of,
    ...sql("AS label,"),
    ...value,
    ...sql("AS prob)"),
  ];
  return [
    ...[...sql("SELECT IF("), ...share, ...sql(">="), ...threshold, ...sql(",")],
    ...[...(first ?? []), ...sql(","), ...(second ?? []), ...sql(") AS"), quoted(label), ...sql(", [")],
    ...probability(first ?? [], share),
    ...sql(","),
    ...probability(second ?? [], [...sql("1.0 -"), ...share]),
    ...[...sql("] AS"), quoted(`${label}_probs`), ...sql(", *")],
    ...over(rows),
  ];
}

/** The errors of a line over rows that have its label. */
export function evaluatedRows(model: Model, rows: readonly Token[]): Token[] {
  if (model.labels !== undefined) {
    throw new WarehouseError("invalidQuery", "ML.EVALUATE of a logistic regression is not supported by this warehouse");
  }
  const label = [...sql("CAST("), quoted(model.label.name), ...sql("AS FLOAT64)")];
  const compared = [
    ...sql("SELECT"),
    ...label,
    ...sql("AS y,"),
    ...sumOf(model),
    ...sql("AS p FROM"),
    ...parenthesised(rows),
  ];
  return [
    ...sql(`SELECT AVG(ABS(y - p)) AS mean_absolute_error, AVG((y - p) * (y - p)) AS mean_squared_error,
      AVG(IF(y > -1.0 AND p > -1.0, POW(LN(1.0 + y) - LN(1.0 + p), 2.0), NULL)) AS mean_squared_log_error,
      APPROX_QUANTILES(ABS(y - p), 2)[OFFSET(1)] AS median_absolute_error,
      1.0 - SUM((y - p) * (y - p)) / NULLIF(SUM(y * y) - SUM(y) * SUM(y) / COUNT(y), 0.0) AS r2_score,
      1.0 - VAR_POP(y - p) / NULLIF(VAR_POP(y), 0.0) AS explained_variance FROM`),
    ...parenthesised(compared),
    ...sql("WHERE y IS NOT NULL"),
  ];
}

function evaluatedBefore({ evaluation, reference }: Model): Token[] {
  if (evaluation.length === 0) {
    throw new WarehouseError("invalidQuery", `ML.EVALUATE of ${reference.modelId} is not supported by this warehouse`);
  }
  const items = evaluation.map(([name, value]) => [...double(value), ...sql("AS"), quoted(name)]);
  return [...sql("SELECT"), ...commaJoined(items)];
}

const NO_CATEGORIES = "CAST([] AS ARRAY<STRUCT<category STRING, weight FLOAT64>>)";

function weightRows(model: Model): Token[] {
  const row = (name: string, weight: number | null, categories: readonly Token[]) => [
    ...[...sql("SELECT"), text(name), ...sql("AS processed_input,"), ...double(weight), ...sql("AS weight,")],
    ...[...categories, ...sql("AS category_weights")],
  ];
  const rows = model.features.map((feature) => {
    if (feature.kind === "number") return row(feature.field.name, feature.weight, sql(NO_CATEGORIES));
    const categories = feature.weights.map(([category, weight]) => [
      ...[...sql("STRUCT("), text(category), ...sql("AS category,"), ...double(weight), ...sql("AS weight)")],
    ]);
    const list = categories.length === 0 ? sql(NO_CATEGORIES) : [...sql("["), ...commaJoined(categories), ...sql("]")];
    return row(feature.field.name, null, list);
  });
  const all = [...rows, row("__INTERCEPT__", model.intercept, sql(NO_CATEGORIES))];
  return all.flatMap((one, i) => (i === 0 ? one : [...sql("UNION ALL"), ...one]));
}
