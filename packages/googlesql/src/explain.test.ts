import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "./analyze.ts";
import type { Explanation, Step } from "./explain.ts";
import { CLINIC, DEFAULTS } from "./testing/clinic.ts";

function explanationOf(sql: string): Explanation {
  const { explanation } = analyze(sql, { catalog: CLINIC, ...DEFAULTS, explain: true });
  return explanation ?? assert.fail("not explained");
}

/** `a ← b, c`: a step and what it is made of. */
function drawn(step: Step): string {
  const from = step.from.map(drawn).join(", ");
  return `${step.kind === "through" ? `[${step.text}]` : step.text}${from === "" ? "" : ` ← (${from})`}`;
}

function made(sql: string): string[] {
  return explanationOf(sql).outputs.map(({ name, made }) => `${name}: ${made.map(drawn).join("; ")}`);
}

describe("an explanation", () => {
  it("follows a column through subqueries, common tables and expressions", () => {
    assert.deepEqual(made("SELECT UPPER(s.x) AS y, s.id FROM (SELECT REVERSE(ssn) AS x, id FROM patients) AS s"), [
      "y: UPPER(s.x) ← ([s] ← (REVERSE(ssn) ← (clinic.ehr.patients.ssn)))",
      "id: [s] ← (clinic.ehr.patients.id)",
    ]);
    assert.deepEqual(made("WITH c AS (SELECT ssn FROM patients) SELECT ssn FROM c"), [
      "ssn: [c] ← (clinic.ehr.patients.ssn)",
    ]);
  });

  it("names every input of a set operation, and all that a subquery in an expression uses", () => {
    assert.deepEqual(made("SELECT ssn AS x FROM patients UNION ALL SELECT kind FROM encounters"), [
      "x: [UNION ALL] ← (clinic.ehr.patients.ssn, clinic.ehr.encounters.kind)",
    ]);
    const [line] = made("SELECT (SELECT MAX(e.kind) FROM encounters e WHERE e.id = p.id) AS k FROM patients p");
    for (const column of ["encounters.kind", "encounters.id", "patients.id"])
      assert.match(line ?? "", new RegExp(column));
  });

  it("names the clauses that decide, where they stand, and by which columns", () => {
    const { decided } = explanationOf(
      "SELECT COUNT(*) AS n FROM patients p\nJOIN encounters e ON e.id = p.id\nWHERE ssn < '5' GROUP BY state ORDER BY n",
    );
    assert.deepEqual(
      decided.map(({ clause, line, columns }) => `${clause} ${line}: ${columns.join(" ")}`),
      [
        "JOIN 2: clinic.ehr.encounters.id clinic.ehr.patients.id",
        "WHERE 3: clinic.ehr.patients.ssn",
        "GROUP BY 3: clinic.ehr.patients.state",
        "ORDER BY 3: clinic.ehr.encounters.* clinic.ehr.patients.*",
      ],
    );
  });

  it("names what USING and GROUP BY of a pipe decide by", () => {
    const { decided } = explanationOf(
      "FROM patients JOIN encounters USING (id)\n|> AGGREGATE COUNT(*) AS n GROUP BY state",
    );
    assert.deepEqual(
      decided.map(({ clause, line, columns }) => `${clause} ${line}: ${columns.join(" ")}`),
      ["JOIN USING 1: clinic.ehr.encounters.id clinic.ehr.patients.id", "GROUP BY 2: clinic.ehr.patients.state"],
    );
  });

  it("ends where a tree would double with every step", () => {
    let sql = "SELECT ssn AS a, name AS b FROM patients";
    for (let i = 0; i < 40; i++) sql = `SELECT a || b AS a, b || a AS b FROM (${sql})`;
    const count = (steps: readonly Step[]): number => steps.reduce((sum, { from }) => sum + 1 + count(from), 0);
    const steps = explanationOf(sql).outputs.reduce((sum, { made }) => sum + count(made), 0);
    assert.ok(steps > 1000 && steps < 20_000, String(steps));
  });

  it("is made only for whoever asks", () => {
    assert.equal(analyze("SELECT ssn FROM patients", { catalog: CLINIC, ...DEFAULTS }).explanation, undefined);
  });
});
