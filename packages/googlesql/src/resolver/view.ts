/**
 * Views: their rows are those of their query, whose tables and columns are what is read.
 * https://cloud.google.com/bigquery/docs/views-intro
 */
import type { TableName } from "../plan.ts";
import type { TableResource } from "../table-resource.ts";
import type { TablePath } from "../tree.ts";
import { schemaType } from "../types.ts";
import { lazilyNamed } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { definedRelation, queryOf, requireAgreement } from "./definition.ts";
import type { Relation } from "./scope.ts";

export function isView(resource: TableResource): boolean {
  const type = resource.type?.toUpperCase();
  return type === "VIEW" || type === "MATERIALIZED_VIEW";
}

/** Resolved once for each statement. Of a materialized view these are the rows it has or had. */
export function viewRelation(context: Context, name: TableName, resource: TableResource, node: TablePath): Relation {
  if (node.systemTime !== null)
    return context.fail("unsupported", `${name} is a VIEW; FOR SYSTEM_TIME AS OF takes a table`, node);
  if (resource.view?.useLegacySql === true) {
    return context.fail("unsupported", `View ${name} is written in legacy SQL, which is not analysed`, node);
  }
  const known = context.views.get(name);
  if (known !== undefined) return known;
  const sql = resource.view?.query ?? resource.materializedView?.query;
  if (sql === undefined) return context.fail("unsupported", `The query of view ${name} isn't shown`, node);
  const definition = { kind: "view", name, sql } as const;
  const relation = lazilyNamed(context, () =>
    context.inside(definition, resource.tableReference.projectId, node, () =>
      definedRelation(context, queryOf(resource, sql)),
    ),
  );
  const fields = resource.schema?.fields ?? [];
  const declared = fields.map((field) => ({ name: field.name, type: schemaType(field) }));
  requireAgreement(context, relation, declared, `view ${name}`, node);
  context.views.set(name, relation);
  return relation;
}
