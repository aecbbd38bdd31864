import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import { print } from "../printer.ts";
import { SqlError } from "../sql-error.ts";
import { parse } from "./parse.ts";

/**
 * Statements of Google's own parser tests, one JSON object a line, kept beside the repository and not in it.
 * Without them these tests skip.
 */
interface CorpusStatement {
  readonly group: string;
  readonly sql: string;
}

function findCorpus(): string | undefined {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const corpus = join(folder, "../shared/corpus/parser");
    if (existsSync(corpus)) return corpus;
  }
  return undefined;
}

const corpus = findCorpus();
const skip = corpus === undefined ? "no corpus at ../shared/corpus beside the repository" : false;

function read(file: "accept" | "reject"): CorpusStatement[] {
  if (corpus === undefined) return [];
  const lines = readFileSync(join(corpus, `${file}.jsonl`), "utf8").trim();
  return lines.split("\n").map((line): CorpusStatement => JSON.parse(line));
}

/**
 * Google's test refuses these statements only with a feature turned off that BigQuery has: ALLOW_CONSECUTIVE_ON for the first
 * ("FROM A JOIN B JOIN C ON … ON …"); `accept` holds the same statement with other names.
 */
const REFUSED_BY_TURNED_OFF_FEATURE = [
  "select * from t1 join t2 join t3 on c1 on c2",
  // Likewise with pipe syntax turned off, and `accept` holds "from t" too.
  "from t",
  "from Table",
  "select EXISTS(from TestTable)",
  "select ARRAY(from TestTable)",
];

