/**
 * Reservations, capacity and assignments: who pays for which slots. They hold no data.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_reservation_statement
 */
import { madeOf } from "../../made-of.ts";
import type { Change, PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import { tableNameParts } from "../../table-name.ts";
import type { AlterStatement, CreateResourceStatement, DropStatement } from "../../tree.ts";
import type { Context } from "../context.ts";
import { checkOptions } from "./options.ts";

type Resource = Exclude<CreateResourceStatement["type"], "DATA_POLICY">;

export function createResource(context: Context, node: CreateResourceStatement): PlanStatement {
  const { type } = node;
  if (type === "DATA_POLICY") return context.fail("unsupported", "CREATE DATA_POLICY is not supported", node);
  nameCapacity(context, node, type, "create");
  checkOptions(context, node.options, type);
  return planWithoutResult(context, `CREATE_${type}`);
}

export function alterCapacity(context: Context, node: AlterStatement): PlanStatement {
  const type = node.type === "CAPACITY" ? "CAPACITY" : "RESERVATION";
  nameCapacity(context, node, type, "alter");
  for (const action of node.actions) {
    if (action.kind !== "SetOptions") return context.fail("syntax", `ALTER ${type} takes SET OPTIONS`, action);
    checkOptions(context, action.options, type);
  }
  return planWithoutResult(context, `ALTER_${type}`);
}

const isCapacityName = madeOf(/^[\w:.-]+$/, String.raw`^[\p{L}\p{N}_:.-]+$`);

/** `project.location.name`; of an assignment `project.location.reservation.name`. */
export function nameCapacity(
  context: Context,
  node: CreateResourceStatement | AlterStatement | DropStatement,
  type: Resource,
  mode: Change["mode"],
): void {
  const written = tableNameParts(node.name);
  const count = type === "ASSIGNMENT" ? 4 : 3;
  const project = context.defaults.defaultProject ?? context.defaults.defaultDataset?.project;
  const parts = written.length === count - 1 && project !== undefined ? [project, ...written] : written;
  if (parts.length !== count || !parts.every(isCapacityName)) {
    context.fail("name", `${type} is named project.location.${count === 4 ? "reservation." : ""}name`, node);
  }
  context.names.set(node, parts);
  context.changes.push({ what: "capacity", mode, name: parts.slice(0, 3).join(".") });
}
