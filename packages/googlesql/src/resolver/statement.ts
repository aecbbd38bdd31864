/** Statements: what each reads, shows, writes and does. One case for each kind of the tree. */
import { union } from "../flow/flow.ts";
import type { PlanStatement } from "../plan.ts";
import { definitionsOf, effectsOf, outputsOf, readsOf } from "../plan-statement.ts";
import { statementName } from "../statement-name.ts";
import type { QueryStatement, Statement } from "../tree.ts";
import type { Context } from "./context.ts";
import { refuseStoredMetadata } from "./information-schema.ts";
import { alter } from "./statements/alter-table.ts";
import { createResource } from "./statements/capacity.ts";
import { createIndex } from "./statements/create-index.ts";
import { createFunction, createTableFunction } from "./statements/create-routine.ts";
import { createSnapshot, createTable } from "./statements/create-table.ts";
import { createView } from "./statements/create-view.ts";
import { drop } from "./statements/drop.ts";
import { grant } from "./statements/grant.ts";
import { insert } from "./statements/insert.ts";
import { merge } from "./statements/merge.ts";
import { createModel } from "./statements/model.ts";
import { createRowAccessPolicy } from "./statements/row-access-policy.ts";
import { createSchema, undropSchema } from "./statements/schema.ts";
import { exportData, exportModel, loadData } from "./statements/transfer.ts";
import { deleteRows, truncate, update } from "./statements/update.ts";

export function resolveStatement(context: Context, statement: Statement): PlanStatement {
  context.beginStatement();
  switch (statement.kind) {
    case "QueryStatement":
      return query(context, statement);
    case "InsertStatement":
      return insert(context, statement);
    case "UpdateStatement":
      return update(context, statement);
    case "DeleteStatement":
      return deleteRows(context, statement);
    case "MergeStatement":
      return merge(context, statement);
    case "TruncateStatement":
      return truncate(context, statement);
    case "CreateTableStatement":
      return createTable(context, statement);
    case "CreateSnapshotStatement":
      return createSnapshot(context, statement);
    case "CreateViewStatement":
      return stored(context, statement, createView(context, statement));
    case "CreateIndexStatement":
      return createIndex(context, statement);
    case "CreateFunctionStatement":
      return stored(context, statement, createFunction(context, statement));
    case "CreateTableFunctionStatement":
      return stored(context, statement, createTableFunction(context, statement));
    case "CreateModelStatement":
      return createModel(context, statement);
    case "CreateSchemaStatement":
      return createSchema(context, statement);
    case "UndropStatement":
      return undropSchema(context, statement);
    case "CreateRowAccessPolicyStatement":
      return createRowAccessPolicy(context, statement);
    case "CreateResourceStatement":
      return createResource(context, statement);
    case "AlterStatement":
      return alter(context, statement);
    case "DropStatement":
      return drop(context, statement);
    case "ExportDataStatement":
      return exportData(context, statement);
    case "ExportModelStatement":
      return exportModel(context, statement);
    case "LoadDataStatement":
      return loadData(context, statement);
    case "GrantStatement":
      return grant(context, statement);
    default:
      return context.fail("unsupported", `The statement ${statementName(statement)} is not supported`, statement);
  }
}

function stored(context: Context, statement: Statement, plan: PlanStatement): PlanStatement {
  refuseStoredMetadata(context, statement);
  return plan;
}

function query(context: Context, statement: QueryStatement): PlanStatement {
  const found = context.query(context, statement.query, null, null);
  context.trace?.results.push(found.columns.map(({ name, id }) => ({ name, id })));
  // In a script's branch, that there is a result at all is decided by the branch's conditions.
  const relation = { ...found, implicit: union([found.implicit, context.branch]) };
  const reads = readsOf(context, relation);
  return {
    kind: "SELECT",
    reads,
    ...definitionsOf(context),
    outputs: outputsOf(context, relation, statement.start),
    writes: context.writes,
    effects: effectsOf(context, reads),
  };
}
