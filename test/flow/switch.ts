/**
 * Which mutant is on. All of the resolver's and the catalogue's stand in one copy of them, each behind `globalThis.mutant(…)` or
 * `globalThis.weakened(entry)`: turning one on costs no loading. Imported before the resolver.
 */
import type { FunctionEntry } from "../../packages/googlesql/src/functions/signature.ts";
import { remarked } from "./catalogue-lines.ts";

type Entries = (kind: FunctionEntry["kind"], via: FunctionEntry["via"], lines: string) => FunctionEntry[];

let on = process.env.MUTANT ?? "";
/** A place is asked often, by its number. */
let numbered = numberOf(on);
let notes = false;
/** The mutants whose place was reached since somebody last looked. */
export const reached = new Set<string>();

function weakened(entry: FunctionEntry | undefined, entries: Entries): FunctionEntry | undefined {
  if (entry === undefined) return undefined;
  const { name, kind, via, written } = entry;
  if (notes) reached.add(`entry ${name}`);
  const [what, which, overload, ...rest] = on.split(" ");
  if (what !== "entry" || which !== name) return entry;
  const lines = written.map((line, i) => (`${i}` === overload ? remarked(line, Number(rest[0]), rest[1] ?? "") : line));
  const other = overload === "via" ? (rest[0] as FunctionEntry["via"]) : via;
  return entries(kind, other, lines.map((line) => `${name}${line}`).join("\n"))[0];
}

/**
 * A table that a file makes when it is loaded, as it is with the mutant that is on: made again for each. `make` holds the mutants' places,
 * which so are reached where somebody looks into the table.
 */
function remade(make: () => object): object {
  const latest = (): object => make();
  return new Proxy(
    {},
    {
      get(_, key) {
        const table = latest();
        const found: unknown = Reflect.get(table, key, table);
        return typeof found === "function" ? found.bind(table) : found;
      },
      has: (_, key) => Reflect.has(latest(), key),
      ownKeys: () => Reflect.ownKeys(latest()),
      getOwnPropertyDescriptor: (_, key) => {
        const found = Reflect.getOwnPropertyDescriptor(latest(), key);
        return found && { ...found, configurable: true };
      },
    },
  );
}

let memories = 0;

/** Stands for a memory of the program's, so that what was made with one mutant on isn't remembered with another. */
function kept(): Pick<WeakMap<object, unknown>, "get" | "set" | "has"> {
  let [of, memory] = [memories, new WeakMap<object, unknown>()];
  const now = (): WeakMap<object, unknown> => {
    if (of !== memories) [of, memory] = [memories, new WeakMap()];
    return memory;
  };
  return { get: (key) => now().get(key), has: (key) => now().has(key), set: (key, value) => now().set(key, value) };
}

export function forget(): void {
  memories++;
}

Object.assign(globalThis, {
  kept,
  weakened,
  remade,
  mutant: (which: number | string): boolean => {
    if (notes) reached.add(`${which}`);
    return which === numbered || which === on;
  },
});

export function turnOn(which: string): void {
  on = which;
  numbered = numberOf(which);
  forget();
}

function numberOf(which: string): number | null {
  return /^\d+$/.test(which) ? Number(which) : null;
}

/** Whether it is kept which places are reached, which costs time. */
export function noteReached(does: boolean): void {
  notes = does;
}
