import type { TableName } from "./plan.ts";
import type { Identifier } from "./tree.ts";

/**
 * The parts of a table name, with the dots inside backquotes read as BigQuery reads them: `` `p.d`.t `` is p, d, t.
 * A domain-scoped project keeps its dots: `` `example.com:p.d.t` `` is example.com:p, d, t.
 */
export function tableNameParts(parts: readonly Identifier[]): string[] {
  return parts.flatMap(({ name }) => {
    if (!name.includes(".")) return name;
    const colon = name.indexOf(":");
    const [first = "", ...rest] = name.slice(colon + 1).split(".");
    return [name.slice(0, colon + 1) + first, ...rest];
  });
}

/** The name within the session, of a table that is temporary. */
export function temporaryName(table: TableName): string | undefined {
  return /\._SESSION\.([^.]*)$/.exec(table)?.[1];
}
