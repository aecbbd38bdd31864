/** Set operations that match columns by name. DuckDB gets each input's columns in the result's order, with NULL for what is missing. */
import { anyType } from "./expressions.ts";
import type { Generation, Made } from "./generation.ts";
import type { Body } from "./tree.ts";
import type { Type } from "./types.ts";

const OPERATORS = ["UNION ALL", "UNION DISTINCT", "INTERSECT DISTINCT", "EXCEPT DISTINCT"] as const;

/** Each form with what it gives of the first input's names and the second's. */
const FORMS = [
  { before: "", behind: "BY NAME", mode: "STRICT" },
  { before: "", behind: "STRICT CORRESPONDING", mode: "STRICT" },
  { before: "INNER", behind: "BY NAME", mode: "INNER" },
  { before: "", behind: "CORRESPONDING", mode: "INNER" },
  { before: "LEFT OUTER", behind: "BY NAME", mode: "LEFT" },
  { before: "FULL", behind: "CORRESPONDING", mode: "FULL" },
] as const;

export interface ByName {
  readonly body: Body;
  readonly columns: Made["columns"];
  readonly operator: (typeof OPERATORS)[number];
}

/** `select` makes one input with columns of the types, under the names. */
export function byName(g: Generation, select: (types: readonly Type[], names: readonly string[]) => Made): ByName {
  const { choices } = g;
  const operator = choices.pick(OPERATORS);
  const form = choices.pick(FORMS);
  g.note(`set operation ${form.mode} by name`);
  const types = new Map(Array.from({ length: 2 + choices.below(2) }, (_, i) => [`m${i}`, anyType(g)]));
  const all = [...types.keys()];
  const some = (): string[] => shuffled(g, ["m0", ...all.slice(1).filter(() => choices.chance(60))]);
  const first = form.mode === "STRICT" ? shuffled(g, all) : some();
  const second = form.mode === "STRICT" ? shuffled(g, all) : some();
  const common = first.filter((name) => second.includes(name));
  const given = {
    STRICT: first,
    INNER: common,
    LEFT: first,
    FULL: [...first, ...second.filter((name) => !first.includes(name))],
  }[form.mode];
  const listed =
    form.mode === "INNER" && choices.chance(40) ? shuffled(g, common).slice(0, 1 + choices.below(2)) : null;
  if (listed !== null) g.note("set operation by a list of names");
  const names = listed ?? given;
  const typeOf = (name: string): Type => types.get(name) ?? anyType(g);
  const outs = names.map(() => `c${g.id()}`);
  const inputs = [first, second].map((own) => {
    const made = select(own.map(typeOf), own);
    const bare = made.query.body.kind === "select" && made.query.orderBy.length === 0 && made.query.limit === null;
    const body: Body = bare ? made.query.body : { kind: "query", query: made.query };
    return { body, cells: names.map((name) => made.columns[own.indexOf(name)]?.duck ?? null) };
  });
  const list = listed === null ? "" : ` ${form.behind === "BY NAME" ? "ON" : "BY"} (${listed.join(", ")})`;
  const body: Body = {
    kind: "by name",
    operator,
    before: form.before,
    behind: `${form.behind}${list}`,
    inputs,
    columns: names.map((name, i) => ({ type: typeOf(name), duck: outs[i] ?? "" })),
  };
  const columns = names.map((name, i) => ({ name, type: typeOf(name), duck: outs[i] ?? "" }));
  return { body, columns, operator };
}

function shuffled<T>(g: Generation, list: readonly T[]): T[] {
  const rest = [...list];
  return list.flatMap(() => rest.splice(g.choices.below(rest.length), 1));
}
