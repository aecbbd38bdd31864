import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RoutineName, RoutineResource, TableName, TableResource } from "@chaperone/googlesql";
import { Catalog } from "./catalog.ts";
import { parseCatalogFile } from "./catalog-file.ts";
import { columnParts, tableParts } from "./names.ts";
import { TableCache, type TableCacheOptions, type TableSource } from "./table-cache.ts";

function resource(name: TableName, more: Partial<TableResource> = {}): TableResource {
  const { project, dataset, table } = tableParts(name);
  return {
    tableReference: { projectId: project, datasetId: dataset, tableId: table },
    schema: {
      fields: [
        { name: "Id", type: "INTEGER" },
        { name: "doc", type: "JSON" },
      ],
    },
    ...more,
  };
}

/** A source that answers from `tables` and writes down what it was asked. */
function fakeSource(tables: Map<TableName, TableResource>, routines: Map<RoutineName, RoutineResource> = new Map()) {
  const asked: string[] = [];
  const source: TableSource = {
    async getTable(name, etag) {
      asked.push(etag === undefined ? name : `${name} if not ${etag}`);
      const found = tables.get(name);
      return found?.etag !== undefined && found.etag === etag ? "not-modified" : found;
    },
    async getDataset() {
      return {};
    },
    async getRoutine(name) {
      asked.push(`routine ${name}`);
      return routines.get(name);
    },
    async getModel(name) {
      if (name !== "p.lab.m") return undefined;
      return { modelReference: { projectId: "p", datasetId: "lab", modelId: "m" }, modelType: "KMEANS" };
    },
    async listTables(project, dataset, { pageToken = "0", maxResults }) {
      asked.push(`tables of ${project}.${dataset} from ${pageToken}`);
      const names = [...tables.keys()].filter((name) => name.startsWith(`${project}.${dataset}.`));
      const next = Number(pageToken) + maxResults;
      return {
        tables: names.slice(Number(pageToken), next).map((name) => ({ name })),
        nextPageToken: next < names.length ? String(next) : undefined,
      };
    },
  };
  return { source, asked };
}

function cacheOf(source: TableSource, more: Partial<TableCacheOptions> = {}) {
  const clock = { now: 0 };
  const options = { entries: 100, bytes: 1e6, ttlMs: 60_000, absentTtlMs: 5000, now: () => clock.now, ...more };
  return { cache: new TableCache(source, options), clock };
}

describe("the cache of schemas", () => {
  it("asks once for what many want at once, and not again while it is fresh", async () => {
    const { source, asked } = fakeSource(new Map([["p.d.t", resource("p.d.t")]]));
    const { cache, clock } = cacheOf(source);
    await Promise.all([cache.table("p.d.t"), cache.table("p.d.t")]);
    clock.now = 59_999;
    await cache.table("p.d.t");
    assert.deepEqual(asked, ["p.d.t"]);
  });

  it("asks again where the clock was set back, and nobody knows how old its copy is", async () => {
    const { source, asked } = fakeSource(new Map([["p.d.t", resource("p.d.t", { etag: "e1" })]]));
    const { cache, clock } = cacheOf(source);
    clock.now = 3_600_000;
    await cache.table("p.d.t");
    clock.now = 0;
    await cache.table("p.d.t");
    assert.deepEqual(asked, ["p.d.t", "p.d.t if not e1"]);
  });

  it("asks by etag when its copy is old, and keeps the copy when it is still right", async () => {
    const tables = new Map([["p.d.t", resource("p.d.t", { etag: "e1" })]]);
    const { source, asked } = fakeSource(tables);
    const { cache, clock } = cacheOf(source);
    await cache.table("p.d.t");
    clock.now = 60_000;
    assert.equal((await cache.table("p.d.t"))?.etag, "e1");
    tables.set("p.d.t", resource("p.d.t", { etag: "e2" }));
    clock.now = 120_000;
    assert.equal((await cache.table("p.d.t"))?.etag, "e2");
    assert.deepEqual(asked, ["p.d.t", "p.d.t if not e1", "p.d.t if not e1"]);
  });

  it("remembers for a shorter while that there is no such table", async () => {
    const { source, asked } = fakeSource(new Map());
    const { cache, clock } = cacheOf(source);
    for (const now of [0, 4999, 5000]) {
      clock.now = now;
      assert.equal(await cache.table("p.d.t"), undefined);
    }
    assert.equal(asked.length, 2);
  });

  it("doesn't remember a failure, and doesn't answer with what is old", async () => {
    const { source } = fakeSource(new Map([["p.d.t", resource("p.d.t")]]));
    let fails = false;
    const getTable: TableSource["getTable"] = (...args) =>
      fails ? Promise.reject(new Error("away")) : source.getTable(...args);
    const { cache, clock } = cacheOf({ ...source, getTable });
    await cache.table("p.d.t");
    clock.now = 60_000;
    fails = true;
    await assert.rejects(cache.table("p.d.t"), /away/);
    fails = false;
    assert.notEqual(await cache.table("p.d.t"), undefined);
  });

  it("keeps no more entries and no more bytes than it may, the least used go first", async () => {
    const names = ["p.d.a", "p.d.b", "p.d.c"];
    const { source, asked } = fakeSource(new Map(names.map((name) => [name, resource(name)])));
    const { cache } = cacheOf(source, { entries: 2 });
    for (const name of ["p.d.a", "p.d.b", "p.d.a", "p.d.c", "p.d.a", "p.d.b"]) await cache.table(name);
    assert.deepEqual(asked, ["p.d.a", "p.d.b", "p.d.c", "p.d.b"]);
    const small = cacheOf(source, { bytes: 10 });
    asked.length = 0;
    await small.cache.table("p.d.a");
    await small.cache.table("p.d.a");
    assert.equal(asked.length, 2);
  });

  it("doesn't take 'not modified' for an answer when it has no copy", async () => {
    const { source } = fakeSource(new Map());
    const { cache } = cacheOf({ ...source, getTable: async () => "not-modified" });
    await assert.rejects(cache.table("p.d.t"), /which nobody had/);
  });
});

