/** Which tables a text may read, before anything is known of them: what a gateway fetches the schemas of. */
import { parse } from "./parser/parse.ts";
import type { Refusal, TableName } from "./plan.ts";
import { refusalOf } from "./refusal.ts";
import { requireKnown } from "./resolver/known.ts";
import { type NameDefaults, resolveTableName, resolveWildcard } from "./resolver/table-name.ts";
import { tableNameParts } from "./table-name.ts";
import type { Join, Node, Query, TableExpression } from "./tree.ts";
import { childrenOf } from "./visitor.ts";

export type TableNames =
  | {
      readonly understood: true;
      readonly tables: readonly TableName[];
      /** For each wildcard table `project.dataset.prefix*`, its name as far as the star. */
      readonly wildcards: readonly TableName[];
    }
  | { readonly understood: false; readonly refusal: Refusal };

/**
 * The full names, sorted, of all tables the SQL mentions; names of common tables are none where WITH puts them in scope.
 * May hold more than the SQL reads (a path into an array can look like a table); never less. Names that can't be
 * completed or aren't plain tables are left out: `analyze` refuses those. What `analyze` does not know at all is refused here too.
 */
export function tableNames(sql: string, defaults: NameDefaults): TableNames {
  try {
    const found = new Set<TableName>();
    const tree = parse(sql);
    requireKnown(sql, tree);
    walk(tree, new Set(), found, defaults);
    const names = [...found].sort();
    const wildcards = names.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1));
    return { understood: true, tables: names.filter((name) => !name.endsWith("*")), wildcards };
  } catch (error) {
    return { understood: false, refusal: refusalOf(error) };
  }
}

function walk(node: Node, common: ReadonlySet<string>, found: Set<TableName>, defaults: NameDefaults): void {
  if (node.kind === "Query" && node.with !== null) {
    const visible = new Set(common);
    if (node.with.recursive) for (const entry of node.with.entries) visible.add(fold(entry.name.name));
    for (const entry of node.with.entries) {
      walk(entry.query, new Set(visible), found, defaults);
      visible.add(entry.name.name.toLowerCase());
    }
    walk({ ...node, with: null } satisfies Query, visible, found, defaults);
    return;
  }
  if (node.kind === "Join") {
    // A path that begins with an alias to its left is that row's array.
    const aliases = leftAliases(node);
    if (
      node.right.kind !== "TablePath" ||
      node.right.parts.length < 2 ||
      !aliases.has(fold(node.right.parts[0]?.name))
    ) {
      walk(node.right, common, found, defaults);
    }
    walk(node.left, common, found, defaults);
    if (node.condition !== null) walk(node.condition, common, found, defaults);
    return;
  }
  if (node.kind === "TablePath") {
    const [first] = node.parts;
    if (node.parts.length === 1 && first !== undefined && common.has(fold(first.name))) return;
    const name = resolveTableName(node.parts, defaults);
    const wildcard = resolveWildcard(node.parts, defaults);
    if (name.kind === "table") found.add(name.name);
    // No table's name holds a star.
    if (wildcard !== null) found.add(`${wildcard.prefix}*`);
  }
  if (node.kind === "AlterStatement") {
    const name = resolveTableName(node.name, defaults);
    if (name.kind === "table" && node.type === "TABLE") found.add(name.name);
  }
  const made = madeBy(node);
  for (const child of childrenOf(node)) if (child !== made) walk(child, common, found, defaults);
}

/** The table that a statement makes: nobody needs its schema, and mostly there is none yet. Nor of one that a key refers to. */
function madeBy(node: Node): Node | null {
  switch (node.kind) {
    case "CreateTableStatement":
    case "CreateSnapshotStatement":
    case "CreateViewStatement":
      return node.name;
    case "LoadDataStatement":
      return node.target;
    case "ColumnReference":
      return node.table;
    default:
      return null;
  }
}

function fold(name: string | undefined): string {
  return (name ?? "").toLowerCase();
}

function leftAliases(join: Join): ReadonlySet<string> {
  const aliases = new Set<string>();
  const collect = (node: TableExpression): void => {
    if (node.kind === "Join") {
      collect(node.left);
      collect(node.right);
    } else if (node.kind === "SampledTable") collect(node.table);
    else if (node.alias !== null) aliases.add(fold(node.alias.name));
    else if (node.kind === "TablePath") aliases.add(fold(tableNameParts(node.parts).at(-1)));
  };
  collect(join.left);
  return aliases;
}
