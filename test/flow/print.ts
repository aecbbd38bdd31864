/** The tree as text, once in each dialect. Nothing here knows what a query means. */
import { duckDatum } from "./schema.ts";
import type { Body, Expr, From, Item, OrderItem, Query, Select } from "./tree.ts";
import { duckType, googleType } from "./types.ts";

/** `pipes` is GoogleSQL with pipe operators wherever a SELECT can be written so; it means the same. */
export type Dialect = "google" | "pipes" | "duck";

/** In DuckDB's text a base table is `{{people}}`, so that it can stand for any database's. */
export function printQuery(query: Query, dialect: Dialect): string {
  const g = dialect !== "duck";
  const parts: string[] = [];
  if (query.commonTables.length > 0) {
    const tables = query.commonTables.map((c) => `${g ? c.google : c.duck} AS (${printQuery(c.query, dialect)})`);
    const recursive = query.commonTables.some((c) => c.recursive);
    parts.push(`WITH ${recursive ? "RECURSIVE " : ""}${tables.join(", ")}`);
  }
  if (dialect === "pipes" && query.body.kind === "select" && isPipeable(query.body, query.orderBy)) {
    parts.push(printPipe(query.body, query));
    return parts.join(" ");
  }
  parts.push(printBody(query.body, dialect));
  if (query.orderBy.length > 0) parts.push(`ORDER BY ${printOrder(query.orderBy, dialect)}`);
  if (query.limit !== null) parts.push(`LIMIT ${query.limit}`);
  if (query.offset !== null) parts.push(`OFFSET ${query.offset}`);
  return parts.join(" ");
}

function printBody(body: Body, dialect: Dialect): string {
  switch (body.kind) {
    case "select":
      return printSelect(body, dialect);
    case "query":
      return `(${printQuery(body.query, dialect)})`;
    case "set": {
      const operator = dialect !== "duck" ? body.operator : body.operator.replace(" DISTINCT", "");
      const inputs = body.inputs.map((input) => {
        if (dialect !== "pipes" || input.kind !== "select" || !isPipeable(input, [])) return printBody(input, dialect);
        return `(${printPipe(input, { orderBy: [], limit: null, offset: null })})`;
      });
      return inputs.join(` ${operator} `);
    }
    case "by name": {
      const { operator, before, behind, inputs, columns } = body;
      if (dialect !== "duck") {
        const written = `${before === "" ? "" : `${before} `}${operator} ${behind}`;
        return inputs.map((input) => printBody(input.body, dialect)).join(` ${written} `);
      }
      const aligned = inputs.map(({ body, cells }) => {
        const list = columns.map(({ type, duck }, i) => {
          const cell = cells[i] ?? null;
          return `${cell === null ? `CAST(NULL AS ${duckType(type)})` : `d.${cell}`} AS ${duck}`;
        });
        return `SELECT ${list.join(", ")} FROM (${printBody(body, dialect)}) AS d`;
      });
      return aligned.join(` ${operator.replace(" DISTINCT", "")} `);
    }
  }
}

function printSelect(select: Select, dialect: Dialect): string {
  const g = dialect !== "duck";
  const parts = ["SELECT"];
  if (select.distinct) parts.push("DISTINCT");
  if (g) {
    if (select.as !== "") parts.push(`AS ${select.as}`);
    parts.push(select.items.map((item) => printItem(item, dialect)).join(", "));
  } else if (select.as === "STRUCT") {
    const fields = select.columns.map((c) => `'${c.name}': ${printExpr(c.expr, dialect)}`);
    parts.push(`{${fields.join(", ")}} AS ${select.columns[0]?.duck}`);
  } else parts.push(select.columns.map((c) => `${printExpr(c.expr, dialect)} AS ${c.duck}`).join(", "));
  if (select.from !== null) parts.push(`FROM ${printFrom(select.from, dialect)}`);
  if (select.where !== null) parts.push(`WHERE ${printExpr(select.where, dialect)}`);
  if (select.groupBy !== null) {
    const { form, keys } = select.groupBy;
    const list = keys.map((key) => (g ? (key.google ?? printExpr(key.expr, dialect)) : printExpr(key.expr, dialect)));
    if (form === "ALL" && g) parts.push("GROUP BY ALL");
    else if (list.length > 0)
      parts.push(`GROUP BY ${form === "" || form === "ALL" ? list.join(", ") : `${form}(${list.join(", ")})`}`);
  }
  if (select.having !== null) parts.push(`HAVING ${printExpr(select.having, dialect)}`);
  if (select.qualify !== null) parts.push(`QUALIFY ${printExpr(select.qualify, dialect)}`);
  if (g && select.windows.length > 0) {
    parts.push(`WINDOW ${select.windows.map((w) => `${w.name} AS (${printWindow(w, dialect)})`).join(", ")}`);
  }
  return parts.join(" ");
}

