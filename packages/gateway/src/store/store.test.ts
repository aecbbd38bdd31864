import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, beforeEach, suite, test } from "node:test";
import { generateNoteKey } from "@chaperone/ledger";
import { canonicalText } from "../evidence/canonical-json.ts";
import { CommandError } from "./command.ts";
import { StoreError, type StoreErrorCode } from "./errors.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { prepare } from "./prepared.ts";
import { openStore } from "./store.ts";
import { openTestStore, type TestStore, temporaryDirectory, testStore } from "./testing/temporary-store.ts";
import { verifyStore } from "./verify-store.ts";

const subjects = async (store: TestStore): Promise<string[]> =>
  (await store.db.selectFrom("agents").select("subject").orderBy("subject").execute()).map(({ subject }) => subject);

const entries = async (store: TestStore): Promise<string[]> =>
  (await store.db.selectFrom("ledger_entries").select("bytes").orderBy("idx").execute()).map(({ bytes }) =>
    Buffer.from(bytes).toString(),
  );

const AGENT = prepare((db, given: { readonly subject: string }) =>
  db.selectFrom("agents").select("subject").where("subject", "=", given.subject),
).remembered("agents");

const refusedWith = (code: StoreErrorCode, message?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StoreError, String(error));
  assert.equal(error.code, code, error.message);
  if (message) assert.match(error.message, message);
  return true;
};

suite("a clock that is set back", () => {
  test("I8: is in the ledger before what has its time, also over a restart; not where it only wavers", async (t) => {
    const directory = temporaryDirectory(t);
    let now = 1_000_000;
    const opened = () => openTestStore({ directory, clock: () => now });
    let store = await opened();
    const at = async (time: number) => {
      now = time;
      return (await store.append([{ type: "test.event", data: {} }])).firstIndex;
    };
    assert.equal(await at(1_000_000), 0);
    assert.equal(await at(999_000), 1);
    assert.equal(await at(998_900), 3, "behind the entry that says so, and however slowly");
    assert.equal(await at(900_000), 5);
    await assert.rejects(store.run("refuseAfterWriting", "b"));
    await store.close();
    now = 800_000;
    store = await opened();
    assert.equal(await at(800_000), 7);
    assert.equal(await at(2_000_000), 8);
    const said = (await entries(store)).map(
      (entry) => JSON.parse(entry) as { type: string; time: string; data: object },
    );
    assert.deepEqual(
      said.filter(({ type }) => type === "clock.set-back").map(({ time, data }) => [time, data]),
      [
        ["1970-01-01T00:16:38.900Z", { before: "1970-01-01T00:16:40.000Z" }],
        ["1970-01-01T00:15:00.000Z", { before: "1970-01-01T00:16:38.900Z" }],
        ["1970-01-01T00:13:20.000Z", { before: "1970-01-01T00:15:00.000Z" }],
      ],
    );
    await store.close();
    assert.deepEqual((await verifyStore(directory)).problems, []);
  });
});

