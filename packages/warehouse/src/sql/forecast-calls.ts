/**
 * AI.FORECAST, written out as a query by a rule that is no forecast of use: of each series its mean, between its least and its greatest value, for the
 * days behind its last.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-forecast#output
 */
import { WarehouseError } from "../errors.ts";
import type { Token } from "./lexer.ts";
import { closingOf, isSymbol, isWord, nameText, parenthesised, quoted, splitCommas, sql, tableRows } from "./tokens.ts";

export function writeOutForecasts(tokens: readonly Token[]): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i];
    if (token === undefined) break;
    const calls = isWord(token, "AI") && isSymbol(tokens[i + 1], ".") && !isSymbol(tokens[i - 1], ".");
    if (!calls || !isWord(tokens[i + 2], "FORECAST") || !isSymbol(tokens[i + 3], "(")) {
      out.push(token);
      continue;
    }
    const end = closingOf(tokens, i + 3);
    out.push(...parenthesised(forecast(splitCommas(tokens.slice(i + 4, end - 1)))));
    i = end - 1;
  }
  return out;
}

function forecast([table = [], ...settings]: readonly Token[][]): Token[] {
  const given = new Map(settings.map(setting));
  const take = (name: string) => {
    const value = given.get(name);
    given.delete(name);
    return value;
  };
  const data = [...sql("CAST("), ...columns(take("data_col")), ...sql("AS FLOAT64)")];
  const [time] = columns(take("timestamp_col"));
  const ids = columns(take("id_cols") ?? []).flatMap((id) => [id, ...sql(",")]);
  const horizon = take("horizon") ?? sql("10");
  const level = take("confidence_level") ?? sql("0.95");
  if (time === undefined || given.size > 0) throw unsupported();
  return [
    ...[...sql("SELECT"), ...ids, ...sql("TIMESTAMP_ADD(TIMESTAMP(MAX("), time],
    ...sql(")), INTERVAL ahead DAY) AS forecast_timestamp, AVG("),
    ...[...data, ...sql(") AS forecast_value,"), ...level, ...sql("AS confidence_level, MIN("), ...data],
    ...[...sql(") AS prediction_interval_lower_bound, MAX("), ...data],
    ...sql(") AS prediction_interval_upper_bound, '' AS ai_forecast_status FROM"),
    ...parenthesised(writeOutForecasts(tableRows(table))),
    ...[...sql("CROSS JOIN UNNEST(GENERATE_ARRAY(1,"), ...horizon, ...sql(")) AS ahead GROUP BY"), ...ids],
    ...sql("ahead"),
  ];
}

function unsupported(): WarehouseError {
  return new WarehouseError("invalidQuery", "AI.FORECAST with these arguments is not supported by this warehouse");
}

/** `name => value` */
function setting(argument: readonly Token[]): [name: string, value: Token[]] {
  const [name, arrow] = argument;
  if (!isSymbol(arrow, "=>")) throw unsupported();
  return [(nameText(name) ?? "").toLowerCase(), argument.slice(2)];
}

/** Those that a string names, or an array of strings. */
function columns(value: readonly Token[] = []): Token[] {
  return value.flatMap((token) => (token.kind === "string" ? [quoted(token.value)] : []));
}
