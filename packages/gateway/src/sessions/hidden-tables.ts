import type { TableName } from "@chaperone/googlesql";
import type { CatalogSnapshot } from "../catalog/catalog.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { describableForAll, permittedForAll } from "../policy/intersect.ts";
import type { ColumnUse } from "../policy/uses.ts";
import type { Connection } from "./connection.ts";
import { describing } from "./described-table.ts";
import { Turns } from "./turns.ts";

/** What an agent can learn by that a table is there, beside being told of it. */
const USES: readonly Pick<ColumnUse, "action" | "via">[] = [
  { action: "read", via: "copy" },
  { action: "read", via: "transform" },
  { action: "aggregate", via: "aggregate" },
  { action: "infer", via: "predicate" },
  { action: "write", via: "append" },
  { action: "write", via: "update" },
  { action: "write", via: "delete" },
  { action: "export", via: "transform" },
  { action: "reach", via: "external_table" },
];

interface Asking {
  readonly principal: AgentPrincipal;
  readonly connection: Connection;
  readonly purpose: string | null;
  readonly now: number;
}

/** Those of the tables that policy neither lets this agent know of (action `describe`) nor use in any way for this purpose: whatever is asked about them, there are none (I9). */
export async function hiddenTables(
  { principal, connection, purpose, now }: Asking,
  snapshot: CatalogSnapshot,
  tables: Iterable<TableName>,
): Promise<ReadonlySet<TableName>> {
  const request = describing(principal, connection, snapshot, now);
  const using = { ...request, context: { ...request.context, purpose: purpose ?? undefined } };
  const turns = new Turns();
  const isKnown = async (table: TableName): Promise<boolean> => {
    if (describableForAll(connection.policies, request, table, ["*"]).has("*")) return true;
    const paths = ["*", ...(snapshot.table(table)?.schema?.fields ?? []).map(({ name }) => name)];
    for (const path of paths) {
      await turns.next();
      for (const use of USES) if (permittedForAll(connection.policies, using, { table, path, ...use })) return true;
    }
    return false;
  };
  const hidden = new Set<TableName>();
  for (const table of tables) if (!(await isKnown(table))) hidden.add(table);
  return hidden;
}