/** FROM, then what a SELECT does in the order it does it. Its sorting stands before the list, where all columns still are. */
function printPipe(select: Select, { orderBy, limit, offset }: Pick<Query, "orderBy" | "limit" | "offset">): string {
  const pipes = select.from === null ? [] : [`FROM ${printFrom(select.from, "pipes")}`];
  if (select.where !== null) pipes.push(`WHERE ${printExpr(select.where, "pipes")}`);
  if (orderBy.length > 0) pipes.push(`ORDER BY ${printOrder(orderBy, "pipes")}`);
  pipes.push(printSelect({ ...select, from: null, where: null }, "pipes"));
  if (limit !== null) pipes.push(`LIMIT ${limit}${offset === null ? "" : ` OFFSET ${offset}`}`);
  return pipes.join(" |> ");
}

/** Whether the list takes rows one by one, and the order needs nothing of the list. */
function isPipeable(select: Select, orderBy: readonly OrderItem[]): boolean {
  const plain = select.from !== null && select.groupBy === null && select.having === null && select.qualify === null;
  const early = !select.distinct && orderBy.every((item) => item.ordinal === null && !holds(item.expr, "alias"));
  return plain && (orderBy.length === 0 || early) && !select.columns.some(({ expr }) => holds(expr, "aggregate"));
}

/** Whether an expression of this kind stands in `tree`, outside its subqueries. */
function holds(tree: unknown, kind: Expr["kind"]): boolean {
  if (Array.isArray(tree)) return tree.some((part) => holds(part, kind));
  if (typeof tree !== "object" || tree === null) return false;
  if ("kind" in tree && tree.kind === kind) return true;
  return Object.entries(tree).some(([name, part]) => name !== "query" && holds(part, kind));
}

function printItem(item: Item, dialect: Dialect): string {
  if (item.kind === "expression") {
    return item.alias === null ? printExpr(item.expr, dialect) : `${printExpr(item.expr, dialect)} AS ${item.alias}`;
  }
  const owner =
    item.owner === null ? "" : typeof item.owner === "string" ? `${item.owner}.` : `${printExpr(item.owner, dialect)}.`;
  const except = item.except.length === 0 ? "" : ` EXCEPT (${item.except.join(", ")})`;
  const replaced = item.replace.map((r) => `${printExpr(r.expr, dialect)} AS ${r.name}`);
  return `${owner}*${except}${replaced.length === 0 ? "" : ` REPLACE (${replaced.join(", ")})`}`;
}

function printOrder(items: readonly OrderItem[], dialect: Dialect): string {
  return items
    .map((item) => {
      const expr = item.ordinal === null ? printExpr(item.expr, dialect) : String(item.ordinal);
      // BigQuery's NULLs are the smallest values.
      const nulls = dialect !== "duck" ? "" : item.descending ? " NULLS LAST" : " NULLS FIRST";
      return `${expr}${item.descending ? " DESC" : ""}${nulls}`;
    })
    .join(", ");
}

