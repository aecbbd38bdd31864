/** A text's statements, in order, and which rows the client can fetch of them. */

import type { Output, PlanStatement } from "../plan.ts";
import { columnNames } from "../plan-statement.ts";
import type { Node, Script, Statement } from "../tree.ts";
import { childrenOf } from "../visitor.ts";
import type { Context } from "./context.ts";
import { joinedAll } from "./script/joining.ts";
import { isProcedural } from "./script/procedural.ts";
import { resultOf } from "./script/result.ts";
import { Run } from "./script/run.ts";
import { START } from "./script/state.ts";
import { runAll } from "./script/steps.ts";
import { resolveStatement } from "./statement.ts";

export interface ResolvedScript {
  /** BigQuery's `statementType` of the whole. */
  readonly statementType: string;
  readonly statements: readonly PlanStatement[];
  readonly result: readonly Output[];
}

export function resolveScript(context: Context, script: Script): ResolvedScript {
  const [statement, second] = script.statements;
  if (statement === undefined) return context.fail("syntax", "There is no statement", script);
  context.alone = isQuery(script.statements);
  if (second === undefined && !isProcedural(statement)) {
    const plan = resolveStatement(context, statement);
    return { statementType: plan.kind, statements: [plan], result: plan.outputs };
  }
  let run = new Run(context, runAll, hasTransactions(script));
  let { next, exits } = runAll(run, script.statements, START, false);
  if (run.transactions && !run.undone) {
    // They are in a procedure, so that what was thought replaced may have been brought back.
    run = new Run(context, runAll, true);
    ({ next, exits } = runAll(run, script.statements, START, false));
  }
  // A failure that nothing catches ends the job, and with it all results.
  const ends = exits.filter(({ kind }) => kind !== "failure" && kind !== "endless").map((exit) => exit.state);
  const end = joinedAll(next === null ? ends : [next, ...ends]);
  const result = end === null ? [] : resultOf(context, end.last, run.plans, columnNames(end.lastBy));
  refuseRedefined(context, script, [...run.plans.values()]);
  const alone = second === undefined && statement.kind === "CreateProcedureStatement";
  const statementType = alone ? "CREATE_PROCEDURE" : isQuery(script.statements) ? "SELECT" : "SCRIPT";
  return { statementType, statements: [...run.plans.values()], result };
}

/** A routine that the script defines or drops is another one for its later calls than the catalog's, which were looked at. */
function refuseRedefined(context: Context, script: Script, plans: readonly PlanStatement[]): void {
  // Of a procedure each call knows which it is: script/procedure.ts.
  const functions = plans.filter(({ kind }) => kind !== "CREATE_PROCEDURE" && kind !== "DROP_PROCEDURE");
  const changes = functions.flatMap((plan) => plan.changes ?? []).filter(({ what }) => what === "routine");
  const called = new Set(plans.flatMap(({ routines }) => routines.map((name) => name.toLowerCase())));
  const both = changes.find(({ name }) => called.has(name.toLowerCase()));
  if (both === undefined) return;
  context.fail(
    "unsupported",
    `Routine ${both.name} is changed and called by the same script; send two requests`,
    script,
  );
}

function hasTransactions(node: Node): boolean {
  return node.kind === "TransactionStatement" || childrenOf(node).some(hasTransactions);
}

/**
 * Temporary functions before one query are no script.
 * https://cloud.google.com/bigquery/docs/multi-statement-queries
 */
function isQuery(statements: readonly Statement[]): boolean {
  return (
    statements.at(-1)?.kind === "QueryStatement" &&
    statements.slice(0, -1).every((statement) => statement.kind === "CreateFunctionStatement" && statement.temporary)
  );
}
