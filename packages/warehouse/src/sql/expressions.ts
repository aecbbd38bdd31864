/** One rule a kind of expression whose meaning or spelling differs between GoogleSQL and DuckDB. */
import { WarehouseError } from "../errors.ts";
import { isObject, type Json, type JsonObject } from "../rest/json.ts";
import { untypedForm, WINDOW_NAMES } from "./macros.ts";
import { COERCE } from "./names.ts";
import { as, call, expression, kindOf, list, nameOf, structOf, textLiteral } from "./tree.ts";

type Rule = (content: JsonObject) => Json | undefined;

const RULES: Readonly<Record<string, Rule>> = {
  div: (n) => call("bq_div_op", n.left ?? null, n.right ?? null),
  mul: (n) => call("bq_mul_op", n.left ?? null, n.right ?? null),
  cast: (n) => cast(n, false),
  safe_cast: (n) => cast(n, true),
  literal: typedLiteral,
  extract,
  interval: (n) => {
    if (as(n.this, "literal") || n.this === null) return spanInterval(n);
    return { interval: { ...n, this: { paren: { this: n.this ?? null, trailing_comments: [] } } } };
  },
  if_func: (n) =>
    expression("CASE WHEN _1 THEN _2 ELSE _3 END", n.condition ?? null, n.true_value ?? null, n.false_value ?? null),
  in: (n) =>
    isObject(n.unnest)
      ? expression(n.not === true ? "NOT list_contains(_2, _1)" : "list_contains(_2, _1)", n.this ?? null, n.unnest)
      : undefined,
  subscript,
  array: (n) => sameNames(n, "array"),
  array_func: (n) => sameNames(n, "array_func"),
  any_value: (n) => {
    const [by, isMax] = list(n.having_max);
    return by === undefined ? undefined : call(isMax === true ? "arg_max" : "arg_min", n.this ?? null, by);
  },
  array_agg: (n) => limited(n, "array_agg"),
  string_agg: (n) => limited(n, "string_agg"),
  parse_json: (n) => expression("CAST(_1 AS JSON)", n.this ?? null),
  sum: (n) => (n.distinct === true || n.filter ? undefined : call("bq_sum", n.this ?? null)),
  count_if: (n) => expression("CAST(_1 AS BIGINT)", { count_if: n }),
  window_function: windowed,
  aggregate_function: (n) =>
    String(n.name).toUpperCase() === "APPROX_QUANTILES" ? quantiles(list(n.args)) : undefined,
  function: functionCall,
  tuple: (n) => structOf(list(n.expressions).map((value, i) => ({ name: `_field_${i + 1}`, value }))),
};

/** The node, rewritten for DuckDB when a rule says so; its members are rewritten already. */
export function rewriteExpression(node: JsonObject): Json {
  const [kind, content] = kindOf(node) ?? ["", {}];
  const rule = Object.hasOwn(RULES, kind) ? RULES[kind] : undefined;
  return rule?.(content) ?? node;
}

const AGGREGATES = new Set([
  "sum",
  "avg",
  "min",
  "max",
  "count",
  "count_if",
  "array_agg",
  "string_agg",
  "any_value",
  "aggregate_function",
  "window_function",
]);

/** Whether a tree aggregates outside of its subqueries. */
function aggregates(tree: Json | undefined): boolean {
  if (Array.isArray(tree)) return tree.some(aggregates);
  if (!isObject(tree) || "select" in tree) return false;
  const macro = as(tree, "function")?.name;
  if (macro === "bq_sum" || macro === "bq_avg" || macro === "bq_logical_or" || macro === "bq_logical_and") return true;
  return Object.entries(tree).some(([kind, member]) => AGGREGATES.has(kind) || aggregates(member));
}

/** A macro call, in the form its arguments allow. */
function macro(name: string, ...args: Json[]): JsonObject {
  return call(args.some(aggregates) ? untypedForm(name) : name, ...args);
}

