import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "./analyze.ts";
import { catalogNames } from "./catalog-names.ts";
import type { PlanStatement } from "./plan.ts";
import type { TableFieldSchema, TableResource } from "./table-resource.ts";
import { CLINIC, canonical, DEFAULTS, flows, planOf, reads, refusalOf, writes } from "./testing/clinic.ts";

function resource(id: string, fields: readonly TableFieldSchema[], more: Partial<TableResource> = {}): TableResource {
  return { tableReference: { projectId: "clinic", datasetId: "ehr", tableId: id }, schema: { fields }, ...more };
}

const EVENTS = [
  { name: "id", type: "INTEGER" },
  { name: "note", type: "STRING" },
];

/** Tables of a day each, two of them partitioned by the time of ingestion, and a table that begins like them. */
const TABLES: ReadonlyMap<string, TableResource> = new Map(
  [
    resource("events_1", EVENTS),
    resource("events_2", EVENTS),
    resource("loads_1", EVENTS, { timePartitioning: { type: "DAY" } }),
    resource("loads_2", EVENTS, { timePartitioning: { type: "DAY" } }),
    resource("hours", EVENTS, { timePartitioning: { type: "HOUR" } }),
    resource("by_column", EVENTS, { timePartitioning: { type: "DAY", field: "id" } }),
    resource("odd", [{ name: "_PARTITIONDATE", type: "STRING" }], { timePartitioning: { type: "DAY" } }),
    resource("half_1", EVENTS, { timePartitioning: { type: "DAY" } }),
    resource("half_2", EVENTS),
    resource("typed_1", EVENTS),
    resource("typed_2", [
      { name: "id", type: "STRING" },
      { name: "note", type: "STRING" },
    ]),
    resource("called_1", EVENTS),
    resource("called_2", [
      { name: "id", type: "INTEGER" },
      { name: "remark", type: "STRING" },
    ]),
    resource("mixed_1", EVENTS),
    resource("mixed_2", [{ name: "note", type: "STRING" }]),
    resource("views_1", EVENTS, { type: "VIEW" }),
  ].map((table) => [`clinic.ehr.${table.tableReference.tableId}`, table]),
);

const CATALOG = {
  table: (name: string): TableResource | undefined => TABLES.get(name) ?? CLINIC.table(name),
  wildcard: (prefix: string): readonly TableResource[] =>
    [...TABLES].filter(([name]) => name.startsWith(prefix)).map(([, table]) => table),
};

function plan(sql: string): PlanStatement {
  const analysed = analyze(sql, { catalog: CATALOG, ...DEFAULTS }).plan;
  if (!analysed.understood) throw new Error(`${analysed.refusal.code}: ${analysed.refusal.message}`);
  const [statement] = analysed.statements;
  if (statement === undefined) throw new Error("no statement");
  return statement;
}

const short = (name: string): string => name.replace("clinic.ehr.", "");

function outputs(sql: string): string[] {
  return plan(sql).outputs.map(({ name, type, explicit, implicit }) => {
    const shown = explicit.map((s) => `${s.via} ${short(s.column)}`).join(", ");
    return `${name} ${type} = ${shown} ? ${implicit.map(short).join(", ")}`;
  });
}

