/**
 * Threat-model row 25 on models that are really trained, for an agent that may make them, ask them and keep what they say: what a model learnt of the
 * record is masked as the record is, by whatever function, table or view it comes back.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import {
  Attacker,
  approve,
  assertHidden,
  assertQueryRefused,
  jobsRunUpstream,
  type Loot,
  sessionOfJob,
  withPatients,
} from "./attacker.ts";
import { protectedValues } from "./protected-values.ts";

/** Training, asking and keeping need no person. What comes from the record is NULL, and the examples' policies forbid to infer by identifiers. */
const OPEN = `
@id("models-made")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"define", Action::"write"], resource in Dataset::"demo-clinic.workspace");

@id("models-known")
permit (principal in Group::"clinical-agents", action == Action::"describe", resource in Dataset::"demo-clinic.workspace");

@id("models-asked")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"reach", resource in Dataset::"demo-clinic.workspace")
unless { resource in Table::"demo-clinic.workspace.held" };

@id("models-asked-of-people")
permit (principal in Group::"clinical-agents", action == Action::"reach", resource in Table::"demo-clinic.workspace.held");

@id("read-nothing")
@mask("null")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"read", Action::"infer", Action::"aggregate"], resource)
unless { resource in Table::"demo-clinic.workspace.public" };

@id("public-shown")
@mask("none")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"read", Action::"infer"], resource in Table::"demo-clinic.workspace.public");
`;

const DECLARED = `
    tables:
      public:
        columns:
          "*": public
`;

const made = (name: string, query: string, label = "balance") =>
  `CREATE MODEL workspace.${name} OPTIONS (model_type = 'linear_reg', input_label_cols = ['${label}']) AS ${query}`;

