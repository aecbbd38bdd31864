import type { TableName } from "./plan.ts";
import type { Identifier } from "./tree.ts";

/**
 * The parts of a table name, with the dots inside backquotes read as BigQuery reads them: `` `p.d`.t `` is p, d, t.
 * A domain-scoped project keeps its dots: `` `example.com:p.d.t` `` is example.com:p, d, t.
 */
export function tableNameParts(parts: readonly Identifier[]): string[] {
  const names: string[] = [];
  for (const { name } of parts) {
    if (!name.includes(".")) names.push(name);
    else {
      const colon = name.indexOf(":");
      const [first = "", ...rest] = name.slice(colon + 1).split(".");
      names.push(name.slice(0, colon + 1) + first, ...rest);
    }
  }
  return names;
}

/** The name within the session, of a table that is temporary. */
export function temporaryName(table: TableName): string | undefined {
  return table.includes("._SESSION.") ? /\._SESSION\.([^.]*)$/.exec(table)?.[1] : undefined;
}
