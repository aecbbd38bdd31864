/**
 * CREATE SCHEMA: an empty dataset.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_schema_statement
 */
import type { PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import type { CreateSchemaStatement } from "../../tree.ts";
import type { Context } from "../context.ts";
import { checkCollation } from "./column-definition.ts";
import { schemaName } from "./grant.ts";
import { checkOptions } from "./options.ts";

export function createSchema(context: Context, node: CreateSchemaStatement): PlanStatement {
  if (node.external || node.connection !== null) {
    context.fail("unsupported", "CREATE EXTERNAL SCHEMA is not supported: its data is outside BigQuery", node);
  }
  context.names.set(node, schemaName(context, node.name, node));
  checkCollation(context, node.collate);
  checkOptions(context, node.options, "SCHEMA");
  return planWithoutResult(context, "CREATE_SCHEMA");
}
