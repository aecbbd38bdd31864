/** Wildcard tables: the rows of all tables of a prefix, and `_TABLE_SUFFIX`, which `*` leaves out. DuckDB gets a UNION ALL. */
import type { Generation } from "./generation.ts";
import { type MadeFrom, relation } from "./rows.ts";
import { TABLES, WILDCARD_PREFIX } from "./schema.ts";
import type { Column, Range } from "./scope.ts";
import { STRING } from "./types.ts";

/** `alias` is its only name. */
export function wildcard(g: Generation, alias: string, duck: string): MadeFrom {
  g.note("from wildcard table");
  const tables = TABLES.filter(({ name }) => name.startsWith(WILDCARD_PREFIX));
  const [first] = tables;
  if (first === undefined) throw new Error("no table of the prefix");
  const columns = first.columns.map((c): Column => ({ ...c, duck: `${duck}.${c.name}` }));
  const suffix: Column = { name: "_TABLE_SUFFIX", type: STRING, duck: `${duck}.suffix` };
  const parts = tables.map(({ name }) => ({ table: name, suffix: name.slice(WILDCARD_PREFIX.length) }));
  const google = `\`${g.choices.pick(["", "ehr.", "clinic.ehr."].slice(g.qualifiedTables ? 1 : 0))}${WILDCARD_PREFIX}*\``;
  const { ranges, ...rest } = relation({ kind: "wildcard", google, alias, parts, duck }, alias, columns, null);
  const [range] = ranges;
  const [key] = columns;
  if (range === undefined || key === undefined) throw new Error("no rows");
  const pseudo: Range = { alias: null, columns: [suffix], value: null };
  const both = [
    { range, column: key },
    { range: pseudo, column: suffix },
  ];
  return { ...rest, ranges: [...ranges, pseudo], key: both };
}