describe("a wildcard table", () => {
  it("is all tables that match, whatever the suffix says", () => {
    assert.deepEqual(outputs("SELECT note FROM `events_*` WHERE _TABLE_SUFFIX = '1'"), [
      "note STRING = copy events_1.note, copy events_2.note ? events_1.*, events_2.*",
    ]);
    for (const sql of ["SELECT COUNT(*) AS n FROM `clinic.ehr.events_*`", "SELECT 1 AS n FROM `events_*`"])
      assert.deepEqual(
        plan(sql).reads.map((read) => read.table),
        ["clinic.ehr.events_1", "clinic.ehr.events_2"],
      );
    assert.deepEqual(outputs("SELECT COUNT(*) AS n FROM `events_*`"), [
      "n INT64 = aggregate events_1.*, aggregate events_2.* ? ",
    ]);
  });
  it("is named in the plan, for what else may come to match", () => {
    assert.deepEqual(plan("SELECT 1 AS x FROM `events_*`").wildcards, ["clinic.ehr.events_*"]);
    assert.equal("wildcards" in plan("SELECT 1 AS x FROM events_1"), false);
  });
  it("shows with its suffix which tables have rows, and is no part of *", () => {
    assert.deepEqual(outputs("SELECT *, _table_suffix AS s FROM ehr.`events_*` AS e"), [
      "id INT64 = copy events_1.id, copy events_2.id ? ",
      "note STRING = copy events_1.note, copy events_2.note ? ",
      "s STRING = transform events_1.*, transform events_2.* ? ",
    ]);
    assert.equal(plan("SELECT e._TABLE_SUFFIX AS s FROM `events_*` AS e").outputs[0]?.constant, true);
  });
  it("without rows makes nothing fail, so that a handler tells of them", () => {
    const sql =
      "BEGIN SELECT note, ERROR('x') AS e FROM `events_*`; SELECT 1 AS x; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END";
    const analysed = analyze(sql, { catalog: CATALOG, ...DEFAULTS }).plan;
    assert.deepEqual(analysed.understood && analysed.result.map(({ implicit }) => implicit.map(short)), [
      ["events_1.*", "events_2.*"],
    ]);
  });
  it("has the pseudo-columns that all of its tables have", () => {
    assert.deepEqual(outputs("SELECT _PARTITIONDATE AS d FROM `loads_*`"), [
      "d DATE = copy loads_1._PARTITIONDATE, copy loads_2._PARTITIONDATE ? ",
    ]);
  });
  it("has none that only some have, and no columns that aren't the same in all", () => {
    const message = (sql: string): string => {
      const { plan } = analyze(sql, { catalog: CATALOG, ...DEFAULTS });
      return plan.understood ? "" : plan.refusal.message;
    };
    assert.match(message("SELECT _PARTITIONDATE AS d FROM `half_*`"), /Pseudo-column _PARTITIONDATE is not supported/);
    assert.deepEqual(outputs("SELECT note FROM `half_*`"), ["note STRING = copy half_1.note, copy half_2.note ? "]);
    for (const prefix of ["typed_", "called_"])
      assert.match(message(`SELECT id FROM \`${prefix}*\``), /have different columns/);
  });
  it("is printed with its star, under its full name", () => {
    const { plan } = analyze("SELECT note FROM `events_*`", { catalog: CATALOG, ...DEFAULTS });
    assert.equal(plan.understood && plan.canonicalSql, "SELECT `note` FROM `clinic`.`ehr`.`events_*`");
  });
  it("is asked for by its prefix", () => {
    assert.deepEqual(catalogNames("SELECT 1 FROM `events_*`, pair, other.`x*`", DEFAULTS), {
      understood: true,
      tables: ["clinic.ehr.pair"],
      wildcards: ["clinic.ehr.events_", "clinic.other.x"],
      routines: [],
      models: [],
      metadata: [],
    });
  });
  it("is refused where its tables differ, aren't tables, or aren't there", () => {
    const refusal = (sql: string): string => {
      const analysed = analyze(sql, { catalog: CATALOG, ...DEFAULTS }).plan;
      return analysed.understood ? "understood" : analysed.refusal.message;
    };
    assert.match(refusal("SELECT note FROM `mixed_*`"), /different columns/);
    assert.match(refusal("SELECT note FROM `views_*`"), /VIEW/);
    assert.match(refusal("SELECT note FROM `nothing_*`"), /No table/);
    assert.match(refusal("SELECT note FROM `__TABLES*`"), /./);
    assert.match(refusal("SELECT note FROM `events_*` FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()"), /one table/);
    assert.match(refusal("SELECT ehr.note FROM (SELECT 1 AS clinic) AS x, `events_*`"), /hides the project/);
    // A catalog that lists no tables by prefix knows of none.
    assert.match(refusalOf("SELECT note FROM `events_*`")?.message ?? "", /No table/);
  });
});

describe("pseudo-columns", () => {
  it("are a table's own columns beside its schema's", () => {
    assert.deepEqual(
      outputs(
        "SELECT l.*, l._PARTITIONTIME AS t, _partitiondate AS d FROM loads_1 AS l WHERE l._PartitionDate > '2020-01-01'",
      ),
      [
        "id INT64 = copy loads_1.id ? loads_1._PARTITIONDATE",
        "note STRING = copy loads_1.note ? loads_1._PARTITIONDATE",
        "t TIMESTAMP = copy loads_1._PARTITIONTIME ? loads_1._PARTITIONDATE",
        "d DATE = copy loads_1._PARTITIONDATE ? loads_1._PARTITIONDATE",
      ],
    );
    assert.deepEqual(outputs("SELECT TO_JSON_STRING(h) AS j, _PARTITIONTIME AS t FROM hours AS h"), [
      "j STRING = transform hours.id, transform hours.note ? ",
      "t TIMESTAMP = copy hours._PARTITIONTIME ? ",
    ]);
  });
  it("tell of the rows they decide over, as any column does", () => {
    assert.deepEqual(outputs("SELECT 1 AS one FROM loads_1 WHERE IF(note < 'm', _PARTITIONTIME, NULL) IS NULL"), [
      "one INT64 =  ? loads_1._PARTITIONTIME, loads_1.note",
    ]);
    assert.deepEqual(outputs("SELECT x FROM loads_1 AS l PIVOT(MAX(l._PARTITIONDATE) FOR note IN ('a' AS x))"), [
      "x DATE = copy loads_1._PARTITIONDATE, transform loads_1.note ? loads_1._PARTITIONDATE, loads_1.id, loads_1.note",
    ]);
  });
  it("are hidden by a column of that name, and ambiguous where two tables have them", () => {
    assert.deepEqual(outputs("SELECT _PARTITIONDATE AS d FROM odd"), ["d STRING = copy odd._PARTITIONDATE ? "]);
    assert.throws(() => plan("SELECT _PARTITIONTIME FROM loads_1, loads_2"), /ambiguous/);
  });
  it("are refused where there are none", () => {
    for (const sql of [
      "SELECT _PARTITIONTIME AS t FROM events_1",
      "SELECT _PARTITIONTIME AS t FROM by_column",
      "SELECT _PARTITIONDATE AS t FROM hours",
      "SELECT _FILE_NAME AS t FROM events_1",
      "SELECT _TABLE_SUFFIX AS t FROM events_1",
      "SELECT _PARTITIONTIME AS t FROM (SELECT * FROM loads_1)",
      "WITH w AS (SELECT * FROM loads_1) SELECT w._PARTITIONTIME AS t FROM w",
    ]) {
      assert.throws(() => plan(sql), /_PARTITION|_FILE_NAME|_TABLE_SUFFIX/, sql);
    }
  });
});

