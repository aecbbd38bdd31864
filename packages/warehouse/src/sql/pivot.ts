/** PIVOT under BigQuery's names: `aggregate_value` where DuckDB says `value_aggregate`, `_2020` for a number. */
import { isObject, type Json, type JsonObject } from "../rest/json.ts";
import { as, fromItem, identifier, list, nameOf } from "./tree.ts";

/**
 * The FROM item, in a subquery that renames its columns when the names differ.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#pivot_operator
 */
export function pivotNamed(item: JsonObject, alias: string | undefined): Json {
  const written = as(item, "pivot");
  if (written === undefined) return item;
  const [field, ...fields] = list(written.fields);
  const values = as(field, "in");
  const pivot: JsonObject = {
    ...written,
    fields: [values === undefined ? (field ?? null) : { in: inParentheses(values) }, ...fields],
  };
  const aggregates = list(pivot.expressions).map((e) => nameOf(as(e, "alias")?.alias));
  const renames = list(values?.expressions).flatMap((value) =>
    aggregates.flatMap((aggregate) => renameOf(value, aggregate)),
  );
  if (renames.length === 0) return { pivot };
  const subquery = as(fromItem("(SELECT * FROM x) AS x"), "subquery") ?? {};
  const select = as(subquery.this, "select") ?? {};
  const star = as(list(select.expressions)[0], "star") ?? {};
  const from = isObject(select.from) ? select.from : {};
  const renamed = {
    select: {
      ...select,
      expressions: [{ star: { ...star, rename: renames } }],
      from: { ...from, expressions: [{ pivot: { ...pivot, alias: null } }] },
    },
  };
  return { subquery: { ...subquery, alias: identifier(alias ?? "_pivot"), this: renamed } };
}

/** DuckDB reads `FOR (x)` as a list of columns, and `FOR ((x))` as an expression. */
function inParentheses(values: JsonObject): JsonObject {
  const inner = as(values.this, "paren");
  return inner === undefined ? values : { ...values, this: { paren: { ...inner, this: values.this ?? null } } };
}

/** DuckDB's name and BigQuery's of one column, when they differ. */
function renameOf(value: Json, aggregate: string | undefined): Json[][] {
  const given = as(value, "pivot_alias");
  const literal = as(given?.this ?? value, "literal");
  const text = typeof literal?.value === "string" ? literal.value : undefined;
  const own = given ? nameOf(as(given.alias, "column")?.name) : undefined;
  const duck = own ?? text;
  if (duck === undefined) return [];
  const big = own ?? (literal?.literal_type === "number" ? `_${duck}` : duck);
  const [from, to] = aggregate === undefined ? [duck, big] : [`${duck}_${aggregate}`, `${aggregate}_${big}`];
  return from === to ? [] : [[identifier(from), identifier(to)]];
}
