import type { Output, TableFieldSchema, UnderstoodPlan } from "@chaperone/googlesql";

/** What BigQuery's dry run says of a statement, as far as agreement needs it. */
export interface DryRunFacts {
  readonly statementType: string;
  readonly schema: readonly TableFieldSchema[];
  /** `project.dataset.table`; BigQuery may stop at 50. */
  readonly referencedTables: readonly string[];
  /** `project.dataset.routine`. */
  readonly referencedRoutines?: readonly string[];
  /** The table a DDL statement makes, changes or drops. */
  readonly ddlTargetTable?: string | undefined;
}

/** BigQuery lists at most this many referenced tables. */
const REFERENCED_TABLES_SHOWN = 50;

/**
 * Compares BigQuery's dry run with our analysis (I2): statement type, output columns (names, types, order), referenced tables,
 * the table that DDL makes. Returns the first disagreement, in words without data, or undefined when all agree.
 * Of a script BigQuery says its type alone; its result's columns are compared when it has run (page.ts).
 */
export function disagreement(plan: UnderstoodPlan, facts: DryRunFacts): string | undefined {
  if (plan.statements.length === 0) return "there is no statement";
  if (facts.statementType !== plan.statementType)
    return `statement type: analysed ${plan.statementType}, BigQuery says ${word(facts.statementType)}`;
  const script = plan.statementType === "SCRIPT";
  if (!script) {
    const made = MADE_OF_A_QUERY.has(facts.statementType) && plan.result.length === 0;
    const schema = made ? madeDisagreement(plan, facts.schema) : schemaDisagreement(plan.result, facts.schema);
    if (schema !== undefined) return schema;
  }
  return tablesDisagreement(plan, facts, script);
}

/** Statements that show no rows and may nevertheless come with the columns of what they make. */
const MADE_OF_A_QUERY: ReadonlySet<string> = new Set([
  "CREATE_TABLE_AS_SELECT",
  "CREATE_VIEW",
  "CREATE_MATERIALIZED_VIEW",
]);

/** A column more than was analysed would be in what is made without a class (threat-model row 9). */
function madeDisagreement(plan: UnderstoodPlan, schema: readonly TableFieldSchema[]): string | undefined {
  if (schema.length === 0) return undefined;
  const paths = plan.statements.flatMap(({ writes }) => writes.flatMap(({ columns }) => columns));
  const columns = new Set(paths.map(({ name }) => name.split(".", 1)[0])).size;
  return columns === schema.length ? undefined : `what is made has ${schema.length} columns, the analysis ${columns}`;
}

function tablesDisagreement(plan: UnderstoodPlan, facts: DryRunFacts, script: boolean): string | undefined {
  const reads = plan.statements.flatMap((statement) => statement.reads);
  const written = new Set(plan.statements.flatMap(({ writes }) => writes.map(({ table }) => table)));
  if (facts.ddlTargetTable !== undefined && !written.has(facts.ddlTargetTable))
    return `BigQuery would write table ${facts.ddlTargetTable}, the analysis does not`;
  const analysed = new Map(reads.map((read) => [read.table, read]));
  const views = new Set(plan.statements.flatMap((statement) => statement.views));
  const routines = new Set(plan.statements.flatMap((statement) => statement.routines));
  for (const routine of facts.referencedRoutines ?? [])
    if (!routines.has(routine)) return `BigQuery calls routine ${routine}, the analysis does not`;
  const referenced = new Set(facts.referencedTables);
  for (const table of referenced)
    if (!analysed.has(table) && !written.has(table) && !views.has(table))
      return `BigQuery reads table ${table}, the analysis does not`;
  if (script || referenced.size >= REFERENCED_TABLES_SHOWN) return undefined;
  // A materialized view may stand for the tables it was made of.
  if ([...referenced].some((table) => views.has(table))) return undefined;
  for (const [table, { columns, outside }] of analysed) {
    // Of functions and models the dry run has lists of their own, or none.
    if (outside !== undefined) continue;
    if (referenced.has(table) || written.has(table)) continue;
    // A CTE that nothing refers to: the analysis counts its tables, BigQuery need not.
    const unread = columns.every(({ path, uses }) => path === "*" && uses.every((use) => use === "predicate"));
    if (!unread) return `the analysis reads table ${table}, BigQuery does not`;
  }
  return undefined;
}

/** Compares output columns with a result schema: names, types, modes, order, through all nesting. */
export function schemaDisagreement(
  outputs: readonly Output[],
  schema: readonly TableFieldSchema[],
  at = "",
): string | undefined {
  if (outputs.length !== schema.length)
    return `${at === "" ? "the result" : at} has ${schema.length} columns, the analysis ${outputs.length}`;
  for (const [index, output] of outputs.entries()) {
    const field = schema[index];
    if (field === undefined) return `column ${index + 1} is missing`;
    const path = at === "" ? `column ${index + 1}` : `${at}, field ${index + 1}`;
    // An unnamed STRUCT field has no name in the plan; BigQuery's schema calls it _field_N.
    if (field.name !== output.name && !(output.name === "" && field.name === `_field_${index + 1}`))
      return `${path} has another name than the analysis says`;
    const repeated = output.type.startsWith("ARRAY<");
    if (repeated !== (field.mode === "REPEATED")) return `${path}: one says ARRAY, the other doesn't`;
    const element = repeated ? output.type.slice("ARRAY<".length, -1) : output.type;
    const analysed = element.startsWith("STRUCT<") ? "STRUCT" : element;
    const answered = standardType(field);
    if (withoutParameters(analysed) !== answered)
      return `${path}: analysed ${withoutParameters(analysed)}, BigQuery says ${word(answered)}`;
    if (answered === "STRUCT") {
      const inner = schemaDisagreement(output.fields ?? [], field.fields ?? [], path);
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

/** A word of BigQuery's (`SELECT`, `RANGE<DATE>`), or none: what upstream says otherwise could hold anything (I9). */
function word(text: string): string {
  return /^[A-Z][A-Z0-9_<>]{0,63}$/.test(text) ? text : "something else";
}

const LEGACY: Readonly<Record<string, string>> = {
  INTEGER: "INT64",
  FLOAT: "FLOAT64",
  BOOLEAN: "BOOL",
  RECORD: "STRUCT",
  DECIMAL: "NUMERIC",
  BIGDECIMAL: "BIGNUMERIC",
};

/** BigQuery's schema spelling (INTEGER, RECORD …) to GoogleSQL's (INT64, STRUCT …). RANGE carries its element type. */
export function standardType(
  field: TableFieldSchema & { readonly rangeElementType?: { readonly type: string } },
): string {
  const type = LEGACY[field.type] ?? field.type;
  if (type === "RANGE") return `RANGE<${field.rangeElementType?.type ?? "?"}>`;
  return type;
}

/** `NUMERIC(10, 2)` and `STRING(20)` are NUMERIC and STRING. */
function withoutParameters(type: string): string {
  const open = type.indexOf("(");
  return open === -1 ? type : type.slice(0, open);
}
