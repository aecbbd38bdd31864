/** Routines and models by calls of their own, and tables.patch: by the Node client, and by an agent that wants more than it may. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { BigQuery } from "@google-cloud/bigquery";
import { Attacker, assertRefused, jobsRunUpstream } from "../adversarial/attacker.ts";
import { protectedValues } from "../adversarial/protected-values.ts";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const RULES = `
@id("workspace-anything")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"read", Action::"write", Action::"infer", Action::"aggregate", Action::"describe"], resource in Dataset::"demo-clinic.workspace");
@id("workspace-routines")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"define", resource in Dataset::"demo-clinic.workspace");
@id("workspace-labels")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"administer", resource in Table::"demo-clinic.workspace.labelled");
`;
const DATASETS = `/bigquery/v2/projects/${PROJECT}/datasets`;
const WORKSPACE = `${DATASETS}/workspace`;
const INT64 = { typeKind: "INT64" } as const;

describe("routines, models and changes of tables by calls of their own", () => {
  let rig: Rig;
  let clinic: ClinicCopy;
  let client: BigQuery;
  let agent: Attacker;
  let other: Attacker;
  before(async () => {
    clinic = copyClinic();
    clinic.policy("workspace.cedar", () => RULES);
    clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
    rig = await startRig({ patients: 12, clinic: clinic.folder });
    const secrets = await protectedValues(rig);
    client = await rig.client("care-summary-agent");
    agent = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
    other = new Attacker(rig, await rig.token("research-agent"), secrets);
    for (const name of ["list", "labelled"])
      await client.query(`CREATE TABLE \`${PROJECT}.workspace.${name}\` (id INT64 NOT NULL, \`at\` STRUCT<day DATE>)`);
  });
  after(async () => {
    agent.close();
    other.close();
    await rig.close();
    clinic.remove();
  });

  async function json<T>(who: Attacker, path: string): Promise<T> {
    const { status, body } = await who.send("GET", path);
    assert.equal(status, 200, body);
    return JSON.parse(body) as T;
  }
  const routine = (routineId: string, more: object) => ({ routineReference: { routineId }, ...more });
  const make = (body: object, dataset = "workspace") => agent.send("POST", `${DATASETS}/${dataset}/routines`, { body });
  const patch = (table: string, body: object, dataset = "workspace") =>
    agent.send("PATCH", `${DATASETS}/${dataset}/tables/${table}`, { body });

  it("the Node client makes, lists, reads, replaces, calls and deletes a function", async () => {
    const dataset = client.dataset("workspace");
    const twice = {
      routineType: "SCALAR_FUNCTION",
      language: "SQL",
      arguments: [{ name: "x", dataType: INT64 }],
      returnType: INT64,
      definitionBody: "x * 2 -- twice",
    } satisfies Parameters<typeof dataset.createRoutine>[1];
    await dataset.createRoutine("twice", twice);
    const called = async () => (await client.query("SELECT workspace.twice(4) AS y"))[0];
    assert.deepEqual(await called(), [{ y: 8 }]);
    const [found] = await dataset.getRoutines();
    assert.deepEqual(
      found.map(({ id }) => id),
      ["twice"],
    );
    const [shown] = await dataset.routine("twice").getMetadata();
    assert.deepEqual(shown.arguments, [{ name: "x", dataType: INT64 }]);
    assert.equal("definitionBody" in shown, false);
    const replaced = await agent.send("PUT", `${WORKSPACE}/routines/twice`, {
      body: routine("twice", { ...twice, definitionBody: "x * 3" }),
    });
    assert.equal(replaced.status, 200, replaced.body);
    assert.deepEqual(await called(), [{ y: 12 }]);
    await dataset.routine("twice").delete();
    assert.equal((await agent.send("GET", `${WORKSPACE}/routines/twice`)).status, 404);
  });

  it("a table function is made of its query, and JavaScript's code is one text", async () => {
    const listed = routine("from_id", {
      routineType: "TABLE_VALUED_FUNCTION",
      language: "SQL",
      arguments: [{ name: "least", dataType: INT64 }],
      definitionBody: "SELECT id FROM workspace.list WHERE id > least",
    });
    assert.equal((await make(listed)).status, 200);
    assert.deepEqual((await client.query("SELECT * FROM workspace.from_id(1)"))[0], []);
    const shown = await json<object>(agent, `${WORKSPACE}/routines/from_id`);
    assert.equal("returnTableType" in shown, false, "which may name columns that policy hides");
    assert.equal((await agent.send("DELETE", `${WORKSPACE}/routines/from_id`)).status, 204);
    // The stand-in has no JavaScript: what BigQuery is asked is one literal, whatever the code holds.
    const sent = jobsRunUpstream(rig);
    const code = "return 'a'\\n + \"b\"; ''' `; DROP TABLE workspace.list; --";
    await make(
      routine("code", {
        routineType: "SCALAR_FUNCTION",
        language: "JAVASCRIPT",
        returnType: { typeKind: "STRING" },
        definitionBody: code,
      }),
    );
    assert.equal(jobsRunUpstream(rig), sent);
    assert.equal((await agent.send("GET", `${WORKSPACE}/tables/list`)).status, 200);
  });

  it("the Node client makes, replaces and drops a procedure, which is called", async () => {
    const dataset = client.dataset("workspace");
    const procedure = {
      routineType: "PROCEDURE",
      language: "SQL",
      arguments: [{ name: "x", mode: "IN", dataType: INT64 }],
      definitionBody: "SELECT x * 2 AS y;",
    } satisfies Parameters<typeof dataset.createRoutine>[1];
    await dataset.createRoutine("say", procedure);
    const called = async () => (await client.query("CALL workspace.say(4)"))[0];
    assert.deepEqual(await called(), [{ y: 8 }]);
    const replaced = await agent.send("PUT", `${WORKSPACE}/routines/say`, {
      body: routine("say", { ...procedure, definitionBody: "BEGIN SELECT x * 3 AS y; END" }),
    });
    assert.equal(replaced.status, 200, replaced.body);
    assert.deepEqual(await called(), [{ y: 12 }]);
    // What its statements do is asked of whoever calls it.
    const body = routine("say", { ...procedure, definitionBody: "DROP TABLE ops.calendar;" });
    assert.equal((await agent.send("PUT", `${WORKSPACE}/routines/say`, { body })).status, 200);
    await assert.rejects(called(), /Access denied/);
    assert.equal((await agent.send("DELETE", `${WORKSPACE}/routines/say`)).status, 204);
    assert.equal((await agent.send("GET", `${WORKSPACE}/routines/say`)).status, 404);
  });

  it("rows 9, 29: what is done to datasets and rights to rows is what policy says of the DDL", async () => {
    const sent = jobsRunUpstream(rig);
    const filter = {
      rowAccessPolicyReference: { policyId: "r" },
      filterPredicate: "TRUE",
      grantees: ["allAuthenticatedUsers"],
    };
    const rows = (dataset: string, table: string) => `${DATASETS}/${dataset}/tables/${table}/rowAccessPolicies`;
    for (const [answer, status] of [
      [await agent.send("PATCH", `${DATASETS}/ehr`, { body: { labels: { phi: "false" } } }), 403],
      [await agent.send("PATCH", `${DATASETS}/workspace`, { body: { description: "x" } }), 403],
      [await agent.send("PATCH", `${DATASETS}/absent`, { body: { description: "x" } }), 404],
      [await agent.send("PATCH", `${DATASETS}/workspace`, { body: { access: [] } }), 400],
      [await agent.send("PUT", `${DATASETS}/workspace`, { body: { description: "x" } }), 403],
      [await agent.send("DELETE", `${DATASETS}/ehr?deleteContents=true`), 403],
      [await agent.send("DELETE", `${DATASETS}/workspace`), 403],
      [await agent.send("DELETE", `${DATASETS}/workspace?deleteContents=perhaps`), 400],
      [await other.send("DELETE", `${DATASETS}/absent`), 404],
      [await agent.send("POST", `${DATASETS}/ehr:undelete`), 403],
      [await agent.send("POST", `${DATASETS}/ehr:undelete`, { body: { deletionTime: "2026-01-01T00:00:00Z" } }), 400],
      [await agent.send("POST", rows("ehr", "patients"), { body: filter }), 403],
      [await agent.send("POST", rows("workspace", "list"), { body: filter }), 403],
      [await agent.send("PUT", `${rows("workspace", "list")}/r`, { body: filter }), 403],
      [await agent.send("PUT", `${rows("workspace", "list")}/q`, { body: filter }), 400],
      [await agent.send("DELETE", `${rows("ehr", "patients")}/r`), 403],
      [await agent.send("GET", rows("ehr", "patients")), 403],
    ] as const)
      assertRefused(answer, status);
    // A filter that would tell by failing reads the table, and is refused for that.
    const told = await agent.send("POST", rows("workspace", "labelled"), {
      body: { ...filter, filterPredicate: "EXISTS (SELECT 1 FROM ehr.patients WHERE ssn > '5')" },
    });
    assertRefused(told);
    // Where policy lets it, BigQuery itself is asked; the stand-in has no row access policies.
    const allowed = await agent.send("POST", rows("workspace", "labelled"), { body: filter });
    assert.doesNotMatch(allowed.body, /Access denied/);
    assert.equal(jobsRunUpstream(rig), sent);
  });

  it("names and kinds of routines are policy's `describe`: without it they aren't there", async () => {
    const seen = await json<{ routines: { routineReference: { routineId: string } }[] }>(
      agent,
      `${DATASETS}/ehr/routines`,
    );
    assert.deepEqual(seen.routines.map(({ routineReference }) => routineReference.routineId).sort(), [
      "age_on",
      "encounters_of",
    ]);
    const shown = await agent.send("GET", `${DATASETS}/ehr/routines/encounters_of`);
    assert.equal(shown.status, 200);
    assert.doesNotMatch(shown.body, /SELECT|admitted_at|encounter_id|description/);
    assert.deepEqual(await json(other, `${DATASETS}/ehr/routines`), { routines: [] });
    const hidden = await other.send("GET", `${DATASETS}/ehr/routines/age_on`);
    const absent = await other.send("GET", `${DATASETS}/ehr/routines/absent`);
    assert.deepEqual([hidden.status, hidden.body], [404, absent.body]);
    assert.deepEqual(await json(agent, `${DATASETS}/ehr/models`), { models: [] });
    assert.equal((await agent.send("GET", `${DATASETS}/ehr/models/absent`)).status, 404);
  });

  it("rows 9, 10, 14: what is made, replaced or dropped is what policy says of the DDL", async () => {
    const sent = jobsRunUpstream(rig);
    const scalar = { routineType: "SCALAR_FUNCTION", language: "SQL", definitionBody: "1" };
    for (const answer of [
      await make(routine("f", scalar), "ehr"),
      await make({ ...routine("f", scalar), routineReference: { routineId: "f", datasetId: "ehr" } }),
      await make(routine("f", { ...scalar, definitionBody: "(SELECT MAX(ssn) FROM ehr.patients)" })),
      await make(routine("f", { ...scalar, definitionBody: "1); DROP TABLE ops.calendar; SELECT (1" })),
      await make(routine("f", { ...scalar, definitionBody: "1 */ -- \n" })),
      await make(routine("f`() AS (1); DROP TABLE ops.calendar; --", scalar)),
      await make(routine("f", { ...scalar, arguments: [{ name: "x` INT64", dataType: INT64 }] })),
      await make(routine("f", { ...scalar, returnType: { typeKind: "INT64) AS (1" } })),
      await make(routine("f", { ...scalar, returnType: { ...INT64, arrayElementType: INT64 } })),
      await make(
        routine("f", { ...scalar, returnType: { typeKind: "ARRAY", arrayElementType: INT64, structType: {} } }),
      ),
      await make(routine("f", { ...scalar, returnType: { typeKind: "STRUCT" } })),
      await make(routine("f", { ...scalar, remoteFunctionOptions: { endpoint: "https://evil.example" } })),
      await make(routine("f", { ...scalar, language: "PYTHON" })),
      await make(routine("f", { ...scalar, importedLibraries: ["gs://evil/x.js"] })),
      await make(
        routine("f", { ...scalar, routineType: "PROCEDURE", definitionBody: "SELECT ssn FROM ehr.patients;" }),
      ),
      await make(
        routine("f", { ...scalar, routineType: "PROCEDURE", definitionBody: "END; DROP TABLE ops.calendar; BEGIN" }),
      ),
      await make(
        routine("f", {
          routineType: "TABLE_VALUED_FUNCTION",
          language: "SQL",
          definitionBody: "SELECT ssn FROM ehr.patients",
        }),
      ),
      await agent.send("DELETE", `${DATASETS}/ehr/routines/age_on`),
      await agent.send("PUT", `${DATASETS}/ehr/routines/age_on`, { body: routine("age_on", scalar) }),
      await agent.send("PUT", `${WORKSPACE}/routines/absent`, { body: routine("absent", scalar) }),
      await agent.send("PUT", `${WORKSPACE}/routines/a`, { body: routine("b", scalar) }),
      await other.send("DELETE", `${DATASETS}/ehr/routines/age_on`),
      await agent.send("DELETE", `${DATASETS}/ehr/models/absent`),
      await agent.send("PATCH", `${DATASETS}/ehr/models/absent`, { body: { description: "x" } }),
    ])
      assertRefused(answer);
    assert.equal(jobsRunUpstream(rig), sent);
  });

  it("tables.patch adds columns, whose rows are as before", async () => {
    await client.query("INSERT INTO workspace.list (id) VALUES (1)");
    const table = client.dataset("workspace").table("list");
    const [{ schema }] = await table.getMetadata();
    const fields = [
      ...schema.fields,
      { name: "word", type: "STRING" },
      { name: "tags", type: "STRING", mode: "REPEATED" },
    ];
    const [patched] = await table.setMetadata({ schema: { fields } });
    assert.deepEqual(
      patched.schema.fields.map(({ name, mode }: { name: string; mode: string }) => [name, mode]),
      [
        ["id", "REQUIRED"],
        ["at", "NULLABLE"],
        ["word", "NULLABLE"],
        ["tags", "REPEATED"],
      ],
    );
    assert.deepEqual((await client.query("SELECT id, word, tags FROM workspace.list"))[0], [
      { id: 1, word: null, tags: [] },
    ]);
  });

  it("tables.patch sets a description, name, end and labels, where policy lets it administer them", async () => {
    const patched = await patch("labelled", {
      description: "It's \\ 'odd'\n--",
      friendlyName: "Labelled",
      labels: { team: "care" },
      expirationTime: String(Date.now() + 86_400_000),
    });
    assert.equal(patched.status, 200, patched.body);
    assert.doesNotMatch(patched.body, /odd|care/);
    const upstream = await fetch(`${rig.warehouse.url}${WORKSPACE}/tables/labelled`);
    const table = (await upstream.json()) as { description: string; labels: object };
    assert.deepEqual([table.description, table.labels], ["It's \\ 'odd'\n--", { team: "care" }]);
    assert.equal((await patch("labelled", { labels: { team: null, unit: "icu" } })).status, 200);
    const dropped = await patch("labelled", { labels: { other: "x" } });
    assertRefused(dropped, 400);
    assert.match(dropped.body, /doesn't name/);
    assert.doesNotMatch(dropped.body, /icu|unit/);
    // By people, past the gateway, which has just looked at the table.
    const labelling = await fetch(`${rig.warehouse.url}/bigquery/v2/projects/${PROJECT}/queries`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        query: `ALTER TABLE \`${PROJECT}.workspace.labelled\` SET OPTIONS (labels = [('unit', 'icu'), ('phi', 'true')])`,
        useLegacySql: false,
      }),
    });
    assert.equal(labelling.status, 200, await labelling.text());
    const unseen = await patch("labelled", { labels: { unit: "er" } });
    assertRefused(unseen, 400);
    assert.match(unseen.body, /doesn't name/);
  });

  it("rows 9, 29, 35: tables.patch gives no class away, and tells of labels nobody who may not set them", async () => {
    const sent = jobsRunUpstream(rig);
    const view = (await json<{ schema: { fields: object[] } }>(agent, `${WORKSPACE}/tables/labelled`)).schema.fields;
    const refused = [
      await patch("list", { labels: { phi: "false" } }),
      await patch("list", { description: "public" }),
      await patch("patients", { labels: { phi: "false" } }, "ehr"),
      await patch("patient_encounters", { labels: { any: "x" } }, "ehr"),
      await patch("patients", { description: "x" }, "ehr"),
      await patch("patients", { expirationTime: "1" }, "ehr"),
      await patch("labelled", { schema: { fields: view.slice(1) } }),
      await patch("labelled", { schema: { fields: [...view, { name: "x", type: "STRING", mode: "REQUIRED" }] } }),
      await patch("labelled", {
        schema: { fields: [...view, { name: "x` STRING, DROP COLUMN `id", type: "STRING" }] },
      }),
      await patch("labelled", {
        schema: { fields: [...view, { name: "x", type: "STRING", policyTags: { names: [] } }] },
      }),
      await patch("labelled", {
        schema: { fields: [view[0], { name: "at", type: "RECORD", fields: [{ name: "day", type: "STRING" }] }] },
      }),
      await patch("labelled", { schema: { fields: [...view, { name: "x", type: "STRING" }] }, description: "x" }),
      await patch("labelled", { view: { query: "SELECT ssn FROM ehr.patients" } }),
      await patch("labelled", { encryptionConfiguration: { kmsKeyName: "x" } }),
      await patch("labelled", { labels: { "A'": "x" } }),
      await patch("labelled", {}),
      await patch("labelled", { tableReference: { tableId: "list" }, description: "x" }),
      await patch("absent", { description: "x" }),
      await agent.send("PATCH", `${WORKSPACE}/tables/labelled`, {
        body: { description: "x" },
        headers: { "if-match": "a" },
      }),
      await agent.send("PUT", `${WORKSPACE}/tables/labelled`, { body: { description: "x" } }),
      await other.send("PATCH", `${WORKSPACE}/tables/labelled`, { body: { description: "x" } }),
    ];
    for (const answer of refused) assertRefused(answer);
    assert.doesNotMatch(refused[3]?.body ?? "", /doesn't name/, "that it has other labels");
    assert.equal(jobsRunUpstream(rig), sent);
  });
});
