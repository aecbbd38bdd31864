import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze, type TableResource } from "@chaperone/googlesql";
import { Catalog, type CatalogSnapshot } from "../catalog/catalog.ts";
import { TableCache } from "../catalog/table-cache.ts";
import { AnalysisCache } from "./analysis-cache.ts";

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
      const first = cache.named(sql, DEFAULTS, []).analyze(snapshot);
      const again = cache.named(sql, DEFAULTS, []);
      const { plan, redacted } = analyze(sql, { catalog: snapshot, ...DEFAULTS });
      assert.equal(again.analyze(snapshot), first);
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
      const { plan } = cache.named("SELECT * FROM d.t", DEFAULTS, []).analyze(await snapshotOf(...names));
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
    const of = (sql: string, defaults: object, type: string, value: string) =>
      cache.named(sql, defaults, [parameter("p", type, value)]).analyze(snapshot);
    const first = of("SELECT a FROM d.t WHERE a = @p", DEFAULTS, "STRING", "1");
    assert.equal(of("SELECT a FROM d.t WHERE a = @p", DEFAULTS, "STRING", "2"), first);
    assert.ok(first.plan.understood);
    assert.equal(of("SELECT a FROM d.t WHERE a = @p", DEFAULTS, "INT64", "1").plan.understood, false);
    assert.equal(
      of("SELECT a FROM d.t WHERE a = @p", { defaultProject: "other" }, "STRING", "1").plan.understood,
      false,
    );
    assert.notEqual(of("SELECT a FROM d.t WHERE a  = @p", DEFAULTS, "STRING", "1"), first);
  });

  it("I10: stay within their bound, the least recently used going first", async () => {
    const snapshot = await snapshotOf("a");
    const sql = (i: number) => `SELECT a, ${i} AS i FROM d.t`;
    const measured = new AnalysisCache(ROOM);
    const one = JSON.stringify(measured.named(sql(0), DEFAULTS, []).analyze(snapshot)).length;
    const cache = new AnalysisCache(one * 3);
    const run = (i: number) => cache.named(sql(i), DEFAULTS, []).analyze(snapshot);
    const [first, second] = [run(0), run(1)];
    assert.equal(run(0), first);
    run(2);
    assert.equal(run(0), first);
    assert.notEqual(run(1), second);
    const none = new AnalysisCache(one);
    assert.notEqual(
      none.named(sql(0), DEFAULTS, []).analyze(snapshot),
      none.named(sql(0), DEFAULTS, []).analyze(snapshot),
    );
  });
});
