/** Rows that an agent sends: table.insert of the Node client, and what an agent that wants the data would try with it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { BigQuery, Table } from "@google-cloud/bigquery";
import { Attacker, assertRefused, jobsRunUpstream } from "../adversarial/attacker.ts";
import { protectedValues } from "../adversarial/protected-values.ts";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { findInFolder } from "../faults/find-canary.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const rule = (approval: string) => `
@id("workspace-anything")
@approval("${approval}")
permit (principal in Group::"clinical-agents", action, resource in Dataset::"demo-clinic.workspace");
`;

describe("rows that an agent sends", () => {
  let rig: Rig;
  let clinic: ClinicCopy;
  let client: BigQuery;
  let agent: Attacker;
  let table: Table;
  before(async () => {
    clinic = copyClinic();
    clinic.policy("workspace.cedar", () => rule("none"));
    clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
    rig = await startRig({ patients: 12, clinic: clinic.folder });
    client = await rig.client("care-summary-agent");
    agent = new Attacker(rig, await rig.token("care-summary-agent"), await protectedValues(rig));
    await client.query(`CREATE TABLE \`${PROJECT}.workspace.notes\` (id INT64, word STRING, tags ARRAY<STRING>)`);
    table = client.dataset("workspace").table("notes");
  });
  after(async () => {
    agent.close();
    await rig.close();
    clinic.remove();
  });

  it("table.insert writes them, table.getRows reads them back", async () => {
    await table.insert([
      { id: 1, word: "a", tags: ["x"] },
      { id: 2, word: "b" },
    ]);
    const [rows] = await table.getRows();
    assert.deepEqual(
      rows.map(({ id, word, tags }) => [id, word, tags]),
      [
        [1, "a", ["x"]],
        [2, "b", []],
      ],
    );
  });

  it("sent twice under the same insertIds they are written once", async () => {
    const rows = [{ insertId: "one", json: { id: 10, word: "once" } }];
    const path = `/bigquery/v2/projects/${PROJECT}/datasets/workspace/tables/notes/insertAll`;
    for (let n = 0; n < 3; n++)
      assert.equal(
        (await agent.send("POST", path, { body: { rows } })).body,
        '{"kind":"bigquery#tableDataInsertAllResponse"}',
      );
    const [found] = await client.query(`SELECT id FROM \`${PROJECT}.workspace.notes\` WHERE id = 10`);
    assert.equal(found.length, 1);
    const other = [{ insertId: "one", json: { id: 11, word: "other" } }];
    assertRefused(await agent.send("POST", path, { body: { rows: other } }), 400);
  });

  it("sent from many sides at once are all written, each once", async () => {
    await Promise.all(Array.from({ length: 5 }, (_, n) => table.insert([{ id: 100 + n, word: "side" }])));
    const [rows] = await client.query(`SELECT id FROM \`${PROJECT}.workspace.notes\` WHERE word = 'side' ORDER BY id`);
    assert.deepEqual(
      rows.map(({ id }) => id),
      [100, 101, 102, 103, 104],
    );
  });

  it("of which one doesn't fit are none written, and the answer holds no value", async () => {
    await assert.rejects(
      table.insert([
        { id: "078-05-1120", word: "z" },
        { id: 3, word: "c" },
      ]),
      (error: Error) => {
        assert.equal(error.name, "PartialFailureError");
        assert.doesNotMatch(JSON.stringify((error as unknown as { response: unknown }).response), /078|1120/);
        return true;
      },
    );
    const [rows] = await client.query(`SELECT id FROM \`${PROJECT}.workspace.notes\` WHERE word = 'c'`);
    assert.equal(rows.length, 0);
    await table
      .insert(
        [
          { id: "bad", word: "z" },
          { id: 3, word: "c" },
        ],
        { skipInvalidRows: true },
      )
      .catch(() => undefined);
    const [some] = await client.query(`SELECT id FROM \`${PROJECT}.workspace.notes\` WHERE word = 'c'`);
    assert.equal(some.length, 1);
  });

  it("of a megabyte keep nobody's request waiting while they are read", async () => {
    const record = Array.from({ length: 8 }, (_, i) => `f${i} STRING`).join(", ");
    await client.query(`CREATE TABLE \`${PROJECT}.workspace.wide\` (r STRUCT<${record}>)`);
    // More than one statement takes: nothing goes on to BigQuery, so what takes its time is reading the rows.
    const body = JSON.stringify({ rows: Array.from({ length: 50_000 }, () => ({ json: { r: {} } })) });
    const headers = { authorization: `Bearer ${agent.token}`, "content-type": "application/json" };
    let took = 0;
    const begun = performance.now();
    const sent = fetch(`${rig.url}/bigquery/v2/projects/${PROJECT}/datasets/workspace/tables/wide/insertAll`, {
      method: "POST",
      headers,
      body,
    }).finally(() => {
      took = performance.now() - begun;
    });
    let longest = 0;
    while (took === 0) {
      const asked = performance.now();
      assert.equal((await fetch(`${rig.url}/healthz`)).status, 200);
      longest = Math.max(longest, performance.now() - asked);
      await sleep(20);
    }
    assert.equal((await sent).status, 413);
    assert.ok(longest < took / 2, `a request waited ${Math.round(longest)} ms of ${Math.round(took)}`);
  });

  it("reach nothing that policy doesn't let the agent write, whatever the request says", async () => {
    const sent = jobsRunUpstream(rig);
    const rows = [{ json: { patient_id: 1, full_name: "x" } }];
    const at = (dataset: string, t: string) =>
      `/bigquery/v2/projects/${PROJECT}/datasets/${dataset}/tables/${t}/insertAll`;
    assertRefused(await agent.send("POST", at("ehr", "patients"), { body: { rows } }), 403);
    assertRefused(
      await agent.send("POST", at("ops", "calendar"), {
        body: { rows: [{ json: { day: "2024-01-01", weekday: "x" } }] },
      }),
      403,
    );
    assertRefused(await agent.send("POST", at("workspace", "nothing"), { body: { rows } }), 404);
    assertRefused(await agent.send("POST", at("_chaperone_results", "anon_x"), { body: { rows } }), 404);
    for (const body of [
      { rows, templateSuffix: "_x" },
      { rows: [] },
      { rows: [{ json: { id: 1 }, more: 1 }] },
      {},
      '{"rows":[{"json":{"id":1}}],"rows":[{"json":{"id":2}}],"x":1}',
      `{"rows":[{"json":${"[".repeat(100_000)}${"]".repeat(100_000)}}]}`,
      `{"rows":[{"json":{"word":"${"x".repeat(2_000_000)}"}}]}`,
    ])
      assertRefused(await agent.send("POST", at("workspace", "notes"), { body }));
    assert.equal(jobsRunUpstream(rig), sent);
  });

  it("that a person would have to see are not written, then or later", async () => {
    clinic.policy("workspace.cedar", () => rule("privacy-officers"));
    await rig.restart();
    const path = `/bigquery/v2/projects/${PROJECT}/datasets/workspace/tables/notes/insertAll`;
    const answer = await agent.send("POST", path, { body: { rows: [{ json: { id: 99, word: "held" } }] } });
    assertRefused(answer, 403);
    assert.match(answer.body, /A person must agree to this, and this call can't wait/);
    const { approvals } = await rig.person("dana.officer").get<{ approvals: unknown[] }>("approvals?state=pending");
    assert.deepEqual(approvals, []);
    clinic.policy("workspace.cedar", () => rule("none"));
    await rig.restart();
    const [rows] = await client.query(`SELECT id FROM \`${PROJECT}.workspace.notes\` WHERE id = 99`);
    assert.equal(rows.length, 0);
  });

  it("are nowhere on disk in the clear, and the ledger knows who wrote", async () => {
    await table.insert([{ id: 5, word: "unmistakablecanaryword" }]);
    assert.deepEqual(findInFolder("unmistakablecanaryword", rig.state), []);
  });
});
