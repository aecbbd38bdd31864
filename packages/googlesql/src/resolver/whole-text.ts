/** What is checked of a text as a whole, before and after its parts are resolved. `nodes` are all of them. */
import type { Node, NodeKind } from "../tree.ts";
import { wholeTree } from "../visitor.ts";
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
    const { kind } = node;
    if (kind === "Identifier" || kind === "PathExpression") continue;
    const unread = (kind === "Query" || kind === "TablePath") && !context.resolved.has(node);
    if (unread || (NAMING.has(kind) && !context.names.has(node))) {
      context.fail("unsupported", "A part of the query could not be analysed", node);
    }
  }
}

/**
 * Of a text that is printed once, and was resolved again as `copy`: refuses names that meant other tables there, such as temporary ones
 * made since. What runs names what `printed` means (I2).
 */
export function requireSameNames(context: Context, printed: Node, copy: Node): void {
  const copies = wholeTree(copy).nodes;
  for (const [i, node] of wholeTree(printed).nodes.entries()) {
    const other = copies[i];
    const known = nameOfTable(context, node);
    if (known === undefined || (other !== undefined && nameOfTable(context, other) === known)) continue;
    const message = `${known.split("\n").at(-1)} is a temporary table here and another table elsewhere; rename it`;
    context.fail("unsupported", message, other ?? node);
  }
}

function nameOfTable(context: Context, node: Node): string | undefined {
  const parts = node.kind === "TablePath" ? context.tablePaths.get(node) : context.names.get(node);
  return parts?.join("\n");
}
