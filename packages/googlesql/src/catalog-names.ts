/** Which tables and routines a text may use, before anything is known of them: what a gateway fetches from BigQuery. */
import { parse, parseExpression } from "./parser/parse.ts";
import type { Refusal, TableName } from "./plan.ts";
import { refusalOf } from "./refusal.ts";
import { requireKnown, requireKnownParts } from "./resolver/known.ts";
import { type MetadataPlace, resolveMetadata } from "./resolver/metadata-name.ts";
import { namesRoutine } from "./resolver/routine-call.ts";
import { withImmediateStatements } from "./resolver/script/immediate.ts";
import {
  type NameDefaults,
  resolveProcedureName,
  resolveRoutineName,
  resolveTableName,
  resolveWildcard,
} from "./resolver/table-name.ts";
import { withTerminalPipes } from "./resolver/terminal-pipes.ts";
import type { RoutineName, RoutineResource } from "./routine-resource.ts";
import { tableNameParts } from "./table-name.ts";
import type { TableResource } from "./table-resource.ts";
import type { Identifier, Join, Node, PipeOperator, Query, Subpipeline, TableExpression, WithClause } from "./tree.ts";
import { childrenOf } from "./visitor.ts";

/** Each list sorted, each name once. */
export interface CatalogNames {
  readonly tables: readonly TableName[];
  /** For each wildcard table `project.dataset.prefix*`, its name as far as the star. */
  readonly wildcards: readonly TableName[];
  readonly routines: readonly RoutineName[];
  /** Models, whose kind, features and label say what their functions give: `project.dataset.model` */
  readonly models: readonly string[];
  /** What INFORMATION_SCHEMA is asked of, each place once. */
  readonly metadata: readonly NamedPlace[];
}

export interface NamedPlace {
  readonly place: MetadataPlace;
  /** The columns of its tables are asked for, too. */
  readonly fields: boolean;
}

export type NamedCatalog =
  | ({ readonly understood: true } & CatalogNames)
  | { readonly understood: false; readonly refusal: Refusal };

/**
 * The full names of all tables and routines the SQL mentions; names of common tables are none where WITH puts them in scope.
 * May hold more than the SQL uses (a path into an array can look like a table); never less. Names that can't be
 * completed or aren't plain tables are left out: `analyze` refuses those. What `analyze` does not know at all is refused here too.
 * Views and routines name more, once they are known: `namesInside`.
 */
export function catalogNames(sql: string, defaults: NameDefaults): NamedCatalog {
  try {
    const tree = withTerminalPipes(sql, withImmediateStatements(sql, parse(sql)));
    requireKnown(sql, tree);
    return { understood: true, ...namesIn(tree, defaults) };
  } catch (error) {
    return { understood: false, refusal: refusalOf(error) };
  }
}

const NONE: CatalogNames = { tables: [], wildcards: [], routines: [], models: [], metadata: [] };

/** What a view or a routine names in its own text, completed with its own project. None where it can't be read: `analyze` says why. */
export function namesInside(resource: TableResource | RoutineResource): CatalogNames {
  try {
    if ("tableReference" in resource) {
      const sql = resource.view?.query ?? resource.materializedView?.query;
      if (sql === undefined || resource.view?.useLegacySql === true) return NONE;
      return namesIn(known(sql), { defaultProject: resource.tableReference.projectId });
    }
    const { definitionBody: sql, routineType, language, remoteFunctionOptions } = resource;
    if (sql === undefined || (language ?? "SQL").toUpperCase() !== "SQL" || remoteFunctionOptions) return NONE;
    const expression = ["SCALAR_FUNCTION", "AGGREGATE_FUNCTION"].includes(routineType.toUpperCase());
    const tree = expression ? parseExpression(sql) : withTerminalPipes(sql, withImmediateStatements(sql, parse(sql)));
    if (expression) requireKnownParts(sql, tree);
    return namesIn(tree, { defaultProject: resource.routineReference.projectId });
  } catch {
    return NONE;
  }
}

function known(sql: string): Node {
  const tree = parse(sql);
  requireKnown(sql, tree);
  return tree;
}

interface Found {
  /** Of the temporary tables that the text makes and never drops, where each is there at the earliest. */
  readonly temporary: ReadonlyMap<string, number>;
  readonly tables: Set<TableName>;
  readonly wildcards: Set<TableName>;
  readonly routines: Set<RoutineName>;
  readonly models: Set<string>;
  readonly metadata: Map<MetadataPlace, boolean>;
}

