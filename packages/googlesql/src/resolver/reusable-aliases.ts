/**
 * Names of the SELECT list that the items behind them and WHERE may use. Whether they may is a setting of the project's, which nobody
 * tells who sends a query: where FROM has nothing of the name, it stands for the item with the setting on, and for what a query around or
 * a script has of that name with it off. Where these are two, the name is refused.
 * https://cloud.google.com/bigquery/docs/column-aliases
 */
import type { Context } from "./context.ts";
import { type Frame, fold, type Scope } from "./scope.ts";
import type { Item } from "./select-list.ts";

/** `name` was looked for from `scope` outwards, and found in `provider` or in no scope. */
export function noteOutside(name: string, at: { readonly start: number }, scope: Scope, provider: Scope | null): void {
  for (let s: Scope | null = scope; s !== null && s !== provider; s = s.parent) {
    if (s.frame === null || s.frame === provider?.frame) continue;
    s.frame.outside ??= new Map();
    s.frame.outside.set(fold(name), at);
  }
}

export function refuseReused(context: Context, items: readonly Item[], frame: Frame): void {
  const others = new Set<string>();
  const refuse = ({ outside }: Pick<Frame, "outside">): void => {
    for (const [name, at] of outside ?? []) {
      if (!others.has(name)) continue;
      const message = `${name} is a column of the SELECT list and a name outside of its query; give the column another alias`;
      context.fail("name", message, at);
    }
  };
  for (const item of items) {
    refuse(item);
    if (!isItself(item)) others.add(fold(item.name));
  }
  refuse(frame);
}

/** `x` under its own name stands for what it names. */
function isItself({ name, expression }: Item): boolean {
  if (expression?.kind !== "PathExpression") return false;
  const [only, more] = expression.parts;
  return only !== undefined && more === undefined && fold(only.name) === fold(name);
}