suite("a command", () => {
  // One store for all of them: opening one takes longer than a test.
  const directory = mkdtempSync(join(tmpdir(), "chaperone-store-"));
  let store: TestStore;
  before(async () => {
    store = await openTestStore({ directory, clock: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) });
  });
  after(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });
  beforeEach(() => store.run("removeAgents", undefined));

  test("I3: has its state and its evidence readable when it resolves", async () => {
    const before = store.size;
    assert.equal(await store.run("addAgent", "a"), Date.UTC(2026, 0, 2, 3, 4, 5, 6));
    assert.deepEqual(await subjects(store), ["a"]);
    assert.deepEqual((await entries(store)).slice(before), [
      '{"data":{"by":"config","groups":[],"issuer":"https://issuer.test","name":"a",' +
        '"sponsor":{"issuer":"https://people.test","subject":"sponsor"},"subject":"a"},' +
        '"time":"2026-01-02T03:04:05.006Z","type":"agent.registered","v":1}',
    ]);
  });

  test("is seen by what is remembered of the tables it wrote, as soon as it resolves", async () => {
    assert.equal(await AGENT.first(store, { subject: "a" }), undefined);
    await store.run("addAgent", "a");
    assert.deepEqual(await AGENT.first(store, { subject: "a" }), { subject: "a" });
    await assert.rejects(store.run("refuseAfterWriting", "b"));
    assert.equal(await AGENT.first(store, { subject: "b" }), undefined);
    await store.run("removeAgents", undefined);
    assert.equal(await AGENT.first(store, { subject: "a" }), undefined);
  });

  test("that refuses leaves nothing, and its code and message reach the caller", async () => {
    const size = store.size;
    const [first, refused, last] = await Promise.allSettled([
      store.run("addAgent", "a"),
      store.run("refuseAfterWriting", "b"),
      store.run("addAgent", "c"),
    ]);
    assert.equal(first.status, "fulfilled");
    assert.equal(last.status, "fulfilled");
    assert.ok(refused.status === "rejected" && refused.reason instanceof CommandError);
    assert.equal(refused.reason.code, "lost_race");
    assert.equal(refused.reason.message, "somebody else was first");
    assert.deepEqual(await subjects(store), ["a", "c"]);
    assert.equal(store.size, size + 2);
    const checkpoints = await new LedgerReader(store.db).checkpointsAfter(size);
    assert.equal(checkpoints.length, 1, "one batch, one checkpoint");
  });

  test("I9: that throws something else is refused without that error's message", async () => {
    await assert.rejects(store.run("throwWithSecret", "a"), (error) => {
      refusedWith("failed", /^throwWithSecret: TypeError/)(error);
      assert.doesNotMatch(String(error), /Jane/);
      return true;
    });
    assert.deepEqual(await subjects(store), []);
  });

  test("I3: fails when one of its events is larger than an entry may be, even if it looks away", async () => {
    await assert.rejects(store.run("appendLarge", { subject: "a", bytes: 65_535 }), refusedWith("bad_event"));
    assert.deepEqual(await subjects(store), []);
    await store.run("appendLarge", { subject: "b", bytes: 60_000 });
    assert.deepEqual(await subjects(store), ["b"]);
  });

  test("that breaks a constraint is refused and told which, without a value", async () => {
    await store.run("addAgent", "a");
    await assert.rejects(store.run("addAgent", "a"), refusedWith("failed", /UNIQUE constraint failed: agents.issuer/));
    assert.deepEqual(await subjects(store), ["a"]);
  });

  test("can't write after it has ended", async () => {
    await store.run("forgetToWait", "late");
    await store.run("addAgent", "next");
    assert.deepEqual(await subjects(store), ["next"]);
  });

  test("can't end its transaction", async () => {
    await assert.rejects(store.run("commitByHand", undefined), refusedWith("failed", /doesn't control/));
  });

  test("whose output can't be sent back fails alone", async () => {
    const results = await Promise.allSettled([store.run("returnFunction", "a"), store.run("addAgent", "b")]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["rejected", "fulfilled"],
    );
    assert.deepEqual(await subjects(store), ["b"]);
  });

  test("that isn't registered, or is named like a method of objects, is refused", async () => {
    await assert.rejects(store.run("toString" as "die", undefined), refusedWith("failed", /no command/));
  });

  test("that refuses after it has written leaves what the others of its group did as it was, each once", async () => {
    const size = store.size;
    const results = await Promise.allSettled([
      store.run("addAgent", "a"),
      store.append([{ type: "test.event", data: { n: 1 } }]),
      store.run("refuseAfterWriting", "b"),
      store.run("throwWithSecret", "c"),
      store.run("addAgent", "d"),
      store.append([{ type: "test.event", data: { n: 2 } }]),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "fulfilled", "rejected", "rejected", "fulfilled", "fulfilled"],
    );
    assert.deepEqual(await subjects(store), ["a", "d"]);
    assert.deepEqual(
      results
        .map((result) => (result.status === "fulfilled" ? result.value : undefined))
        .filter((v) => typeof v === "object"),
      [
        { firstIndex: size + 1, count: 1, size: size + 4 },
        { firstIndex: size + 3, count: 1, size: size + 4 },
      ],
    );
  });
});