function printFrom(from: From, dialect: Dialect): string {
  const g = dialect !== "duck";
  const named = (text: string, alias: string | null): string => (alias === null ? text : `${text} AS ${alias}`);
  switch (from.kind) {
    case "table":
      return g ? named(from.google, from.alias) : `{{${from.table}}} AS ${from.duck}`;
    case "common":
      return g ? named(from.google, from.alias) : `${from.source} AS ${from.duck}`;
    case "wildcard": {
      if (g) return named(from.google, from.alias);
      const parts = from.parts.map(({ table, suffix }) => `SELECT *, '${suffix}' AS suffix FROM {{${table}}}`);
      return `(${parts.join(" UNION ALL ")}) AS ${from.duck}`;
    }
    case "stored": {
      if (!g) return `(${fill(from.body, from.args, dialect)}) AS ${from.duck}`;
      const args = from.args.map((arg) => printExpr(arg, dialect)).join(", ");
      return named(from.call ? `${from.google}(${args})` : from.google, from.alias);
    }
    case "derived":
      return named(`(${printQuery(from.query, dialect)})`, g ? from.alias : from.duck);
    case "unnest": {
      const array = printExpr(from.array, dialect);
      if (g) {
        const offset = from.offset === null ? "" : ` WITH OFFSET AS ${from.offset}`;
        return `${named(from.asPath ? array : `UNNEST(${array})`, from.alias)}${offset}`;
      }
      return `LATERAL (SELECT unnest(u.a) AS x, generate_subscripts(u.a, 1) - 1 AS o FROM (SELECT ${array} AS a) AS u) AS ${from.duck}`;
    }
    case "pivot": {
      const source = printFrom(from.source, dialect);
      if (!g) {
        const cells = from.cells.map((cell) => `${printExpr(cell.expr, dialect)} AS ${cell.duck}`);
        const groups = from.groups.map((key) => printExpr(key, dialect));
        const grouped = groups.length === 0 ? "" : ` GROUP BY ${groups.join(", ")}`;
        return `(SELECT ${cells.join(", ")} FROM ${source}${grouped}) AS ${from.duck}`;
      }
      const list = (items: typeof from.values): string =>
        items.map(({ expr, alias }) => `${printExpr(expr, dialect)} AS ${alias}`).join(", ");
      const input = `(${printExpr(from.input, dialect)})`;
      return named(`${source} PIVOT(${list(from.aggregates)} FOR ${input} IN (${list(from.values)}))`, from.alias);
    }
    case "unpivot": {
      const source = printFrom(from.source, dialect);
      if (!g) {
        const rows = from.turned.map(({ duck, label }) => {
          const list = [...from.kept, duck, `'${label}'`].map((column, i) => `${column} AS ${from.outs[i]}`);
          const where = from.nulls === "INCLUDE" ? "" : ` WHERE ${duck} IS NOT NULL`;
          return `SELECT ${list.join(", ")} FROM ${source}${where}`;
        });
        return `(${rows.join(" UNION ALL ")}) AS ${from.duck}`;
      }
      const columns = from.turned.map(({ google, label, written }) => (written ? `${google} AS '${label}'` : google));
      const nulls = from.nulls === "" ? "" : ` ${from.nulls} NULLS`;
      const text = `UNPIVOT${nulls} (${from.value} FOR ${from.label} IN (${columns.join(", ")}))`;
      return named(`${source} ${text}`, from.alias);
    }
    case "join": {
      const left = printFrom(from.left, dialect);
      const right = printFrom(from.right, dialect);
      const nested = from.right.kind === "join" ? `(${right})` : right;
      if (from.type === ",") return g ? `${left}, ${nested}` : `${left} CROSS JOIN ${nested}`;
      const condition =
        from.using.length > 0
          ? g
            ? ` USING (${from.using.map((u) => u.name).join(", ")})`
            : ` ON ${from.using.map((u) => `${u.left} = ${u.right}`).join(" AND ")}`
          : from.on === null
            ? ""
            : ` ON ${printExpr(from.on, dialect)}`;
      return `${left} ${from.type} JOIN ${nested}${condition}`;
    }
  }
}

function printWindow(window: Extract<Expr, { kind: "window" }>, dialect: Dialect): string {
  const parts: string[] = [];
  if (window.partitionBy.length > 0) {
    parts.push(`PARTITION BY ${window.partitionBy.map((e) => printExpr(e, dialect)).join(", ")}`);
  }
  if (window.orderBy.length > 0) parts.push(`ORDER BY ${printOrder(window.orderBy, dialect)}`);
  if (window.frame !== "") parts.push(window.frame);
  return parts.join(" ");
}

function fill(template: string, args: readonly Expr[], dialect: Dialect): string {
  return template.replace(/\$(\d)/g, (_, n: string) => {
    const arg = args[Number(n) - 1];
    if (arg === undefined) throw new Error(`no argument ${n} in ${template}`);
    return printExpr(arg, dialect);
  });
}

