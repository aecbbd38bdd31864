import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { askDirectly, prepare } from "./prepared.ts";
import { ANY_TABLE, SqliteConnection } from "./sqlite-dialect.ts";

const AT = prepare((db, given: { readonly jkt: string; readonly until: number }) =>
  db.selectFrom("used_proofs").select(["jti"]).where("until", "<=", given.until).where("jkt", "=", given.jkt),
);
const ADD = prepare((db, given: { readonly jkt: string; readonly jti: string }) =>
  db.insertInto("used_proofs").values({ jkt: given.jkt, until: 7, jti: given.jti }),
);
const EARLIER = prepare((db, given: { readonly by: number; readonly jkt: string }) =>
  db
    .updateTable("used_proofs")
    .set((e) => ({ until: e("until", "-", given.by) }))
    .where("jkt", "=", given.jkt),
);

function opened(): SqliteConnection {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE used_proofs (jkt TEXT PRIMARY KEY, jti TEXT NOT NULL, until INTEGER NOT NULL) STRICT");
  return new SqliteConnection(db);
}

test("a prepared statement takes each run's values", () => {
  const connection = opened();
  const on = { db: connection.kysely(() => undefined) };
  askDirectly(on, connection, () => undefined);
  ADD.all(on, { jkt: "a", jti: "first" });
  ADD.all(on, { jti: "second", jkt: "b" });
  assert.deepEqual(AT.all(on, { until: 7, jkt: "b" }), [{ jti: "second" }]);
  assert.deepEqual(AT.first(on, { until: 7, jkt: "a" }), { jti: "first" });
  assert.equal(AT.first(on, { until: 6, jkt: "a" }), undefined);
  EARLIER.all(on, { jkt: "a", by: 3 });
  assert.deepEqual(AT.first(on, { until: 6, jkt: "a" }), { jti: "first" });
  assert.equal(AT.first(on, { until: 6, jkt: "b" }), undefined);
});

test("a prepared statement is asked of nothing but a store or a command's transaction", () => {
  assert.throws(() => AT.all({ db: opened().kysely(() => undefined) }, { jkt: "a", until: 7 }), /within a command/);
});

test("a value that isn't given is no NULL: the statement doesn't run", () => {
  const connection = opened();
  const on = { db: connection.kysely(() => undefined) };
  askDirectly(on, connection, () => undefined);
  assert.throws(() => ADD.all(on, { jkt: "a" } as { jkt: string; jti: string }), TypeError);
});

test("a statement that gives no rows says how many it changed; one that changed none wrote nothing", () => {
  const connection = opened();
  const on = { db: connection.kysely(() => undefined) };
  askDirectly(on, connection, () => undefined);
  assert.equal(ADD.run(on, { jkt: "a", jti: "first" }), 1);
  assert.deepEqual(connection.takeWritten(), ["used_proofs"]);
  const { writes } = connection;
  assert.equal(EARLIER.run(on, { jkt: "b", by: 3 }), 0);
  assert.equal(connection.writes, writes);
  assert.equal(EARLIER.run(on, { jkt: "a", by: 3 }), 1);
  assert.equal(connection.writes, writes + 1);
  assert.throws(() => ADD.run(on, { jkt: "a", jti: "again" }), /UNIQUE/);
  assert.equal(connection.writes, writes + 2, "of one that failed nobody knows");
});

test("whoever may refuse a statement is asked before it runs", () => {
  const connection = opened();
  const on = { db: connection.kysely(() => undefined) };
  const asked: string[] = [];
  askDirectly(on, connection, (sql) => {
    asked.push(sql);
    throw new Error("not now");
  });
  assert.throws(() => ADD.all(on, { jkt: "a", jti: "first" }), /not now/);
  assert.equal(asked.length, 1);
  assert.deepEqual(connection.all("SELECT * FROM used_proofs", []), []);
});

describe("a remembered statement", () => {
  const REMEMBERED = AT.remembered("used_proofs");
  const BEFORE = { jkt: "a", until: 9 };

  function on() {
    const connection = opened();
    const store = { db: connection.kysely(() => undefined) };
    const asked: string[] = [];
    askDirectly(store, connection, (sql) => void asked.push(sql));
    return { connection, store, asked };
  }

  test("is asked once, until its table is written: through Kysely, directly, or by somebody else", async () => {
    const { connection, store, asked } = on();
    assert.deepEqual(REMEMBERED.all(store, BEFORE), []);
    assert.deepEqual(REMEMBERED.all(store, BEFORE), []);
    assert.equal(asked.length, 1);
    ADD.all(store, { jkt: "a", jti: "first" });
    assert.deepEqual(REMEMBERED.first(store, BEFORE), { jti: "first" });
    await store.db.updateTable("used_proofs").set({ jti: "second" }).execute();
    assert.deepEqual(REMEMBERED.first(store, BEFORE), { jti: "second" });
    connection.all("DELETE FROM used_proofs", []);
    assert.deepEqual(REMEMBERED.first(store, BEFORE), undefined);
    const before = asked.length;
    connection.changed("sessions");
    REMEMBERED.all(store, BEFORE);
    assert.equal(asked.length, before);
    connection.changed("used_proofs");
    REMEMBERED.all(store, BEFORE);
    assert.equal(asked.length, before + 1);
  });

  test("is asked anew after whatever may have changed any table", () => {
    const { connection, store, asked } = on();
    REMEMBERED.all(store, BEFORE);
    connection.all("WITH gone AS (SELECT 'a' AS jkt) DELETE FROM used_proofs WHERE jkt IN (SELECT jkt FROM gone)", []);
    REMEMBERED.all(store, BEFORE);
    connection.changed(ANY_TABLE);
    REMEMBERED.all(store, BEFORE);
    assert.equal(asked.length, 3);
    assert.deepEqual(connection.takeWritten(), [ANY_TABLE]);
    assert.deepEqual(connection.takeWritten(), []);
  });

  test("answers each question apart, and each connection", () => {
    const [one, other] = [on(), on()];
    ADD.all(one.store, { jkt: "a", jti: "first" });
    assert.deepEqual(REMEMBERED.first(one.store, BEFORE), { jti: "first" });
    assert.equal(REMEMBERED.first(one.store, { ...BEFORE, jkt: "b" }), undefined);
    assert.equal(REMEMBERED.first(other.store, BEFORE), undefined);
  });
});
