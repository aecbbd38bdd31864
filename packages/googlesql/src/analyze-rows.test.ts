/** Which columns of a result stand in one row of one table: masks that need another column of the row build on it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "./analyze.ts";
import type { TableResource } from "./table-resource.ts";

const table = (tableId: string, ...names: readonly string[]): TableResource => ({
  tableReference: { projectId: "p", datasetId: "d", tableId },
  schema: {
    fields: names.map((name) => ({
      name,
      type: name === "notes" ? "STRING" : "DATE",
      ...(name === "notes" ? { mode: "REPEATED" } : {}),
    })),
  },
});
const MANY = Array.from({ length: 70 }, (_, i) => `c${i}`);
const TABLES = new Map([
  ["p.d.wide", table("wide", ...MANY)],
  ["p.d.visits", table("visits", "id", "day", "until", "notes")],
  ["p.d.people", table("people", "id", "born")],
  [
    "p.d.cases",
    {
      tableReference: { projectId: "p", datasetId: "d", tableId: "cases" },
      schema: {
        fields: [
          { name: "id", type: "DATE" },
          { name: "doc", type: "JSON" },
          {
            name: "place",
            type: "RECORD",
            fields: [
              { name: "since", type: "DATE" },
              {
                name: "rooms",
                type: "RECORD",
                mode: "REPEATED",
                fields: [
                  { name: "bed", type: "STRING" },
                  { name: "free", type: "DATE" },
                ],
              },
            ],
          },
        ],
      },
    },
  ],
  [
    "p.d.seen",
    {
      tableReference: { projectId: "p", datasetId: "d", tableId: "seen" },
      type: "VIEW",
      schema: {
        fields: [
          { name: "id", type: "DATE" },
          { name: "day", type: "DATE" },
        ],
      },
      view: { query: "SELECT id, day FROM `p.d.visits`", useLegacySql: false },
    } as TableResource,
  ],
]);

/** The numbers of the result's columns, with p for parts of columns; a dash where a column has none. */
function rows(sql: string): string {
  const { plan } = analyze(sql, {
    catalog: { table: (name) => TABLES.get(name) },
    defaultProject: "p",
    defaultDataset: { project: "p", dataset: "d" },
  });
  assert.ok(plan.understood, plan.understood ? "" : plan.refusal.message);
  return plan.result.map(({ row = "-", part }) => `${row}${part ? "p" : ""}`).join(" ");
}

