import type { AgentPrincipal } from "../../identity/principal.ts";
import type { Connection } from "../../sessions/connection.ts";
import { describedTable } from "../../sessions/described-table.ts";
import type { Statement } from "../../sessions/statement.ts";
import { quotedTable, tableReadStatement } from "../../sessions/table-read.ts";
import type { AskedRead } from "./requests.ts";
import { select } from "./selection.ts";

/**
 * The query that says what a read of a table asks for. Each part was read by itself to its end; the line's end closes a comment.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#from_clause
 */
export async function askedStatement(
  principal: AgentPrincipal,
  connection: Connection,
  asked: AskedRead,
  now: number,
): Promise<Statement> {
  const { projectId, datasetId, tableId } = asked.table;
  // Before the catalog is asked: a name that it can't have is no failure of ours.
  quotedTable({ project: projectId, dataset: datasetId, table: tableId });
  const described = await describedTable(principal, connection, `${projectId}.${datasetId}.${tableId}`, now);
  const { statement } = await tableReadStatement(
    principal,
    connection,
    {
      project: projectId,
      dataset: datasetId,
      table: tableId,
      selectedFields:
        asked.selection === undefined || described.kind !== "described"
          ? undefined
          : select(described.fields, asked.selection).map(({ name }) => name),
    },
    now,
  );
  const asOf = asked.snapshot === undefined ? "" : ` FOR SYSTEM_TIME AS OF ${asked.snapshot}`;
  // What BigQuery says that sample_percentage is.
  const sample =
    asked.samplePercentage === undefined ? "" : ` TABLESAMPLE SYSTEM (${decimal(asked.samplePercentage)} PERCENT)`;
  const where = asked.restriction === undefined ? "" : ` WHERE (${asked.restriction}\n)`;
  return { ...statement, sql: `${statement.sql}${asOf}${sample}${where}` };
}

const MOST_DIGITS = 20;

/** Without an exponent. */
function decimal(number: number): string {
  return /e/.test(String(number)) ? number.toFixed(MOST_DIGITS) : String(number);
}
