import { createHash } from "node:crypto";
import type { TableName, TableResource } from "@chaperone/googlesql";
import type { CatalogSnapshot } from "./catalog.ts";
import type { ClassifiedColumn } from "./data-class.ts";
import { columnParts } from "./names.ts";

/** The snapshot as it would be if these tables weren't there and nobody had heard of them. */
export function withoutTables(snapshot: CatalogSnapshot, hidden: ReadonlySet<TableName>): CatalogSnapshot {
  const shown = ({ tableReference: { projectId, datasetId, tableId } }: TableResource) =>
    !hidden.has(`${projectId}.${datasetId}.${tableId}`);
  const unknown = (column: string): ClassifiedColumn => ({ column, classes: ["phi"], source: "phi-default" });
  const isHidden = (column: string) => hidden.has(columnParts(column).tableName);
  return {
    version: createHash("sha256")
      .update(JSON.stringify([snapshot.version, [...hidden].sort()]))
      .digest("hex"),
    missing: snapshot.missing.filter((column) => !isHidden(column)),
    table: (name) => (hidden.has(name) ? undefined : snapshot.table(name)),
    model: (name) => snapshot.model(name),
    routine: (name) => snapshot.routine(name),
    wildcard: (prefix) => snapshot.wildcard(prefix)?.filter(shown),
    classes: (column, when) => (isHidden(column) ? unknown(column) : snapshot.classes(column, when)),
    subject: (table) => (hidden.has(table) ? undefined : snapshot.subject(table)),
    metadata: (place) => snapshot.metadata(place),
    isCurrent: () => false,
    plain: () => {
      const plain = snapshot.plain();
      const wildcards = [...plain.wildcards].map(([prefix, names]): [string, TableName[]] => [
        prefix,
        names.filter((name) => !hidden.has(name)),
      ]);
      return {
        ...plain,
        tables: new Map([...plain.tables].filter(([name]) => !hidden.has(name))),
        wildcards: new Map(wildcards),
      };
    },
  };
}
