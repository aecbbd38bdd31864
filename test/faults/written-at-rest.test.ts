/** What an agent writes, in whatever form, is a literal of its own: sealed at rest, and in no report (I5). Beside at-rest.test.ts, which reads. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Access } from "../../packages/gateway/src/index.ts";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { storageClient, tableName } from "../storage-client.ts";
import { filesBelow, findCanary } from "./find-canary.ts";

const ANYTHING = `@id("workspace-anything")
@approval("none")
permit (principal in Group::"clinical-agents", action, resource in Dataset::"demo-clinic.workspace");
`;
const MARK = `zq${randomBytes(6).toString("hex")}`;
const T = `\`${PROJECT}.workspace.t\``;
const reference = { projectId: PROJECT, datasetId: "workspace", tableId: "t" };

/** Statements that run, in order, each with the mark in all its literals. */
const STATEMENTS: readonly string[] = [
  `CREATE TABLE ${T} (s STRING, id INT64)`,
  `CREATE TABLE \`${PROJECT}.workspace.made\` AS SELECT '${MARK}' AS s`,
  `INSERT INTO ${T} (s, id) VALUES ('${MARK}', 2), (r"${MARK}", 3), ('''${MARK}''', 4)`,
  `UPDATE ${T} SET s = CONCAT('${MARK}', s) WHERE s LIKE '%${MARK}'`,
  `DELETE FROM ${T} WHERE s IN ('${MARK}', 'x')`,
  `MERGE ${T} t USING (SELECT '${MARK}' AS s) u ON t.s = u.s WHEN NOT MATCHED THEN INSERT (s, id) VALUES (u.s, 5)`,
  `CREATE VIEW \`${PROJECT}.workspace.v\` AS SELECT id FROM ${T} WHERE s = '${MARK}'`,
  `SELECT id, '${MARK}' AS x FROM \`${PROJECT}.workspace.v\``,
  `CREATE FUNCTION \`${PROJECT}.workspace.f\`(x STRING) RETURNS STRING AS (CONCAT(x, '${MARK}'))`,
  `CREATE FUNCTION \`${PROJECT}.workspace.g\`(x STRING) RETURNS STRING AS (x) OPTIONS (description = '${MARK}')`,
  `SELECT \`${PROJECT}.workspace.f\`('${MARK}') AS x`,
  `CREATE TABLE FUNCTION \`${PROJECT}.workspace.tf\`(x STRING) AS SELECT id FROM ${T} WHERE s = '${MARK}' OR s = x`,
  `CREATE PROCEDURE \`${PROJECT}.workspace.p\`(x STRING) BEGIN SELECT '${MARK}'; END`,
  `CREATE TEMP FUNCTION h(x STRING) AS (CONCAT(x, '${MARK}')); SELECT h('${MARK}') AS y`,
  `DECLARE x STRING DEFAULT '${MARK}'; SET x = '${MARK}'; SELECT x AS y`,
  `SELECT JSON_VALUE(JSON '{"a": "${MARK}"}', '$.${MARK}') AS x`,
  `SELECT 1 AS x /* ${MARK} */ -- ${MARK}`,
];