suite("append", () => {
  test("I8: says where its events came to stand, all events or none", async (t) => {
    const store = await testStore(t);
    const event = (n: number) => ({ type: "test.event", session: "s1", data: { n } });
    assert.deepEqual(await store.append([event(0), event(1)]), { firstIndex: 0, count: 2, size: 2 });
    const bad = { type: "test.event", data: { n: Number.NaN } };
    await assert.rejects(store.append([event(2), bad]), refusedWith("bad_event"));
    assert.deepEqual(await store.append([event(3)]), { firstIndex: 2, count: 1, size: 3 });
  });

  test("groups what is asked for together under one checkpoint, at most 256 each", async (t) => {
    const store = await testStore(t);
    const sizes: number[] = [];
    store.onGrowth((size) => sizes.push(size));
    await Promise.all(Array.from({ length: 600 }, (_, n) => store.append([{ type: "test.event", data: { n } }])));
    assert.deepEqual(sizes, [256, 512, 600]);
  });

  test("tells how many entries of each type are new, and of none that were not committed", async (t) => {
    const store = await testStore(t);
    const told = new Map<string, number>();
    let size = 0;
    store.onGrowth((now, types) => {
      const before = size;
      size = now;
      assert.equal(
        types.reduce((sum, [, n]) => sum + n, before),
        now,
      );
      for (const [type, n] of types) told.set(type, (told.get(type) ?? 0) + n);
    });
    await Promise.allSettled([
      store.append([
        { type: "test.one", data: {} },
        { type: "test.two", data: {} },
      ]),
      store.run("refuseAfterWriting", "r"),
      store.append([{ type: "test.one", data: { n: Number.NaN } }]),
      store.append([{ type: "test.one", data: {} }]),
    ]);
    await store.append([{ type: "test.three", data: {} }]);
    assert.deepEqual(
      [...told],
      [
        ["test.one", 2],
        ["test.two", 1],
        ["test.three", 1],
      ],
    );
  });

  test("I8: makes one tree of a group in which some refuse, whatever its size", async (t) => {
    const directory = temporaryDirectory(t);
    const store = await testStore(t, { directory });
    for (const count of [1, 2, 16, 17, 50]) {
      const size = store.size;
      const results = await Promise.allSettled(
        Array.from({ length: count }, (_, n) =>
          store.run(n % 3 === 1 ? "refuseAfterWriting" : "addAgent", `${count} ${n}`),
        ),
      );
      const written = results.filter(({ status }) => status === "fulfilled").length;
      assert.equal(written, count - Math.floor((count + 1) / 3));
      assert.equal(store.size, size + written);
    }
    await store.close();
    assert.deepEqual((await verifyStore(directory)).problems, []);
  });

  test("I8: keeps every entry as it was said and in its place, however many come together", async (t) => {
    const directory = temporaryDirectory(t);
    const store = await testStore(t, { directory, clock: () => 0 });
    const expected: string[] = [];
    for (const count of [1, 2, 3, 4, 5, 15, 16, 17, 20, 37, 64]) {
      // Each as long as another, with characters of one to three bytes.
      const texts = Array.from({ length: count }, (_, n) => "aé⟨".repeat((n * 37) % 101));
      const event = (text: string, n: number) => ({
        type: "test.event",
        ...(n % 2 === 0 ? { session: `s${n}` } : {}),
        data: { text },
      });
      const { firstIndex } = await store.append(texts.map(event));
      assert.equal(firstIndex, expected.length);
      for (const [n, text] of texts.entries())
        expected.push(
          `{"data":{"text":"${text}"},${n % 2 === 0 ? `"session":"s${n}",` : ""}"time":"1970-01-01T00:00:00.000Z","type":"test.event","v":1}`,
        );
    }
    assert.deepEqual(await entries(store), expected);
    await store.close();
    assert.deepEqual((await verifyStore(directory)).problems, []);
  });

  test("I8: entries, tiles and checkpoints can be neither changed nor removed", async (t) => {
    const directory = temporaryDirectory(t);
    const store = await testStore(t, { directory });
    await Promise.all(Array.from({ length: 256 }, () => store.append([{ type: "test.event", data: {} }])));
    await store.close();
    const db = new DatabaseSync(join(directory, "chaperone.db"));
    for (const statement of [
      "UPDATE ledger_entries SET time = 0",
      "DELETE FROM ledger_tiles",
      "UPDATE ledger_tiles SET root = hashes",
      "DELETE FROM checkpoints",
    ]) {
      assert.throws(() => db.exec(statement), /the ledger only grows/);
    }
    db.close();
  });
});