/** Macros can't stand under OVER: the function goes inside, the macro around the whole. */
function windowed(node: JsonObject): Json | undefined {
  const inner = as(node.this, "function");
  const name = typeof inner?.name === "string" ? inner.name : "";
  const args = list(inner?.args);
  const plain = WINDOW_NAMES.get(name);
  if (plain !== undefined) return { window_function: { ...node, this: call(plain, ...args) } };
  const countIf = as(as(node.this, "cast")?.this, "count_if");
  if (countIf) return expression("CAST(_1 AS BIGINT)", { window_function: { ...node, this: { count_if: countIf } } });
  if ((name === "bq_sum" || name === "bq_avg") && args.some(aggregates)) {
    return { window_function: { ...node, this: call(name.slice("bq_".length), ...args) } };
  }
  if (name === "bq_sum") {
    return call("bq_sum_as", { window_function: { ...node, this: call("sum", ...args) } }, args[0] ?? null);
  }
  if (name === "bq_avg")
    return call("bq_avg_as", { window_function: { ...node, this: call("avg", ...args) } }, args[0] ?? null);
  return undefined;
}

const DUCK_TYPES = new Map([
  ["timestamp", "TIMESTAMPTZ"],
  ["datetime", "TIMESTAMP"],
  ["bignumeric", "DECIMAL(38, 18)"],
  ["bytes", "BLOB"],
  ["geography", "GEOMETRY"],
]);

/** A data type with BigQuery's meaning. `decimal` without digits is NUMERIC. */
function duckType(type: Json | undefined): Json {
  if (!isObject(type)) return type ?? null;
  const name = typeName(type);
  if (name === "decimal" || name === "numeric") return { data_type: "decimal", precision: 38, scale: 9 };
  const target = DUCK_TYPES.get(name);
  if (target === "DECIMAL(38, 18)") return { data_type: "decimal", precision: 38, scale: 18 };
  if (target !== undefined) return { data_type: "custom", name: target };
  const out: JsonObject = { ...type };
  if (type.element_type !== undefined) out.element_type = duckType(type.element_type);
  if (Array.isArray(type.fields)) {
    out.fields = type.fields.map((f) => (isObject(f) ? { ...f, data_type: duckType(f.data_type) } : f));
  }
  return out;
}

