/** EXECUTE IMMEDIATE: of one text or of several put together, from a variable or not, with parameters by name or by place, into variables. */

import type { Generation } from "./generation.ts";
import { printExpr, printQuery } from "./print.ts";
import { NO_USING } from "./rows.ts";
import { type Column, type Scope, scopeOver } from "./scope.ts";
import type { Step } from "./steps.ts";
import type { Expr, Query } from "./tree.ts";
import { INT64, STRING, type Type } from "./types.ts";

/** What USING gives. */
export interface Passed {
  readonly parameters: readonly Column[];
  readonly values: readonly Expr[];
  readonly steps: readonly Step[];
  /** Each use in the text takes a value of its own. */
  readonly byPlace: boolean;
}

/** `value` makes what is given; `[[n1]]` holds it. */
export function passed(g: Generation, value: (type: Type) => Expr): Passed {
  const { choices } = g;
  const byPlace = !choices.chance(40);
  const types = choices.chance(55)
    ? Array.from({ length: 1 + choices.below(2) }, () => choices.pick([STRING, INT64]))
    : [];
  if (types.length > 0) g.note("EXECUTE IMMEDIATE USING");
  const parameters = types.map((type, i): Column => ({ name: `@a${i}`, type, duck: `[[n${g.id()}]]` }));
  const values = types.map(value);
  const steps = parameters.map(({ type, duck }, i): Step => {
    const expr = values[i];
    if (expr === undefined) throw new Error("no value");
    return { kind: "assign", variable: duck.slice(2, -2), type, sql: `SELECT ${printExpr(expr, "duck")}` };
  });
  return { parameters, values, steps, byPlace };
}

/** The text sees its parameters, and no variable. */
export function scopeOfText({ parameters }: Passed): Scope | null {
  return parameters.length === 0
    ? null
    : scopeOver(null, [{ alias: null, columns: parameters, value: null }], NO_USING);
}

/** `text` is a statement with parameters by name; `into`: the variables that take its row. */
export function immediate(g: Generation, text: string, given: Passed, into: readonly Column[]): string {
  const { choices } = g;
  const written = given.values.map((expr) => printExpr(expr, "google"));
  const used = [...text.matchAll(/@a(\d)/g)].map((match) => Number(match[1]));
  const byPlace = given.byPlace && used.length > 0;
  if (byPlace) g.note("EXECUTE IMMEDIATE USING by place");
  const statement = byPlace ? text.replace(/@a\d/g, "?") : text;
  const list = byPlace ? used.map((i) => written[i] ?? "") : written.map((expr, i) => `${expr} AS a${i}`);
  const using = list.length === 0 ? "" : ` USING ${list.join(", ")}`;
  const targets = into.length === 0 ? "" : ` INTO ${into.map(({ name }) => name).join(", ")}`;
  if (!choices.chance(30)) return `EXECUTE IMMEDIATE ${literals(g, statement)}${targets}${using}`;
  g.note("EXECUTE IMMEDIATE of a variable");
  const name = `s${g.id()}`;
  return `BEGIN DECLARE ${name} STRING DEFAULT ${literals(g, statement)}; EXECUTE IMMEDIATE ${name}${targets}${using}; END`;
}

function literals(g: Generation, text: string): string {
  const raw = (part: string): string => `r"""${part}"""`;
  // Not behind a backslash, which a raw literal can't end with.
  const at = text.indexOf(" ", Math.floor(text.length / 2));
  if (at === -1 || !g.choices.chance(30)) return raw(text);
  g.note("EXECUTE IMMEDIATE of texts put together");
  return `${raw(text.slice(0, at + 1))} || ${raw(text.slice(at + 1))}`;
}

/** The row of `query`, whose columns are as many as the variables. */
export function intoVariables(query: Query, into: readonly Column[]): Step {
  const variables = into.map(({ duck, type }) => ({ variable: duck.slice(2, -2), type }));
  return { kind: "into", variables, sql: printQuery(query, "duck") };
}