suite("I10: the store is bounded", () => {
  test("a full queue refuses at once", async (t) => {
    const store = await testStore(t, { limits: { queue: 10, batch: 1 } });
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => store.append([{ type: "test.event", data: { n } }])),
    );
    const refused = results.filter((result) => result.status === "rejected");
    assert.equal(refused.length, 10);
    for (const { reason } of refused) refusedWith("overloaded")(reason);
    await store.append([{ type: "test.event", data: {} }]);
    assert.equal(store.size, 11);
  });

  test("a call whose time is up before it began never runs; one that had begun says so", async (t) => {
    const store = await testStore(t, { limits: { callTimeout: 500 } });
    const slow = store.run("spin", 1_500);
    const sameBatch = store.run("addAgent", "same batch");
    await new Promise((resume) => setTimeout(resume, 50));
    const queued = store.run("addAgent", "queued");
    const [a, b, c] = await Promise.allSettled([slow, sameBatch, queued]);
    for (const [result, begun] of [
      [a, true],
      [b, false],
      [c, false],
    ] as const) {
      assert.ok(result.status === "rejected");
      refusedWith("timeout")(result.reason);
      assert.equal(result.reason.begun, begun);
    }
    await new Promise((resume) => setTimeout(resume, 1_200));
    await store.run("addAgent", "after");
    assert.deepEqual(await subjects(store), ["after"]);
    assert.equal(store.size, 2, "what had begun is in the ledger");
  });

  test("a command that never ends is ended, and those behind it run", async (t) => {
    const store = await testStore(t, { limits: { commandTimeout: 100 } });
    const hung = store.run("hang", undefined);
    const behind = store.run("addAgent", "behind");
    await assert.rejects(hung, refusedWith("failed", /too long/));
    await behind;
  });

  test("I3: a full disk acknowledges nothing, leaves nothing, and is over when there is room", async (t) => {
    const store = await testStore(t, { limits: { pages: 120 } });
    await Promise.all(Array.from({ length: 300 }, (_, n) => store.run("addAgent", `agent ${n}`)));
    let acknowledged = store.size;
    const fill = async () => {
      for (;;) acknowledged = (await store.append([{ type: "test.filler", data: { text: "x".repeat(8_000) } }])).size;
    };
    await assert.rejects(fill(), refusedWith("unavailable"));
    for (const count of [1, 4, 40]) {
      const many = Array.from({ length: count }, () => ({ type: "test.filler", data: { text: "x".repeat(8_000) } }));
      await assert.rejects(store.append(many), refusedWith("unavailable"));
    }
    assert.equal((await entries(store)).length, acknowledged);
    await store.run("removeAgents", undefined);
    await store.append([{ type: "test.after", data: {} }]);
    assert.equal(store.size, acknowledged + 2);
  });

  test("I3: a dead writer refuses everything, at once and for good", async (t) => {
    const store = await testStore(t);
    const [dying, behind] = await Promise.allSettled([store.run("die", undefined), store.run("addAgent", "a")]);
    for (const result of [dying, behind]) {
      assert.ok(result.status === "rejected");
      refusedWith("unavailable")(result.reason);
    }
    await assert.rejects(store.run("addAgent", "b"), refusedWith("unavailable"));
  });
});

