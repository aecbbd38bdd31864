import assert from "node:assert/strict";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { describe, it } from "node:test";
import { analyze, catalogNames, type TableResource } from "@chaperone/googlesql";
import { Catalog, type CatalogSnapshot } from "../catalog/catalog.ts";
import { TableCache } from "../catalog/table-cache.ts";
import { AnalysisCache } from "./analysis-cache.ts";
import { LARGE_TEXT } from "./analysis-thread.ts";

const DEFAULTS = { defaultProject: "lab" };
const ROOM = 1_000_000;

/** The table `lab.d.t` with these columns. */
async function snapshotOf(...columns: readonly string[]): Promise<CatalogSnapshot> {
  const table: TableResource = {
    tableReference: { projectId: "lab", datasetId: "d", tableId: "t" },
    schema: { fields: columns.map((name) => ({ name, type: "STRING" })) },
  };
  const nothingElse = {
    getRoutine: async () => undefined,
    getModel: async () => undefined,
    listTables: async () => undefined,
  };
  const source = { getTable: async () => table, getDataset: async () => ({}), ...nothingElse };
  const bounds = { entries: 10, bytes: ROOM, ttlMs: 60_000, absentTtlMs: 1000, now: () => 0 };
  return new Catalog(new TableCache(source, bounds), undefined).load(["lab.d.t"]);
}

describe("remembered analyses", () => {
  it("are those that analysis would give again", async () => {
    const cache = new AnalysisCache(ROOM);
    const snapshot = await snapshotOf("a", "b");
    for (const sql of ["SELECT a FROM d.t WHERE b = 'x'", "SELECT z FROM d.t", "SELECT * FROM d.t"]) {
      const first = await (await cache.named("a", sql, DEFAULTS, [])).analyze(snapshot);
      const again = await cache.named("a", sql, DEFAULTS, []);
      const { plan, redacted } = analyze(sql, { catalog: snapshot, ...DEFAULTS });
      assert.equal(await again.analyze(snapshot), first);
      assert.deepEqual(first, { plan, redacted });
      assert.deepEqual(again.names, {
        understood: true,
        tables: ["lab.d.t"],
        wildcards: [],
        routines: [],
        models: [],
        metadata: [],
      });
    }
  });

  it("don't outlive the tables they were made with", async () => {
    const cache = new AnalysisCache(ROOM);
    const columns = async (...names: readonly string[]) => {
      const named = await cache.named("a", "SELECT * FROM d.t", DEFAULTS, []);
      const { plan } = await named.analyze(await snapshotOf(...names));
      return plan.understood ? plan.statements[0]?.outputs.map(({ name }) => name) : undefined;
    };
    assert.deepEqual(await columns("a"), ["a"]);
    assert.deepEqual(await columns("a", "ssn"), ["a", "ssn"]);
    assert.deepEqual(await columns("a"), ["a"]);
  });

  it("tell statements apart by text, defaults, and the names and types of parameters, not by values", async () => {
    const cache = new AnalysisCache(ROOM);
    const snapshot = await snapshotOf("a");
    const parameter = (name: string, type: string, value: string) => ({
      name,
      parameterType: { type },
      parameterValue: { value },
    });
    const of = async (sql: string, defaults: object, type: string, value: string) =>
      (await cache.named("a", sql, defaults, [parameter("p", type, value)])).analyze(snapshot);
    const first = await of("SELECT a FROM d.t WHERE a = @p", DEFAULTS, "STRING", "1");
    assert.equal(await of("SELECT a FROM d.t WHERE a = @p", DEFAULTS, "STRING", "2"), first);
    assert.ok(first.plan.understood);
    assert.equal((await of("SELECT a FROM d.t WHERE a = @p", DEFAULTS, "INT64", "1")).plan.understood, false);
    assert.equal(
      (await of("SELECT a FROM d.t WHERE a = @p", { defaultProject: "other" }, "STRING", "1")).plan.understood,
      false,
    );
    assert.notEqual(await of("SELECT a FROM d.t WHERE a  = @p", DEFAULTS, "STRING", "1"), first);
  });

  it("I10: stay within their bound, the least recently used going first", async () => {
    const snapshot = await snapshotOf("a");
    const sql = (i: number) => `SELECT a, ${i} AS i FROM d.t`;
    const measured = new AnalysisCache(ROOM);
    const asked = async (of: AnalysisCache, i: number) => (await of.named("a", sql(i), DEFAULTS, [])).analyze(snapshot);
    const one = JSON.stringify(await asked(measured, 0)).length;
    const cache = new AnalysisCache(one * 3);
    const run = (i: number) => asked(cache, i);
    const [first, second] = [await run(0), await run(1)];
    assert.equal(await run(0), first);
    await run(2);
    assert.equal(await run(0), first);
    assert.notEqual(await run(1), second);
    const none = new AnalysisCache(one);
    assert.notEqual(await asked(none, 0), await asked(none, 0));
  });
});

