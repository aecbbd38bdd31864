/**
 * DROP and UNDROP: what is gone shows nothing; what comes back would be of classes that nobody remembers.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#drop_table_statement
 */
import { NO_KEYS, NOTHING } from "../../flow/flow.ts";
import type { PlanStatement, Write } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import { tableNameParts } from "../../table-name.ts";
import type { DropStatement } from "../../tree.ts";
import type { Context } from "../context.ts";
import { resolveRoutineName } from "../table-name.ts";
import { nameOf, resolveTarget } from "./target.ts";
import { recordWrite } from "./written.ts";

export function drop(context: Context, node: DropStatement): PlanStatement {
  switch (node.type) {
    case "TABLE":
    case "EXTERNAL TABLE":
    case "SNAPSHOT TABLE":
    case "VIEW":
    case "MATERIALIZED VIEW": {
      const { table, parts } = nameOf(context, node.name, node);
      context.names.set(node, parts);
      record(context, table, "drop", node);
      break;
    }
    case "FUNCTION":
    case "TABLE FUNCTION":
    case "PROCEDURE": {
      const named = resolveRoutineName(tableNameParts(node.name), context.defaults);
      if (named.kind === "refused") return context.fail(named.code, named.message, node);
      context.names.set(node, named.parts);
      break;
    }
    case "MODEL":
      context.names.set(node, nameOf(context, node.name, node).parts);
      break;
    case "SEARCH INDEX":
    case "VECTOR INDEX": {
      if (node.on === null) return context.fail("syntax", `DROP ${node.type} needs ON and a table`, node);
      const { table } = resolveTarget(context, node.on);
      context.names.set(
        node,
        node.name.map((part) => part.name),
      );
      record(context, table, "alter", node);
      break;
    }
    case "ROW ACCESS POLICY":
    case "ALL ROW ACCESS POLICIES":
    case "DATA_POLICY":
      return context.fail(
        "unsupported",
        `DROP ${node.type} is not supported: it opens rows or columns to others`,
        node,
      );
    case "SCHEMA":
    case "EXTERNAL SCHEMA":
      return context.fail(
        "unsupported",
        `DROP ${node.type} is not supported; drop the tables in it, each by name`,
        node,
      );
    case "CAPACITY":
    case "RESERVATION":
    case "ASSIGNMENT":
      return context.fail("unsupported", `DROP ${node.type} is not supported: agents don't manage capacity`, node);
    default: {
      const unreachable: never = node.type;
      return unreachable;
    }
  }
  return planWithoutResult(context, `DROP_${node.type.replaceAll(" ", "_")}`);
}

function record(context: Context, table: string, mode: Write["mode"], node: DropStatement): void {
  recordWrite(context, { table, mode, columns: [], implicit: NO_KEYS, rows: NOTHING, repeated: false }, node);
}
