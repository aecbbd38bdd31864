import { z } from "zod";
import type { SessionEngine } from "../../sessions/engine.ts";
import { quotedTable } from "../../sessions/table-read.ts";
import { runAtOnce } from "./at-once.ts";
import { answerGone, bodyOf, type Call, placeOf } from "./call.ts";
import { invalid } from "./google-error.ts";
import { parseBody } from "./requests.ts";
import { param } from "./routes.ts";
import { sendJson } from "./send.ts";
import { sqlText } from "./sql-text.ts";

/**
 * Row access policies made and dropped by the statement that says the same, which policy judges by `administer`: who may read which rows.
 * None is shown, since its filter can hold literals of people's data.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/rowAccessPolicies
 */

export interface RowAccessOptions {
  readonly engine: SessionEngine;
  readonly bodyBytes: number;
}

const policyId = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,255}$/);

export const rowAccessRequest = z.strictObject({
  rowAccessPolicyReference: z.strictObject({
    projectId: z.string().max(1024).optional(),
    datasetId: z.string().max(1024).optional(),
    tableId: z.string().max(1024).optional(),
    policyId,
  }),
  filterPredicate: z.string().min(1),
  grantees: z.array(z.string().min(1).max(1024)).min(1).max(100),
});
export type RowAccessRequest = z.output<typeof rowAccessRequest>;

/** rowAccessPolicies.insert: CREATE ROW ACCESS POLICY; update: CREATE OR REPLACE of it. */
export async function makeRowAccess({ engine, bodyBytes }: RowAccessOptions, call: Call): Promise<void> {
  const { project, dataset } = placeOf(call);
  const table = param(call.m, "table");
  const body = parseBody(rowAccessRequest, await bodyOf(call, bodyBytes));
  const replacing = call.m.name === "rowAccessPolicies.update";
  const { policyId: id } = body.rowAccessPolicyReference;
  if (replacing && id !== param(call.m, "policy"))
    throw invalid("rowAccessPolicyReference is not the policy of the path.");
  await runAtOnce(engine, call, createRowAccessSql(body, { project, dataset, table }, replacing));
  sendJson(call.response, {
    rowAccessPolicyReference: { projectId: project, datasetId: dataset, tableId: table, policyId: id },
    filterPredicate: body.filterPredicate,
    grantees: body.grantees,
  });
}

/** rowAccessPolicies.delete: DROP ROW ACCESS POLICY. */
export async function dropRowAccess({ engine }: RowAccessOptions, call: Call): Promise<void> {
  const id = policyId.safeParse(param(call.m, "policy"));
  if (!id.success) throw invalid("A row access policy's name has letters, digits and underscores.");
  const target = quotedTable({ ...placeOf(call), table: param(call.m, "table") });
  await runAtOnce(engine, call, `DROP ROW ACCESS POLICY \`${id.data}\` ON ${target}`);
  answerGone(call);
}

/** A filter stands in parentheses, and is judged as SQL like all of it: one that closes them is another statement, judged too. */
export function createRowAccessSql(
  body: RowAccessRequest,
  place: { readonly project: string; readonly dataset: string; readonly table: string },
  replacing: boolean,
): string {
  const { rowAccessPolicyReference: named, filterPredicate, grantees } = body;
  if (
    (named.projectId ?? place.project) !== place.project ||
    (named.datasetId ?? place.dataset) !== place.dataset ||
    (named.tableId ?? place.table) !== place.table
  )
    throw invalid("rowAccessPolicyReference is not of the table of the path.");
  const verb = replacing ? "CREATE OR REPLACE" : "CREATE";
  return `${verb} ROW ACCESS POLICY \`${named.policyId}\` ON ${quotedTable(place)} GRANT TO (${grantees.map(sqlText).join(", ")}) FILTER USING (${filterPredicate}\n)`;
}
