/** The databases that a query is run on, and what it gives there. */
import type { Generated } from "./generator.ts";
import type { Outcome } from "./oracle.ts";
import { type Rows, TABLES } from "./schema.ts";
import { type Answers, runText } from "./steps.ts";
import type { Warehouse } from "./warehouse.ts";

export function withTables(duck: string, physical: (table: string) => string): string {
  return duck.replace(/\{\{(\w+)\}\}/g, (_, table: string) => physical(table));
}

export function tablesOf(query: Generated): ReadonlySet<string> {
  return new Set([...query.duck.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? ""));
}

/** A base database and what the query gives on it. */
export interface Base {
  readonly seed: number;
  readonly rows: Readonly<Record<string, Rows>>;
  readonly physical: ReadonlyMap<string, string>;
  readonly outcome: Outcome;
}

export async function onBase(
  query: Generated,
  warehouse: Warehouse,
  used: ReadonlySet<string>,
  seed: number,
  answers: Answers,
): Promise<Base> {
  const rows: Record<string, Rows> = {};
  const physical = new Map<string, string>();
  for (const table of TABLES) {
    if (!used.has(table.name)) continue;
    const base = await warehouse.base(table, seed);
    rows[table.name] = base.rows;
    physical.set(table.name, base.physical);
  }
  const text = withTables(query.duck, (table) => physical.get(table) ?? table);
  return { seed, rows, physical, outcome: await runText(warehouse, text, answers) };
}

/** A number that looks drawn, the same for the same two. */
export function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}
