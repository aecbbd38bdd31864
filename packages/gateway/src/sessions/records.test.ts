import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze, type TableResource } from "@chaperone/googlesql";
import type { CanonicalText } from "../evidence/event.ts";
import { EntryBytes, entryOf } from "../store/entry.ts";
import { STORE_LIMITS } from "../store/limits.ts";
import { analysedEvent } from "./records.ts";

const KEYS = { keyedHash: () => "0".repeat(64) };
const SOME = 100;
/** Three bytes each in UTF-8. */
const column = (n: number) => `${"患者の記録番号".repeat(40)}${n}`;
const TABLE: TableResource = {
  tableReference: { projectId: "p", datasetId: "d", tableId: "t" },
  schema: { fields: Array.from({ length: SOME }, (_, n) => ({ name: column(n), type: "STRING" })) },
};

/** As the store writes it, or throws. */
function entryOfAnalysed(sql: string): { readonly data: CanonicalText; readonly bytes: number } {
  const { plan } = analyze(sql, { catalog: { table: (name) => (name === "p.d.t" ? TABLE : undefined) } });
  if (!plan.understood) assert.fail(plan.refusal.message);
  const data = analysedEvent(plan, plan.canonicalSql, KEYS);
  const entry = entryOf({ type: "session.analysed", session: "s", data }, 0, STORE_LIMITS.entryBytes);
  return { data, bytes: new EntryBytes().of([entry])[0]?.length ?? 0 };
}
const columns = (count: number, of: (name: string) => string = (name) => name) =>
  Array.from({ length: count }, (_, n) => of(`\`${column(n)}\``)).join(", ");

describe("the record of an analysis", () => {
  it("says all of a short one", () => {
    const { data } = entryOfAnalysed("SELECT 1 AS one; SELECT 2 AS two");
    assert.deepEqual(Object.keys(JSON.parse(data)), [
      "canonicalHmac",
      "effects",
      "planSha256",
      "reads",
      "sql",
      "statementType",
      "statements",
    ]);
  });

  it("fits an entry whatever it is written in", () => {
    // Of each part as much as may stand there whole, and more.
    for (const count of [10, 15, 20, 22, 24, 25, 30, 40, 50, SOME]) {
      const names = columns(count);
      for (const sql of [
        `SELECT ${names} FROM p.d.t`,
        `INSERT INTO p.d.t (${names}) SELECT ${names} FROM p.d.t`,
        `CREATE TABLE p.d.new (${columns(count, (name) => `${name} STRING OPTIONS (description = '${"患".repeat(20)}')`)}) AS SELECT ${names} FROM p.d.t`,
      ])
        assert.ok(entryOfAnalysed(sql).bytes <= STORE_LIMITS.entryBytes);
    }
  });

  it("fits an entry however many statements a script has", () => {
    for (const count of [100, 1000, 5000])
      for (const statement of [
        "SELECT 1;",
        "EXPORT DATA OPTIONS (uri = 'gs://b/*', format = 'CSV') AS SELECT 1 AS one;",
      ])
        assert.ok(entryOfAnalysed(statement.repeat(count)).bytes <= STORE_LIMITS.entryBytes);
  });
});
