import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import { print } from "../printer.ts";
import { SqlError } from "../sql-error.ts";
import { NOT_BIGQUERYS } from "../testing/corpus-reasons.ts";
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
    const reasons = new Map(NOT_BIGQUERYS.flatMap(({ reason, lines }) => lines.map((line) => [line, reason] as const)));
    assert.equal(reasons.size, NOT_BIGQUERYS.flatMap(({ lines }) => lines).length, "a statement has two reasons");
    const refused = statements.flatMap(({ result }, i) => (result === "ok" ? [] : [i + 1]));
    assert.deepEqual(
      refused.filter((line) => !reasons.has(line)),
      [],
      "refused without a reason",
    );
    assert.deepEqual(
      [...reasons.keys()].filter((line) => !refused.includes(line)),
      [],
      "read by now: take it off the list",
    );
    assert.equal(statements.length, 1292, "another corpus: the lines are those of this one");
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