/** Groups of `accept` of which statements are refused, and why they are not BigQuery's. Every refused statement is of a group here. */
const REFUSED: Readonly<Record<string, string>> = {
  aggregation: "SEQUENCE arguments, DISTINCT without argument, OFFSET inside an aggregate, WITH REPORT",
  align_operator: "ALIGN",
  alter_column_set_drop_generated: "identity columns",
  alter_row_access_policy: "ALTER ROW ACCESS POLICY: policies are replaced by CREATE OR REPLACE",
  alter_table_add_check_constraint: "CHECK constraints",
  alter_table_add_column: "the place of a new column, FILL USING, columns without type",
  alter_table_add_foreign_key: "options of a foreign key",
  alter_table_alter_constraint: "ALTER CONSTRAINT",
  alter_table_multiple_actions: "CHECK constraints, ALTER CONSTRAINT, row deletion policies",
  anonymization: "arguments without name behind a star: ANON_COUNT",
  call: "CALL with a table, model or connection",
  chained_function_calls: "PROTO extensions; calls on what is no operand: NULL.z() behind IS NOT, lists behind IN",
  clamped_between: "CLAMPED BETWEEN",
  column_list_spec: "COLUMNS arguments",
  corresponding: "INTERSECT ALL, EXCEPT ALL, OUTER without FULL or LEFT",
  create_constant: "constants",
  create_database: "databases",
  create_external_table: "the order of a primary key's columns",
  create_function:
    "parameters without name or with default, aliases of types, kinds of determinism, names of types with dots, FUNCTION types, PUBLIC",
  create_index: "indexes that are neither SEARCH nor VECTOR",
  create_live_table: "live tables",
  create_materialized_view: "SQL SECURITY",
  create_model: "temporary models",
  create_procedure: "temporary procedures, table types without names, FUNCTION types",
  create_row_access_policy: "policies without name",
  create_row_policy: "CREATE ROW POLICY, an older spelling",
  create_sql_function: "parameters without name",
  create_template_function: "parameters without name, aliases of types",
  create_view: "temporary, private and recursive views",
  differential_privacy: "hints, modifiers of other names",
  dml_delete: "DML on arrays and on fields of PROTO",
  dml_insert: "DML on arrays",
  dml_insert_on_conflict_clause: "ON CONFLICT",
  dml_merge: "fields of PROTO; actions that do not go with what is matched: Google's resolver refuses them",
  dml_update: "DML on arrays, elements of arrays and fields of PROTO, ASSERT_ROWS_MODIFIED",
  drop: "connections",
  drop_ai_index: "AI indexes",
  drop_function: "DROP FUNCTION with parameters",
  drop_row_access_policy: "DROP ALL ROW POLICIES, an older spelling",
  from: "NATURAL JOIN, HASH JOIN",
  from_clause_join_rewrites: "NATURAL JOIN, HASH JOIN, hints, CALL of a table function",
  generalized_field: "PROTO extensions",
  generic_ddl: "AS JSON, and objects that are no BigQuery's: EXPLORE, SEMANTIC_MODEL",
  grant_and_revoke: "privileges: BigQuery grants roles",
  group_by_all: "hints",
  group_rows: "GROUP ROWS",
  keywords: "field access on a string literal",
  lambda: "lambdas without parameters, function references",
  lateral_join: "LATERAL",
  limit: "LIMIT ALL; LIMIT takes a literal, a parameter or a CAST in BigQuery",
  literals_structurally_invalid: "U+FFFD in the text: it was no UTF-8",
  lock_mode_from_where: "FOR UPDATE",
  lock_mode_group_by_having: "FOR UPDATE",
  lock_mode_join: "FOR UPDATE",
  lock_mode_order_by_page: "FOR UPDATE",
  lock_mode_set_operation: "FOR UPDATE",
  lock_mode_subquery: "FOR UPDATE",
  lock_mode_with: "FOR UPDATE",
  multi_level_aggregation: "WHERE, GROUP BY and HAVING inside an aggregate",
  named_arguments: "table functions, models and sequences as named arguments, UNNEST with a mode",
  parser:
    "backslash between tokens (macros), DISTINCT without argument, COLLATE and names with dots in a CAST's type, aliases of arguments",
  pipe_aggregate: "hints; (a + b).*: an operator's result has no fields",
  pipe_align_operator: "ALIGN",
  pipe_call_tvf: "DESCRIPTOR, CONNECTION and INPUT TABLE as arguments, hints",
  pipe_create_table: "private tables",
  pipe_fork: "hints",
  pipe_from_query: "hints",
  pipe_if: "hints",
  pipe_insert: "hints, ASSERT_ROWS_MODIFIED, ON CONFLICT, THEN RETURN",
  pipe_join: "hints",
  pipe_lock_mode: "FOR UPDATE",
  pipe_query: "DESCRIBE and STATIC_DESCRIBE; (1 + x).*: an operator's result has no fields",
  pipe_set_operation: "EXCEPT ALL",
  pipe_tablesample: "TABLESAMPLE other than SYSTEM (… PERCENT)",
  pipe_tee: "hints",
  pipe_unpivot: "UNPIVOT into names with dots",
  pipe_window: "(1 + x).*: an operator's result has no fields",
  pivot: "TABLESAMPLE other than SYSTEM (… PERCENT)",
  qualify: "QUALIFY is reserved in BigQuery",
  quantified_comparisons: "comparison with ANY, SOME or ALL other than LIKE",
  replace_fields: "PROTO",
  returning: "THEN RETURN",
  select_as_distinct_all: "SELECT AS with the name of a PROTO",
  set_operation:
    "INTERSECT ALL, EXCEPT ALL, hints; different set operations side by side: Google's resolver refuses it",
  set_operation_corresponding: "INTERSECT ALL, EXCEPT ALL, hints",
  spanner_legacy_ddl: "Spanner's DDL",
  star: "EXCEPT ALL; (a + b).*: an operator's result has no fields",
  statement_with_pipe_operators: "THEN RETURN",
  string_literal_errors: "escaped newline in a raw string between single quotes: Google's reference forbids it",
  struct: "STRUCT<> without fields",
  struct_braced_constructors: "constructors in braces",
  tablesample: "TABLESAMPLE other than SYSTEM (… PERCENT)",
  transaction: "modes of transactions",
  truncate: "TRUNCATE TABLE with WHERE",
  tvf: "TABLE clauses, nested table functions, CONNECTION and DESCRIPTOR as arguments, hints",
  unpack_expression: "unpacking (**)",
  unpack_expression_union_all: "unpacking (**)",
  unpack_expression_unpivot: "unpacking (**)",
  unpivot: "TABLESAMPLE other than SYSTEM (… PERCENT)",
};