describe("the cache of schemas, of a table that is forgotten while it is asked for", () => {
  /** Answers come when they are let go, each with what the table was as it was asked for. */
  function slowSource() {
    const tables = new Map<TableName, TableResource>();
    const { source } = fakeSource(tables);
    const waiting: (() => void)[] = [];
    const slow: TableSource = {
      ...source,
      async getTable(name, etag) {
        const answer = await source.getTable(name, etag);
        await new Promise<void>((resolve) => waiting.push(resolve));
        return answer;
      },
    };
    const isAsked = async (times: number) => {
      for (let turn = 0; waiting.length < times && turn < 100; turn++) await Promise.resolve();
      assert.equal(waiting.length, times);
    };
    const answer = (which: number) => waiting[which]?.();
    return { tables, isAsked, answer, ...cacheOf(slow) };
  }

  it("doesn't remember the answer to what was asked before, and doesn't give it to whoever asks later", async () => {
    const { tables, isAsked, answer, cache } = slowSource();
    tables.set("p.d.t", resource("p.d.t", { etag: "old" }));
    const before = cache.table("p.d.t");
    await isAsked(1);
    tables.set("p.d.t", resource("p.d.t", { etag: "new" }));
    cache.forget("p.d.t");
    const later = cache.table("p.d.t");
    await isAsked(2);
    // The new answer comes first, then the old one.
    answer(1);
    assert.equal((await later)?.etag, "new");
    answer(0);
    assert.equal((await before)?.etag, "old");
    assert.equal((await cache.table("p.d.t"))?.etag, "new");
    await isAsked(2);
  });

  it("asks anew for a dataset that was changed: its labels may say of what classes its tables are", async () => {
    const labels: Record<string, string> = {};
    const { cache } = cacheOf({ ...fakeSource(new Map()).source, getDataset: async () => ({ labels: { ...labels } }) });
    assert.deepEqual(await cache.dataset("p", "d"), { labels: {} });
    labels.phi = "true";
    cache.forget("p.other.*");
    assert.deepEqual(await cache.dataset("p", "d"), { labels: {} });
    cache.forget("p.d.*");
    assert.deepEqual(await cache.dataset("p", "d"), { labels: { phi: "true" } });
  });

  it("asks anew where only an old answer came", async () => {
    const { tables, isAsked, answer, cache } = slowSource();
    tables.set("p.d.t", resource("p.d.t", { etag: "old" }));
    const before = cache.table("p.d.t");
    await isAsked(1);
    tables.set("p.d.t", resource("p.d.t", { etag: "new" }));
    cache.forget("p.d.t");
    answer(0);
    assert.equal((await before)?.etag, "old");
    const later = cache.table("p.d.t");
    await isAsked(2);
    answer(1);
    assert.equal((await later)?.etag, "new");
  });

  it("doesn't remember what came in a view's place as it was then", async () => {
    const { tables, isAsked, answer, cache } = slowSource();
    tables.set("p.d.t", resource("p.d.t", { etag: "view", view: { query: "SELECT 1 AS one" } }));
    const first = cache.table("p.d.t");
    await isAsked(1);
    answer(0);
    await first;
    // What is remembered was a view, so it is asked for again; a table came in its place, and is altered before that is answered.
    tables.set("p.d.t", resource("p.d.t", { etag: "old" }));
    const before = cache.table("p.d.t");
    await isAsked(2);
    tables.set("p.d.t", resource("p.d.t", { etag: "new" }));
    cache.forget("p.d.t");
    answer(1);
    assert.equal((await before)?.etag, "old");
    const later = cache.table("p.d.t");
    await isAsked(3);
    answer(2);
    assert.equal((await later)?.etag, "new");
  });
});

