/**
 * DROP and UNDROP: what is gone shows nothing; what comes back would be of classes that nobody remembers.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#drop_table_statement
 */
import { NO_KEYS, NOTHING } from "../../flow/flow.ts";
import type { PlanStatement, StatementKind, Write } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import type { DropStatement } from "../../tree.ts";
import type { Context } from "../context.ts";
import { resolveProcedureName } from "../table-name.ts";
import { nameCapacity } from "./capacity.ts";
import { dropSchema } from "./schema.ts";
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
      const named = resolveProcedureName(node.name, context.defaults);
      if (named.kind === "refused") return context.fail(named.code, named.message, node);
      context.names.set(node, named.parts);
      context.changes.push({ what: "routine", mode: "drop", name: named.name });
      break;
    }
    case "MODEL": {
      const { table: model, parts } = nameOf(context, node.name, node);
      context.names.set(node, parts);
      context.changes.push({ what: "model", mode: "drop", name: model });
      break;
    }
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
    case "ALL ROW ACCESS POLICIES": {
      if (node.on === null) return context.fail("syntax", `DROP ${node.type} needs ON and a table`, node);
      const { table } = resolveTarget(context, node.on);
      context.names.set(
        node,
        node.name.map((part) => part.name),
      );
      context.changes.push({ what: "access", mode: "drop", name: table });
      break;
    }
    case "SCHEMA":
      dropSchema(context, node);
      break;
    case "CAPACITY":
    case "RESERVATION":
    case "ASSIGNMENT":
      nameCapacity(context, node, node.type, "drop");
      break;
    case "EXTERNAL SCHEMA":
    case "DATA_POLICY":
      return context.fail("unsupported", `DROP ${node.type} is not supported`, node);
    default: {
      const unreachable: never = node.type;
      return unreachable;
    }
  }
  return planWithoutResult(context, KINDS[node.type]);
}

const KINDS: Readonly<Record<Exclude<DropStatement["type"], "EXTERNAL SCHEMA" | "DATA_POLICY">, StatementKind>> = {
  TABLE: "DROP_TABLE",
  "EXTERNAL TABLE": "DROP_EXTERNAL_TABLE",
  "SNAPSHOT TABLE": "DROP_SNAPSHOT_TABLE",
  VIEW: "DROP_VIEW",
  "MATERIALIZED VIEW": "DROP_MATERIALIZED_VIEW",
  FUNCTION: "DROP_FUNCTION",
  "TABLE FUNCTION": "DROP_TABLE_FUNCTION",
  PROCEDURE: "DROP_PROCEDURE",
  MODEL: "DROP_MODEL",
  "SEARCH INDEX": "DROP_SEARCH_INDEX",
  "VECTOR INDEX": "DROP_VECTOR_INDEX",
  "ROW ACCESS POLICY": "DROP_ROW_ACCESS_POLICY",
  "ALL ROW ACCESS POLICIES": "DROP_ALL_ROW_ACCESS_POLICIES",
  SCHEMA: "DROP_SCHEMA",
  CAPACITY: "DROP_CAPACITY",
  RESERVATION: "DROP_RESERVATION",
  ASSIGNMENT: "DROP_ASSIGNMENT",
};

function record(context: Context, table: string, mode: Write["mode"], node: DropStatement): void {
  recordWrite(context, { table, mode, columns: [], implicit: NO_KEYS, rows: NOTHING, repeated: false }, node);
}