describe("large texts", () => {
  const large = (more: string) => `SELECT a FROM d.t WHERE ${more} -- ${"x".repeat(LARGE_TEXT)}`;

  it("are analysed in a thread as they are here, with views, wildcards and all that a snapshot has", async () => {
    const cache = new AnalysisCache(ROOM);
    const snapshot = await snapshotOf("a", "b");
    try {
      for (const sql of [large("b = 'x'"), large("z = 1"), large("(")]) {
        const named = await cache.named("a", sql, DEFAULTS, []);
        assert.deepEqual(named.names, catalogNames(sql, DEFAULTS));
        if (!named.names.understood) continue;
        const { plan, redacted } = analyze(sql, { catalog: snapshot, ...DEFAULTS });
        const first = await named.analyze(snapshot);
        assert.deepEqual(first, { plan, redacted });
        assert.equal(await (await cache.named("a", sql, DEFAULTS, [])).analyze(snapshot), first, "remembered too");
      }
    } finally {
      await cache.close();
    }
  });

  it("are also those that are short, and long once their functions are in place", async () => {
    const cache = new AnalysisCache(0);
    const snapshot = await snapshotOf("a");
    const functions = [1, 2, 3, 4].map((n) => {
      const called = Array.from({ length: 10 }, (_, i) => `f${n - 1}(x + ${i})`);
      return `CREATE TEMP FUNCTION f${n}(x INT64) AS (${called.join(" + ")});`;
    });
    const sql = `CREATE TEMP FUNCTION f0(x INT64) AS (x + 1); ${functions.join(" ")} SELECT f4(1) AS n`;
    assert.ok(sql.length < LARGE_TEXT);
    try {
      await cache.named("a", large("TRUE"), DEFAULTS, []);
      const { analyze: analysis } = await cache.named("a", sql, DEFAULTS, []);
      const before = performance.eventLoopUtilization();
      const { plan } = await analysis(snapshot);
      const { active, idle } = performance.eventLoopUtilization(before);
      assert.ok(plan.understood);
      assert.ok(active < idle, `${active} of ${active + idle} ms`);
    } finally {
      await cache.close();
    }
  });

  it("are also calls of thousands of arguments, and other requests don't wait for them", async () => {
    const cache = new AnalysisCache(0);
    const snapshot = await snapshotOf("a");
    const sql = `SELECT JSON_ARRAY(${"1,".repeat(8000)}1) AS n`;
    try {
      await cache.named("a", large("TRUE"), DEFAULTS, []);
      const before = performance.eventLoopUtilization();
      const { analyze: analysis } = await cache.named("a", sql, DEFAULTS, []);
      const { plan } = await analysis(snapshot);
      const { active, idle } = performance.eventLoopUtilization(before);
      assert.ok(plan.understood);
      assert.ok(active < idle, `${active} of ${active + idle} ms`);
    } finally {
      await cache.close();
    }
  });

  it("take turns: an agent that sends many waits for itself", async () => {
    const cache = new AnalysisCache(0);
    const done: string[] = [];
    const ask = async (agent: string, n: number) => {
      await cache.named(agent, large(`a = '${n}'`), DEFAULTS, []);
      done.push(agent);
    };
    try {
      await Promise.all([...Array.from({ length: 6 }, (_, n) => ask("many", n)), ask("one", 0)]);
      assert.ok(done.indexOf("one") <= 2, done.join(" "));
    } finally {
      await cache.close();
    }
  });

  it("leave this thread free meanwhile", async () => {
    const cache = new AnalysisCache(0);
    const sql = `SELECT a FROM d.t WHERE ${Array.from({ length: 25_000 }, (_, i) => `a = '${i}'`).join(" OR ")}`;
    try {
      await cache.named("a", large("TRUE"), DEFAULTS, []);
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const began = performance.now();
      await cache.named("a", sql, DEFAULTS, []);
      const took = performance.now() - began;
      delay.disable();
      assert.ok(delay.max / 1e6 < took / 2, `${delay.max / 1e6} of ${took} ms`);
    } finally {
      await cache.close();
    }
  });
});
