import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { askDirectly, prepare } from "./prepared.ts";
import { SqliteConnection } from "./sqlite-dialect.ts";

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

for (const way of ["directly", "through Kysely"]) {
  test(`a prepared statement takes each run's values, ${way}`, async () => {
    const connection = opened();
    const on = { db: connection.kysely(() => undefined) };
    if (way === "directly") askDirectly(on, connection, () => undefined);
    await ADD.all(on, { jkt: "a", jti: "first" });
    await ADD.all(on, { jti: "second", jkt: "b" });
    assert.deepEqual(await AT.all(on, { until: 7, jkt: "b" }), [{ jti: "second" }]);
    assert.deepEqual(await AT.first(on, { until: 7, jkt: "a" }), { jti: "first" });
    assert.equal(await AT.first(on, { until: 6, jkt: "a" }), undefined);
    await EARLIER.all(on, { jkt: "a", by: 3 });
    assert.deepEqual(await AT.first(on, { until: 6, jkt: "a" }), { jti: "first" });
    assert.equal(await AT.first(on, { until: 6, jkt: "b" }), undefined);
  });
}

test("a value that isn't given is no NULL: the statement doesn't run", async () => {
  const connection = opened();
  const on = { db: connection.kysely(() => undefined) };
  askDirectly(on, connection, () => undefined);
  await assert.rejects(ADD.all(on, { jkt: "a" } as { jkt: string; jti: string }), TypeError);
});

test("whoever may refuse a statement is asked before it runs", async () => {
  const connection = opened();
  const on = { db: connection.kysely(() => undefined) };
  const asked: string[] = [];
  askDirectly(on, connection, (sql) => {
    asked.push(sql);
    throw new Error("not now");
  });
  await assert.rejects(ADD.all(on, { jkt: "a", jti: "first" }), /not now/);
  assert.equal(asked.length, 1);
  assert.deepEqual(connection.all("SELECT * FROM used_proofs", []), []);
});
