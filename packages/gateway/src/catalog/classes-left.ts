import type { PlanStatement, TableFieldSchema, TableName, Write } from "@chaperone/googlesql";
import type { Catalog } from "./catalog.ts";
import type { ClassSource, DataClass } from "./data-class.ts";
import { columnParts, foldPath } from "./names.ts";

/** A column, or `*`, with classes that stay with its name. Paths in lower case. */
export interface ClassesLeft {
  readonly table: TableName;
  readonly path: string;
  readonly classes: readonly DataClass[];
}

/**
 * What policy tags and labels say of the columns that statements take away: of all that a table had which is made anew or dropped, at once or
 * when it expires; of those that are dropped from it or renamed. Tags and labels go with them, and the rows don't: who reads the table's past,
 * or what a materialized view keeps of it, asks for them by the same names (threat-model row 29). undefined: nothing is taken away.
 */
export async function classesLeft(
  catalog: Pick<Catalog, "load">,
  statements: readonly PlanStatement[],
): Promise<readonly ClassesLeft[] | undefined> {
  const ends = new Set(statements.flatMap(expiring));
  const writes = statements
    .flatMap((statement) => statement.writes)
    .filter((write) => takesAway(write) || ends.has(write.table));
  if (writes.length === 0) return undefined;
  const snapshot = await catalog.load(writes.map(({ table }) => table));
  const left = new Map<string, ClassesLeft>();
  for (const write of writes) {
    const { table } = write;
    const named = write.mode === "alter" && !ends.has(table) ? namedIn(write) : undefined;
    for (const path of pathsOf(snapshot.table(table)?.schema?.fields ?? [])) {
      const { classes, source } = snapshot.classes(`${table}.${path}`);
      if (classes.length === 0 || !GOES.has(source) || named?.has(path) === false) continue;
      left.set(`${table}.${path}`, { table, path, classes });
      left.set(`${table}.*`, { table, path: "*", classes: ["phi"] });
    }
  }
  return [...left.values()];
}

/** Said of the column or the table itself; what the catalog file or a dataset's label says holds for whatever has the name. */
const GOES: ReadonlySet<ClassSource | undefined> = new Set<ClassSource>(["policy-tag", "table-label"]);

function takesAway({ mode, columns }: Write): boolean {
  return mode === "create" || mode === "drop" || (mode === "alter" && columns.length > 0);
}

/** Tables that BigQuery is to drop at a time, which may be over. */
function expiring({ changes = [] }: PlanStatement): readonly TableName[] {
  return changes.filter(({ what, mode }) => what === "expiration" && mode === "drop").map(({ name }) => name);
}

/** A column that is renamed is written under its new name, and made of itself under the old one. */
function namedIn({ table, columns }: Write): ReadonlySet<string> {
  const sources = columns.flatMap(({ explicit }) => explicit.map(({ column }) => columnParts(column)));
  const own = sources.filter(({ tableName }) => tableName === table);
  return new Set([...columns.map(({ name }) => name), ...own.map(({ path }) => path)].map(foldPath));
}

function pathsOf(fields: readonly TableFieldSchema[], prefix = ""): string[] {
  return fields.flatMap((field) => {
    const path = foldPath(`${prefix}${field.name}`);
    return [path, ...pathsOf(field.fields ?? [], `${path}.`)];
  });
}