const withoutPlaces = (tree: unknown): unknown =>
  JSON.parse(JSON.stringify(tree, (key, value) => (key === "start" || key === "end" ? undefined : value)));

/** "ok", or the code of the refusal. Anything else that is thrown is a crash and fails the test. */
function outcome(sql: string): "ok" | SqlError["code"] {
  try {
    parse(sql);
    return "ok";
  } catch (error) {
    if (error instanceof SqlError) return error.code;
    throw error;
  }
}

function report(t: TestContext, outcomes: readonly string[]): void {
  const counts = Map.groupBy(outcomes, (result) => result);
  t.diagnostic([...counts].map(([result, list]) => `${list.length} ${result}`).join(", "));
}

describe("corpus of Google's parser tests", { skip }, () => {
  it("refuses what Google's grammar refuses", (t) => {
    const statements = read("reject").filter(({ sql }) => !REFUSED_BY_TURNED_OFF_FEATURE.includes(sql));
    assert.equal(statements.length, 928);
    report(
      t,
      statements.map(({ sql }) => outcome(sql)),
    );
    assert.deepEqual(
      statements.filter(({ sql }) => outcome(sql) === "ok"),
      [],
    );
  });

  it("reads what Google's grammar takes, or refuses it for a reason listed here", (t) => {
    const statements = read("accept").map(({ group, sql }) => ({ group, sql, result: outcome(sql) }));
    report(
      t,
      statements.map(({ result }) => result),
    );
    const refused = statements.filter(({ result }) => result !== "ok");
    assert.deepEqual(
      refused.filter(({ group, result }) => REFUSED[group] === undefined || result === "limit"),
      [],
    );
    const groups = new Set(refused.map(({ group }) => group));
    assert.deepEqual(
      Object.keys(REFUSED).filter((group) => !groups.has(group)),
      [],
    );
  });

  it("prints what it reads so that it reads the same again", () => {
    for (const { sql } of read("accept")) {
      if (outcome(sql) !== "ok") continue;
      const tree = parse(sql);
      const printed = print(tree);
      assert.deepEqual(withoutPlaces(parse(printed).statements), withoutPlaces(tree.statements), sql);
      assert.equal(print(parse(printed)), printed);
    }
  });

  it("answers mutated statements with a tree that prints or with an SqlError, nothing else", () => {
    const statements = [...read("accept"), ...read("reject")].map(({ sql }) => sql);
    const pieces = [
      "'",
      '"',
      "`",
      "(",
      ")",
      "[",
      "]",
      ".",
      ",",
      "/*",
      "*/",
      "--",
      "#",
      "\r",
      "\\",
      " SELECT ",
      " ( SELECT 1 ) ",
      "\0",
      "😀",
    ];
    const edit = fc.record({
      at: fc.nat(),
      remove: fc.integer({ min: 0, max: 8 }),
      insert: fc.oneof(fc.constant(""), fc.constantFrom(...pieces), fc.string({ maxLength: 3 })),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...statements),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (statement, edits) => {
          let sql = statement;
          for (const { at, remove, insert } of edits) {
            const offset = at % (sql.length + 1);
            sql = sql.slice(0, offset) + insert + sql.slice(offset + remove);
          }
          if (outcome(sql) !== "ok") return;
          const printed = print(parse(sql));
          assert.equal(print(parse(printed)), printed);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
