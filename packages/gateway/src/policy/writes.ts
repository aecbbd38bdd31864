import type { ColumnName, TableRead, UnderstoodPlan, Write } from "@chaperone/googlesql";
import { isStrong } from "../catalog/classify.ts";
import type { ClassifiedColumn, ClassSource, DataClass } from "../catalog/data-class.ts";
import { columnParts, foldPath, tableParts } from "../catalog/names.ts";
import { ruleOf } from "./statements.ts";

/** One column that a plan writes, and what is written into it. */
export interface WrittenColumn {
  readonly table: string;
  /** As the plan spells it; `*`: that rows of the table exist. */
  readonly path: string;
  readonly mode: Write["mode"];
  /** Classes of the values written; of `*`: `phi` where anything protected decided over rows or values. */
  readonly classes: readonly DataClass[];
  /** `*` is all that a model learnt, and not that rows exist. */
  readonly learnt?: true;
}

type Classes = (column: ColumnName) => ClassifiedColumn;

/**
 * Every column that the plan's statements write, and each table's rows. Classes travel with values, not with what only decided.
 * A temporary table ends with the script, whose later reads of it are reads of what it was made of: nothing is left to permit.
 */
export function writtenColumns(plan: UnderstoodPlan, classes: Classes): readonly WrittenColumn[] {
  return plan.statements.flatMap(({ kind, writes, changes = [], reads }) => [
    ...changes.flatMap((change) => (kind === "CREATE_MODEL" ? [trained(change.name, reads, classes)] : [])),
    ...writes.flatMap(({ table, mode, columns, implicit }): WrittenColumn[] => {
      if (tableParts(table).dataset === "_SESSION") return [];
      const values = columns.map(({ name, explicit }) => ({
        table,
        path: name,
        mode,
        classes:
          ruleOf(kind) === "load"
            ? loaded(classes(`${table}.${name}`), mode)
            : classesOf(
                explicit.map(({ column }) => column),
                classes,
              ),
      }));
      const deciding = [...implicit, ...columns.flatMap((column) => column.implicit)];
      const isProtected = values.some((value) => value.classes.length > 0) || classesOf(deciding, classes).length > 0;
      return [{ table, path: "*", mode, classes: isProtected ? ["phi"] : [] }, ...values];
    }),
  ]);
}

/**
 * Nobody knows what files hold: `phi`, unless people said of what classes the column is. What earlier writes said, the agent chose; what is
 * assumed of a table that isn't there ends when it is; and a table made anew has lost its tags and labels.
 */
function loaded({ classes, source }: ClassifiedColumn, mode: Write["mode"]): DataClass[] {
  return classes.length > 0 && isSaidByPeople(source, mode) ? [] : ["phi"];
}

function isSaidByPeople(source: ClassSource | undefined, mode: Write["mode"]): boolean {
  switch (source) {
    case "catalog-file":
    case "dataset-label":
      return true;
    case "policy-tag":
    case "table-label":
      return mode === "append";
    case "inherited":
    case "phi-default":
    case undefined:
      return false;
  }
}

/** A model holds something of every row and column that it was trained on (threat-model row 25). */
function trained(model: string, reads: readonly TableRead[], classes: Classes): WrittenColumn {
  const columns = reads.flatMap(({ table, columns }) => columns.map(({ path }) => `${table}.${path}`));
  return { table: model, path: "*", mode: "create", classes: classesOf(columns, classes), learnt: true };
}

function classesOf(columns: readonly ColumnName[], classes: Classes): DataClass[] {
  return [...new Set(columns.flatMap((column) => classes(column).classes))].sort();
}

type Travelling = Pick<WrittenColumn, "table" | "path" | "classes">;

/** What each column takes with it into the tables written, once for each column; columns that take nothing are left out. */
export function travelling(written: readonly Travelling[]): Travelling[] {
  const found = new Map<string, Travelling>();
  for (const { table, path: given, classes } of written) {
    if (classes.length === 0) continue;
    const path = foldPath(given);
    const key = `${table}.${path}`;
    const known = found.get(key)?.classes ?? [];
    found.set(key, { table, path, classes: [...new Set([...known, ...classes])].sort() });
  }
  return [...found.values()];
}

/**
 * The writes that would put values of a class into a column which people declared to be of others, or of none: there the
 * class could not travel, so the write is refused (threat-model C4). In words for the agent.
 */
export function lostClasses(written: readonly WrittenColumn[], classes: Classes): string[] {
  const messages = written.flatMap(({ table, path, classes: taken, learnt }) => {
    const target = classes(`${table}.${path}`);
    const lost = taken.filter((dataClass) => !target.classes.includes(dataClass));
    if (lost.length === 0 || !isStrong(target) || (path === "*" && learnt !== true)) return [];
    const declared = target.classes.length === 0 ? "public" : target.classes.join(", ");
    const what = learnt === true ? `model ${table}` : `${columnParts(target.column).tableName}.${path}`;
    return [`write of ${what}: it would hold ${lost.join(", ")}, and is declared ${declared}`];
  });
  return [...new Set(messages)];
}
