import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze, type TableResource } from "@chaperone/googlesql";
import type { MaskedField } from "@chaperone/masking";
import type { CanonicalText } from "../evidence/event.ts";
import { EntryBytes, entryOf } from "../store/entry.ts";
import { STORE_LIMITS } from "../store/limits.ts";
import { columnsTaken, takenFrom } from "./columns-taken.ts";
import { analysedEvent, releasedColumns, replayedRelease } from "./records.ts";

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

describe("the record of a page", () => {
  const leaf = (name: string, rule: MaskedField["mask"]["rule"]): MaskedField => ({
    name,
    type: "STRING",
    repeated: false,
    mask: { rule },
  });
  const struct = (name: string, fields: readonly MaskedField[], rule: "none" | "null" = "none"): MaskedField => ({
    name,
    type: "STRUCT",
    repeated: name === "visits",
    mask: { rule },
    fields,
  });
  const address = struct("address", [leaf("zip", "zip3"), struct("geo", [leaf("lat", "null"), leaf("land", "none")])]);
  const told = (fields: readonly MaskedField[], all: readonly MaskedField[]) =>
    Object.fromEntries(Object.entries(releasedColumns(fields, all)).map(([name, text]) => [name, JSON.parse(text)]));

  it("says of a STRUCT what each of its fields is masked by, not that it is shown", () => {
    const all = [
      leaf("a", "none"),
      address,
      struct("visits", [leaf("ssn", "last4")]),
      struct("s", [leaf("x", "none")], "null"),
    ];
    assert.deepEqual(told(all, all).columns, [
      { mask: "none", name: "a" },
      { mask: "zip3", name: "address.zip" },
      { mask: "null", name: "address.geo.lat" },
      { mask: "none", name: "address.geo.land" },
      { mask: "last4", name: "visits.ssn" },
      { mask: "null", name: "s" },
    ]);
  });

  it("of many columns by hash is written out again, also where some of a STRUCT's fields were read", () => {
    const all = [
      address,
      ...Array.from({ length: 600 }, (_, n) => leaf(`column_${n}`, n % 2 === 0 ? "token" : "none")),
    ];
    const stored = { fields: all, masked: {} };
    const whole = told(all, all);
    assert.ok(whole.columnsSha256 !== undefined && whole.columnsTaken === undefined);
    assert.equal((replayedRelease(whole, stored).columns as unknown[]).length, 603);
    const part = [struct("address", [struct("geo", [leaf("lat", "null")])]), ...all.slice(1, 550)];
    const some = told(part, all);
    assert.deepEqual((replayedRelease(some, stored).columns as unknown[])[0], {
      name: "address.geo.lat",
      mask: "null",
    });
    assert.deepEqual(takenFrom(all, columnsTaken(part, all)), part);
    for (const taken of [all.slice(1), [address], all.slice(3, 4), [address, ...all.slice(20)]])
      assert.deepEqual(takenFrom(all, columnsTaken(taken, all)), taken);
  });
});