function namesIn(tree: Node, defaults: NameDefaults): CatalogNames {
  const found: Found = {
    temporary: temporaryTables(tree),
    tables: new Set(),
    wildcards: new Set(),
    routines: new Set(),
    models: new Set(),
    metadata: new Map(),
  };
  walk(tree, new Visible(), found, defaults);
  return {
    tables: [...found.tables].sort(),
    wildcards: [...found.wildcards].sort(),
    routines: [...found.routines].sort(),
    models: [...found.models].sort(),
    metadata: [...found.metadata].map(([place, fields]) => ({ place, fields })),
  };
}

type Add = (name: string) => void;

/** Names of common tables, each as often as a WITH around gives it: one for the whole walk, since copies for each query would be as many as both. */
class Visible {
  readonly #counts = new Map<string, number>();

  has(name: string): boolean {
    return this.#counts.has(name);
  }

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Walks where these names can be added to, and forgets what was. */
  within(walk: (add: Add) => void): void {
    const added: string[] = [];
    walk((name) => {
      added.push(name);
      this.add(name);
    });
    for (const name of added) {
      const count = this.#counts.get(name) ?? 0;
      if (count > 1) this.#counts.set(name, count - 1);
      else this.#counts.delete(name);
    }
  }
}

function walk(node: Node, common: Visible, found: Found, defaults: NameDefaults): void {
  if (node.kind === "Query" && node.with !== null) {
    const clause = node.with;
    common.within((add) => {
      walkWith(clause, common, add, found, defaults);
      walk({ ...node, with: null } satisfies Query, common, found, defaults);
    });
    return;
  }
  if (node.kind === "Query" && node.pipes.length > 0) {
    walkPipes(node, common, found, defaults);
    return;
  }
  if (node.kind === "Join") {
    walkJoins(node, common, found, defaults);
    return;
  }
  if (node.kind === "TablePath") {
    const [first] = node.parts;
    if (node.parts.length === 1 && first !== undefined && common.has(fold(first.name))) return;
    const made = node.parts.length === 1 && first !== undefined ? found.temporary.get(first.name) : undefined;
    if (made !== undefined && made <= node.start) return;
    const metadata = resolveMetadata(node.parts, defaults);
    if (metadata?.kind === "metadata") {
      const { place, view } = metadata;
      found.metadata.set(place, view.fields === true || found.metadata.get(place) === true);
    }
    const name = resolveTableName(node.parts, defaults);
    const wildcard = resolveWildcard(node.parts, defaults);
    if (name.kind === "table") found.tables.add(name.name);
    if (wildcard !== null) found.wildcards.add(wildcard.prefix);
  }
  const called = calledName(node);
  if (called !== null && namesRoutine(called)) {
    const name = resolveRoutineName(tableNameParts(called), defaults);
    if (name.kind === "routine") found.routines.add(name.name);
  }
  const model = node.kind === "ModelArgument" ? node.parts : node.kind === "ExportModelStatement" ? node.model : null;
  if (model !== null) {
    const name = resolveTableName(model, defaults);
    if (name.kind === "table") found.models.add(name.name);
  }
  if (node.kind === "CallStatement") {
    const name = resolveProcedureName(node.procedure, defaults);
    if (name.kind === "routine") found.routines.add(name.name);
  }
  if (node.kind === "AlterStatement") {
    const name = resolveTableName(node.name, defaults);
    if (name.kind === "table" && node.type === "TABLE") found.tables.add(name.name);
  }
  const made = madeBy(node);
  for (const child of childrenOf(node)) if (child !== made) walk(child, common, found, defaults);
}

function walkWith(clause: WithClause, common: Visible, add: Add, found: Found, defaults: NameDefaults): void {
  if (clause.recursive) for (const entry of clause.entries) add(fold(entry.name.name));
  for (const entry of clause.entries) {
    walk(entry.query, common, found, defaults);
    add(fold(entry.name.name));
  }
}

/** `a JOIN b JOIN c`, which lies deep to its left: each sees the aliases of all before it. */
function walkJoins(last: Join, common: Visible, found: Found, defaults: NameDefaults): void {
  const joins: Join[] = [];
  let first: TableExpression = last;
  for (; first.kind === "Join"; first = first.left) joins.push(first);
  const aliases = new Set<string>();
  addAliases(first, aliases);
  const arrays = new Set<Join>();
  for (const join of joins.toReversed()) {
    if (isArray(join.right, aliases)) arrays.add(join);
    addAliases(join.right, aliases);
  }
  for (const join of joins) if (!arrays.has(join)) walk(join.right, common, found, defaults);
  walk(first, common, found, defaults);
  for (const { condition } of joins.toReversed()) if (condition !== null) walk(condition, common, found, defaults);
}

