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
import { type DeclaredColumn, definedRelation, queryOf, requireAgreement } from "./definition.ts";
import { fold, type Relation } from "./scope.ts";

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
  if (known !== undefined) return asListed(context, known, name, resource, node);
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
  const given = renamed(relation, declared) ? withNames(relation, declared) : relation;
  requireAgreement(context, given, declared, `view ${name}`, node);
  context.views.set(name, given);
  if (given !== relation) context.listedViews.add(name);
  return asListed(context, given, name, resource, node);
}

/**
 * Whether the schema's names can be those of a list, CREATE VIEW v(a, b), which the catalog shows nowhere else. They may as well be those
 * that the query had before the table below it was made anew. Where each of them is its own column's name or none of the query's, one of
 * the two holds, and whoever names all of the view's columns fails by the other (docs/adr/0008).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#view_column_name_list
 */
function renamed({ columns }: Relation, declared: readonly DeclaredColumn[]): boolean {
  if (columns.length !== declared.length) return false;
  const own = new Set(columns.map(({ name }) => fold(name)));
  const listed = new Set(declared.map(({ name }) => fold(name)));
  const fits = columns.every((column, i) => {
    const name = declared[i]?.name ?? "";
    return column.name === name || !own.has(fold(name));
  });
  return fits && listed.size === declared.length && columns.some(({ name }, i) => name !== declared[i]?.name);
}

function withNames(relation: Relation, declared: readonly DeclaredColumn[]): Relation {
  const columns = relation.columns.map((column, i) => ({ ...column, name: declared[i]?.name ?? column.name }));
  return { ...relation, columns };
}

/** Of a view with a list the canonical text names each column. In a definition's own text, which isn't printed, nothing would. */
function asListed(
  context: Context,
  relation: Relation,
  name: TableName,
  { schema }: TableResource,
  node: TablePath,
): Relation {
  if (!context.listedViews.has(name)) return relation;
  if (context.inDefinition) {
    const message = `View ${name} has other column names than its query; give its query these aliases, where views or routines use it`;
    return context.fail("unsupported", message, node);
  }
  context.listedColumns.set(
    node,
    (schema?.fields ?? []).map((field) => field.name),
  );
  return relation;
}