describe("a snapshot of the catalog", () => {
  const file = parseCatalogFile(
    "{version: 1, datasets: {p.ehr: {phi: true, tables: {t: {columns: {doc: phi.clinical.note}}}}}}",
    "c",
  );
  const load = async (tables: readonly TableResource[], names: readonly string[], catalogFile = file) => {
    const byName = new Map(
      tables.map((table) => {
        const { projectId, datasetId, tableId } = table.tableReference;
        return [`${projectId}.${datasetId}.${tableId}`, table];
      }),
    );
    return new Catalog(cacheOf(fakeSource(byName).source).cache, catalogFile).load(names);
  };

  it("knows tables, their columns in any case, and paths into JSON", async () => {
    const snapshot = await load([resource("p.ehr.t")], ["p.ehr.t", "p.ehr.none"]);
    assert.equal(snapshot.table("p.ehr.t")?.tableReference.tableId, "t");
    assert.equal(snapshot.table("p.ehr.none"), undefined);
    assert.deepEqual(snapshot.classes("p.ehr.t.DOC").classes, ["phi.clinical.note"]);
    assert.deepEqual(snapshot.classes("p.ehr.t.doc.a.b").classes, ["phi.clinical.note"]);
    assert.deepEqual(snapshot.classes("p.ehr.t._PARTITIONTIME").classes, ["phi"]);
  });

  it("takes for phi what it doesn't know", async () => {
    const snapshot = await load([resource("p.ops.t")], ["p.ops.t"]);
    assert.deepEqual(snapshot.classes("p.ops.t.id").classes, []);
    assert.deepEqual(snapshot.classes("p.ops.t._partitiontime").classes, []);
    assert.deepEqual(snapshot.classes("p.ops.t.unknown").classes, ["phi"]);
    assert.deepEqual(snapshot.classes("p.other.t.id").classes, ["phi"]);
  });

  it("has a version that changes with schema, tags, labels and file, and not with rows", async () => {
    const version = async (more: Partial<TableResource> = {}, catalogFile = file) =>
      (await load([resource("p.ehr.t", more)], ["p.ehr.t"], catalogFile)).version;
    const before = await version({ etag: "1" });
    assert.equal(await version({ etag: "2" }), before);
    const tagged = {
      fields: [
        { name: "Id", type: "INTEGER", policyTags: { names: ["x"] } },
        { name: "doc", type: "JSON" },
      ],
    };
    const others = [
      await version({ schema: tagged }),
      await version({ labels: { a: "b" } }),
      await version({
        schema: {
          fields: [
            { name: "Id", type: "STRING" },
            { name: "doc", type: "JSON" },
          ],
        },
      }),
      await version({}, parseCatalogFile("{version: 1}", "c")),
      await version({ timePartitioning: { type: "DAY" } }),
      await version({ timePartitioning: { type: "HOUR" } }),
      ...(await Promise.all(
        ["DATE", "TIMESTAMP"].map((type) =>
          version({ schema: { fields: [{ name: "Id", type: "RANGE", rangeElementType: { type } }] } }),
        ),
      )),
    ];
    assert.equal(new Set([before, ...others]).size, 9);
  });

  it("says which columns of the file a table lacks", async () => {
    const snapshot = await load(
      [resource("p.ehr.t", { schema: { fields: [{ name: "id", type: "INTEGER" }] } })],
      ["p.ehr.t"],
    );
    assert.deepEqual(snapshot.missing, ["p.ehr.t.doc"]);
  });

  describe("of a name that differs from the file's by capitals only", () => {
    for (const [name, words] of [
      ["p.EHR.t", /knows p\.EHR\.t as p\.ehr\.t/],
      ["p.ehr.T", /as p\.ehr\.t/],
    ] as const) {
      const catalog = () => new Catalog(cacheOf(fakeSource(new Map([[name, resource(name)]])).source).cache, file);
      it(`refuses a query or a write: ${name}`, async () => {
        const refused = { name: "CatalogError", message: words };
        const named = { tables: [name], wildcards: [], routines: [], models: [], metadata: [] };
        await assert.rejects(
          catalog().loadNamed(named, () => true),
          refused,
        );
        const written = { tables: [name], routines: [], datasets: [] };
        await assert.rejects(
          catalog().requireOneName(written, () => true),
          refused,
        );
      });
      it(`says nothing to whoever asks about it: ${name}`, async () => {
        assert.equal((await catalog().load([name])).table(name), undefined);
      });
    }
  });

  it("has no table of a dataset whose names ignore case, and lets nothing be written there", async () => {
    const { source } = fakeSource(new Map([["p.lab.t", resource("p.lab.t")]]));
    const folding = { ...source, getDataset: async () => ({ isCaseInsensitive: true }) };
    const catalog = new Catalog(cacheOf(folding).cache, undefined);
    const none = { tables: [], wildcards: [], routines: [], models: [], metadata: [], datasets: [] };
    const served = () => true;
    const refused = { name: "CatalogError", message: /p\.lab isn't served/ };
    assert.equal((await catalog.load(["p.lab.t"])).table("p.lab.t"), undefined);
    assert.equal(await catalog.classesOfNewTable("p", "lab"), undefined);
    for (const name of ["p.lab.t", "p.lab.other"])
      await assert.rejects(catalog.loadNamed({ ...none, tables: [name] }, served), refused);
    await assert.rejects(catalog.loadNamed({ ...none, wildcards: ["p.lab.t"] }, served), refused);
    await assert.rejects(catalog.requireOneName({ ...none, tables: ["p.lab.new"] }, served), refused);
    await assert.rejects(catalog.requireOneName({ ...none, routines: ["p.lab.f"] }, served), refused);
    // It can be dropped.
    await catalog.requireOneName({ ...none, datasets: ["p.lab.*"] }, served);
  });

  it("refuses an answer about another table", async () => {
    const { source } = fakeSource(new Map());
    const { cache } = cacheOf({ ...source, getTable: async () => resource("p.ops.t") });
    await assert.rejects(new Catalog(cache, file).load(["p.ehr.t"]), /another table/);
  });
});

describe("names", () => {
  it("split at the right dots, in projects of a domain too", () => {
    assert.deepEqual(tableParts("example.com:p.d.t"), { project: "example.com:p", dataset: "d", table: "t" });
    const { tableName, path } = columnParts("example.com:p.d.t.a.b");
    assert.deepEqual([tableName, path], ["example.com:p.d.t", "a.b"]);
    for (const name of ["", "t", "d.t", "p.d.", "p..t"]) assert.throws(() => tableParts(name));
    for (const name of ["p.d.t", "p.d.t."]) assert.throws(() => columnParts(name));
  });
});

describe("what views and routines name", () => {
  const view = (name: TableName, query: string, more: Partial<TableResource> = {}) =>
    resource(name, { type: "VIEW", view: { query }, ...more });
  const routine = (name: RoutineName, definitionBody: string, more: Partial<RoutineResource> = {}): RoutineResource => {
    const [projectId = "", datasetId = "", routineId = ""] = name.split(".");
    return {
      routineReference: { projectId, datasetId, routineId },
      routineType: "SCALAR_FUNCTION",
      definitionBody,
      ...more,
    };
  };
  const named = (tables: readonly string[], routines: readonly string[] = [], wildcards: readonly string[] = []) => ({
    tables,
    routines,
    wildcards,
    models: [],
    metadata: [],
  });
  const everywhere = () => true;

  function hospital() {
    const tables = new Map(
      [
        resource("p.d.t"),
        resource("p.d.u"),
        resource("p.d.days_1"),
        resource("p.d.days_2"),
        view("p.d.v", "SELECT Id, p.d.f(Id) AS x FROM d.t"),
        view("p.d.w", "SELECT * FROM d.v"),
        view("p.d.all_days", "SELECT * FROM `p.d.days_*`"),
        view("p.d.far", "SELECT * FROM elsewhere.d.t"),
        view("p.d.ring", "SELECT * FROM d.ring"),
        view("p.d.broken", "SELECT"),
      ].map((table): [string, TableResource] => {
        const { projectId, datasetId, tableId } = table.tableReference;
        return [`${projectId}.${datasetId}.${tableId}`, table];
      }),
    );
    const routines = new Map([["p.d.f", routine("p.d.f", "(SELECT MAX(Id) FROM d.u)")]]);
    const { source, asked } = fakeSource(tables, routines);
    const { cache } = cacheOf(source);
    return { catalog: new Catalog(cache, undefined), tables, routines, asked };
  }

  it("is loaded with them", async () => {
    const snapshot = await hospital().catalog.loadNamed(named(["p.d.w"]), everywhere);
    for (const name of ["p.d.w", "p.d.v", "p.d.t", "p.d.u"]) assert.notEqual(snapshot.table(name), undefined, name);
    assert.notEqual(snapshot.routine("p.d.f"), undefined);
    assert.equal(snapshot.table("p.d.days_1"), undefined);
  });

  it("is loaded by the beginning of its name", async () => {
    const snapshot = await hospital().catalog.loadNamed(named(["p.d.all_days"]), everywhere);
    assert.deepEqual(
      snapshot.wildcard("p.d.days_")?.map((table) => table.tableReference.tableId),
      ["days_1", "days_2"],
    );
    assert.equal(snapshot.wildcard("p.d."), undefined);
  });

  it("isn't looked for where its text can't be read, or goes round in a ring", async () => {
    const snapshot = await hospital().catalog.loadNamed(named(["p.d.broken", "p.d.ring", "p.d.none"]), everywhere);
    assert.notEqual(snapshot.table("p.d.ring"), undefined);
    assert.equal(snapshot.table("p.d.none"), undefined);
  });

  it("is of a project that the gateway serves", async () => {
    const { catalog } = hospital();
    await assert.rejects(
      catalog.loadNamed(named(["p.d.far"]), (project) => project === "p"),
      /a project that this gateway does not serve/,
    );
  });

  it("is asked for anew each time, where a table is remembered", async () => {
    const { catalog, tables, routines, asked } = hospital();
    const before = await catalog.loadNamed(named(["p.d.v"]), everywhere);
    tables.set("p.d.v", view("p.d.v", "SELECT Id FROM d.u"));
    const replaced = await catalog.loadNamed(named(["p.d.v"]), everywhere);
    assert.equal(replaced.table("p.d.v")?.view?.query, "SELECT Id FROM d.u");
    assert.notEqual(replaced.version, before.version);
    assert.equal(asked.filter((question) => question === "p.d.u").length, 1);
    routines.set("p.d.f", routine("p.d.f", "1"));
    const [first, second] = [
      await catalog.loadNamed(named([], ["p.d.f"]), everywhere),
      await catalog.loadNamed(named([], ["p.d.f"]), everywhere),
    ];
    assert.equal(first.routine("p.d.f")?.definitionBody, "1");
    assert.equal(first.version, second.version);
    assert.notEqual(first.version, before.version);
  });

  it("isn't what somebody else had begun to ask for before", async () => {
    const { source } = fakeSource(new Map());
    const answers: ((table: TableResource) => void)[] = [];
    const getTable = () => new Promise<TableResource>((answer) => answers.push(answer));
    const { cache } = cacheOf({ ...source, getTable });
    const first = cache.table("p.d.v");
    const second = cache.table("p.d.v");
    answers[0]?.(view("p.d.v", "SELECT 1 AS old"));
    assert.equal((await first)?.view?.query, "SELECT 1 AS old");
    await new Promise((resolve) => setImmediate(resolve));
    answers[1]?.(view("p.d.v", "SELECT 2 AS now"));
    assert.equal((await second)?.view?.query, "SELECT 2 AS now");
  });

  it("is bounded in depth", async () => {
    const deep = Array.from({ length: 30 }, (_, i) => view(`p.d.v${i}`, `SELECT * FROM d.v${i + 1}`));
    const { source } = fakeSource(new Map(deep.map((table, i) => [`p.d.v${i}`, table])));
    const catalog = new Catalog(cacheOf(source).cache, undefined);
    await assert.rejects(catalog.loadNamed(named(["p.d.v0"]), everywhere), /too deep/);
  });
});

describe("a table's past", () => {
  const of = async (name: TableName, path: string, yaml: string) => {
    const { source } = fakeSource(new Map([[name, resource(name)]]));
    const snapshot = await new Catalog(cacheOf(source).cache, parseCatalogFile(yaml, "c")).load([name]);
    return [snapshot.classes(`${name}.${path}`).classes, snapshot.classes(`${name}.${path}`, "past").classes];
  };
  const public_ = (phi: string) => `{version: 1, datasets: {p.d: {${phi}tables: {t: {columns: {id: public}}}}}}`;

  it("may have been PHI in a dataset of PHI, whatever is said of it now", async () => {
    assert.deepEqual(await of("p.d.t", "Id", public_("phi: true, ")), [[], ["phi"]]);
  });

  it("is what it is now where no PHI is", async () => {
    assert.deepEqual(await of("p.d.t", "Id", public_("phi: false, ")), [[], []]);
  });

  it("may have been PHI beside a column that is", async () => {
    const yaml = "{version: 1, datasets: {p.d: {phi: false, tables: {t: {columns: {id: public, doc: phi.ssn}}}}}}";
    assert.deepEqual(await of("p.d.t", "Id", yaml), [[], ["phi"]]);
    assert.deepEqual(await of("p.d.t", "doc", yaml), [["phi.ssn"], ["phi", "phi.ssn"]]);
  });
});

describe("a snapshot's being current", () => {
  const of = (whileAsked: () => void) => {
    const { source } = fakeSource(new Map([["p.d.t", resource("p.d.t")]]));
    const slow: TableSource = {
      ...source,
      async getTable(name, etag) {
        await Promise.resolve();
        whileAsked();
        return source.getTable(name, etag);
      },
    };
    return cacheOf(slow).cache;
  };
  const names = { metadata: [], tables: ["p.d.t"], routines: [], wildcards: [], models: [] };

  it("ends when a class travels, also while its tables are asked for", async () => {
    let version = 0;
    const travelled = { of: async () => new Map(), version: () => version };
    const current = await new Catalog(
      of(() => undefined),
      undefined,
      travelled,
    ).loadNamed(names, () => true);
    assert.equal(current.isCurrent(), true);
    version++;
    assert.equal(current.isCurrent(), false);
    for (const load of ["load", "loadNamed"] as const) {
      const catalog = new Catalog(
        of(() => version++),
        undefined,
        travelled,
      );
      const snapshot = load === "load" ? await catalog.load(names.tables) : await catalog.loadNamed(names, () => true);
      assert.equal(snapshot.isCurrent(), false, load);
    }
  });
});

describe("a model", () => {
  const models = { metadata: [], tables: [], routines: [], wildcards: [], models: ["p.lab.m", "p.lab.n"] };
  const of = async (yaml: string, served: (project: string) => boolean = () => true) => {
    const { cache } = cacheOf(fakeSource(new Map()).source);
    const trained = { of: async () => new Map([["p.lab.m", new Map([["*", ["phi.ssn"]]])]]) };
    return new Catalog(cache, parseCatalogFile(yaml, "c"), trained).loadNamed(models, served);
  };
  const PLAIN = "version: 1\ndatasets:\n  p.lab: { phi: false }\n";

  it("has the classes of what it was trained on, and is phi beside them, whatever its dataset is", async () => {
    const snapshot = await of(PLAIN);
    assert.deepEqual(snapshot.classes("p.lab.m.*").classes, ["phi", "phi.ssn"]);
    assert.deepEqual(snapshot.classes("p.lab.n.*").classes, ["phi"]);
  });
  it("is what the file says it is", async () => {
    const snapshot = await of(
      `${PLAIN.replace("{ phi: false }", "")}    tables:\n      n:\n        columns: { "*": public }\n`,
    );
    assert.deepEqual(snapshot.classes("p.lab.n.*"), { column: "p.lab.n.*", classes: [], source: "catalog-file" });
  });
  it("is what BigQuery says now that it gives, and another makes another version", async () => {
    const snapshot = await of(PLAIN);
    assert.equal(snapshot.model("p.lab.m")?.modelType, "KMEANS");
    assert.equal(snapshot.model("p.lab.n"), undefined);
    const other = { ...fakeSource(new Map()).source, getModel: async () => undefined };
    const without = new Catalog(cacheOf(other).cache, parseCatalogFile(PLAIN, "c"), undefined);
    const bare = new Catalog(cacheOf(fakeSource(new Map()).source).cache, parseCatalogFile(PLAIN, "c"), undefined);
    const versions = [without, bare].map(async (catalog) => (await catalog.loadNamed(models, () => true)).version);
    assert.notEqual(await versions[0], await versions[1]);
  });
  it("of a project that isn't served is refused", async () => {
    await assert.rejects(
      of(PLAIN, () => false),
      /does not serve/,
    );
  });
});