suite("a store reopened", () => {
  test("goes on where it was", async (t) => {
    const directory = temporaryDirectory(t);
    const before = await testStore(t, { directory });
    await before.run("addAgent", "a");
    const sealed = before.sealer.seal("SELECT 1", "s1");
    await before.close();
    const after = await testStore(t, { directory });
    assert.equal(after.size, 1);
    assert.equal(after.vkey, before.vkey);
    assert.equal(after.sealer.open(sealed, "s1"), "SELECT 1");
    assert.deepEqual(await after.append([{ type: "test.event", data: {} }]), { firstIndex: 1, count: 1, size: 2 });
  });

  test("while it is open elsewhere is refused, and the first goes on", async (t) => {
    const directory = temporaryDirectory(t);
    const first = await testStore(t, { directory });
    await assert.rejects(testStore(t, { directory }), refusedWith("locked", /another process/));
    await first.run("addAgent", "a");
    await first.close();
    await testStore(t, { directory });
  });

  test("without a key file, with another key, with an open key file or as another log is refused", async (t) => {
    const directory = temporaryDirectory(t);
    await (await testStore(t, { directory })).close();
    const refused = (message: RegExp, origin = "test.example/ledger") =>
      assert.rejects(testStore(t, { directory, origin }), refusedWith("key", message));
    for (const file of ["ledger.key", "seal.key"]) assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600);
    await refused(/is named test.example\/ledger.*set public_url/, "other.example/ledger");
    const [ledgerKey, sealKey] = [join(directory, "ledger.key"), join(directory, "seal.key")];
    chmodSync(ledgerKey, 0o640);
    await refused(/ledger.key has mode 0640.*chmod 600/);
    chmodSync(ledgerKey, 0o600);
    const sealing = readFileSync(sealKey);
    writeFileSync(sealKey, Buffer.alloc(32, 7));
    await refused(/seal.key is not the key/);
    rmSync(sealKey);
    await refused(/seal.key is missing while there is data/);
    writeFileSync(sealKey, sealing, { mode: 0o600 });
    writeFileSync(ledgerKey, generateNoteKey("test.example/ledger").skey);
    await refused(/ledger.key is not the key/);
    rmSync(ledgerKey);
    await refused(/ledger.key is missing while there is data/);
  });

  test("I8: whose newest entries, checkpoints or tiles were cut is refused", async (t) => {
    const directory = temporaryDirectory(t);
    const store = await testStore(t, { directory });
    await Promise.all(Array.from({ length: 600 }, (_, n) => store.append([{ type: "test.event", data: { n } }])));
    await store.close();
    for (const cut of [
      "ledger_entries WHERE idx = 599",
      "ledger_entries WHERE idx = 550",
      "checkpoints WHERE size = 600",
      "ledger_tiles WHERE idx = 0",
      "ledger_tiles WHERE idx = 1",
    ]) {
      const copy = temporaryDirectory(t);
      cpSync(directory, copy, { recursive: true });
      const db = new DatabaseSync(join(copy, "chaperone.db"));
      db.exec(`DROP TRIGGER ${cut.split(" ")[0]}_only_grow_d; DELETE FROM ${cut}`);
      db.close();
      await assert.rejects(testStore(t, { directory: copy }), refusedWith("corrupt"), cut);
    }
  });

  test("by a program older than its schema is refused", async (t) => {
    const directory = temporaryDirectory(t);
    await (await testStore(t, { directory })).close();
    const db = new DatabaseSync(join(directory, "chaperone.db"));
    db.exec("INSERT INTO migrations VALUES (999, 'from the future', 0)");
    db.close();
    await assert.rejects(testStore(t, { directory }), refusedWith("corrupt", /999/));
  });

  test("in a directory that can't be made is refused", async (t) => {
    const file = join(temporaryDirectory(t), "file");
    writeFileSync(file, "");
    await assert.rejects(
      openStore({ directory: join(file, "state"), origin: "test.example/ledger" }),
      refusedWith("unavailable"),
    );
  });

  test("its connection for reading can't write", async (t) => {
    const store = await testStore(t);
    await assert.rejects(store.db.deleteFrom("agents").execute(), /readonly/);
  });
});

test("an event whose data is written already is the same entry as one whose data isn't, and no other text is an event's data", async (t) => {
  const store = await testStore(t);
  const data = { b: [1, null, "é\u2028"], a: { z: true, "": 0.5 } };
  await store.append([{ type: "test.event", session: "s", data }]);
  await store.append([{ type: "test.event", session: "s", data: canonicalText(data) }]);
  const [one, other] = (await entries(store)).map((text) => text.replace(/"time":"[^"]*"/, ""));
  assert.equal(one, other);
  for (const text of ["", "1", "[]", "a"])
    await assert.rejects(
      store.append([{ type: "test.event", data: text as ReturnType<typeof canonicalText> }]),
      refusedWith("bad_event"),
    );
});