describe("an agent that may train models", () => {
  let clinic: ClinicCopy;
  let rig: Rig;
  let agent: Attacker;
  before(async () => {
    clinic = copyClinic();
    clinic.policy("workspace.cedar", () => OPEN);
    clinic.policy("clinical.cedar", () => "");
    clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
    const catalog = join(clinic.folder, "catalog.yaml");
    writeFileSync(
      catalog,
      readFileSync(catalog, "utf8").replace(
        "demo-clinic.workspace:\n    phi: false",
        (entry) => entry + DECLARED.trimEnd(),
      ),
    );
    rig = await startRig({ patients: 30, clinic: clinic.folder });
    agent = new Attacker(rig, await rig.token("care-summary-agent"), await protectedValues(rig));
    await done(made("sums", "SELECT ssn, height_cm, balance FROM p"));
    await done(made("sizes", "SELECT race, height_cm, balance FROM p"));
    await done(made("held", "SELECT height_cm, balance FROM p"));
  });
  after(async () => {
    agent.close();
    await rig.close();
    clinic.remove();
  });

  const workspace = { defaultDataset: { datasetId: "workspace" } };
  async function done(sql: string): Promise<Loot> {
    const loot = await agent.attack(withPatients(sql), workspace);
    assert.equal(loot.session?.state, "done", `${sql}: ${loot.last.body.slice(0, 600)}`);
    return loot;
  }
  const hidden = (sql: string, ...columns: string[]) => assertHidden(agent, withPatients(sql), columns, workspace);
  const refused = async (sql: string) => (await assertQueryRefused(rig, agent, withPatients(sql), workspace)).last.body;
  const travelled = async (name: string) =>
    (
      await rig.gateway.store.db
        .selectFrom("travelled_classes")
        .select("class")
        .where("table", "=", `${PROJECT}.workspace.${name}`)
        .where("path", "=", "*")
        .orderBy("class")
        .execute()
    ).map((row) => row.class);

  it("row 25: what a model was trained on goes into it as classes, before it is trained", async () => {
    const classes = await travelled("sums");
    for (const one of ["phi.ssn", "phi.clinical.billing", "phi.clinical.result"]) assert.ok(classes.includes(one), one);
  });

  it("a list of models asks BigQuery for the list alone, however many there are", async () => {
    const calls = async () => {
      const text = await (await fetch(`${rig.url}/metrics`)).text();
      const of = (call: string) =>
        Number(
          new RegExp(`chaperone_upstream_duration_seconds_count\\{call="${call}"[^}]*\\} (\\d+)`).exec(text)?.[1] ?? 0,
        );
      return { list: of("models.list"), get: of("models.get") };
    };
    const before = await calls();
    const { body } = await agent.send("GET", `/bigquery/v2/projects/${PROJECT}/datasets/workspace/models`);
    const { models } = JSON.parse(body) as { models: { modelReference: { modelId: string } }[] };
    assert.deepEqual(models.map(({ modelReference }) => modelReference.modelId).sort(), ["held", "sizes", "sums"]);
    assert.deepEqual(await calls(), { list: before.list + 1, get: before.get });
  });

  it("row 25: it is asked nothing where policy forbids to infer by an identifier that it was trained on", async () => {
    const guess = "(SELECT '123-45-6789' AS ssn, 170.0 AS height_cm, 1 AS hit)";
    for (const sql of [
      "SELECT * FROM ML.WEIGHTS(MODEL workspace.sums)",
      "SELECT c.category AS harmless FROM ML.WEIGHTS(MODEL workspace.sums) AS w, UNNEST(w.category_weights) AS c",
      "SELECT (SELECT STRING_AGG(processed_input) FROM ML.WEIGHTS(MODEL workspace.sums)) AS s",
      "SELECT 1 AS hit FROM ML.WEIGHTS(MODEL workspace.sums), UNNEST(category_weights) AS c WHERE c.category LIKE '1%'",
      "SELECT IF(weight > 1, ERROR('x'), 1) AS hit FROM ML.WEIGHTS(MODEL workspace.sums)",
      "SELECT * FROM ML.EVALUATE(MODEL workspace.sums)",
      `SELECT hit FROM ML.PREDICT(MODEL workspace.sums, ${guess}) WHERE predicted_balance > 100`,
      `SELECT hit FROM ML.PREDICT(MODEL workspace.sums, ${guess}) ORDER BY predicted_balance LIMIT 1`,
      `SELECT hit FROM ML.PREDICT(MODEL workspace.sums, ${guess})`,
      `CREATE TABLE workspace.t AS SELECT predicted_balance AS x FROM ML.PREDICT(MODEL workspace.sums, ${guess})`,
      `CREATE VIEW workspace.t AS SELECT hit FROM ML.PREDICT(MODEL workspace.sums, ${guess})`,
    ])
      assert.match(await refused(sql), /infer of the results of demo-clinic\.workspace\.sums/, sql);
  });

  it("row 25: its weights, whose categories are values of the record, are hidden", async () => {
    const loot = await hidden("SELECT * FROM ML.WEIGHTS(MODEL workspace.sizes)", "processed_input", "weight");
    assert.doesNotMatch(JSON.stringify(loot.rows), /"v":"/);
    await hidden(
      "SELECT c.category AS harmless FROM ML.WEIGHTS(MODEL workspace.sizes) AS w, UNNEST(w.category_weights) AS c",
      "harmless",
    );
    await hidden("SELECT (SELECT STRING_AGG(processed_input) FROM ML.WEIGHTS(MODEL workspace.sizes)) AS s", "s");
    await hidden("SELECT * FROM ML.EVALUATE(MODEL workspace.sizes)", "r2_score", "mean_absolute_error");
  });

  it("row 25: a prediction is made of its features and of the model, and hidden; what passes through has its own mask", async () => {
    const loot = await hidden(
      "SELECT * FROM ML.PREDICT(MODEL workspace.sizes, (SELECT race, height_cm, ssn, 7 AS mine FROM p))",
      ...["predicted_balance", "ssn", "race", "height_cm"],
    );
    assert.deepEqual(new Set(loot.rows?.map(({ f }) => f[loot.columns.indexOf("mine")]?.v)), new Set(["7"]));
    // Rows that the agent made up ask the model all the same.
    const rows = "(SELECT 'x' AS race, 170.0 AS height_cm)";
    await hidden(`SELECT predicted_balance AS x FROM ML.PREDICT(MODEL workspace.sizes, ${rows})`, "x");
    await hidden(`SELECT MAX(predicted_balance) AS x FROM ML.PREDICT(MODEL workspace.sizes, ${rows})`, "x");
    // Under a feature's name an identifier decides over the prediction, and whether there is one.
    const swapped = "ML.PREDICT(MODEL workspace.sizes, (SELECT ssn AS race, 1.0 AS height_cm FROM p))";
    assert.match(
      await refused(`SELECT predicted_balance AS x FROM ${swapped}`),
      /infer of demo-clinic\.ehr\.patients\.ssn/,
    );
  });

  it("row 25: a table, a view or a model made of what it says has its classes", async () => {
    const said = "ML.PREDICT(MODEL workspace.sizes, (SELECT 'x' AS race, 1.0 AS height_cm))";
    await done(`CREATE TABLE workspace.kept AS SELECT predicted_balance AS plain FROM ${said}`);
    await hidden("SELECT plain FROM workspace.kept", "plain");
    await done(
      "CREATE VIEW workspace.seen AS SELECT processed_input AS plain, category_weights FROM ML.WEIGHTS(MODEL workspace.sizes)",
    );
    const seen = await hidden("SELECT plain, category_weights FROM workspace.seen", "plain");
    assert.doesNotMatch(JSON.stringify(seen.rows), /"v":"/);
    await done(made("distilled", `SELECT 1.0 AS one, predicted_balance AS balance FROM ${said}`));
    assert.deepEqual(await travelled("distilled"), ["phi", ...(await travelled("sizes"))]);
    await hidden("SELECT weight FROM ML.WEIGHTS(MODEL workspace.distilled)", "weight");
  });

  it("row 25: a model that people declared public takes no classes in, and shows what it learnt of what has none", async () => {
    assert.match(
      await refused(made("public", "SELECT ssn, balance FROM p")),
      /model demo-clinic\.workspace\.public: it would hold .*phi\.ssn.*, and is declared public/,
    );
    await done(made("public", "SELECT x, 2 * x AS balance FROM UNNEST([1.0, 2.0, 3.0]) AS x"));
    const loot = await done(
      "SELECT ROUND(predicted_balance) AS n FROM ML.PREDICT(MODEL workspace.public, (SELECT 5.0 AS x))",
    );
    assert.deepEqual(
      loot.rows?.map(({ f }) => Number(f[0]?.v)),
      [10],
    );
    assert.match(
      await refused(made("public", "SELECT ssn, balance FROM p").replace("CREATE", "CREATE OR REPLACE")),
      /it would hold/,
    );
  });

  it("row 25: where policy has a person decide over asking a model, the query waits, and shows under its masks", async () => {
    const sql = withPatients(
      "SELECT predicted_balance AS x, 1 AS mine FROM ML.PREDICT(MODEL workspace.held, (SELECT height_cm FROM p))",
    );
    const before = jobsRunUpstream(rig);
    const started = await agent.query(sql, workspace);
    const { jobReference } = JSON.parse(started.body) as { jobReference: { jobId: string } };
    const session = await sessionOfJob(rig, jobReference.jobId);
    assert.equal(session?.state, "held");
    assert.match((await agent.results(jobReference.jobId, "timeoutMs=0")).body, /"jobComplete":false/);
    assert.equal(jobsRunUpstream(rig), before);
    await approve(rig, session?.id ?? "");
    const { rows } = JSON.parse((await agent.results(jobReference.jobId)).body) as { rows?: { f: { v: unknown }[] }[] };
    assert.equal(rows?.length, 30);
    assert.deepEqual(new Set(rows?.map(({ f }) => JSON.stringify(f.map(({ v }) => v)))), new Set(['[null,"1"]']));
    assert.equal(jobsRunUpstream(rig), before + 1);
  });
});