function structLiteral(names: readonly string[], args: readonly Expr[], dialect: Dialect): string {
  const g = dialect !== "duck";
  const fields = args.map((a, i) =>
    g ? `${printExpr(a, dialect)} AS ${names[i]}` : `'${names[i]}': ${printExpr(a, dialect)}`,
  );
  return g ? `STRUCT(${fields.join(", ")})` : `{${fields.join(", ")}}`;
}

export function printExpr(expr: Expr, dialect: Dialect): string {
  const g = dialect !== "duck";
  switch (expr.kind) {
    case "literal":
      return g ? googleLiteral(expr) : duckDatum(expr.value, expr.type);
    case "reference":
      return g ? expr.google : expr.duck;
    case "alias":
      return g ? expr.google : printExpr(expr.of, dialect);
    case "apply":
      return fill(g ? expr.google : expr.duck, expr.args, dialect);
    case "field":
      if (!g) return `struct_extract(${printExpr(expr.operand, dialect)}, '${expr.name}')`;
      return expr.operand.kind === "reference" || expr.operand.kind === "field"
        ? `${printExpr(expr.operand, dialect)}.${expr.name}`
        : `(${printExpr(expr.operand, dialect)}).${expr.name}`;
    case "struct":
      return structLiteral(expr.names, expr.args, dialect);
    case "row":
      return g ? expr.google : structLiteral(expr.names, expr.args, dialect);
    case "array":
      return `[${expr.args.map((a) => printExpr(a, dialect)).join(", ")}]`;
    case "subquery":
      return `${expr.form}(${printQuery(expr.query, dialect)})`;
    case "in":
      return `(${printExpr(expr.operand, dialect)} ${expr.not ? "NOT " : ""}IN (${printQuery(expr.query, dialect)}))`;
    case "with":
      return g
        ? `WITH(${expr.name} AS ${printExpr(expr.value, dialect)}, ${printExpr(expr.result, dialect)})`
        : printExpr(expr.result, dialect);
    case "aggregate": {
      const [name, template] = g ? expr.google : expr.duck;
      const inner = [`${expr.distinct ? "DISTINCT " : ""}${fill(template, expr.args, dialect)}`];
      if (g && expr.ignoreNulls) inner.push("IGNORE NULLS");
      if (expr.orderBy.length > 0) inner.push(`ORDER BY ${printOrder(expr.orderBy, dialect)}`);
      if (g && expr.limit !== null) inner.push(`LIMIT ${expr.limit}`);
      const call = `${name}(${inner.join(" ")})`;
      if (g) return call;
      const [first] = expr.args;
      const filter = expr.ignoreNulls && first ? ` FILTER (WHERE ${printExpr(first, dialect)} IS NOT NULL)` : "";
      const sliced = expr.limit === null ? `${call}${filter}` : `(${call}${filter})[1:${expr.limit}]`;
      return expr.type.kind === "scalar" && expr.type.name === "INT64" ? `CAST(${sliced} AS BIGINT)` : sliced;
    }
    case "window": {
      const call = fill(g ? expr.google : expr.duck, expr.args, dialect);
      const over = g && expr.name !== null ? expr.name : `(${printWindow(expr, dialect)})`;
      const whole = `${call} OVER ${over}`;
      return !g && expr.type.kind === "scalar" && expr.type.name === "INT64" ? `CAST(${whole} AS BIGINT)` : whole;
    }
  }
}

function googleLiteral(expr: Extract<Expr, { kind: "literal" }>): string {
  const { type, value } = expr;
  if (value === null) return `CAST(NULL AS ${googleType(type)})`;
  if (type.kind !== "scalar") throw new Error("only scalars are literals");
  const text = String(value).replaceAll("'", "\\'");
  switch (type.name) {
    case "STRING":
      return `'${text}'`;
    case "DATE":
    case "NUMERIC":
      return `${type.name} '${text}'`;
    case "FLOAT64":
      return Number.isInteger(value) ? `${text}.0` : text;
    case "INT64":
      return text.startsWith("-") ? `(${text})` : text;
    case "BOOL":
      return text.toUpperCase();
  }
}
