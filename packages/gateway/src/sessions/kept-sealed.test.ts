import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { SealError, type SealErrorCode } from "../evidence/seal.ts";
import { CommandError } from "../store/command.ts";
import { openStore, type Store } from "../store/store.ts";
import { AGENT, received } from "./commands/testing/small-query.ts";
import { keptSealed } from "./kept-sealed.ts";
import { openSealed, type SealedStatement } from "./session-row.ts";
import type { Statement } from "./statement.ts";

const sent = (statement: Statement, more: Partial<SealedStatement> = {}): SealedStatement => ({
  statement,
  maximumBytesBilled: null,
  jobTimeoutMs: null,
  dryRun: false,
  ...more,
});

describe("what sessions keep sealed", () => {
  const directory = mkdtempSync(join(tmpdir(), "chaperone-sealed-"));
  const statement = (): Statement => ({
    sql: "SELECT 'Rosa Quill'",
    parameterMode: undefined,
    parameters: ["4711"],
    defaultDataset: undefined,
  });
  const READ = { ...statement(), parameterMode: undefined, defaultDataset: undefined };
  let store: Store;
  before(async () => {
    store = await openStore({ directory, origin: "test.example/ledger" });
    await store.run("agent.register", AGENT);
  });
  after(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  async function keep(id: string, sealed: SealedStatement) {
    const kept = keptSealed(store.sealer, id, sealed);
    await store.run("session.receive", received(id, { ...kept.input, openPerAgent: 99 }));
    kept.stored();
    return kept;
  }
  const rowOf = (id: string) =>
    store.db.selectFrom("whole_sessions").select(["id", "sealed"]).where("id", "=", id).executeTakeFirstOrThrow();
  const opened = async (id: string) =>
    JSON.parse(JSON.stringify(openSealed({ store, sealer: store.sealer }, await rowOf(id)))) as unknown;
  const refused = (code: SealErrorCode) => (error: unknown) => error instanceof SealError && error.code === code;
  const tamper = (sql: string) => {
    const db = new DatabaseSync(join(directory, "chaperone.db"));
    db.exec(sql);
    db.close();
  };

  it("is their own where a statement came once, and from then on one for all, sent to the store until it has it", async () => {
    const asked = sent(statement());
    const first = await keep("a1", asked);
    const second = await keep("a2", asked);
    const third = await keep("a3", asked);
    assert.equal(first.input.forMany, undefined);
    assert.deepEqual(Object.keys(second.input.forMany ?? {}), ["key", "sealed"]);
    assert.deepEqual(third.input.forMany, { key: second.sha256 });
    assert.equal(third.sha256, second.sha256);
    assert.notEqual(third.input.sealed, second.input.sealed);
    for (const id of ["a1", "a2", "a3"])
      assert.deepEqual(await opened(id), JSON.parse(JSON.stringify({ ...asked, statement: READ })), id);
    const stored = await store.db.selectFrom("sealed_for_many").selectAll().execute();
    assert.deepEqual(
      stored.map(({ key }) => key),
      [second.sha256],
    );
  });

  it("is one for all only where all that is sealed is the same", async () => {
    const same = statement();
    await keep("b1", sent(same));
    const { sha256 } = await keep("b2", sent(same));
    for (const [n, more] of [
      { maximumBytesBilled: 1 },
      { jobTimeoutMs: 1 },
      { dryRun: true },
      { asked: { kind: "copy", configuration: {} } },
      {},
    ].entries()) {
      const other = sent(same, more as Partial<SealedStatement>);
      const kept = await keep(`b${n + 3}`, other);
      assert.equal(kept.input.forMany, undefined);
      assert.notEqual(kept.sha256, sha256);
      assert.deepEqual(await opened(`b${n + 3}`), JSON.parse(JSON.stringify({ ...other, statement: READ })));
    }
    assert.equal((await keep("b9", sent(statement()))).input.forMany, undefined, "equal, and another's");
  });

  it("isn't taken for stored, where it never came", async () => {
    const missing = received("c1", { forMany: { key: "0".repeat(64) }, openPerAgent: 99 });
    await assert.rejects(
      store.run("session.receive", missing),
      (error) => error instanceof CommandError && error.code === "no_statement",
    );
    const asked = sent(statement());
    await keep("c2", asked);
    const lost = keptSealed(store.sealer, "c3", asked);
    assert.ok(lost.input.forMany?.sealed !== undefined);
    assert.ok((await keep("c4", asked)).input.forMany?.sealed !== undefined, "the one before was never received");
    assert.ok((await opened("c4")) !== undefined);
  });

  it("doesn't open in another session's row, nor as another's text", async () => {
    const [mine, others] = [sent(statement()), sent({ ...statement(), sql: "SELECT 2" })];
    for (const id of ["d1", "d2"]) await keep(id, mine);
    for (const id of ["d3", "d4"]) await keep(id, others);
    const row = await rowOf("d2");
    assert.throws(() => openSealed({ store, sealer: store.sealer }, { ...row, id: "d4" }), refused("tampered"));
    tamper("UPDATE sealed_for_many SET sealed = (SELECT sealed FROM sealed_for_many ORDER BY rowid DESC LIMIT 1)");
    await assert.rejects(opened("d2"), refused("tampered"));
    tamper("DELETE FROM sealed_for_many");
    await assert.rejects(opened("d4"), refused("missing"));
  });
});