function typeName(type: Json | undefined): string {
  if (!isObject(type)) return "";
  const name = type.data_type === "custom" ? type.name : type.data_type;
  return typeof name === "string" ? name.toLowerCase().replace(/\(.*$/, "") : "";
}

function cast(node: JsonObject, safe: boolean): Json {
  const value = node.this ?? null;
  const to = node.to;
  switch (typeName(to)) {
    case "string":
    case "text":
    case "varchar":
      return macro("bq_to_string", value);
    case "bytes":
      return macro("bq_to_bytes", value);
    case "int64":
    case "bigint":
    case "int":
    case "integer":
      return isNull(value)
        ? expression("CAST(NULL AS BIGINT)")
        : macro(safe ? "bq_safe_to_int64" : "bq_to_int64", value);
  }
  if (as(value, "struct") && typeName(to) === "struct") return typedStruct(value, to);
  const element = typeName(to) === "array" && isObject(to) ? to.element_type : undefined;
  const array = as(value, "array") ?? as(value, "array_func");
  if (array && typeName(element) === "struct") {
    const values = list(array.expressions).map((item) => namedBy(item, element));
    return { [as(value, "array") ? "array" : "array_func"]: { ...array, expressions: values } };
  }
  const content = { ...node, to: duckType(to) };
  return safe ? { try_cast: content } : { cast: content };
}

function isNull(node: Json): boolean {
  return isObject(node) && "null" in node;
}

/** `STRUCT<a INT64>(1)`: values by position under the type's names. */
function typedStruct(value: Json, to: Json | undefined): Json {
  const names = isObject(to) ? list(to.fields) : [];
  const values = list(as(value, "struct")?.fields).map((pair) => list(pair)[1] ?? null);
  return structOf(
    values.map((v, i) => {
      const field = names[i];
      const type = isObject(field) ? field.data_type : undefined;
      const name =
        isObject(field) && typeof field.name === "string" && field.name !== "" ? field.name : `_field_${i + 1}`;
      return { name, value: type === undefined ? v : cast({ ...castShape(v), to: type ?? null }, false) };
    }),
  );
}

/** A STRUCT without names of its own, `(1, 'x')`, under the type's. */
function namedBy(value: Json, type: Json | undefined): Json {
  const pack = as(value, "function");
  const args = list(pack?.args).map((arg) => as(arg, "named_argument")?.value);
  if (pack?.name !== "STRUCT_PACK" || args.some((arg) => arg === undefined)) return value;
  return typedStruct({ struct: { fields: args.map((arg) => [null, arg ?? null]) } }, type);
}

/** `[STRUCT(1 AS a), (2)]`: every STRUCT under the first one's names, where DuckDB would give each its own. */
function sameNames(node: JsonObject, kind: "array" | "array_func"): Json | undefined {
  const packs = list(node.expressions).map((item) => ({ item, members: membersOf(item) }));
  const names = packs[0]?.members?.map(({ name }) => name);
  if (names === undefined) return undefined;
  const expressions = packs.map(({ item, members }) =>
    members?.length === names.length
      ? structOf(members.map(({ value }, i) => ({ name: names[i] ?? "", value })))
      : item,
  );
  return { [kind]: { ...node, expressions } };
}

/** The members of a STRUCT written out, in order. */
function membersOf(item: Json): { name: string; value: Json }[] | undefined {
  const pack = as(item, "function");
  if (pack?.name !== "STRUCT_PACK") return undefined;
  return list(pack.args).flatMap((arg) => {
    const named = as(arg, "named_argument");
    return named ? [{ name: nameOf(named.name) ?? "", value: named.value ?? null }] : [];
  });
}

function castShape(value: Json): JsonObject {
  return { ...(as(expression("CAST(_1 AS BIGINT)", value), "cast") ?? {}), this: value };
}

function typedLiteral(node: JsonObject): Json | undefined {
  const value = typeof node.value === "string" ? node.value : "";
  switch (node.literal_type) {
    case "timestamp":
      return expression("CAST(_1 AS TIMESTAMPTZ)", textLiteral(value));
    case "datetime":
      return expression("CAST(_1 AS TIMESTAMP)", textLiteral(value));
    case "byte_string":
      throw new WarehouseError("internalError", "bytes literals are settled before parsing");
    default:
      return undefined;
  }
}

const EXTRACTS = new Map([
  ["dayofweek", "EXTRACT(DAYOFWEEK FROM _1) + 1"],
  ["dayofyear", "EXTRACT(DOY FROM _1)"],
  ["week", "CAST(strftime(_1, '%U') AS BIGINT)"],
  ["isoweek", "EXTRACT(WEEK FROM _1)"],
  ["isoyear", "EXTRACT(ISOYEAR FROM _1)"],
  ["date", "CAST(_1 AS DATE)"],
  ["datetime", "CAST(_1 AS TIMESTAMP)"],
  ["time", "CAST(CAST(_1 AS TIMESTAMP) AS TIME)"],
  ["second", "CAST(FLOOR(EXTRACT(SECOND FROM _1)) AS BIGINT)"],
  ["millisecond", "EXTRACT(MILLISECOND FROM _1) % 1000"],
  ["microsecond", "EXTRACT(MICROSECOND FROM _1) % 1000000"],
]);

function extract(node: JsonObject): Json | undefined {
  const field = node.field;
  const part = typeof field === "string" ? field : isObject(field) ? String(Object.values(field)[0]) : "";
  const text = EXTRACTS.get(part.toLowerCase());
  return text === undefined ? undefined : expression(`(${text})`, node.this ?? null);
}

/** `INTERVAL '1-2 3 4:5:6' YEAR TO SECOND`: DuckDB reads no spans, but the parts one by one. */
function spanInterval(node: JsonObject): Json | undefined {
  const unit = node.unit;
  const text = as(node.this, "literal")?.value;
  if (!isObject(unit) || unit.type !== "span" || typeof text !== "string") return undefined;
  const months = /(-?)(\d+)-(\d+)/.exec(text);
  const clock = /(-?)(\d+):(\d+)(?::(\d+(?:\.\d+)?))?/.exec(text);
  const days = /(?:^| )(-?\d+)(?: |$)/.exec(text);
  const parts = [
    ...(months ? [`${months[1]}${months[2]} years ${months[1]}${months[3]} months`] : []),
    ...(days ? [`${days[1]} days`] : []),
    ...(clock
      ? [`${clock[1]}${clock[2]} hours ${clock[1]}${clock[3]} minutes ${clock[1]}${clock[4] ?? "0"} seconds`]
      : []),
  ];
  return expression("CAST(_1 AS INTERVAL)", textLiteral(parts.join(" ") || "0 days"));
}

function subscript(node: JsonObject): Json {
  const array = node.this ?? null;
  const index = node.index ?? null;
  const accessor = as(index, "function");
  const name = typeof accessor?.name === "string" ? accessor.name.toLowerCase() : "";
  const position = list(accessor?.args)[0] ?? null;
  if (["offset", "safe_offset", "ordinal", "safe_ordinal"].includes(name))
    return call(`bq_at_${name}`, array, position);
  // A JSON value takes a name, an array a number.
  const literal = as(index, "literal");
  if (literal?.literal_type === "string")
    return expression("json_extract(_1, _2)", array, textLiteral(`$.${String(literal.value)}`));
  return call("bq_at_offset", array, index);
}

/** ARRAY_AGG and STRING_AGG: IGNORE NULLS and LIMIT, which DuckDB's have not. */
function limited(node: JsonObject, kind: "array_agg" | "string_agg"): Json | undefined {
  const { limit, ignore_nulls: ignore, ...rest } = node;
  const filter =
    ignore === true && kind === "array_agg" ? expression("_1 IS NOT NULL", node.this ?? null) : (node.filter ?? null);
  const agg = { [kind]: { ...rest, ...(ignore === undefined ? {} : { ignore_nulls: null }), filter, limit: null } };
  if (limit === null || limit === undefined) return ignore === true ? agg : undefined;
  if (kind === "array_agg") return expression("list_slice(_1, 1, _2)", agg, limit);
  const array = as(expression("ARRAY_AGG(_1)", node.this ?? null), "array_agg") ?? {};
  const values = {
    array_agg: {
      ...array,
      order_by: node.order_by ?? [],
      distinct: node.distinct ?? false,
      filter: expression("_1 IS NOT NULL", node.this ?? null),
    },
  };
  return expression("array_to_string(list_slice(_1, 1, _2), _3)", values, limit, node.separator ?? textLiteral(","));
}

/** Arguments that are names of a date part, by macro and position. */
const DATE_PART_ARGUMENT = new Map([
  ["bq_trunc_to", 1],
  ["bq_date_diff", 2],
  ["bq_timestamp_diff", 2],
  ["bq_time_diff", 2],
  ["bq_last_day", 1],
]);

function functionCall(node: JsonObject): Json | undefined {
  const name = typeof node.name === "string" ? node.name : "";
  const lower = name.toLowerCase();
  const args = list(node.args);
  if (lower.startsWith("safe.")) {
    const inner = rewriteExpression({ function: { ...node, name: name.slice(5) } });
    return expression("TRY(_1)", inner);
  }
  const part = DATE_PART_ARGUMENT.get(lower);
  if (part !== undefined) {
    return { function: { ...node, args: args.map((arg, i) => (i === part ? textLiteral(datePart(arg)) : arg)) } };
  }
  switch (lower) {
    case COERCE:
      return expression(`CAST(_1 AS ${String(as(args[1], "literal")?.value)})`, args[0] ?? null);
    case "struct":
      return structOf(args.map((arg, i) => structMember(arg, i)));
    case "bq_regexp_extract":
    case "bq_regexp_extract_all":
      return {
        function: {
          ...node,
          args: [
            args[0] ?? null,
            args[1] ?? null,
            { literal: { literal_type: "number", value: hasGroup(args[1]) ? "1" : "0" } },
          ],
        },
      };
    case "format":
      return format(args);
    case "bq_format_date":
    case "bq_format_datetime":
    case "bq_format_timestamp":
    case "bq_parse_date":
    case "bq_parse_datetime":
    case "bq_parse_timestamp":
      return { function: { ...node, args: [timeFormat(args[0]), ...args.slice(1)] } };
    default:
      return lower.startsWith("bq_") && args.some(aggregates)
        ? { function: { ...node, name: untypedForm(lower) } }
        : undefined;
  }
}

function structMember(arg: Json, i: number): { name: string; value: Json } {
  const alias = as(arg, "alias");
  if (alias) return { name: nameOf(alias.alias) ?? "", value: alias.this ?? null };
  const inferred = nameOf(as(arg, "column")?.name) ?? nameOf(as(arg, "dot")?.field);
  return { name: inferred ?? `_field_${i + 1}`, value: arg };
}

function datePart(arg: Json): string {
  const columnName = nameOf(as(arg, "column")?.name);
  if (columnName !== undefined) return columnName.toLowerCase();
  const week = as(arg, "function") ?? as(arg, "week");
  const day = nameOf(as(list(week?.args)[0] ?? week?.this ?? null, "column")?.name)?.toLowerCase();
  if (day === "monday") return "isoweek";
  if (day === "sunday") return "week";
  const text = as(arg, "var")?.this;
  if (typeof text === "string") return text.toLowerCase();
  throw new WarehouseError("invalidQuery", "A date part was expected");
}

/** Whether a literal regular expression has a capturing group. */
function hasGroup(arg: Json | undefined): boolean {
  const literal = as(arg, "literal");
  const text = typeof literal?.value === "string" ? literal.value : "";
  return /\((?!\?)|\(\?P</.test(text.replaceAll(/\\./g, ""));
}

/** A literal time format with the elements DuckDB's strftime has not. */
function timeFormat(arg: Json | undefined): Json {
  const literal = as(arg, "literal");
  if (typeof literal?.value !== "string") {
    throw new WarehouseError("invalidQuery", "A time format must be a literal in this warehouse");
  }
  const text = literal.value
    .replaceAll("%F", "%Y-%m-%d")
    .replaceAll("%T", "%H:%M:%S")
    .replaceAll("%R", "%H:%M")
    .replaceAll("%D", "%m/%d/%y")
    .replaceAll("%E4Y", "%Y")
    .replaceAll("%E*S", "%S.%f");
  return textLiteral(text);
}

/** APPROX_QUANTILES(x, n) with a literal n: exact here. */
function quantiles(args: readonly Json[]): Json {
  const count = Number(as(args[1], "literal")?.value);
  if (!Number.isInteger(count) || count < 1 || count > 1000)
    throw new WarehouseError("invalidQuery", "APPROX_QUANTILES needs a literal number");
  const points = Array.from({ length: count + 1 }, (_, i) => String(i / count));
  return expression(`QUANTILE_DISC(_1, [${points.join(", ")}])`, args[0] ?? null);
}

/** FORMAT with a literal format: each piece on its own, joined. */
function format(args: readonly Json[]): Json {
  const literal = as(args[0], "literal");
  if (literal?.literal_type !== "string" || typeof literal.value !== "string") {
    throw new WarehouseError("invalidQuery", "FORMAT needs a literal format string in this warehouse");
  }
  const pieces: Json[] = [];
  let next = 1;
  for (const piece of literal.value.match(/%%|%[-+ 0#]*\d*(?:\.\d+)?[a-zA-Z]|[^%]+|%/g) ?? []) {
    if (piece === "%%") pieces.push(textLiteral("%"));
    else if (!piece.startsWith("%")) pieces.push(textLiteral(piece));
    else pieces.push(formatted(piece, args[next++] ?? null));
  }
  if (next !== args.length) throw new WarehouseError("invalidQuery", "Invalid number of arguments to FORMAT");
  return pieces.length === 0 ? textLiteral("") : pieces.reduce((left, right) => expression("(_1 || _2)", left, right));
}

function formatted(spec: string, arg: Json): Json {
  if (spec === "%s" || spec === "%t") return macro("bq_to_string", arg);
  if (spec === "%T") return macro("bq_literal", arg);
  if (/[di]$/.test(spec))
    return call("printf", textLiteral(spec.replace(/i$/, "d")), expression("CAST(_1 AS BIGINT)", arg));
  if (/[feEgG]$/.test(spec)) return call("printf", textLiteral(spec), expression("CAST(_1 AS DOUBLE)", arg));
  if (/[xXo]$/.test(spec)) return call("printf", textLiteral(spec), expression("CAST(_1 AS BIGINT)", arg));
  if (spec.endsWith("s")) return call("printf", textLiteral(spec), macro("bq_to_string", arg));
  throw new WarehouseError("invalidQuery", `Invalid format specifier: ${spec}`);
}