const CASES: Readonly<Record<string, string>> = {
  "SELECT id, day FROM visits": "1 1",
  "SELECT day FROM visits": "-",
  "SELECT * FROM visits": "1 1 1 1",
  "SELECT v.id, p.born, v.day, p.id AS x FROM visits v JOIN people p ON v.id = p.id": "1 2 1 2",
  "SELECT a.id, b.day FROM visits a JOIN visits b ON a.id = b.id": "- -",
  "SELECT a.id, b.day, b.id AS x FROM visits a CROSS JOIN visits b": "- 1 1",
  "SELECT id, day FROM (SELECT id, day FROM visits WHERE day > '2020-01-01')": "1 1",
  "WITH v AS (SELECT id, day FROM visits) SELECT a.id, b.day FROM v a, v b": "- -",
  "WITH v AS (SELECT id, day FROM visits) SELECT a.id, a.day AS x, b.day FROM v a, v b": "1 1 -",
  "SELECT id, day FROM seen": "1 1",
  "SELECT a.id, b.day FROM seen a, seen b": "- -",
  "SELECT id, MAX(day) AS day FROM visits GROUP BY id": "- -",
  "SELECT MAX(id) AS id, MIN(day) AS day FROM visits": "- -",
  "SELECT ANY_VALUE(id) AS id, ANY_VALUE(day) AS day FROM visits": "- -",
  "SELECT id, day FROM visits GROUP BY id, day": "1 1",
  "SELECT DISTINCT id, day FROM visits ORDER BY day LIMIT 3": "1 1",
  "SELECT id, LAG(day) OVER (ORDER BY day) AS day FROM visits": "- -",
  "SELECT id, FIRST_VALUE(day) OVER (ORDER BY day) AS day FROM visits": "- -",
  "SELECT id, day FROM visits UNION ALL SELECT id, born FROM people": "1 1",
  "SELECT id, day FROM visits UNION DISTINCT SELECT id, born FROM people": "1 1",
  "SELECT id, day FROM visits EXCEPT DISTINCT SELECT DATE '2020-01-01', born FROM people": "1 1",
  "SELECT id, day FROM visits INTERSECT DISTINCT SELECT a.id, b.day FROM visits a, visits b": "- -",
  "SELECT id, day, until FROM visits UNION ALL SELECT q.id, v.day, v.until FROM people q, visits v": "- 1 1",
  "SELECT id, day FROM visits UNION ALL SELECT id, DATE '2020-01-01' FROM people": "- -",
  "SELECT id, day FROM visits UNION ALL SELECT id, MIN(born) FROM people GROUP BY id": "- -",
  "SELECT id, day, until FROM visits FULL UNION ALL BY NAME SELECT id, born AS day FROM people": "1 1 -",
  "SELECT day, until FROM visits FULL UNION ALL BY NAME SELECT id FROM people": "- - -",
  "SELECT u.id, w.day FROM (SELECT id, day FROM visits UNION ALL SELECT id, born FROM people) u, seen w": "- -",
  "WITH u AS (SELECT id, day FROM visits UNION ALL SELECT id, born FROM people) SELECT a.id, b.day FROM u a, u b":
    "- -",
  "FROM visits |> SELECT id, day |> UNION ALL (SELECT id, born FROM people), (SELECT id, day FROM seen)": "1 1",
  "SELECT id, (SELECT MAX(day) FROM visits) AS day FROM visits": "- -",
  "SELECT id, (SELECT v.day) AS day FROM visits v": "- -",
  "SELECT id, COALESCE(day, until) AS day FROM visits": "- -",
  "SELECT id, DATE_ADD(day, INTERVAL 1 DAY) AS day FROM visits": "- -",
  "SELECT AS STRUCT id, day FROM visits": "- -",
  "SELECT v.id, d AS day FROM visits v, UNNEST([v.day]) AS d": "- -",
  "SELECT v.id, n FROM visits v, UNNEST(v.notes) AS n": "1 1p",
  "SELECT v.id, n, m FROM visits v LEFT JOIN v.notes AS n, v.notes AS m WITH OFFSET AS o": "1 1p 1p",
  "SELECT v.id, n, o FROM visits v, v.notes AS n WITH OFFSET AS o": "1 1p -",
  "SELECT w.id, n FROM visits v, visits w, UNNEST(v.notes) AS n": "- -",
  "SELECT v.id, n FROM visits v, UNNEST((SELECT w.notes FROM visits w LIMIT 1)) AS n": "- -",
  "SELECT v.id, n FROM visits v, UNNEST(ARRAY_REVERSE(v.notes)) AS n": "- -",
  "SELECT v.id, MIN(n) AS n FROM visits v, UNNEST(v.notes) AS n GROUP BY v.id": "- -",
  "SELECT s.id, s.n FROM (SELECT v.id, n FROM visits v, v.notes AS n) s": "1 1p",
  "SELECT c.id, c.place.since, c.place.rooms, r.free FROM cases c, c.place.rooms AS r": "1 1p 1p 1p",
  "SELECT c.id, c.place.* FROM cases c": "1 1p 1p",
  "SELECT c.id, r FROM cases c, c.place.rooms AS r": "1 1p",
  "SELECT r.bed, r.free FROM cases c, c.place.rooms AS r": "1p 1p",
  "SELECT c.id, c.doc.since FROM cases c": "- -",
  "SELECT id, notes FROM visits UNION ALL SELECT v.id, [n] FROM visits v, v.notes n": "- -",
  "SELECT id, since AS day FROM (SELECT c.id, c.place.since FROM cases c) UNION ALL SELECT id, day FROM visits": "1 1p",
  "SELECT id, day FROM visits FULL JOIN people USING (id)": "- -",
  "SELECT id, day, born FROM visits LEFT JOIN people USING (id)": "1 1 -",
  "SELECT id, day, born FROM visits RIGHT JOIN people USING (id)": "1 - 1",
  "FROM visits |> EXTEND day AS other |> SET day = until |> SELECT id, day, other": "1 1 1",
  "FROM visits v |> CROSS JOIN people p |> SET day = p.born |> EXTEND p.id AS x |> SELECT v.id, day, x": "- 1 1",
  "FROM visits |> SET day = DATE_ADD(day, INTERVAL 1 DAY) |> EXTEND LAG(until) OVER (ORDER BY until) AS u |> SELECT id, day, u":
    "- - -",
  "FROM visits |> SET id = (SELECT MAX(id) FROM people) |> SELECT id, day, until": "- 1 1",
  "WITH RECURSIVE r AS (FROM visits |> EXTEND day AS d |> SELECT id, d |> UNION ALL (SELECT r.id, v.day FROM r JOIN visits v ON FALSE)) SELECT id, d FROM r":
    "- -",
  "FROM visits |> AGGREGATE MAX(day) AS day GROUP BY id": "- -",
  "FROM visits |> AS v |> JOIN people p ON v.id = p.id |> SELECT v.id, p.born": "- -",
  "WITH RECURSIVE r AS (SELECT id, day FROM visits UNION ALL SELECT r.id, v.day FROM r JOIN visits v ON FALSE) SELECT id, day FROM r":
    "- -",
  "WITH RECURSIVE r AS (SELECT id, day FROM visits UNION ALL SELECT r.id, r.day FROM r) SELECT id, day FROM r": "- -",
  "FROM visits |> RECURSIVE UNION ALL (|> AS a |> JOIN visits v ON FALSE |> SELECT a.id, v.day, v.until, v.notes) |> SELECT id, day":
    "- -",
  "SELECT * FROM (SELECT id, day, until FROM visits) PIVOT (MAX(until) FOR day IN (DATE '2020-01-01' AS x))": "- -",
};

describe("columns of one row of one table", () => {
  it("are as many as a wide one has, each time that it is taken", () => {
    const each = (row: number): string => MANY.map(() => row).join(" ");
    const sql = "SELECT a.*, b.*, a.c0 = b.c0 AS x FROM (SELECT * FROM wide) a, (SELECT * FROM wide) b";
    assert.equal(rows(sql), `${each(1)} ${each(2)} -`);
  });
  for (const [sql, expected] of Object.entries(CASES))
    it(`${expected}: ${sql}`, () => assert.equal(rows(sql), expected));
});
