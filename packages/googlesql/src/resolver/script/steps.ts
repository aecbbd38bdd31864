/**
 * The statements of a script, one after the other and round after round. What stands in a branch is decided by its condition; so
 * is what stands behind it, where the branch may have left for somewhere else (threat-model row 31).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language
 */
import { NO_KEYS, NOTHING, union } from "../../flow/flow.ts";
import type { PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import { temporaryName } from "../../table-name.ts";
import type { Statement, TransactionStatement } from "../../tree.ts";
import type { Context } from "../context.ts";
import { resolveStatement } from "../statement.ts";
import { recordWrite } from "../statements/written.ts";
import { temporaryTable } from "../temporary-table.ts";
import { block } from "./blocks.ts";
import { assertStatement, caseStatement, ifStatement, raise } from "./branches.ts";
import { Joining, LeavingWays } from "./joining.ts";
import { forLoop, jump, repeatLoop, whileLoop } from "./loops.ts";
import { earliest, leaves, type Outcome } from "./outcome.ts";
import { call, createProcedure } from "./procedures.ts";
import { rowCountAfter } from "./row-count.ts";
import { afterFailing, enter, note, type Run } from "./run.ts";
import { SharedMap } from "./shared-map.ts";
import { type State, withWritten } from "./state.ts";
import { afterWriting, type TemporaryTables } from "./temporary-tables.ts";
import { declare, set } from "./variables.ts";

/** `caught`: an EXCEPTION handler around the statements makes their failing one more way. */
export function runAll(run: Run, statements: readonly Statement[], start: State, caught: boolean): Outcome {
  const exits = new LeavingWays();
  const interrupted = new Joining();
  let state = start;
  let reached = true;
  for (const statement of statements) {
    const outcome = runOne(run, statement, state, caught);
    if (outcome.next !== null) state = outcome.next;
    // What stands behind a jump is analysed, since its names are part of the text, but nothing comes of it.
    if (!reached) continue;
    exits.add(outcome.exits);
    interrupted.add(outcome.interrupted);
    if (outcome.next === null) reached = false;
  }
  return { next: reached ? state : null, exits: exits.exits(), interrupted: interrupted.state() };
}

function runOne(run: Run, statement: Statement, state: State, caught: boolean): Outcome {
  run.spendPass(statement, state);
  const { result, telling } = run.listen(() => stepOf(run, statement, state, caught));
  if (!caught) return result;
  const left: State = {
    ...state,
    told: telling.told,
    cost: union([state.cost, telling.cost]),
    ran: union([state.ran, telling.ran]),
  };
  return { ...result, interrupted: earliest([left, result.interrupted]) };
}

function stepOf(run: Run, statement: Statement, state: State, caught: boolean): Outcome {
  switch (statement.kind) {
    case "DeclareStatement":
      return declare(run, statement, state, caught);
    case "SetStatement":
      return set(run, statement, state, caught);
    case "BlockStatement":
      return block(run, statement, state, caught);
    case "IfStatement":
      return ifStatement(run, statement, state, caught);
    case "CaseStatement":
      return caseStatement(run, statement, state, caught);
    case "LoopStatement":
    case "WhileStatement":
      return whileLoop(run, statement, state, caught);
    case "RepeatStatement":
      return repeatLoop(run, statement, state, caught);
    case "ForStatement":
      return forLoop(run, statement, state, caught);
    case "JumpStatement":
      return jump(statement, state);
    case "ReturnStatement":
      return leaves("return", null, state);
    case "RaiseStatement":
      return raise(run, statement, state);
    case "AssertStatement":
      return assertStatement(run, statement, state);
    case "CallStatement":
      return call(run, statement, state, caught);
    case "CreateProcedureStatement":
      return createProcedure(run, statement, state, caught);
    case "TransactionStatement":
      return transaction(run, statement, state, caught);
    default:
      return plainStatement(run, statement, state, caught);
  }
}

/** A query, DML, DDL: what runs as a job of its own. */
function plainStatement(run: Run, statement: Statement, state: State, caught: boolean): Outcome {
  const { context } = run;
  enter(context, state);
  context.spendText(statement);
  // That it is reached at all tells whether an earlier statement failed, to whoever sees what it leaves behind.
  if (statement.kind !== "QueryStatement") context.branch = union([state.branch, state.survived]);
  const plan = droppedTable(context, statement) ?? resolveStatement(context, statement);
  // A temporary function does nothing before it is called, and then it is the caller's doing.
  if (statement.kind !== "CreateFunctionStatement" || !statement.temporary) run.plans.set(statement, plan);
  const next = {
    ...state,
    written: withWritten(state.written, context.written),
    temporary: temporaryAfter(run, statement, state),
    routines: routinesAfter(context, state),
    rowCount: rowCountAfter(context, plan, state),
    last: new Set([statement]),
    lastBy: NO_KEYS,
  };
  // Where it fails, what it counted by then may be left.
  const before = { ...state, rowCount: next.rowCount };
  return afterFailing(run, plan, before, next, caught);
}

/** What functions and models are after a statement that made or dropped one isn't what the catalog says. */
function routinesAfter(context: Context, state: State): State["routines"] {
  const changed = context.changes.flatMap(({ what, name }) => (what === "routine" || what === "model" ? [name] : []));
  if (changed.length === 0) return state.routines;
  return SharedMap.of(state.routines).with(changed.map((name) => [name, null]));
}

function temporaryAfter(run: Run, statement: Statement, state: State): TemporaryTables {
  const again =
    statement.kind !== "CreateTableStatement"
      ? null
      : statement.orReplace
        ? "replaced"
        : statement.ifNotExists
          ? "kept"
          : null;
  let tables = state.temporary;
  for (const written of run.context.written) {
    const name = temporaryName(written.table);
    if (name === undefined) continue;
    tables = afterWriting(run.context, tables, name, { ...written, again }, run.undone, statement);
  }
  return tables;
}

/** DROP TABLE of a temporary table; null for any other statement. */
function droppedTable(context: Context, statement: Statement): PlanStatement | null {
  if (statement.kind !== "DropStatement" || statement.type !== "TABLE") return null;
  const temporary = temporaryTable(context, statement.name, statement);
  if (temporary === undefined) return null;
  context.names.set(statement, temporary.parts);
  const write = { columns: [], implicit: NO_KEYS, rows: NOTHING, repeated: false };
  recordWrite(context, { ...write, table: `._SESSION.${temporary.name}`, mode: "drop" }, statement);
  return planWithoutResult(context, "DROP_TABLE");
}

/**
 * Transactions undo writes; what was seen inside stays seen, and what was written stays among the sources, since a later
 * statement of the transaction may have read it. What decided that a ROLLBACK or a COMMIT is reached decides whether the tables
 * hold what was written, as a DELETE there would (threat-model row 31): what is open when the script ends is rolled back. So it
 * does of what is written from here on, within a transaction or outside of one. COMMIT and ROLLBACK fail where no transaction was
 * begun, and BEGIN where one was, so what decided which of them ran before lets each fail.
 * https://cloud.google.com/bigquery/docs/transactions
 */
function transaction(run: Run, node: TransactionStatement, state: State, caught: boolean): Outcome {
  const { context } = run;
  run.transactions = true;
  enter(context, state);
  context.branch = union([state.branch, state.survived]);
  let { written, temporary } = state;
  const survived = context.branch;
  if (node.action !== "BEGIN" && context.branch.size > 0) {
    const undone = { mode: "delete", columns: [], implicit: NO_KEYS, rows: NOTHING, repeated: false } as const;
    for (const table of state.written.keys()) recordWrite(context, { ...undone, table }, node);
    // The script's own tables end with it, whatever is rolled back then.
    for (const name of node.action === "ROLLBACK" ? state.temporary.keys() : []) {
      const write = { ...undone, table: `._SESSION.${name}`, implicit: context.branch };
      temporary = afterWriting(context, temporary, name, { ...write, again: null }, run.undone, node);
    }
    written = withWritten(written, context.written);
  }
  const plan = note(run, node, {}, `${node.action}_TRANSACTION`);
  const undoing = { ...plan, writes: context.writes };
  run.plans.set(node, undoing);
  return afterFailing(run, undoing, state, { ...state, written, temporary, survived }, caught);
}
