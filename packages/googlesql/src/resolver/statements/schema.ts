/**
 * Datasets: made empty, changed, dropped with what is in them, brought back. What of it may be read is decided by classes that the
 * plan doesn't know, so each is a change for policy to rule.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_schema_statement
 */
import type { Change, PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import type { AlterStatement, CreateSchemaStatement, DropStatement, UndropStatement } from "../../tree.ts";
import type { Context } from "../context.ts";
import { checkCollation } from "./column-definition.ts";
import { schemaName } from "./grant.ts";
import { checkOptions, noteExpiration } from "./options.ts";

export function createSchema(context: Context, node: CreateSchemaStatement): PlanStatement {
  if (node.external || node.connection !== null) {
    context.fail("unsupported", "CREATE EXTERNAL SCHEMA is not supported: its data is outside BigQuery", node);
  }
  noteDataset(context, node, "create");
  checkCollation(context, node.collate);
  checkOptions(context, node.options, "SCHEMA");
  return planWithoutResult(context, "CREATE_SCHEMA");
}

export function alterSchema(context: Context, node: AlterStatement): PlanStatement {
  const name = noteDataset(context, node, "alter");
  for (const action of node.actions) {
    if (action.kind === "SetOptions") {
      checkOptions(context, action.options, "SCHEMA");
      noteExpiration(context, [action.options], name);
    } else if (action.kind === "SetDefaultCollate") checkCollation(context, action.collate);
    else context.fail("unsupported", "This change of a SCHEMA is not supported", action);
  }
  return planWithoutResult(context, "ALTER_SCHEMA");
}

export function dropSchema(context: Context, node: DropStatement): void {
  const name = noteDataset(context, node, "drop");
  if (node.mode === "CASCADE") context.changes.push({ what: "tables", mode: "drop", name });
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#undrop_schema_statement */
export function undropSchema(context: Context, node: UndropStatement): PlanStatement {
  const name = noteDataset(context, node, "create");
  checkOptions(context, node.options, "SCHEMA");
  noteExpiration(context, [node.options], name);
  return planWithoutResult(context, "UNDROP_SCHEMA");
}

function noteDataset(
  context: Context,
  node: CreateSchemaStatement | AlterStatement | DropStatement | UndropStatement,
  mode: Change["mode"],
): string {
  const parts = schemaName(context, node.name, node);
  context.names.set(node, parts);
  const name = `${parts.join(".")}.*`;
  context.changes.push({ what: "dataset", mode, name });
  return name;
}
