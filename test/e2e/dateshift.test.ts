/** `dateshift`: a record subject's dates move alike, in every table and behind every door; without the subject in their own row they don't show. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Access, ReplayStep } from "../../packages/gateway/src/index.ts";
import { copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { type StorageClient, storageClient, tableName } from "../storage-client.ts";

const AGENT = "care-summary-agent";
const STAYS = `\`${PROJECT}.ops.stays\``;
const BORN = `\`${PROJECT}.ops.born\``;
const DAY_MS = 86_400_000;
const ADMITTED = ["2024-02-29", "2024-03-31", "2023-12-31"];
/** Patients 7, 8 and, again, 7. */
const PATIENTS = [7, 8, 7];

type Cell = { readonly v: string | null | readonly Cell[] | { readonly f: readonly Cell[] } };

describe("dates that move with their record subject", () => {
  const clinic = copyClinic();
  let rig: Rig;
  let client: StorageClient;

  before(async () => {
    clinic.policy("../catalog.yaml", (catalog) =>
      catalog.replace(
        "  demo-clinic.ops:\n    phi: false\n",
        `  demo-clinic.ops:
    phi: false
    tables:
      stays:
        subject: patient
        columns: { patient: phi.other_unique.key, admitted: phi.date.other, seen_at: phi.date.other, left_at: phi.date.other, notes.day: phi.date.other }
      born:
        subject: Who
        columns: { who: phi.other_unique.key, birth: phi.date.birth }
      written:
        subject: patient
        columns: { patient: phi.other_unique.key, admitted: phi.date.other }
`,
      ),
    );
    clinic.policy(
      "dates.cedar",
      () => `
        @id("dates") @mask("dateshift") @approval("none")
        permit (principal in Group::"clinical-agents", action == Action::"read", resource in Dataset::"${PROJECT}.ops")
        when { resource in DataClass::"phi.date" };
        @id("dates-subjects") @mask("token") @approval("none")
        permit (principal in Group::"clinical-agents", action == Action::"read", resource in Dataset::"${PROJECT}.ops")
        when { resource in DataClass::"phi.other_unique" };
        @id("dates-rows") @approval("none")
        permit (principal in Group::"clinical-agents", action == Action::"infer", resource in Dataset::"${PROJECT}.ops");
        @id("dates-written") @approval("none")
        permit (principal in Group::"clinical-agents", action == Action::"write", resource in Table::"${PROJECT}.ops.written");`,
    );
    rig = await startRig({ clinic: clinic.folder, patients: 5 });
    const table = (tableId: string) => ({ projectId: PROJECT, datasetId: "ops", tableId });
    const stays = (tableId: string) =>
      rig.warehouse.loadTable(
        {
          tableReference: table(tableId),
          schema: {
            fields: [
              { name: "admitted", type: "DATE" },
              { name: "seen_at", type: "DATETIME" },
              { name: "left_at", type: "TIMESTAMP" },
              { name: "patient", type: "INTEGER" },
              { name: "notes", type: "RECORD", mode: "REPEATED", fields: [{ name: "day", type: "DATE" }] },
            ],
          },
        },
        PATIENTS.map((patient, i) => ({
          admitted: ADMITTED[i],
          seen_at: `${ADMITTED[i]}T10:11:12`,
          left_at: `${ADMITTED[i]}T10:11:12.000001Z`,
          patient,
          notes: [{ day: ADMITTED[i] }, { day: "2024-01-01" }],
        })),
      );
    await stays("stays");
    await stays("written");
    await rig.warehouse.loadTable(
      {
        tableReference: table("born"),
        schema: {
          fields: [
            { name: "who", type: "STRING" },
            { name: "birth", type: "DATE" },
          ],
        },
      },
      [{ who: "7", birth: "1980-05-06" }],
    );
    client = await storageClient(rig, AGENT);
  });
  after(async () => {
    await client.close();
    await rig.close();
    clinic.remove();
  });

  async function ask(
    query: string,
    format = {},
  ): Promise<{ bytes: string; rows: readonly (readonly Cell["v"][])[]; job: string }> {
    const answer = await fetch(`${rig.url}/bigquery/v2/projects/${PROJECT}/queries`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${await rig.token(AGENT)}` },
      body: JSON.stringify({ query, useLegacySql: false, timeoutMs: 20_000, formatOptions: format }),
    });
    const bytes = await answer.text();
    const { rows, jobReference, error } = JSON.parse(bytes) as {
      rows: { f: Cell[] }[];
      jobReference: { jobId: string };
      error?: unknown;
    };
    assert.equal(error, undefined, bytes);
    return { bytes, rows: rows.map(({ f }) => f.map(({ v }) => v)), job: jobReference.jobId };
  }
  const daysFrom = (iso: string | undefined, shown: Cell["v"]) =>
    (Date.parse(String(shown)) - Date.parse(String(iso))) / DAY_MS;

  it("move by whole days within a year, alike for one patient, in every type and form", async () => {
    const { bytes, rows } = await ask(
      `SELECT admitted, seen_at, left_at, patient, notes FROM ${STAYS} ORDER BY admitted DESC`,
      {
        timestampOutputFormat: "ISO8601_STRING",
      },
    );
    const order = ADMITTED.map((_, i) => i).sort((a, b) => (String(ADMITTED[a]) < String(ADMITTED[b]) ? 1 : -1));
    const shifts = new Map<number, number>();
    for (const [place, i] of order.entries()) {
      const [admitted, at, left, patient, notes] = rows[place] ?? [];
      const days = daysFrom(ADMITTED[i], admitted as string);
      assert.ok(Number.isInteger(days) && days !== 0 && Math.abs(days) <= 365, String(days));
      const known = shifts.get(PATIENTS[i] as number);
      if (known !== undefined) assert.equal(days, known);
      shifts.set(PATIENTS[i] as number, days);
      assert.equal(at, `${admitted}T10:11:12`);
      assert.match(String(left), new RegExp(`^${admitted}T10:11:12\\.0*1`));
      assert.notEqual(patient, String(PATIENTS[i]), "the subject is under a mask of its own");
      const [first, second] = notes as unknown as { v: { f: { v: string }[] } }[];
      assert.equal(first?.v.f[0]?.v, admitted);
      assert.equal(daysFrom("2024-01-01", second?.v.f[0]?.v ?? ""), days);
    }
    assert.notEqual(shifts.get(7), shifts.get(8));
    for (const date of ADMITTED) assert.ok(!bytes.includes(date), date);
    const birth = await ask(`SELECT birth, who FROM ${BORN}`);
    assert.equal(
      daysFrom("1980-05-06", birth.rows[0]?.[0] ?? ""),
      shifts.get(7),
      "another table, and STRING for INT64",
    );
  });

  it("keep their microseconds in TIMESTAMPs of integers and of floats", async () => {
    const one = async (format: object) =>
      String((await ask(`SELECT left_at, patient FROM ${STAYS} WHERE patient = 8`, format)).rows[0]?.[0]);
    const micros = await one({ useInt64Timestamp: true });
    const seconds = await one({ timestampOutputFormat: "FLOAT64" });
    assert.match(micros, /^\d+000001$/);
    assert.equal(Math.floor(Number(seconds)), Math.floor(Number(micros) / 1e6));
    const was = BigInt(Date.parse("2024-03-31T10:11:12Z")) * 1000n + 1n;
    assert.equal((BigInt(micros) - was) % 86_400_000_000n, 0n);
  });

  const hidden = (why: string, query: string, column = 0) =>
    it(`are NULL ${why}`, async () => {
      const { rows } = await ask(query);
      assert.ok(rows.length > 0);
      for (const row of rows) assert.equal(row[column], null, query);
    });
  hidden("without their subject", `SELECT admitted FROM ${STAYS}`);
  hidden("beside a subject of another row", `SELECT a.admitted, b.patient FROM ${STAYS} a CROSS JOIN ${STAYS} b`);
  hidden("beside a subject of another table", `SELECT s.admitted, b.who FROM ${STAYS} s CROSS JOIN ${BORN} b`);
  hidden("beside a subject that was computed", `SELECT admitted, patient + 0 AS patient FROM ${STAYS}`);
  hidden("beside a subject of the agent's", `SELECT admitted, COALESCE(patient, 7) AS patient FROM ${STAYS}`);
  hidden("when they were computed", `SELECT DATE_ADD(admitted, INTERVAL 1 DAY) AS d, patient FROM ${STAYS}`);
  hidden("as the least of several", `SELECT MIN(admitted) AS d, patient FROM ${STAYS} GROUP BY patient`);
  hidden("of the row before", `SELECT LAG(admitted) OVER (ORDER BY admitted) AS d, patient FROM ${STAYS}`);
  hidden(
    "in a recursion that pairs rows",
    `WITH RECURSIVE r AS (SELECT admitted, patient FROM ${STAYS} UNION ALL SELECT s.admitted, r.patient FROM r JOIN ${STAYS} s ON FALSE) SELECT admitted, patient FROM r`,
  );
  hidden(
    "where the agent may write rows of its own (row 43)",
    `SELECT admitted, patient FROM \`${PROJECT}.ops.written\``,
  );

  it("show through a subquery and a join that keep their row", async () => {
    const direct = await ask(`SELECT admitted, patient FROM ${STAYS} ORDER BY admitted`);
    for (const query of [
      `SELECT admitted, patient FROM (SELECT * FROM ${STAYS}) ORDER BY admitted`,
      `WITH s AS (SELECT patient, admitted FROM ${STAYS}) SELECT s.admitted, s.patient FROM s LEFT JOIN ${BORN} b ON b.who = 'nobody' ORDER BY admitted`,
    ])
      assert.deepEqual((await ask(query)).rows, direct.rows, query);
    assert.ok(direct.rows.every(([admitted]) => admitted !== null));
  });

  it("show through UNNEST, UNION, SET and EXTEND that keep their row", async () => {
    const one = `SELECT admitted, patient FROM ${STAYS} WHERE patient = 8`;
    const [[admitted] = []] = (await ask(one)).rows;
    const days = daysFrom("2024-03-31", admitted ?? "");
    const birth = (await ask(`SELECT birth, who FROM ${BORN}`)).rows[0]?.[0];
    for (const [query, expected] of [
      [
        `FROM ${STAYS} |> WHERE patient = 8 |> SET notes = NULL |> EXTEND admitted AS d |> SELECT d, patient`,
        [admitted],
      ],
      [
        `SELECT n.day, s.patient FROM ${STAYS} s, UNNEST(s.notes) n WHERE s.patient = 8 ORDER BY n.day DESC`,
        [admitted, new Date(Date.parse("2024-01-01") + days * DAY_MS).toISOString().slice(0, 10)],
      ],
      [
        `SELECT admitted, CAST(NULL AS STRING) AS kind, patient FROM ${STAYS} WHERE patient = 8 UNION ALL SELECT seen, 'b', patient FROM (FROM ${STAYS} |> EXTEND admitted AS seen) WHERE patient = 8`,
        [admitted, admitted],
      ],
    ] as const)
      assert.deepEqual(
        (await ask(query)).rows.map(([date]) => date),
        expected,
        query,
      );
    assert.notEqual(birth, null);
  });
  hidden(
    "beside a subject of another arm of a UNION",
    `SELECT admitted, patient FROM ${STAYS} UNION ALL SELECT a.admitted, b.patient FROM ${STAYS} a, ${STAYS} b`,
  );
  hidden(
    "beside what stands for the subject in one arm of a UNION",
    `SELECT admitted, patient FROM ${STAYS} UNION ALL SELECT admitted, 7 FROM ${STAYS}`,
  );
  hidden("among elements of another row", `SELECT n.day, s.patient FROM ${STAYS} s, ${STAYS} t, UNNEST(t.notes) n`);
  hidden(
    "set to those of another row",
    `FROM (SELECT patient, 1 AS d FROM ${STAYS}) s |> CROSS JOIN (SELECT admitted FROM ${STAYS}) t |> SET d = t.admitted |> SELECT s.patient, d`,
    1,
  );

  /** Of a result each day is beside numbers of the agent's own: a shift by those would show it under many, whose ends tell it. */
  const BESIDE_OWN = `SELECT STRUCT(1 AS a, 2 AS b) AS own, patient, CAST(k AS STRING) AS k, admitted, notes FROM ${STAYS}, UNNEST(GENERATE_ARRAY(1, 9)) AS k ORDER BY admitted, k`;

  for (const dataFormat of ["ARROW", "AVRO"]) {
    const read = async (job: string, selectedFields: readonly string[]) => {
      const table = tableName(`_chaperone_results.anon_${job.replace("chaperone_", "")}`);
      const session = await client.open(table, { selectedFields }, { dataFormat });
      const rows: unknown[] =
        dataFormat === "AVRO" ? await client.readAvro(session) : (await client.read(session)).toArray();
      const plain = (_: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value);
      return rows.map((row) => JSON.parse(JSON.stringify(row, plain)) as Record<string, unknown>);
    };

    for (const selected of [
      ["admitted"],
      ["k", "admitted"],
      ["own", "k", "admitted", "notes"],
      ["own.a", "k", "admitted", "notes.day"],
    ])
      it(`are NULL in a read (${dataFormat}) of ${selected.join(", ")}, without their subject`, async () => {
        const { job } = await ask(BESIDE_OWN);
        const rows = await read(job, selected);
        assert.equal(rows.length, 27);
        for (const { admitted, notes = [] } of rows) {
          assert.equal(admitted, null);
          for (const { day } of notes as { day: unknown }[]) assert.equal(day, null);
        }
        const replay = await rig
          .person("avery.auditor")
          .get<{ steps: ReplayStep[] }>(`sessions/${job.replace("chaperone_", "")}/replay`);
        const started = replay.steps.findLast(({ type }) => type === "release.started")?.data;
        const columns = started?.columns as { name: string; mask: string }[];
        assert.equal(columns.find(({ name }) => name === "admitted")?.mask, "null");
      });

    it(`show in a read (${dataFormat}) of their subject and some other columns as in a page`, async () => {
      const { job, rows } = await ask(BESIDE_OWN);
      const expected = rows.map(([, , , admitted]) => Date.parse(String(admitted)) / DAY_MS);
      for (const selected of [
        ["patient", "admitted"],
        ["patient", "own.b", "admitted"],
      ])
        assert.deepEqual(
          (await read(job, selected)).map(({ admitted }) =>
            dataFormat === "AVRO" ? admitted : Number(admitted) / DAY_MS,
          ),
          expected,
          selected.join(),
        );
    });
  }

  it("stand in the ledger by the mask's name", async () => {
    const { job } = await ask(`SELECT admitted, patient FROM ${STAYS}`);
    const { accesses } = await rig.person("avery.auditor").get<{ accesses: Access[] }>("sessions?limit=5");
    const mine = accesses.find((access) => access.job === job);
    assert.deepEqual(mine?.masked.columns.admitted, { rule: "dateshift", count: 3 });
  });
});
