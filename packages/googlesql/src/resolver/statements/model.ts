/**
 * CREATE MODEL: the model holds something of every row that it was trained on (threat-model row 25).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-create
 */

import { NO_KEYS, NOTHING, union } from "../../flow/flow.ts";
import type { PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import type { CreateModelStatement, Query } from "../../tree.ts";
import type { Context } from "../context.ts";
import type { Column, Relation } from "../scope.ts";
import { checkOptions } from "./options.ts";
import { nameOf } from "./target.ts";
import { effectOf } from "./transfer.ts";

export function createModel(context: Context, node: CreateModelStatement): PlanStatement {
  if (node.remote || node.connection !== null) {
    context.fail("unsupported", "A remote model is not supported: what it is given leaves BigQuery", node);
  }
  const [transform] = node.transform;
  if (transform !== undefined)
    context.fail("unsupported", "TRANSFORM is not supported; compute in the query", transform);
  const [input] = node.input;
  if (input !== undefined) context.fail("unsupported", "An imported model is not supported", input);
  const { table: model, parts } = nameOf(context, node.name, node);
  context.names.set(node, parts);
  checkOptions(context, node.options, "MODEL");
  const queries: readonly Query[] = node.query === null ? node.queries.map((q) => q.query) : [node.query];
  if (queries.length === 0) context.fail("unsupported", "A model without a query is not supported", node);
  context.changes.push({ what: "model", mode: "create", name: model });
  const relations = queries.map((query) => context.query(context, query, null, null));
  context.effects.push(effectOf("model", ...relations));
  return planWithoutResult(context, "CREATE_MODEL", together(relations));
}

/** All that is read, as one. */
function together(relations: readonly Relation[]): Relation {
  return {
    columns: relations.flatMap((r): readonly Column[] => r.columns),
    implicit: relations.length === 0 ? NO_KEYS : union(relations.map((r) => r.implicit)),
    rows: NOTHING,
    repeated: false,
    valueTable: false,
  };
}
