import type { Statement } from "../../tree.ts";

/**
 * Whether the statement is of the procedural language: it makes a script of a text, even alone.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language
 */
export function isProcedural({ kind }: Statement): boolean {
  switch (kind) {
    case "DeclareStatement":
    case "SetStatement":
    case "ExecuteImmediateStatement":
    case "BlockStatement":
    case "IfStatement":
    case "CaseStatement":
    case "LoopStatement":
    case "WhileStatement":
    case "RepeatStatement":
    case "ForStatement":
    case "JumpStatement":
    case "ReturnStatement":
    case "RaiseStatement":
    case "CallStatement":
    case "CreateProcedureStatement":
    case "AssertStatement":
    case "TransactionStatement":
      return true;
    default:
      return false;
  }
}
