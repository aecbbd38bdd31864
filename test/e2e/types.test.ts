import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BigQuery } from "@google-cloud/bigquery";
import { OAuth2Client } from "google-auth-library";
import { copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";

type Field = {
  name: string;
  type: "STRING";
  mode?: "NULLABLE" | "REPEATED";
  fields?: Field[];
  policyTags?: { names: string[] };
};

function field(name: string, type: string, more: { mode?: "REPEATED"; fields?: Field[]; tag?: string } = {}): Field {
  const { tag, ...rest } = more;
  return {
    name,
    // The warehouse checks the type's name itself.
    type: type as "STRING",
    ...rest,
    ...(tag === undefined
      ? {}
      : { policyTags: { names: [`projects/${PROJECT}/locations/us/taxonomies/1/policyTags/${tag}`] } }),
  };
}

const SCALARS = {
  STRING: ["plain", "", 'quotes " \\ and \u0000 and \u2028 and 😀', "ÿ"],
  BYTES: ["", "AAEC/w==", "aGVsbG8="],
  INTEGER: ["0", "-9223372036854775808", "9223372036854775807", "9007199254740993"],
  FLOAT: [0, -1.5, 1e300, 5e-324, 0.1],
  NUMERIC: ["0", "-12345678901234567890.123456789", "0.000000001"],
  BIGNUMERIC: ["1", "-12345678901234.000000000000000001"],
  BOOLEAN: [true, false],
  TIMESTAMP: ["1970-01-01T00:00:00Z", "2024-02-29T23:59:59.123456Z", "1900-01-01T00:00:00Z"],
  DATE: ["2024-02-29", "1901-01-01"],
  TIME: ["00:00:00", "23:59:59.999999"],
  DATETIME: ["2024-02-29T12:00:00", "1999-12-31T23:59:59.5"],
  JSON: ['{"a":[1,null,"x"]}', '"text"', "null"],
  INTERVAL: ["1-2 3 4:5:6"],
} as const;

const FORMATS = [
  "",
  "formatOptions.useInt64Timestamp=true",
  "formatOptions.useInt64Timestamp=false",
  "formatOptions.timestampOutputFormat=FLOAT64",
  "formatOptions.timestampOutputFormat=INT64",
  "formatOptions.timestampOutputFormat=ISO8601_STRING",
];

interface Page {
  readonly schema: { readonly fields: readonly unknown[] };
  readonly rows: readonly unknown[];
  readonly totalRows: string;
}

describe("types", () => {
  const clinic = copyClinic();
  let rig: Rig;
  let gateway: BigQuery;
  /** The same client on the warehouse itself, without a gateway. */
  let direct: BigQuery;
  before(async () => {
    clinic.policy(
      "visits.cedar",
      () => `
        ${[
          ["name", "none"],
          ["ssn", "last4"],
          ["date", "year"],
          ["mrn", "token"],
          ["clinical.note", "null"],
        ]
          .map(
            ([name, mask]) => `@id("visits-${name}") @mask("${mask}") @approval("none")
        permit (principal in Group::"clinical-agents", action == Action::"read", resource in Table::"${PROJECT}.ops.visits")
        when { resource in DataClass::"phi.${name}" };`,
          )
          .join("\n")}
        @id("visits-rows") @approval("none")
        permit (principal in Group::"clinical-agents", action == Action::"infer", resource in Table::"${PROJECT}.ops.visits");`,
    );
    rig = await startRig({ clinic: clinic.folder });
    gateway = await rig.client("care-summary-agent");
    const anybody = new OAuth2Client();
    anybody.setCredentials({ access_token: "the warehouse asks for none" });
    direct = new BigQuery({ projectId: PROJECT, apiEndpoint: rig.warehouse.url, authClient: anybody });
    await load();
  });
  after(async () => {
    await rig.close();
    clinic.remove();
  });

  async function load(): Promise<void> {
    const table = (tableId: string) => ({ projectId: PROJECT, datasetId: "ops", tableId });
    const names = Object.keys(SCALARS) as (keyof typeof SCALARS)[];
    const longest = Math.max(...names.map((name) => SCALARS[name].length));
    await rig.warehouse.loadTable(
      {
        tableReference: table("scalars"),
        schema: { fields: [field("row", "INTEGER"), ...names.map((name) => field(name.toLowerCase(), name))] },
      },
      // One value of each type a row; NULLs where a type has no more.
      Array.from({ length: longest + 1 }, (_, i) =>
        Object.fromEntries([["row", i], ...names.map((name) => [name.toLowerCase(), SCALARS[name][i] ?? null])]),
      ),
    );
    await rig.warehouse.loadTable(
      {
        tableReference: table("nested"),
        schema: {
          fields: [
            field("row", "INTEGER"),
            field("list", "STRING", { mode: "REPEATED" }),
            field("at", "TIMESTAMP", { mode: "REPEATED" }),
            field("one", "RECORD", {
              fields: [
                field("a", "NUMERIC"),
                field("b", "BYTES"),
                field("deep", "RECORD", { fields: [field("c", "JSON")] }),
              ],
            }),
            field("many", "RECORD", {
              mode: "REPEATED",
              fields: [field("at", "TIMESTAMP"), field("codes", "STRING", { mode: "REPEATED" })],
            }),
          ],
        },
      },
      [
        {
          row: 1,
          list: ["x", "", "y"],
          at: ["2024-01-01T00:00:00Z"],
          one: { a: "1.5", b: "AAE=", deep: { c: "[1]" } },
          many: [
            { at: "2024-01-01T00:00:00.000001Z", codes: ["I10", "E11"] },
            { at: null, codes: [] },
          ],
        },
        { row: 2, list: [], at: [], one: null, many: [] },
        { row: 3, list: ["z"], at: [], one: { a: null, b: null, deep: null }, many: [{ at: null, codes: ["only"] }] },
      ],
    );
    await rig.warehouse.loadTable(
      {
        tableReference: table("visits"),
        schema: {
          fields: [
            field("visit", "INTEGER"),
            field("patient", "RECORD", {
              fields: [
                field("name", "STRING", { tag: "name" }),
                field("ssn", "STRING", { tag: "ssn" }),
                field("born", "DATE", { tag: "date" }),
              ],
            }),
            field("notes", "RECORD", {
              mode: "REPEATED",
              fields: [
                field("at", "TIMESTAMP", { tag: "date" }),
                field("text", "STRING", { tag: "free_text" }),
                field("codes", "STRING", { mode: "REPEATED" }),
                field("about", "RECORD", {
                  fields: [field("name", "STRING", { tag: "name" }), field("mrn", "STRING", { tag: "mrn" })],
                }),
              ],
            }),
            field("ssns", "STRING", { mode: "REPEATED", tag: "ssn" }),
          ],
        },
      },
      [
        {
          visit: 1,
          patient: { name: "Ada Example", ssn: "123-45-6789", born: "1980-05-06" },
          notes: [
            {
              at: "2023-07-08T09:10:11Z",
              text: "fell off a horse",
              codes: ["S52"],
              about: { name: "Ada Example", mrn: "M-1" },
            },
            { at: null, text: "came back", codes: [], about: { name: null, mrn: "M-1" } },
          ],
          ssns: ["123-45-6789", "987-65-4321"],
        },
        { visit: 2, patient: null, notes: [], ssns: [] },
      ],
    );
  }

  async function page(url: string, query: string, format: string, token?: string): Promise<Page> {
    const headers = {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const base = `${url}/bigquery/v2/projects/${PROJECT}`;
    const asked = await fetch(`${base}/queries`, {
      method: "POST",
      headers,
      body: JSON.stringify({ query, useLegacySql: false, maxResults: 0 }),
    });
    const { jobReference, error } = (await asked.json()) as { jobReference?: { jobId: string }; error?: unknown };
    assert.ok(jobReference, JSON.stringify(error));
    const answer = await fetch(`${base}/queries/${jobReference.jobId}?location=US&${format}`, { headers });
    assert.equal(answer.status, 200);
    return (await answer.json()) as Page;
  }

  for (const table of ["scalars", "nested"])
    for (const format of FORMATS)
      it(`of ${table} arrive as from BigQuery itself${format === "" ? "" : `, with ${format}`}`, async () => {
        const query = `SELECT * FROM \`${PROJECT}.ops.${table}\` ORDER BY row`;
        const here = await page(rig.url, query, format, await rig.token("care-summary-agent"));
        const there = await page(rig.warehouse.url, query, format);
        assert.deepEqual(here.rows, there.rows);
        assert.deepEqual(shape(here.schema.fields), shape(there.schema.fields));
        assert.equal(here.totalRows, there.totalRows);
      });

  for (const table of ["scalars", "nested"])
    it(`of ${table} are decoded by the official client to the same values`, async () => {
      const query = { query: `SELECT * FROM \`${PROJECT}.ops.${table}\` ORDER BY row`, wrapIntegers: true };
      const [here] = await gateway.query(query);
      const [there] = await direct.query(query);
      assert.ok(there.length > 0);
      assert.deepEqual(here, there);
    });

  it("keep their masks inside STRUCT and ARRAY", async () => {
    const [rows] = await gateway.query(`SELECT * FROM \`${PROJECT}.ops.visits\` ORDER BY visit`);
    const [first, second] = rows;
    assert.equal(first.patient.name, "Ada Example");
    assert.match(first.patient.ssn, /^X+6789$/);
    assert.equal(first.patient.born.value, "1980-01-01");
    const [fall, back] = first.notes;
    assert.equal(fall.at.value, "2023-01-01T00:00:00.000Z");
    assert.equal(fall.text, null);
    assert.deepEqual(fall.codes, ["S52"]);
    assert.equal(fall.about.name, "Ada Example");
    assert.notEqual(fall.about.mrn, "M-1");
    assert.equal(back.about.mrn, fall.about.mrn, "equal values give equal tokens");
    assert.equal(back.at, null);
    assert.equal(back.text, null);
    for (const ssn of first.ssns) assert.match(ssn, /^X+(6789|4321)$/);
    assert.equal(second.patient, null);
    assert.deepEqual(second.notes, []);
    assert.deepEqual(second.ssns, []);
  });

  it("keep their masks when the query builds the STRUCT itself", async () => {
    const [rows] = await gateway.query(
      `SELECT STRUCT(v.patient.ssn AS number, v.notes AS kept) AS built
         FROM \`${PROJECT}.ops.visits\` AS v WHERE v.visit = 1`,
    );
    const [{ built }] = rows;
    assert.match(built.number, /^X+6789$/);
    assert.equal(built.kept.length, 2);
    for (const note of built.kept) {
      assert.equal(note.text, null);
      assert.notEqual(note.about.mrn, "M-1");
    }
  });

  it("keep their masks in an ARRAY of them, which is refused where a NULL in it would tell by failing", async () => {
    const table = `\`${PROJECT}.ops.visits\` AS v WHERE v.visit = 1`;
    const [rows] = await gateway.query(`SELECT ARRAY_AGG(v.patient.ssn IGNORE NULLS) AS listed FROM ${table}`);
    assert.match(rows[0].listed[0], /^X+6789$/);
    await assert.rejects(gateway.query(`SELECT [v.patient.ssn] AS listed FROM ${table}`), {
      code: 403,
      message: /infer/,
    });
  });

  it("are not unpacked where policy forbids to infer from what the array holds", async () => {
    const unpacked = gateway.query(
      `SELECT ARRAY(SELECT n.text FROM UNNEST(v.notes) AS n) AS texts FROM \`${PROJECT}.ops.visits\` AS v`,
    );
    await assert.rejects(unpacked, { code: 403, message: /infer of demo-clinic.ops.visits.notes/ });
  });

  it("never leave as text what a mask would have hidden", async () => {
    for (const expression of [
      "TO_JSON_STRING(v)",
      "TO_JSON_STRING(v.patient)",
      "TO_JSON_STRING(v.notes)",
      "FORMAT('%t', v.patient)",
    ]) {
      const asked = gateway.query(`SELECT ${expression} AS t FROM \`${PROJECT}.ops.visits\` AS v`);
      const [rows] = await asked.catch((error: { code: number }) => {
        assert.ok(error.code === 403 || error.code === 400);
        return [[]];
      });
      for (const secret of ["123-45", "fell off", "M-1", "1980-05"])
        assert.ok(!JSON.stringify(rows).includes(secret), `${expression} shows ${secret}`);
    }
  });
});

/** Names, types and modes; descriptions and tags stay behind (I9). */
function shape(fields: readonly unknown[]): unknown {
  return (fields as { name: string; type: string; mode?: string; fields?: unknown[] }[]).map((f) => ({
    name: f.name,
    type: f.type,
    mode: f.mode ?? "NULLABLE",
    ...(f.fields === undefined ? {} : { fields: shape(f.fields) }),
  }));
}