describe("no PHI at rest (I5): what agents write", () => {
  let rig: Rig;
  let clinic: ClinicCopy;
  let token: string;
  before(async () => {
    clinic = copyClinic();
    clinic.policy("workspace.cedar", () => ANYTHING);
    clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
    rig = await startRig({ patients: 5, clinic: clinic.folder });
    token = await rig.token("care-summary-agent");
  });
  after(async () => {
    await rig.close();
    clinic.remove();
  });

  async function send(method: string, path: string, body: unknown, type = "application/json"): Promise<string> {
    const address = `${rig.url}${path.startsWith("/") ? path : `/bigquery/v2/projects/${PROJECT}/${path}`}`;
    const answer = await fetch(address, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": type },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return `${answer.status} ${await answer.text()}`;
  }
  /** Sends a load job, and waits for its end: what it writes is its own until then. */
  async function load(sourceFormat: string, media: string): Promise<string> {
    const configuration = JSON.stringify({ configuration: { load: { destinationTable: reference, sourceFormat } } });
    const parts = [
      ["application/json", configuration],
      ["application/octet-stream", media],
    ].map(([kind, part]) => `--b\r\ncontent-type: ${kind}\r\n\r\n${part}\r\n`);
    const path = `/upload/bigquery/v2/projects/${PROJECT}/jobs?uploadType=multipart`;
    const answer = await send("POST", path, `${parts.join("")}--b--\r\n`, "multipart/related; boundary=b");
    const [, job] = /"jobId":"([^"]+)"/.exec(answer) ?? [];
    for (let state = job === undefined ? "DONE" : ""; state !== "DONE"; await sleep(20)) {
      const now = await fetch(`${rig.url}/bigquery/v2/projects/${PROJECT}/jobs/${job}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      state = ((await now.json()) as { status: { state: string } }).status.state;
    }
    return answer;
  }

  it("by statements", async () => {
    for (const query of STATEMENTS) {
      const answer = await send("POST", "queries", { query, useLegacySql: false, timeoutMs: 10_000 });
      assert.match(answer, /^200 .*"jobComplete":true/, query);
    }
  });

  it("by rows, uploads and definitions, taken and refused", async () => {
    const rows = (...given: object[]) => send("POST", "datasets/workspace/tables/t/insertAll", { rows: given });
    assert.match(await rows({ insertId: MARK, json: { s: MARK, id: 6 } }), /^200 (?!.*insertErrors)/);
    assert.match(await rows({ json: { [MARK]: "x", id: MARK } }), /insertErrors/);
    assert.match(await rows({ json: { s: "x", id: MARK } }), /insertErrors/);
    assert.match(await load("CSV", `${MARK},7\n`), /^200 /);
    assert.match(await load("CSV", `x,${MARK}\n`), /^400 /);
    assert.match(await load("NEWLINE_DELIMITED_JSON", `{"s": "${MARK}", "id": 8}\n`), /^200 /);
    assert.match(await load("NEWLINE_DELIMITED_JSON", `{"${MARK}": "${MARK}"`), /^400 /);
    const view = { query: `SELECT id FROM ${T} WHERE s = '${MARK}'`, useLegacySql: false };
    const made = { tableReference: { ...reference, tableId: "w" }, view };
    assert.match(await send("POST", "datasets/workspace/tables", made), /^200 /);
    const routine = {
      routineReference: { projectId: PROJECT, datasetId: "workspace", routineId: "r" },
      ...{ routineType: "SCALAR_FUNCTION", language: "SQL", description: MARK },
      ...{ arguments: [{ name: "x", dataType: { typeKind: "STRING" } }], returnType: { typeKind: "STRING" } },
      definitionBody: `CONCAT(x, '${MARK}')`,
    };
    assert.match(await send("POST", "datasets/workspace/routines", routine), /^200 /);
    const policy = {
      rowAccessPolicyReference: { ...reference, policyId: "p" },
      ...{ filterPredicate: `s = '${MARK}'`, grantees: [`user:${MARK}@clinic.example`] },
    };
    assert.match(await send("POST", "datasets/workspace/tables/t/rowAccessPolicies", policy), /^403 /);
    assert.match(await send("PATCH", "datasets/workspace/tables/t", { description: MARK }), /^403 /);
  });

  it("by the Storage Read API's restrictions", async () => {
    const client = await storageClient(rig, "care-summary-agent");
    try {
      const restricted = (rowRestriction: string) => client.open(tableName("workspace.t"), { rowRestriction });
      await client.read(await restricted(`s = '${MARK}' AND id > 1`));
      await assert.rejects(restricted(`s = '${MARK}`));
      await assert.rejects(restricted(`s < > '${MARK}'`));
    } finally {
      await client.close();
    }
  });

  it("left nothing in the state directory, nor in a report", async () => {
    for (const file of filesBelow(rig.state)) assert.deepEqual(findCanary(MARK, readFileSync(file)), [], file);
    const avery = rig.person("avery.auditor");
    const { accesses, more } = await avery.get<{ accesses: Access[]; more: boolean }>("sessions");
    assert.ok(!more && accesses.length > STATEMENTS.length);
    for (const { session } of accesses) {
      const replayed = JSON.stringify(await avery.get(`sessions/${session}/replay`));
      assert.deepEqual(findCanary(MARK, Buffer.from(replayed)), [], replayed);
    }
    assert.ok(accesses.some(({ sql }) => sql.includes("INSERT INTO")));
  });
});