function temporaryTables(tree: Node): ReadonlyMap<string, number> {
  const made = new Map<string, number>();
  const open: Node[] = [tree];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === "DropStatement") return new Map();
    if (node.kind === "CreateTableStatement" && node.modifier === "TEMP") {
      const name = tableNameParts(node.name.parts).at(-1) ?? "";
      made.set(name, Math.min(made.get(name) ?? node.end, node.end));
    }
    for (const child of childrenOf(node)) open.push(child);
  }
  return made;
}

/** The table that a statement makes: nobody needs its schema, and mostly there is none yet. Nor of one that a key refers to. */
function madeBy(node: Node): Node | null {
  switch (node.kind) {
    case "CreateTableStatement":
    case "CreateSnapshotStatement":
    case "CreateViewStatement":
      return node.name;
    case "LoadDataStatement":
      return node.overwrite ? node.target : null;
    case "ColumnReference":
      return node.table;
    default:
      return null;
  }
}

function calledName(node: Node): readonly Identifier[] | null {
  switch (node.kind) {
    case "FunctionCall":
    case "TableFunctionCall":
      return node.name;
    default:
      return null;
  }
}

/** The operators behind which the aliases before them can surely be named. */
const KEEPING_ALIASES: ReadonlySet<PipeOperator["kind"]> = new Set<PipeOperator["kind"]>([
  "PipeExtend",
  "PipeWindow",
  "PipeRename",
  "PipeWhere",
  "PipeLimit",
  "PipeDistinct",
  "PipeOrderBy",
  "PipeAssert",
]);

/** Each operator sees the common tables of WITH before it, and the aliases of the tables to its left. */
function walkPipes(
  node: Query | Subpipeline,
  common: Visible,
  found: Found,
  defaults: NameDefaults,
  before: ReadonlySet<string> = new Set(),
): void {
  common.within((add) => {
    const aliases = new Set(before);
    if (node.kind === "Query") {
      walk({ ...node, pipes: [] } satisfies Query, common, found, defaults);
      for (const alias of queryAliases(node)) aliases.add(alias);
    }
    for (const pipe of node.pipes) walkPipe(pipe, common, add, aliases, found, defaults);
  });
}

function walkPipe(
  pipe: PipeOperator,
  common: Visible,
  add: Add,
  aliases: Set<string>,
  found: Found,
  defaults: NameDefaults,
): void {
  switch (pipe.kind) {
    case "PipeWith":
      walkWith(pipe.with, common, add, found, defaults);
      break;
    case "PipeJoin":
      if (!isArray(pipe.table, aliases)) walk(pipe.table, common, found, defaults);
      if (pipe.condition !== null) walk(pipe.condition, common, found, defaults);
      addAliases(pipe.table, aliases);
      break;
    case "PipeAs":
      aliases.clear();
      aliases.add(fold(pipe.alias.name));
      break;
    case "PipeIf":
      for (const { pipeline } of pipe.branches) walkPipes(pipeline, common, found, defaults, aliases);
      if (pipe.else !== null) walkPipes(pipe.else, common, found, defaults, aliases);
      aliases.clear();
      break;
    case "PipeRecursiveUnion": {
      const { alias, step } = pipe;
      common.within((addWithin) => {
        if (alias !== null) addWithin(fold(alias.name));
        if (step.kind === "Query") walk(step, common, found, defaults);
        else walkPipes(step, common, found, defaults);
      });
      if (pipe.depth !== null) walk(pipe.depth, common, found, defaults);
      aliases.clear();
      break;
    }
    default:
      walk(pipe, common, found, defaults);
      if (!KEEPING_ALIASES.has(pipe.kind)) aliases.clear();
  }
}

function queryAliases(query: Query): ReadonlySet<string> {
  if (query.body.kind === "FromQuery") return leftAliases(query.body.from);
  // Pipe operators in the parentheses may have ended them.
  const inner = query.body.kind === "Query" && query.body.pipes.length === 0 ? query.body : null;
  return inner === null ? new Set() : queryAliases(inner);
}

/** A path that begins with an alias to its left is that row's array. */
function isArray(table: TableExpression, aliases: ReadonlySet<string>): boolean {
  return table.kind === "TablePath" && table.parts.length > 1 && aliases.has(fold(table.parts[0]?.name));
}

function fold(name: string | undefined): string {
  return (name ?? "").toLowerCase();
}

function leftAliases(left: TableExpression): ReadonlySet<string> {
  const aliases = new Set<string>();
  addAliases(left, aliases);
  return aliases;
}

function addAliases(node: TableExpression, to: Set<string>): void {
  if (node.kind === "Join") {
    addAliases(node.left, to);
    addAliases(node.right, to);
  } else if (node.kind === "SampledTable") addAliases(node.table, to);
  else if (node.alias !== null) to.add(fold(node.alias.name));
  else if (node.kind === "TablePath") to.add(fold(node.parts.at(-1)?.name));
}
