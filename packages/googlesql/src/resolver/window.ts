/** Windows: which keys decide over a window function's value. */
import { keysOf, type SourceKey, union } from "../flow/flow.ts";
import type { NamedWindow, OrderItem, Window, WindowSpecification } from "../tree.ts";
import { isGroupable, typeName } from "../types.ts";
import type { Context } from "./context.ts";
import { orderKey } from "./order-item.ts";
import { type Frame, fold, type Scope } from "./scope.ts";

export interface ResolvedWindow {
  readonly keys: ReadonlySet<SourceKey>;
  /** Has an order or a frame, so that each row sees rows of its own. */
  readonly ordered: boolean;
}

export function resolveWindow(context: Context, window: Window, scope: Scope, frame: Frame): ResolvedWindow {
  if (window.kind === "WindowSpecification") return specification(context, window, scope, frame);
  return named(context, window.name.name, window, scope, frame);
}

/** The windows of a WINDOW clause: their names can stand in OVER. */
export function declareWindows(context: Context, windows: readonly NamedWindow[], frame: Frame): void {
  for (const window of windows) {
    const name = fold(window.name.name);
    if (frame.windows.has(name)) context.fail("name", `Duplicate window alias ${window.name.name}`, window);
    frame.windows.set(name, { node: window, keys: null, ordered: false });
  }
}

/** Makes sure that those are analysed too whose name stands nowhere. */
export function resolveWindows(context: Context, windows: readonly NamedWindow[], scope: Scope, frame: Frame): void {
  for (const window of windows) resolveWindow(context, window.window, scope, frame);
}

function named(
  context: Context,
  name: string,
  at: { readonly start: number },
  scope: Scope,
  frame: Frame,
): ResolvedWindow {
  const entry = frame.windows.get(fold(name));
  if (entry === undefined) return context.fail("name", `Unrecognized window alias ${name}`, at);
  if (entry.keys === null) {
    // A window may name only windows before it, so that a name being resolved is not found again.
    frame.windows.delete(fold(name));
    const resolved = resolveWindow(context, entry.node.window, scope, frame);
    entry.keys = resolved.keys;
    entry.ordered = resolved.ordered;
    frame.windows.set(fold(name), entry);
  }
  return { keys: entry.keys, ordered: entry.ordered };
}

function specification(context: Context, window: WindowSpecification, scope: Scope, frame: Frame): ResolvedWindow {
  const sets: ReadonlySet<SourceKey>[] = [];
  let ordered = window.orderBy.length > 0 || window.frame !== null;
  if (window.base !== null) {
    const base = named(context, window.base.name, window.base, scope, frame);
    sets.push(base.keys);
    ordered ||= base.ordered;
  }
  for (const key of window.partitionBy) {
    const value = context.expression(context, key, scope);
    if (!isGroupable(value.type)) {
      context.fail("type", `PARTITION BY is not supported on ${typeName(value.type)}`, key);
    }
    sets.push(keysOf(value.flow));
  }
  sets.push(orderKeys(context, window.orderBy, scope));
  for (const bound of [window.frame?.from, window.frame?.to]) {
    if (bound?.offset) sets.push(keysOf(context.expression(context, bound.offset, scope).flow));
  }
  return { keys: union(sets), ordered };
}

/** The keys of an ORDER BY whose items are plain expressions: no ordinals. */
export function orderKeys(context: Context, items: readonly OrderItem[], scope: Scope): ReadonlySet<SourceKey> {
  return union(items.map((item) => orderKey(context, item, context.expression(context, item.expression, scope))));
}
