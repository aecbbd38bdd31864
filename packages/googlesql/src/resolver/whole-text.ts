/** What is checked of a text as a whole, before and after its parts are resolved. `nodes` are all of them. */
import type { Node, NodeKind } from "../tree.ts";
import type { Context } from "./context.ts";

export function noteNames(context: Context, nodes: readonly Node[]): void {
  for (const node of nodes) if (node.kind === "Identifier") context.noteName(node.name, node);
}

/** Statements that name what they change outside a table's path. */
const NAMING: ReadonlySet<string> = new Set([
  "AlterStatement",
  "RenameTable",
  "DropStatement",
  "GrantStatement",
  "ExportModelStatement",
  "ModelArgument",
  "CreateModelStatement",
  "CreateSchemaStatement",
  "CreateFunctionStatement",
  "CreateTableFunctionStatement",
  "CreateProcedureStatement",
  "CallStatement",
] satisfies NodeKind[]);

/** What no rule looked at would run without having been analysed (I2): better no query than that. */
export function requireResolved(context: Context, nodes: readonly Node[]): void {
  for (const node of nodes) {
    const unread = (node.kind === "Query" || node.kind === "TablePath") && !context.resolved.has(node);
    if (unread || (NAMING.has(node.kind) && !context.names.has(node))) {
      context.fail("unsupported", "A part of the query could not be analysed", node);
    }
  }
}
