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

/**
 * Groups of `accept` of which statements are refused: how many, and why they are not BigQuery's. A statement that begins to be
 * refused, or to be read, changes a number here.
 */
const REFUSED: Readonly<Record<string, readonly [statements: number, reason: string]>> = {
  aggregation: [7, "SEQUENCE arguments, DISTINCT without argument, OFFSET inside an aggregate, WITH REPORT"],
  align_operator: [3, "ALIGN"],
  alter_column_set_drop_generated: [8, "identity columns"],
  alter_row_access_policy: [14, "ALTER ROW ACCESS POLICY: policies are replaced by CREATE OR REPLACE"],
  alter_table_add_check_constraint: [8, "CHECK constraints"],
  alter_table_add_column: [8, "the place of a new column, FILL USING, columns without type"],
  alter_table_add_foreign_key: [1, "options of a foreign key"],
  alter_table_alter_constraint: [4, "ALTER CONSTRAINT"],
  alter_table_multiple_actions: [9, "CHECK constraints, ALTER CONSTRAINT, row deletion policies"],
  anonymization: [1, "arguments without name behind a star: ANON_COUNT"],
  call: [3, "CALL with a table, model or connection"],
  chained_function_calls: [3, "PROTO extensions; calls on what is no operand: NULL.z() behind IS NOT, lists behind IN"],
  clamped_between: [1, "CLAMPED BETWEEN"],
  column_list_spec: [1, "COLUMNS arguments"],
  corresponding: [4, "INTERSECT ALL, EXCEPT ALL, OUTER without FULL or LEFT"],
  create_constant: [13, "constants"],
  create_database: [4, "databases"],
  create_external_table: [1, "the order of a primary key's columns"],
  create_function: [
    11,
    "parameters without name or with default, aliases of types, kinds of determinism, names of types with dots, FUNCTION types, PUBLIC",
  ],
  create_index: [11, "indexes that are neither SEARCH nor VECTOR"],
  create_live_table: [7, "live tables"],
  create_materialized_view: [1, "SQL SECURITY"],
  create_model: [3, "temporary models"],
  create_procedure: [3, "temporary procedures, table types without names, FUNCTION types"],
  create_row_access_policy: [2, "policies without name"],
  create_row_policy: [7, "CREATE ROW POLICY, an older spelling"],
  create_sql_function: [1, "parameters without name"],
  create_template_function: [2, "parameters without name, aliases of types"],
  create_view: [2, "temporary, private and recursive views"],
  differential_privacy: [2, "hints, modifiers of other names"],
  dml_delete: [2, "DML on arrays and on fields of PROTO"],
  dml_insert: [1, "DML on arrays"],
  dml_insert_on_conflict_clause: [11, "ON CONFLICT"],
  dml_merge: [4, "fields of PROTO; actions that do not go with what is matched: Google's resolver refuses them"],
  dml_update: [17, "DML on arrays, elements of arrays and fields of PROTO, ASSERT_ROWS_MODIFIED"],
  drop: [1, "connections"],
  drop_ai_index: [1, "AI indexes"],
  drop_function: [14, "DROP FUNCTION with parameters"],
  drop_row_access_policy: [1, "DROP ALL ROW POLICIES, an older spelling"],
  from: [2, "NATURAL JOIN, HASH JOIN"],
  from_clause_join_rewrites: [3, "NATURAL JOIN, HASH JOIN, hints, CALL of a table function"],
  generalized_field: [8, "PROTO extensions"],
  generic_ddl: [7, "AS JSON, and objects that are no BigQuery's: EXPLORE, SEMANTIC_MODEL"],
  grant_and_revoke: [10, "privileges: BigQuery grants roles"],
  group_by_all: [1, "hints"],
  group_rows: [6, "GROUP ROWS"],
  keywords: [1, "field access on a string literal"],
  lambda: [3, "lambdas without parameters, function references"],
  lateral_join: [3, "LATERAL"],
  limit: [6, "LIMIT ALL; LIMIT takes a literal, a parameter or a CAST in BigQuery"],
  literals_structurally_invalid: [1, "U+FFFD in the text: it was no UTF-8"],
  lock_mode_from_where: [2, "FOR UPDATE"],
  lock_mode_group_by_having: [1, "FOR UPDATE"],
  lock_mode_join: [2, "FOR UPDATE"],
  lock_mode_order_by_page: [3, "FOR UPDATE"],
  lock_mode_set_operation: [3, "FOR UPDATE"],
  lock_mode_subquery: [2, "FOR UPDATE"],
  lock_mode_with: [3, "FOR UPDATE"],
  multi_level_aggregation: [3, "WHERE, GROUP BY and HAVING inside an aggregate"],
  named_arguments: [4, "table functions, models and sequences as named arguments, UNNEST with a mode"],
  parser: [
    8,
    "backslash between tokens (macros), DISTINCT without argument, COLLATE and names with dots in a CAST's type, aliases of arguments",
  ],
  pipe_aggregate: [2, "hints; (a + b).*: an operator's result has no fields"],
  pipe_align_operator: [2, "ALIGN"],
  pipe_call_tvf: [3, "DESCRIPTOR, CONNECTION and INPUT TABLE as arguments, hints"],
  pipe_create_table: [1, "private tables"],
  pipe_fork: [1, "hints"],
  pipe_from_query: [1, "hints"],
  pipe_if: [1, "hints"],
  pipe_insert: [8, "hints, ASSERT_ROWS_MODIFIED, ON CONFLICT, THEN RETURN"],
  pipe_join: [1, "hints"],
  pipe_lock_mode: [1, "FOR UPDATE"],
  pipe_query: [3, "DESCRIBE and STATIC_DESCRIBE; (1 + x).*: an operator's result has no fields"],
  pipe_set_operation: [2, "EXCEPT ALL"],
  pipe_tablesample: [1, "TABLESAMPLE other than SYSTEM (… PERCENT)"],
  pipe_tee: [1, "hints"],
  pipe_unpivot: [1, "UNPIVOT into names with dots"],
  pipe_window: [1, "(1 + x).*: an operator's result has no fields"],
  pivot: [3, "TABLESAMPLE other than SYSTEM (… PERCENT)"],
  qualify: [4, "QUALIFY is reserved in BigQuery"],
  quantified_comparisons: [4, "comparison with ANY, SOME or ALL other than LIKE"],
  replace_fields: [1, "PROTO"],
  returning: [21, "THEN RETURN"],
  select_as_distinct_all: [2, "SELECT AS with the name of a PROTO"],
  set_operation: [
    14,
    "INTERSECT ALL, EXCEPT ALL, hints; different set operations side by side: Google's resolver refuses it",
  ],
  set_operation_corresponding: [12, "INTERSECT ALL, EXCEPT ALL, hints"],
  spanner_legacy_ddl: [5, "Spanner's DDL"],
  star: [4, "EXCEPT ALL; (a + b).*: an operator's result has no fields"],
  statement_with_pipe_operators: [1, "THEN RETURN"],
  string_literal_errors: [1, "escaped newline in a raw string between single quotes: Google's reference forbids it"],
  struct: [1, "STRUCT<> without fields"],
  struct_braced_constructors: [12, "constructors in braces"],
  tablesample: [23, "TABLESAMPLE other than SYSTEM (… PERCENT)"],
  transaction: [4, "modes of transactions"],
  truncate: [1, "TRUNCATE TABLE with WHERE"],
  tvf: [13, "TABLE clauses, nested table functions, CONNECTION and DESCRIPTOR as arguments, hints"],
  unpack_expression: [5, "unpacking (**)"],
  unpack_expression_union_all: [1, "unpacking (**)"],
  unpack_expression_unpivot: [2, "unpacking (**)"],
  unpivot: [2, "TABLESAMPLE other than SYSTEM (… PERCENT)"],
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
    assert.deepEqual(
      statements.filter(({ result }) => result === "limit"),
      [],
    );
    const refused = Map.groupBy(
      statements.filter(({ result }) => result !== "ok"),
      ({ group }) => group,
    );
    assert.deepEqual(
      Object.fromEntries([...refused].map(([group, list]) => [group, list.length])),
      Object.fromEntries(Object.entries(REFUSED).map(([group, [count]]) => [group, count])),
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
