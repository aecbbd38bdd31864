/**
 * ALTER TABLE and its like for views. A column that goes on under another name or type is a copy of itself, so that its classes
 * go with it (threat-model C4).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#alter_table_rename_column_statement
 */
import { NO_KEYS, NOTHING } from "../../flow/flow.ts";
import type { PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import { tableNameParts } from "../../table-name.ts";
import type {
  AlterAction,
  AlterColumn,
  AlterStatement,
  Identifier,
  OptionList,
  RenameTable,
  TablePath,
} from "../../tree.ts";
import type { Context } from "../context.ts";
import { type Column, fold } from "../scope.ts";
import { coerced } from "./assignment.ts";
import { alterCapacity } from "./capacity.ts";
import { checkCollation, checkDefault, checkReference, columnType, definedColumn } from "./column-definition.ts";
import { checkOptions, noteExpiration, noteLabels } from "./options.ts";
import { alterSchema } from "./schema.ts";
import { nameOf, resolveTarget, type Target } from "./target.ts";
import { recordWrite, type WrittenColumn } from "./written.ts";

export function alter(context: Context, node: AlterStatement): PlanStatement {
  switch (node.type) {
    case "TABLE":
      return alterTable(context, node);
    case "VIEW":
    case "MATERIALIZED VIEW":
      return alterView(context, node);
    case "SCHEMA":
      return alterSchema(context, node);
    case "CAPACITY":
    case "RESERVATION":
      return alterCapacity(context, node);
    case "MODEL":
    case "SEARCH INDEX":
    case "VECTOR INDEX":
    case "BI_CAPACITY":
    case "ORGANIZATION":
    case "PROJECT":
    case "DATA_POLICY":
      return context.fail("unsupported", `ALTER ${node.type} is not supported: it changes more than one table`, node);
    default: {
      const unreachable: never = node.type;
      return unreachable;
    }
  }
}

function alterTable(context: Context, node: AlterStatement): PlanStatement {
  const target = resolveTarget(context, pathOf(node));
  const { parts } = nameOf(context, node.name, node);
  context.names.set(node, parts);
  /** As they are after the actions so far, each of which sees what those before it did. */
  const columns = new Map(target.columns.map((column) => [fold(column.name), column]));
  const written: WrittenColumn[] = [];
  for (const action of node.actions) {
    if (action.kind === "RenameTable") {
      if (node.actions.length > 1) context.fail("unsupported", "RENAME TO stands alone", action);
      return renameTable(context, target, parts, action);
    }
    written.push(...alteration(context, target, columns, action));
  }
  noteLabels(context, node.actions.map(optionsOf), "alter", target.table);
  noteExpiration(context, node.actions.map(optionsOf), target.table);
  recordAlter(context, target.table, written, node);
  return planWithoutResult(context, "ALTER_TABLE");
}

/** Views and materialized views take new options, for themselves or a column. */
function alterView(context: Context, node: AlterStatement): PlanStatement {
  const { table, parts } = nameOf(context, node.name, node);
  context.names.set(node, parts);
  const materialized = node.type === "MATERIALIZED VIEW";
  for (const action of node.actions) {
    if (action.kind === "SetOptions") {
      checkOptions(context, action.options, materialized ? "ALTER MATERIALIZED VIEW" : "ALTER VIEW");
    } else if (action.kind === "AlterColumn" && action.to?.kind === "OptionList") {
      checkOptions(context, action.to, "COLUMN");
    } else context.fail("unsupported", `This change of a ${node.type} is not supported`, action);
  }
  noteLabels(context, node.actions.map(optionsOf), "alter", table);
  noteExpiration(context, node.actions.map(optionsOf), table);
  recordAlter(context, table, [], node);
  return planWithoutResult(context, materialized ? "ALTER_MATERIALIZED_VIEW" : "ALTER_VIEW");
}

/** Of the table, or of one of its columns. */
function optionsOf(action: AlterAction): OptionList | null {
  if (action.kind === "SetOptions") return action.options;
  if (action.kind === "AddColumn") return action.column.options;
  return action.kind === "AlterColumn" && action.to?.kind === "OptionList" ? action.to : null;
}

/** By their folded names. */
type ColumnsSoFar = Map<string, Column>;

/** Changes `columns` as the action does, and returns what it writes. */
function alteration(
  context: Context,
  target: Target,
  columns: ColumnsSoFar,
  action: Exclude<AlterAction, RenameTable>,
): readonly WrittenColumn[] {
  switch (action.kind) {
    case "SetOptions":
      checkOptions(context, action.options, "ALTER TABLE");
      return [];
    case "SetDefaultCollate":
      checkCollation(context, action.collate);
      return [];
    case "AddColumn": {
      const place = definedColumn(context, action.column);
      const exists = columns.has(fold(place.name));
      if (exists && action.ifNotExists) return [];
      if (exists) context.fail("name", `Table ${target.table} has a column ${place.name} already`, action);
      // Rows that are there hold NULL.
      columns.set(fold(place.name), { ...place, written: "value", flow: NOTHING, id: context.freshId() });
      return [{ ...place, flow: NOTHING }];
    }
    case "DropColumn": {
      const column = columnNamed(context, target, columns, action.name, action.ifExists);
      if (column === null) return [];
      columns.delete(fold(column.name));
      return [{ ...column, flow: NOTHING }];
    }
    case "RenameColumn": {
      const column = columnNamed(context, target, columns, action.from, action.ifExists);
      if (column === null) return [];
      const { name } = action.to;
      const other = columns.get(fold(name));
      if (other !== undefined && other !== column) {
        context.fail("name", `Table ${target.table} has a column ${name} already`, action.to);
      }
      const renamed: Column = { ...column, name };
      columns.delete(fold(column.name));
      columns.set(fold(name), renamed);
      return [renamed];
    }
    case "AlterColumn":
      return alteredColumn(context, target, columns, action);
    case "AddConstraint":
      if (action.constraint.kind === "ForeignKey") checkReference(context, action.constraint.references);
      return [];
    case "DropConstraint":
    case "DropPrimaryKey":
      return [];
    case "AddReplica":
    case "DropReplica":
    case "Rebuild":
      return context.fail("syntax", "This is no change of a table", action);
    default: {
      const unreachable: never = action;
      return unreachable;
    }
  }
}

function alteredColumn(
  context: Context,
  target: Target,
  columns: ColumnsSoFar,
  action: AlterColumn,
): readonly WrittenColumn[] {
  const column = columnNamed(context, target, columns, action.name, action.ifExists);
  if (column === null) return [];
  const { change, to } = action;
  switch (change) {
    case "SET DATA TYPE": {
      if (to?.kind !== "ColumnSchema") return context.fail("syntax", "SET DATA TYPE needs a type", action);
      const { type } = columnType(context, to);
      const changed: Column = { ...column, type, flow: coerced(column.type, type, column.flow) };
      columns.set(fold(column.name), changed);
      return [changed];
    }
    case "SET DEFAULT":
      if (to === null || to.kind === "ColumnSchema" || to.kind === "OptionList") {
        return context.fail("syntax", "SET DEFAULT needs a value", action);
      }
      checkDefault(context, to, column.type, column.name);
      break;
    case "SET OPTIONS":
      if (to?.kind !== "OptionList") return context.fail("syntax", "SET OPTIONS needs options", action);
      checkOptions(context, to, "COLUMN");
      break;
    case "DROP DEFAULT":
    case "DROP NOT NULL":
      break;
    default: {
      const unreachable: never = change;
      return unreachable;
    }
  }
  return [{ ...column, flow: NOTHING }];
}

/** The table goes on under its new name with all that is in it. */
function renameTable(
  context: Context,
  target: Target,
  parts: readonly [string, string, string],
  action: RenameTable,
): PlanStatement {
  const [name, more] = tableNameParts(action.to);
  if (name === undefined || more !== undefined) {
    return context.fail("name", "RENAME TO takes one name: the table stays in its dataset", action);
  }
  const [project, dataset] = parts;
  const quoted: Identifier = { kind: "Identifier", name: `${project}.${dataset}.${name}`, start: 0, end: 0 };
  const { table } = nameOf(context, [quoted], action);
  context.names.set(action, [name]);
  recordWrite(
    context,
    {
      table,
      mode: "create",
      columns: target.columns.map(({ name: column, type, flow }) => ({ name: column, type, flow })),
      implicit: NO_KEYS,
      rows: target.from.rows,
      repeated: false,
    },
    action,
  );
  recordWrite(
    context,
    { table: target.table, mode: "drop", columns: [], implicit: NO_KEYS, rows: NOTHING, repeated: false },
    action,
  );
  return planWithoutResult(context, "ALTER_TABLE");
}

function recordAlter(
  context: Context,
  table: string,
  columns: readonly WrittenColumn[],
  node: { readonly start: number },
): void {
  const plain = columns.map(({ name, type, flow }) => ({ name, type, flow }));
  recordWrite(
    context,
    { table, mode: "alter", columns: plain, implicit: NO_KEYS, rows: NOTHING, repeated: false },
    node,
  );
}

function columnNamed(
  context: Context,
  target: Target,
  columns: ColumnsSoFar,
  name: Identifier,
  ifExists: boolean,
): Column | null {
  const column = columns.get(fold(name.name));
  if (column !== undefined) return column;
  if (ifExists) return null;
  return context.fail("name", `Table ${target.table} has no column ${name.name}`, name);
}

/** The name as a path, for whoever looks up its table. */
function pathOf({ name, start, end }: AlterStatement): TablePath {
  return { kind: "TablePath", parts: name, alias: null, withOffset: null, systemTime: null, start, end };
}