describe("a partitioned table", () => {
  it("can't take too many partitions, which tells of what fills them", () => {
    assert.deepEqual(plan("INSERT INTO by_column (id) SELECT eid FROM encounters").reads, [
      { table: "clinic.ehr.encounters", columns: [{ path: "eid", uses: ["output", "predicate"] }] },
    ]);
  });
});

describe("FOR SYSTEM_TIME AS OF", () => {
  it("marks the table whose earlier rows are read", () => {
    const sql =
      "SELECT p.a FROM pair AS p FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY), encounters";
    assert.deepEqual(
      planOf(sql).reads.map(({ table, historical }) => [short(table), historical]),
      [
        ["encounters", undefined],
        ["pair", true],
      ],
    );
    assert.deepEqual(flows(sql), ["a = copy pair.a"]);
  });
  it("marks it where it is read as it is, too", () => {
    const { reads } = planOf("SELECT 1 FROM pair WHERE a IN (SELECT a FROM pair FOR SYSTEM_TIME AS OF '2020-01-01')");
    assert.equal(reads[0]?.historical, true);
  });
  it("is printed as it was written", () => {
    assert.equal(
      canonical("SELECT a FROM pair FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01'"),
      "SELECT `a` FROM `clinic`.`ehr`.`pair` FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01'",
    );
  });
  it("takes a constant, and stands only behind a table", () => {
    for (const [sql, message] of [
      ["SELECT a FROM pair FOR SYSTEM_TIME AS OF (SELECT MAX(born) FROM patients)", /constant/],
      ["SELECT 1 FROM encounters AS e JOIN pair FOR SYSTEM_TIME AS OF e.at ON TRUE", /Unrecognized name/],
      ["SELECT a FROM pair FOR SYSTEM_TIME AS OF 1", /TIMESTAMP/],
      ["WITH w AS (SELECT a FROM pair) SELECT a FROM w FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()", /one table/],
      ["SELECT 1 FROM patients AS p, p.visits FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()", /one table/],
      ["SELECT ssn FROM patients_view FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()", /VIEW|one table/],
    ] as const) {
      assert.match(refusalOf(sql)?.message ?? "understood", message, sql);
    }
  });
  it("decides nothing where it is a literal", () => {
    assert.deepEqual(reads("SELECT a FROM pair FOR SYSTEM_TIME AS OF '2020-01-01'"), ["pair.a: output"]);
  });
});

describe("a snapshot", () => {
  it("is read as a table, by columns of its own", () => {
    assert.deepEqual(flows("SELECT t.a FROM pair_then AS t JOIN pair USING (b)"), [
      "a = copy pair_then.a ? pair.b, pair_then.b",
    ]);
    assert.deepEqual(reads("SELECT COUNT(*) AS n FROM pair_then"), ["pair_then.*: output"]);
  });
  it("can be restored, and is all its columns", () => {
    assert.deepEqual(writes("CREATE TABLE t CLONE pair_then"), [
      "create t: a = copy pair_then.a; b = copy pair_then.b",
    ]);
  });
  it("has no past, no changes and no new rows", () => {
    for (const sql of [
      "SELECT a FROM pair_then FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()",
      "SELECT a FROM APPENDS(TABLE pair_then, NULL)",
      "INSERT pair_then SELECT * FROM pair",
      "DELETE FROM pair_then WHERE TRUE",
    ]) {
      assert.equal(refusalOf(sql)?.code, "unsupported", sql);
    }
  });
});
