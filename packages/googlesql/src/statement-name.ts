import type { Statement } from "./tree.ts";

/** The words a statement is known by: `CREATE OR REPLACE TEMP TABLE`, `EXPORT DATA`, `SELECT`. Holds no name from the SQL. */
export function statementName(statement: Statement): string {
  switch (statement.kind) {
    case "QueryStatement":
      return "SELECT";
    case "InsertStatement":
      return "INSERT";
    case "UpdateStatement":
      return "UPDATE";
    case "DeleteStatement":
      return "DELETE";
    case "MergeStatement":
      return "MERGE";
    case "TruncateStatement":
      return "TRUNCATE TABLE";
    case "DeclareStatement":
      return "DECLARE";
    case "SetStatement":
      return "SET";
    case "ExecuteImmediateStatement":
      return "EXECUTE IMMEDIATE";
    case "BlockStatement":
      return "BEGIN";
    case "IfStatement":
      return "IF";
    case "CaseStatement":
      return "CASE";
    case "LoopStatement":
      return "LOOP";
    case "WhileStatement":
      return "WHILE";
    case "RepeatStatement":
      return "REPEAT";
    case "ForStatement":
      return "FOR";
    case "JumpStatement":
      return statement.action;
    case "ReturnStatement":
      return "RETURN";
    case "RaiseStatement":
      return "RAISE";
    case "CallStatement":
      return "CALL";
    case "AssertStatement":
      return "ASSERT";
    case "TransactionStatement":
      return `${statement.action} TRANSACTION`;
    case "ExportDataStatement":
      return "EXPORT DATA";
    case "ExportModelStatement":
      return "EXPORT MODEL";
    case "LoadDataStatement":
      return "LOAD DATA";
    case "GrantStatement":
      return statement.action;
    case "CreateTableStatement":
      return create(statement, statement.modifier === null ? "TABLE" : `${statement.modifier} TABLE`);
    case "CreateSnapshotStatement":
      return create(statement, "SNAPSHOT TABLE");
    case "CreateViewStatement":
      return create(statement, statement.materialized ? "MATERIALIZED VIEW" : "VIEW");
    case "CreateFunctionStatement":
      return create(
        statement,
        `${statement.temporary ? "TEMP " : ""}${statement.aggregate ? "AGGREGATE " : ""}FUNCTION`,
      );
    case "CreateTableFunctionStatement":
      return create(statement, "TABLE FUNCTION");
    case "CreateProcedureStatement":
      return create(statement, "PROCEDURE");
    case "CreateModelStatement":
      return create(statement, "MODEL");
    case "CreateSchemaStatement":
      return create(statement, statement.external ? "EXTERNAL SCHEMA" : "SCHEMA");
    case "CreateIndexStatement":
      return create(statement, `${statement.type} INDEX`);
    case "CreateRowAccessPolicyStatement":
      return create(statement, "ROW ACCESS POLICY");
    case "CreateResourceStatement":
      return create(statement, statement.type);
    case "AlterStatement":
      return `ALTER ${statement.type}`;
    case "DropStatement":
      return `DROP ${statement.type}`;
    case "UndropStatement":
      return "UNDROP SCHEMA";
  }
}

function create({ orReplace }: { readonly orReplace: boolean }, what: string): string {
  return `CREATE ${orReplace ? "OR REPLACE " : ""}${what}`;
}
