/**
 * GRANT and REVOKE change who may read past the gateway: an effect that policy can see, and no plan can bound.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-control-language
 */
import { madeOf } from "../../made-of.ts";
import type { PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import { tableNameParts } from "../../table-name.ts";
import type { GrantStatement } from "../../tree.ts";
import type { Context } from "../context.ts";
import { nameOf } from "./target.ts";
import { effectOf } from "./transfer.ts";

export function grant(context: Context, node: GrantStatement): PlanStatement {
  const parts = resourceName(context, node);
  context.names.set(node, parts);
  const mode = node.action === "GRANT" ? "create" : "drop";
  context.changes.push({ what: "access", mode, name: [...parts, ...(parts.length === 2 ? ["*"] : [])].join(".") });
  context.effects.push(effectOf("grant"));
  return planWithoutResult(context, node.action);
}

function resourceName(context: Context, node: GrantStatement): readonly string[] {
  return node.resource === "SCHEMA" ? schemaName(context, node.name, node) : nameOf(context, node.name, node).parts;
}

const isDatasetName = madeOf(/^[\w:.-]+$/, String.raw`^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd}:.]+$`);

/** `[project.]dataset` */
export function schemaName(
  context: Context,
  path: GrantStatement["name"],
  node: { readonly start: number; readonly end: number },
): readonly string[] {
  const parts = tableNameParts(path);
  const project = context.defaults.defaultProject ?? context.defaults.defaultDataset?.project;
  const full = parts.length === 1 && project !== undefined ? [project, ...parts] : parts;
  if (full.length !== 2 || !full.every(isDatasetName)) {
    return context.fail("name", "A dataset is named project.dataset", node);
  }
  if (full[1]?.startsWith("_")) return context.fail("unsupported", "Hidden datasets are not supported", node);
  return full;
}
