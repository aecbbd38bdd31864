/** The temporary table of the script that a path names, where there is one: it hides a table of that name in the default dataset. */
import { tableNameParts } from "../table-name.ts";
import type { Identifier, Node } from "../tree.ts";
import type { Context } from "./context.ts";
import type { Column, Relation } from "./scope.ts";
import type { TemporaryTable } from "./statements/written.ts";

export interface NamedTemporary {
  readonly name: string;
  /** With its qualifier, by which no other table can be meant. */
  readonly parts: readonly ["_SESSION", string];
  readonly table: TemporaryTable;
}

export function temporaryTable(context: Context, path: readonly Identifier[], node: Node): NamedTemporary | undefined {
  // A view or a routine of the catalog knows none.
  if (context.inDefinition && !context.inProcedure) return undefined;
  const [first = "", second, third] = tableNameParts(path);
  const qualified = second !== undefined && third === undefined && first.toUpperCase() === "_SESSION";
  const name = second === undefined ? first : qualified ? second : undefined;
  const table = name === undefined ? undefined : context.temporaryTables.get(name);
  if (name === undefined || table === undefined) return undefined;
  if (!table.certain) {
    context.fail("unsupported", `Temporary table ${name} isn't made, or not alike, on every way here`, node);
  }
  return { name, parts: ["_SESSION", name], table };
}

export function temporaryRelation(context: Context, { columns, implicit, rows, repeated }: TemporaryTable): Relation {
  return {
    columns: columns.map(
      ({ name, type, flow }): Column => ({ name, type, flow, written: "value", id: context.freshId() }),
    ),
    implicit,
    rows,
    repeated,
    valueTable: false,
  };
}
