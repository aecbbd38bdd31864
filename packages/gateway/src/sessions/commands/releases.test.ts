import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { accessOf } from "../../evidence/access-report.ts";
import { canonicalText } from "../../evidence/canonical-json.ts";
import { replay } from "../../evidence/replay.ts";
import { CommandError } from "../../store/command.ts";
import { openStore, type Store } from "../../store/store.ts";
import { verifyStore } from "../../store/verify-store.ts";
import type { ReleaseWholeInput } from "./releases.ts";
import { AGENT, analysed, received } from "./testing/small-query.ts";

const LEARNT = { upstreamJob: "job_1", dryRunBytes: 9 };

function page(session: string, more: Partial<ReleaseWholeInput> = {}): ReleaseWholeInput {
  return {
    session,
    columns: { columns: canonicalText([]) },
    data: { fromRow: 0 },
    rows: 3,
    bytes: 40,
    masked: { ssn: { rule: "null", count: 2 } },
    last: true,
    ...more,
  };
}

describe("a page that is recorded at once", () => {
  const directory = mkdtempSync(join(tmpdir(), "chaperone-releases-"));
  let now = 1000;
  let store: Store;
  before(async () => {
    store = await openStore({ directory, origin: "test.example/ledger", clock: () => now });
    await store.run("agent.register", AGENT);
  });
  after(() => rmSync(directory, { recursive: true }));

  const begun = async (id: string): Promise<string> => {
    now = 1000;
    await store.run("session.begin", { receive: received(id), analysed: analysed(id) });
    now = 2000;
    return id;
  };
  const row = (id: string) =>
    store.db.selectFrom("sessions").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  const seen = async (id: string) => {
    const { state, upstream_job, dry_run_bytes, rows_released, cells_masked, updated_at, finished_at } = await row(id);
    const entries = await store.db
      .selectFrom("ledger_entries")
      .select("type")
      .where("session", "=", id)
      .orderBy("idx")
      .execute();
    return {
      row: [state, upstream_job, dry_run_bytes, rows_released, cells_masked, updated_at, finished_at],
      entries: entries.slice(4).map(({ type }) => type),
    };
  };

  it("ends a session that runs, and says which job it was", async () => {
    const id = await begun("only-page");
    await store.run("release.whole", page(id, { learnt: LEARNT }));
    assert.deepEqual(await seen(id), {
      row: ["done", "job_1", 9, 3, 2, 2000, 2000],
      entries: ["session.releasing", "release.started", "release.finished", "session.done"],
    });
  });

  it("leaves a session open that has more pages, and ends it with the last", async () => {
    const id = await begun("two-pages");
    await store.run("release.whole", page(id, { learnt: LEARNT, last: false }));
    assert.deepEqual((await seen(id)).row, ["releasing", "job_1", 9, 3, 2, 2000, null]);
    await store.run("release.whole", page(id, { learnt: LEARNT }));
    assert.deepEqual(await seen(id), {
      row: ["done", "job_1", 9, 6, 4, 2000, 2000],
      entries: [
        ...["session.releasing", "release.started", "release.finished"],
        ...["release.started", "release.finished", "session.done"],
      ],
    });
  });

  it("changes no state of a session that is done, whose pages are asked for again", async () => {
    const id = await begun("again");
    await store.run("release.whole", page(id, { learnt: LEARNT }));
    now = 3000;
    await store.run("release.whole", page(id, { learnt: LEARNT }));
    const { row: values, entries } = await seen(id);
    assert.deepEqual(values, ["done", "job_1", 9, 6, 4, 2000, 2000]);
    assert.deepEqual(entries.slice(4), ["release.started", "release.finished"]);
  });

  it("I3: is refused for a session that was cancelled, and leaves nothing", async () => {
    const id = await begun("cancelled");
    await store.run("session.end", { id, state: "cancelled", data: {} });
    const before = await row(id);
    for (const learnt of [LEARNT, undefined])
      await assert.rejects(
        store.run("release.whole", page(id, learnt === undefined ? {} : { learnt })),
        (error) => error instanceof CommandError && error.code === "wrong_state",
      );
    await assert.rejects(
      store.run("release.whole", page("nobody", { learnt: LEARNT })),
      (error) => error instanceof CommandError && error.code === "no_session",
    );
    assert.deepEqual(await row(id), before);
    assert.deepEqual((await seen(id)).entries, ["session.cancelled"]);
  });

  it("I3: counts with all rows that were announced where a crash broke it off, since nobody knows how many left", async () => {
    const id = await begun("broken off");
    const announced = (maxRows: number) => ({ fromRow: 0, maxRows, token: "t" });
    await store.run("release.whole", page(id, { learnt: LEARNT, last: false }));
    // Its entry lies behind those of many other pages.
    const first = await store.run("release.start", { ...page(id), data: announced(500) });
    for (let n = 0; n < 60; n++) await store.run("release.whole", page(id, { last: false, rows: 1, masked: {} }));
    const second = await store.run("release.start", { ...page(id), data: announced(70) });
    assert.deepEqual([first.number, second.number], [2, 63]);
    // As after a kill: nobody has finished them.
    await store.close();
    store = await openStore({ directory, origin: "test.example/ledger", clock: () => now });
    assert.deepEqual(await store.run("release.recover", {}), { recovered: 2 });
    assert.deepEqual(await store.run("release.recover", {}), { recovered: 0 });
    const access = await accessOf(store, id);
    assert.equal(access.masked.rowsReleased, 3 + 500 + 60 + 70);
    const finished = (await replay(store, id)).steps.filter(({ data }) => data.brokenOff === true);
    assert.deepEqual(
      finished.map(({ data }) => [data.number, data.outcome, data.rows]),
      [
        [2, "aborted", 500],
        [63, "aborted", 70],
      ],
    );
  });

  it("is recovered however many a crash broke off, over several commands", async () => {
    const id = await begun("many open");
    const open = Array.from({ length: 300 }, (_, n) => ({ fromRow: n, maxRows: 2, token: "t" }));
    await Promise.all(open.map((data) => store.run("release.start", { ...page(id), data })));
    let recovered = 0;
    for (let some = -1; some !== 0; recovered += some) some = (await store.run("release.recover", {})).recovered;
    assert.equal(recovered, 300);
    assert.equal((await accessOf(store, id)).masked.rowsReleased, 600);
  });

  it("is finished once: what was told no and was written all the same is not counted twice", async () => {
    const id = await begun("finished twice");
    const { number } = await store.run("release.start", { ...page(id), data: { fromRow: 0, maxRows: 9, token: "t" } });
    const end = { session: id, number, rows: 4, bytes: 40, masked: {}, last: false };
    await store.run("release.finish", { ...end, outcome: "complete" });
    await store.run("release.finish", { ...end, outcome: "aborted" });
    assert.equal((await row(id)).rows_released, 4);
    assert.deepEqual((await seen(id)).entries.slice(-1), ["release.finished"]);
    assert.equal((await seen(id)).entries.filter((type) => type === "release.finished").length, 1);
  });

  it("I8: is in a ledger that says what the rows say", async () => {
    await store.close();
    assert.deepEqual((await verifyStore(directory)).problems, []);
  });
});
