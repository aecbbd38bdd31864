/** What policy is asked about each kind of statement. One rule a kind; a kind without a rule doesn't compile (I1). */
import type { Change, PlanStatement, StatementKind, UnderstoodPlan } from "@chaperone/googlesql";
import type { PolicyAction } from "./decision.ts";
import type { ColumnUse } from "./uses.ts";

/**
 * How a statement is judged, beside every column that it reads.
 * `reads`: by that alone. `writes`: the columns and rows that it writes, with the classes that travel into them.
 * `load`: those too, and that data comes from outside. `define`, `export`, `administer`: the routine, model, dataset … that it names.
 */
type Rule = "reads" | "writes" | "load" | "define" | "export" | "administer";

const RULES: Readonly<Record<StatementKind, Rule>> = {
  SELECT: "reads",
  ASSERT: "reads",
  BEGIN_TRANSACTION: "reads",
  COMMIT_TRANSACTION: "reads",
  ROLLBACK_TRANSACTION: "reads",
  // What a procedure does is statements of its own in the plan; one that isn't analysed is an effect, which is refused.
  CALL: "reads",
  INSERT: "writes",
  UPDATE: "writes",
  DELETE: "writes",
  MERGE: "writes",
  TRUNCATE_TABLE: "writes",
  // A copy, clone or snapshot has its source's columns, and so their classes; a rename moves them.
  CREATE_TABLE: "writes",
  CREATE_TABLE_AS_SELECT: "writes",
  CREATE_SNAPSHOT_TABLE: "writes",
  CREATE_VIEW: "writes",
  CREATE_MATERIALIZED_VIEW: "writes",
  ALTER_TABLE: "writes",
  ALTER_VIEW: "writes",
  ALTER_MATERIALIZED_VIEW: "writes",
  DROP_TABLE: "writes",
  DROP_EXTERNAL_TABLE: "writes",
  DROP_SNAPSHOT_TABLE: "writes",
  DROP_VIEW: "writes",
  DROP_MATERIALIZED_VIEW: "writes",
  CREATE_SEARCH_INDEX: "writes",
  CREATE_VECTOR_INDEX: "writes",
  DROP_SEARCH_INDEX: "writes",
  DROP_VECTOR_INDEX: "writes",
  LOAD_DATA: "load",
  CREATE_EXTERNAL_TABLE: "load",
  // What a body reads is judged here as read, and again at each use, by whoever uses it.
  CREATE_FUNCTION: "define",
  CREATE_TABLE_FUNCTION: "define",
  CREATE_PROCEDURE: "define",
  CREATE_MODEL: "define",
  DROP_FUNCTION: "define",
  DROP_TABLE_FUNCTION: "define",
  DROP_PROCEDURE: "define",
  DROP_MODEL: "define",
  EXPORT_DATA: "export",
  EXPORT_MODEL: "export",
  // Who may read, which rows, what counts as protected, who pays: an agent must not decide over its own bounds.
  CREATE_SCHEMA: "administer",
  ALTER_SCHEMA: "administer",
  DROP_SCHEMA: "administer",
  UNDROP_SCHEMA: "administer",
  CREATE_ROW_ACCESS_POLICY: "administer",
  DROP_ROW_ACCESS_POLICY: "administer",
  DROP_ALL_ROW_ACCESS_POLICIES: "administer",
  GRANT: "administer",
  REVOKE: "administer",
  CREATE_CAPACITY: "administer",
  ALTER_CAPACITY: "administer",
  DROP_CAPACITY: "administer",
  CREATE_RESERVATION: "administer",
  ALTER_RESERVATION: "administer",
  DROP_RESERVATION: "administer",
  CREATE_ASSIGNMENT: "administer",
  DROP_ASSIGNMENT: "administer",
};

export function ruleOf(kind: StatementKind): Rule | undefined {
  // A plan can come from the store, and say what this program doesn't know.
  return Object.hasOwn(RULES, kind) ? RULES[kind] : undefined;
}

/** What policy is asked of the things that a statement names beside columns: of each as `*`, in its dataset. */
export function changeUses({ kind, changes = [], writes }: PlanStatement): ColumnUse[] {
  const rule = ruleOf(kind);
  const loads = rule !== "load" ? [] : writes.map(({ table, mode }) => use(table, "load", mode));
  return [...loads, ...changes.map((change) => changeUse(rule, change))];
}

function changeUse(rule: Rule | undefined, change: Change): ColumnUse {
  const action = actionOf(rule, change);
  return use(change.name, action, viaOf(change, action));
}

function use(table: string, action: PolicyAction, via: ColumnUse["via"]): ColumnUse {
  return { table, path: "*", action, via };
}

function actionOf(rule: Rule | undefined, { what }: Change): PolicyAction {
  switch (what) {
    case "routine":
      return "define";
    case "model":
      return rule === "export" ? "export" : "define";
    case "labels":
    case "access":
    case "dataset":
    case "capacity":
      return "administer";
    case "expiration":
    case "tables":
      return "write";
    default: {
      const unreachable: never = what;
      return unreachable;
    }
  }
}

/** Of what is administered a policy asks what it is; of all else what becomes of it, by an expiration in the end. */
function viaOf(change: Change, action: PolicyAction): ColumnUse["via"] {
  return action === "administer" ? change.what : change.mode;
}

/** What no policy can permit: a statement that names nothing policy could be asked about, or that means nothing where it stands. */
export function unsupported(plan: UnderstoodPlan): readonly string[] {
  return [...plan.statements.flatMap((statement) => unsupportedStatement(statement)), ...outOfPlace(plan)];
}

function unsupportedStatement(statement: PlanStatement): readonly string[] {
  const { kind, changes = [] } = statement;
  const rule = ruleOf(kind);
  const judged = rule !== undefined && (RULES_OF_CHANGES.has(rule) ? changes.length > 0 : true);
  return judged ? [] : [`statement ${kind}`];
}

/** These name what they change, or there is nothing to ask about. EXPORT DATA names columns. */
const RULES_OF_CHANGES: ReadonlySet<Rule> = new Set<Rule>(["define", "administer"]);

/** What is temporary, or a transaction, means something only to the statements after it; what is loaded is unknown to them. */
function outOfPlace({ statementType, statements }: UnderstoodPlan): string[] {
  if (statementType === "SCRIPT") {
    const loading = statements.filter(({ kind }) => ruleOf(kind) === "load");
    return loading.map(({ kind }) => `statement ${kind} in a script; send it alone`);
  }
  const alone = statements.some(
    ({ kind, writes }) =>
      kind.endsWith("_TRANSACTION") ||
      (kind.startsWith("CREATE_TABLE") && ruleOf(kind) === "writes" && writes.length === 0),
  );
  return alone ? [`statement ${statementType} outside a script`] : [];
}
