/**
 * INFORMATION_SCHEMA: the descriptions of tables, as far as whoever asks may know them. What runs has those rows written out in the view's
 * place (metadata/rows-text.ts): BigQuery's own views would describe every table to whoever may query one, texts, sizes and times included
 * (threat-model row 13). So its columns are made of no column, and a text that outlives the request can't hold them.
 * https://cloud.google.com/bigquery/docs/information-schema-intro
 */
import { CONSTANT, NO_KEYS } from "../flow/flow.ts";
import { rowsText } from "../metadata/rows-text.ts";
import type { Node, TablePath } from "../tree.ts";
import { wholeTree } from "../visitor.ts";
import type { Context } from "./context.ts";
import type { MetadataName } from "./metadata-name.ts";
import { relationRows } from "./piped-rows.ts";
import type { FromClause } from "./scope.ts";

/** Most characters that the rows of one view may take in what runs: BigQuery takes 1 MB of SQL. */
export const MOST_METADATA = 500_000;

export function informationSchema(context: Context, found: MetadataName, alias: string, node: TablePath): FromClause {
  if (found.kind === "refused") return context.fail(found.code, found.message, node);
  const { place, name, view } = found;
  if (context.inDefinition) {
    return context.fail("unsupported", `${name} in a view or a routine would describe all tables to its users`, node);
  }
  if (node.systemTime !== null) {
    return context.fail(
      "unsupported",
      `${name} describes the tables there are; FOR SYSTEM_TIME AS OF takes a table`,
      node,
    );
  }
  const described = context.catalog.metadata?.(place);
  if (described === undefined) {
    return context.fail("name", `${name} of ${place} was not found or is not available`, node);
  }
  const shape = view.columns();
  const text = rowsText(shape, view.rows(described.tables, described.location));
  if (text.length > MOST_METADATA) {
    return context.fail(
      "limit",
      `${name} of ${place} describes too much for one query; name a dataset, or ask tables.list`,
      node,
    );
  }
  context.spendText({ start: 0, end: text.length }, node);
  context.metadataRows.set(node, text);
  context.metadata.add(place.endsWith(".") ? `${place}${name}` : `${place}.${name}`);
  const columns = shape.map(([column, type]) => {
    return { name: column, type, written: "value" as const, flow: CONSTANT, id: context.freshId() };
  });
  const relation = { columns, implicit: NO_KEYS, rows: CONSTANT, repeated: true, valueTable: false };
  return relationRows(context, relation, alias, node);
}

/** A table's name alone can stand where a query in its place can't. */
export function refuseMetadata(context: Context, node: Node, where: string): void {
  if (node.kind !== "TablePath" || !context.metadataRows.has(node)) return;
  context.fail(
    "unsupported",
    `INFORMATION_SCHEMA can't stand ${where}; select from it in a query in parentheses`,
    node,
  );
}

/** What is stored to be run again would hold what one agent may know, as it is today. */
export function refuseStoredMetadata(context: Context, stored: Node): void {
  for (const node of wholeTree(stored).nodes) {
    if (node.kind === "TablePath" && context.metadataRows.has(node)) {
      context.fail(
        "unsupported",
        "INFORMATION_SCHEMA can't stand in a view or a routine; query it where it is needed",
        node,
      );
    }
  }
}
