import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BigQuery } from "@google-cloud/bigquery";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const CALENDAR = `\`${PROJECT}.ops.calendar\``;

describe("queries through the official client", () => {
  let rig: Rig;
  let client: BigQuery;
  before(async () => {
    rig = await startRig();
    client = await rig.client("care-summary-agent");
  });
  after(() => rig.close());

  /** The one value of the one row of a query over a public table. */
  async function value(expression: string, options: object = {}): Promise<unknown> {
    const [rows] = await client.query({ query: `SELECT ${expression} AS v FROM ${CALENDAR} LIMIT 1`, ...options });
    assert.equal(rows.length, 1);
    return rows[0].v;
  }

  describe("with parameters", () => {
    it("takes them by name", async () => {
      const [rows] = await client.query({
        query: `SELECT day, weekday FROM ${CALENDAR} WHERE weekday = @weekday AND is_holiday = @holiday ORDER BY day LIMIT 5`,
        params: { weekday: "Monday", holiday: false },
      });
      assert.equal(rows.length, 5);
      for (const row of rows) assert.equal(row.weekday, "Monday");
    });

    it("takes them by position", async () => {
      const [rows] = await client.query({
        query: `SELECT department, beds FROM \`${PROJECT}.ops.bed_census\` WHERE beds >= ? AND department != ? LIMIT 5`,
        params: [1, "nowhere"],
      });
      assert.equal(rows.length, 5);
    });

    it("takes arrays", async () => {
      const [rows] = await client.query({
        query: `SELECT DISTINCT weekday FROM ${CALENDAR} WHERE weekday IN UNNEST(@days) ORDER BY weekday`,
        params: { days: ["Monday", "Sunday"] },
      });
      assert.deepEqual(
        rows.map((row) => row.weekday),
        ["Monday", "Sunday"],
      );
      assert.deepEqual(await value("@none", { params: { none: [] }, types: { none: ["INT64"] } }), []);
    });

    it("takes structs, and arrays in them", async () => {
      const params = { s: { name: "ward", beds: 12, tags: ["a", "b"] } };
      assert.equal(await value("@s.name", { params }), "ward");
      assert.equal(await value("@s.beds + 1", { params }), 13);
      assert.deepEqual(await value("@s.tags", { params }), ["a", "b"]);
      assert.deepEqual(await value("@s", { params }), params.s);
    });

    it("takes dates and times of every kind", async () => {
      const params = {
        date: BigQuery.date("2024-02-29"),
        time: BigQuery.time("14:15:16.123456"),
        datetime: BigQuery.datetime("2024-02-29T14:15:16.123456"),
        timestamp: BigQuery.timestamp("2024-02-29T14:15:16.123Z"),
      };
      for (const [name, param] of Object.entries(params)) {
        const answered = (await value("@x", { params: { x: param } })) as { value: string };
        assert.equal(answered.value, param.value, name);
      }
      const [rows] = await client.query({
        query: `SELECT day FROM ${CALENDAR} WHERE day >= @from ORDER BY day LIMIT 1`,
        params: { from: BigQuery.date("2020-01-01") },
      });
      assert.equal(rows.length, 1);
    });

    it("takes NULL with a type", async () => {
      assert.equal(await value("@x IS NULL", { params: { x: null }, types: { x: "STRING" } }), true);
      assert.equal(await value("COALESCE(@x, 7)", { params: { x: null }, types: { x: "INT64" } }), 7);
    });

    it("takes bytes, numbers, booleans and decimals", async () => {
      const bytes = Buffer.from("\u0000ÿhi");
      // The client wraps a Buffer in JSON that BigQuery refuses too; base64 with a type is the way.
      const answered = await value("@x", { params: { x: bytes.toString("base64") }, types: { x: "BYTES" } });
      assert.deepEqual(answered, bytes);
      assert.equal(await value("@x", { params: { x: 1.5 } }), 1.5);
      assert.equal(await value("@x", { params: { x: true } }), true);
      assert.equal(String(await value("@x", { params: { x: "12.345" }, types: { x: "NUMERIC" } })), "12.345");
    });

    it("names a parameter that is missing", async () => {
      await assert.rejects(value("@missing"), { code: 400 });
    });

    it("never lets a parameter's text become SQL", async () => {
      const text = `x' OR 1=1 -- \`${PROJECT}.ehr.patients\``;
      assert.equal(await value("@x", { params: { x: text } }), text);
      const [rows] = await client.query({
        query: `SELECT day FROM ${CALENDAR} WHERE weekday = @x`,
        params: { x: text },
      });
      assert.deepEqual(rows, []);
    });
  });

  it("answers an empty result with its schema", async () => {
    const [job] = await client.createQueryJob(`SELECT day, weekday FROM ${CALENDAR} WHERE weekday = 'Someday'`);
    const [rows, next, answer] = await job.getQueryResults({ autoPaginate: false });
    assert.deepEqual(rows, []);
    assert.equal(next, null);
    const { schema, totalRows } = answer as { schema: { fields: { name: string }[] }; totalRows: string };
    assert.equal(totalRows, "0");
    assert.deepEqual(
      schema.fields.map((f) => f.name),
      ["day", "weekday"],
    );
    assert.equal((await job.getMetadata())[0].status.state, "DONE");
  });

  it("takes a default dataset", async () => {
    const [rows] = await client.query({
      query: "SELECT day FROM calendar LIMIT 2",
      defaultDataset: { datasetId: "ops" },
    });
    assert.equal(rows.length, 2);
  });

  describe("refused", () => {
    it("says where the SQL could not be read", async () => {
      await assert.rejects(client.query("SELEC 1"), { code: 400, message: /\[1:1\]|1:1|line 1/ });
    });

    it("says which table there is not", async () => {
      await assert.rejects(client.query(`SELECT * FROM \`${PROJECT}.ops.nothing\``), (e: { code: number }) => {
        assert.ok(e.code === 404 || e.code === 403 || e.code === 400);
        return true;
      });
    });

    it("says which column policy denies, at once and without asking a person", async () => {
      await assert.rejects(client.query(`SELECT fax FROM \`${PROJECT}.ehr.patients\``), { code: 403, message: /fax/ });
      const { approvals } = await rig.person("dana.officer").get<{ approvals: unknown[] }>("approvals?state=pending");
      assert.deepEqual(approvals, []);
    });

    it("refuses what it would have to guess: legacy SQL, destination tables, unknown fields", async () => {
      await assert.rejects(client.query({ query: "SELECT 1", useLegacySql: true }), { code: 400 });
      await assert.rejects(
        client.createQueryJob({ query: "SELECT 1", destination: client.dataset("ops").table("mine") }),
        { code: 400, message: /destination/ },
      );
      await assert.rejects(client.createJob({ configuration: { load: {} } }), { code: 400, message: /load/ });
    });
  });

  describe("a dry run", () => {
    it("tells the cost and the columns, releases and asks nothing", async () => {
      const before = rig.warehouse.requests.length;
      const [job, answer] = await client.createQueryJob({
        query: `SELECT full_name, ssn FROM \`${PROJECT}.ehr.patients\``,
        dryRun: true,
      });
      assert.equal(answer.status?.state, "DONE");
      assert.ok(Number(answer.statistics?.totalBytesProcessed) > 0);
      assert.deepEqual(
        (answer.statistics?.query?.schema?.fields ?? []).map((f) => f.name),
        ["full_name", "ssn"],
      );
      assert.ok(job);
      const { approvals } = await rig.person("dana.officer").get<{ approvals: unknown[] }>("approvals?state=pending");
      assert.deepEqual(approvals, []);
      const ran = rig.warehouse.requests
        .slice(before)
        .filter(
          (r) => r.method === "POST" && (r.body.configuration as { dryRun?: boolean } | undefined)?.dryRun !== true,
        );
      assert.deepEqual(ran, []);
    });

    it("is denied as the query would be", async () => {
      await assert.rejects(
        client.createQueryJob({ query: `SELECT fax FROM \`${PROJECT}.ehr.patients\``, dryRun: true }),
        { code: 403 },
      );
    });

    it("is answered by client.query too", async () => {
      const [rows] = await client.query({ query: `SELECT day FROM ${CALENDAR}`, dryRun: true });
      assert.deepEqual(rows, []);
    });
  });

  describe("metadata", () => {
    it("lists datasets, tables and columns that policy describes to this agent, and no others", async () => {
      const datasets = (await client.getDatasets())[0].map((d) => d.id);
      assert.deepEqual([...datasets].sort(), ["directory", "ehr", "ops", "workspace"]);
      const tables = (await client.dataset("ops").getTables())[0].map((t) => t.id);
      assert.deepEqual([...tables].sort(), ["bed_census", "calendar"]);
      const researcher = await rig.client("research-agent");
      assert.deepEqual((await researcher.getDatasets())[0].map((d) => d.id).sort(), ["ehr", "ops", "research"]);
      assert.deepEqual(
        (await researcher.dataset("ehr").getTables())[0].map((t) => t.id),
        ["conditions"],
      );
    });

    it("shows a table's shape, nested too, and nothing that holds data", async () => {
      const [table] = await client.dataset("ehr").table("patients").getMetadata();
      const address = table.schema.fields.find((f: { name: string }) => f.name === "address");
      assert.equal(address.type, "RECORD");
      assert.ok(address.fields.some((f: { name: string }) => f.name === "zip"));
      const text = JSON.stringify(table);
      for (const hidden of ["description", "numRows", "policyTags", "labels"])
        assert.ok(!text.includes(hidden), hidden);
      assert.equal((await client.dataset("ops").table("calendar").exists())[0], true);
      assert.equal((await client.dataset("ops").exists())[0], true);
    });

    it("does not describe what the agent may not know of, and cannot be changed", async () => {
      await assert.rejects(client.dataset("research").table("patients_deid").getMetadata(), { code: 404 });
      await assert.rejects(client.dataset("billing").getMetadata(), { code: 404 });
      await assert.rejects(client.dataset("ops").createTable("mine", { schema: "a:string" }));
      await assert.rejects(client.dataset("ops").delete());
      await assert.rejects(
        client
          .dataset("ops")
          .table("calendar")
          .insert([{ day: "2024-01-01" }]),
      );
      assert.equal((await client.dataset("ops").table("calendar").getRows({ maxResults: 2 }))[0].length, 2);
      await assert.rejects(client.dataset("research").table("patients_deid").getRows());
    });
  });
});
