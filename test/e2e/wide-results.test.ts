/** Results of more columns than an entry of the ledger has room for: shown, masked, and what was shown is known afterwards. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Access, type ReplayStep, verifyStore } from "../../packages/gateway/src/index.ts";
import { copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { refusal, type StorageClient, storageClient, tableName } from "../storage-client.ts";

const AGENT = "care-summary-agent";
const TABLE = `${PROJECT}.ops.people`;
const SECRET = "123-45-6789";
const WIDE = 2000;
const ENTRY_BYTES = 65_535;

interface Told {
  readonly columns: readonly { readonly name: string; readonly mask: string }[];
}

describe("a result of very many columns", () => {
  const clinic = copyClinic();
  let rig: Rig;
  let client: StorageClient;

  before(async () => {
    clinic.policy(
      "wide.cedar",
      () => `@id("wide") @mask("null") @approval("none")
        permit (principal in Group::"clinical-agents", action == Action::"read", resource in Table::"${TABLE}")
        when { resource in DataClass::"phi.ssn" };`,
    );
    rig = await startRig({ clinic: clinic.folder, patients: 5 });
    client = await storageClient(rig, AGENT);
    await rig.warehouse.loadTable(
      {
        tableReference: { projectId: PROJECT, datasetId: "ops", tableId: "people" },
        schema: {
          fields: [
            { name: "row", type: "INTEGER" },
            {
              name: "ssn",
              type: "STRING",
              policyTags: { names: [`projects/${PROJECT}/locations/us/taxonomies/1/policyTags/ssn`] },
            },
          ],
        },
      },
      [{ row: 1, ssn: SECRET }],
    );
  });
  after(async () => {
    await client.close();
    await rig.close();
    clinic.remove();
  });

  /** Every second one is masked. */
  const named = (place: number) =>
    `${place % 2 === 0 ? "hidden" : "shown"}_column_of_very_many_with_a_long_name_${place}`;
  const wide = (first: number, more = "") =>
    `SELECT ${Array.from({ length: WIDE }, (_, n) => `${(first + n) % 2 === 0 ? "ssn" : "row"} AS ${named(first + n)}`).join(", ")} FROM \`${TABLE}\`${more}`;
  const told = (first: number, length = WIDE) =>
    Array.from({ length }, (_, n) => ({ name: named(first + n), mask: (first + n) % 2 === 0 ? "null" : "none" }));

  async function ask(query: string) {
    const answer = await fetch(`${rig.url}/bigquery/v2/projects/${PROJECT}/queries`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${await rig.token(AGENT)}` },
      body: JSON.stringify({ query, useLegacySql: false, timeoutMs: 60_000 }),
    });
    const bytes = await answer.text();
    assert.equal(answer.status, 200, bytes.slice(0, 500));
    assert.ok(!bytes.includes(SECRET));
    const { rows, jobReference } = JSON.parse(bytes);
    return { rows: rows as { f: { v: string | null }[] }[], job: jobReference.jobId as string };
  }

  /** What an auditor sees of it, and what stands in the ledger. */
  async function evidence(job: string) {
    const auditor = rig.person("avery.auditor");
    const { accesses } = await auditor.get<{ accesses: Access[] }>("sessions?limit=50");
    const access = accesses.find((one) => one.job === job);
    assert.ok(access !== undefined);
    const { steps } = await auditor.get<{ steps: ReplayStep[] }>(`sessions/${access.session}/replay`);
    const entries = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select(["type", "bytes"])
      .where("session", "=", access.session)
      .orderBy("idx")
      .execute();
    assert.deepEqual(
      steps.map(({ type }) => type),
      entries.map(({ type }) => type),
    );
    for (const { type, bytes } of entries) assert.ok(bytes.length <= ENTRY_BYTES, type);
    return { access, steps, of: (type: string) => steps.filter((step) => step.type === type).map(({ data }) => data) };
  }
  const hidden = (first: number, count: number) =>
    Object.fromEntries(
      told(first)
        .filter(({ mask }) => mask === "null")
        .map(({ name }) => [name, { rule: "null", count }]),
    );

  /** Bit n of byte k: column 8k + n. */
  function expectedBits(places: readonly number[]): string {
    const bits = Array.from({ length: WIDE }, (_, place) => places.includes(place));
    const bytes = Array.from({ length: WIDE / 8 }, (_, k) =>
      bits.slice(8 * k, 8 * k + 8).reduce((byte, bit, n) => byte + (bit ? 2 ** n : 0), 0),
    );
    return Buffer.from(bytes).toString("base64");
  }

  it("is shown in one page, and replayed column by column", async () => {
    const { rows, job } = await ask(wide(0));
    assert.equal(rows.length, 1);
    assert.equal(rows[0]?.f.length, WIDE);
    assert.equal(rows[0]?.f[0]?.v, null);
    assert.equal(rows[0]?.f[1]?.v, "1");
    const { of, access } = await evidence(job);
    assert.deepEqual((of("release.started")[0] as unknown as Told).columns, told(0));
    assert.deepEqual(of("release.finished")[0]?.masked, hidden(0, 1));
    assert.deepEqual(access.masked.columns, hidden(0, 1));
  });

  it("is shown in a page that flows, and replayed column by column", async () => {
    const { rows, job } = await ask(wide(10_000, ", UNNEST(GENERATE_ARRAY(1, 5))"));
    assert.equal(rows.length, 5);
    const { of } = await evidence(job);
    assert.deepEqual((of("release.started")[0] as unknown as Told).columns, told(10_000));
    assert.deepEqual(of("release.finished")[0]?.masked, hidden(10_000, 5));
  });

  /** The table of a query's result. */
  async function resultOf(job: string): Promise<string> {
    const headers = { authorization: `Bearer ${await rig.token(AGENT)}` };
    const described = await fetch(`${rig.url}/bigquery/v2/projects/${PROJECT}/jobs/${job}`, { headers });
    const { configuration } = (await described.json()) as {
      configuration: { query: { destinationTable: { datasetId: string; tableId: string } } };
    };
    const { datasetId, tableId } = configuration.query.destinationTable;
    return tableName(`${datasetId}.${tableId}`);
  }

  it("is read in part by the Storage Read API, and what was read is replayed", async () => {
    const { job } = await ask(wide(20_000));
    const some = told(20_000).filter((_, n) => n % 4 < 2);
    const names = some.map(({ name }) => name);
    const session = await client.open(await resultOf(job), { selectedFields: names });
    const table = await client.read(session);
    assert.deepEqual(table.schema.names, names);
    const { of } = await evidence(job);
    const started = of("release.started").at(-1);
    assert.deepEqual((started as unknown as Told).columns, some);
    assert.equal(started?.columnsTaken, expectedBits(names.map((name) => Number(/\d+$/.exec(name)) - 20_000)));
  });

  it("is read in part inside of its columns as far as a stream's name has room, which is said before", async () => {
    const fields = Array.from({ length: 400 }, (_, n) => `row AS inner_field_${n}`).join(", ");
    const table = await resultOf((await ask(`SELECT STRUCT(${fields}) AS s, ssn FROM \`${TABLE}\``)).job);
    const inside = (length: number) => Array.from({ length }, (_, n) => `s.inner_field_${n}`);
    const { schema } = await client.read(await client.open(table, { selectedFields: inside(50) }));
    assert.equal(schema.fields[0]?.type.children.length, 50);
    assert.deepEqual(await refusal(client.open(table, { selectedFields: inside(399) })), {
      code: 3,
      message: "selected_fields names too many fields inside of STRUCTs: select whole columns.",
    });
    // All of them are the column.
    const all = await client.read(await client.open(table, { selectedFields: inside(400) }));
    assert.equal(all.schema.fields[0]?.type.children.length, 400);
    assert.deepEqual(all.schema.names, ["s"]);
  });

  it("leaves a ledger that can be verified", async () => {
    await rig.restart(async () => {
      assert.deepEqual((await verifyStore(rig.state)).problems, []);
    });
  });
});
