/**
 * Threat-model row 25 for a model that nobody trained: AI.FORECAST of the record, for an agent that may ask it and keep what it says. A forecast of a
 * series of one patient is that patient, whatever it is called.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { Attacker, assertHidden, assertQueryRefused, withPatients } from "./attacker.ts";
import { protectedValues } from "./protected-values.ts";

/** Nothing of the record is shown but statistics, and the examples' policies forbid to infer by identifiers. */
const READ = `
@id("kept")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"define", Action::"write"], resource in Dataset::"${PROJECT}.workspace");

@id("read-nothing")
@mask("null")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"read", Action::"infer"], resource);

@id("statistics-shown")
@mask("none")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"aggregate", resource);
`;

const ASK = `
@id("forecasts")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"reach", resource in Table::"${PROJECT}.@ai.FORECAST");
`;

const OF_BALANCE = "data_col => 'balance', timestamp_col => 'day'";
const ONE = "SELECT balance, DATE '2020-01-01' AS day, race FROM p LIMIT 1";
const forecast = (rows: string, more = "") => `AI.FORECAST((${rows}), ${OF_BALANCE}${more})`;

describe("an agent that asks for forecasts", () => {
  let clinic: ClinicCopy;
  let rig: Rig;
  let agent: Attacker;
  const begin = (policies: string) => async () => {
    clinic = copyClinic();
    clinic.policy("workspace.cedar", () => policies);
    clinic.policy("clinical.cedar", () => "");
    clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
    rig = await startRig({ patients: 30, clinic: clinic.folder });
    agent = new Attacker(rig, await rig.token("care-summary-agent"), await protectedValues(rig));
  };
  const end = async () => {
    agent.close();
    await rig.close();
    clinic.remove();
  };
  const workspace = { defaultDataset: { datasetId: "workspace" } };
  const refused = async (sql: string) => (await assertQueryRefused(rig, agent, withPatients(sql), workspace)).last.body;
  const hidden = (sql: string, ...columns: string[]) => assertHidden(agent, withPatients(sql), columns, workspace);

  describe("without a permit that names them", () => {
    before(begin(READ));
    after(end);

    it("row 25: is refused", async () => {
      assert.match(
        await refused(`SELECT forecast_value AS x FROM ${forecast(ONE)}`),
        /reach of demo-clinic\.@ai\.FORECAST/,
      );
    });
  });

  describe("with one", () => {
    before(begin(READ + ASK));
    after(end);

    it("row 25: a forecast is hidden as what it is made of, and so is all beside it", async () => {
      const loot = await hidden(
        `SELECT * FROM ${forecast(ONE, ", id_cols => ['race'], horizon => 2, confidence_level => 0.5")}`,
        ...["race", "forecast_value", "confidence_level", "ai_forecast_status"],
        ...["prediction_interval_lower_bound", "prediction_interval_upper_bound"],
      );
      assert.equal(loot.rows?.length, 2);
      await hidden(
        "SELECT forecast_timestamp AS harmless FROM AI.FORECAST((SELECT balance, created_at FROM p), data_col => 'balance', timestamp_col => 'created_at')",
        "harmless",
      );
      await hidden(`SELECT f.prediction_interval_upper_bound + 1 AS harmless FROM ${forecast(ONE)} AS f`, "harmless");
      await hidden(`SELECT (SELECT MAX(forecast_value) FROM ${forecast(ONE)}) AS harmless`, "harmless");
      // The agent's own figures are its own.
      const own = await agent.attack(
        "SELECT forecast_value AS x FROM AI.FORECAST((SELECT 3.0 AS balance, DATE '2020-01-01' AS day), data_col => 'balance', timestamp_col => 'day', horizon => 1)",
      );
      assert.deepEqual(own.rows, [{ f: [{ v: "3.0" }] }]);
    });

    it("row 25: as many rows as it likes make no statistic of one patient", async () => {
      const shown = await agent.attack(withPatients("SELECT AVG(balance) AS x FROM p"));
      assert.equal(typeof shown.rows?.[0]?.f[0]?.v, "string");
      // No LIMIT tells that they are few.
      const many = forecast(ONE.replace("LIMIT 1", "WHERE height_cm > 180"), ", horizon => 500");
      await hidden(`SELECT AVG(forecast_value) AS x FROM ${many}`, "x");
      await hidden(`SELECT APPROX_QUANTILES(forecast_value, 2)[OFFSET(1)] AS x FROM ${many}`, "x");
    });

    it("row 25: an identifier under a setting's name is inferred by, and no policy here lets it", async () => {
      for (const sql of [
        "SELECT forecast_value AS x FROM AI.FORECAST((SELECT SAFE_CAST(REPLACE(ssn, '-', '') AS INT64) AS balance, created_at AS day FROM p), data_col => 'balance', timestamp_col => 'day')",
        `SELECT forecast_value AS x FROM ${forecast("SELECT balance, created_at AS day, ssn AS who FROM p", ", id_cols => ['who']")}`,
        `SELECT forecast_value AS x FROM ${forecast("SELECT balance, created_at AS day FROM p WHERE ssn > '5'")}`,
        `SELECT 1 AS hit FROM ${forecast("SELECT balance, created_at AS day FROM p ORDER BY ssn LIMIT 1")} WHERE forecast_value > 5`,
      ])
        assert.match(await refused(sql), /infer of demo-clinic\.ehr\.patients\.ssn/, sql);
    });

    it("row 25: which columns it reads stands in the text, or it is refused", async () => {
      const rows = "SELECT balance, created_at AS day, ssn FROM p";
      for (const [call, message] of [
        [`AI.FORECAST((${rows}), data_col => CONCAT('bal', 'ance'), timestamp_col => 'day')`, /as a string literal/],
        [`AI.FORECAST((${rows}), data_col => 'balance', timestamp_col => 'day', id_cols => SPLIT('ssn'))`, /array of/],
        [forecast(rows, ", output_historical_time_series => 1 = 1"), /as TRUE or FALSE/],
        [forecast(rows, ", model => 'TimesFM 3.0'"), /as model/],
        [forecast(rows, ", past_covariates => ['ssn']"), /one it doesn't know/],
      ] as const)
        assert.match(await refused(`SELECT forecast_value AS x FROM ${call}`), message);
    });

    it("row 25: a table or a view made of forecasts has the record's classes", async () => {
      const made = `SELECT forecast_value AS plain FROM ${forecast(ONE)}`;
      for (const statement of [`CREATE TABLE kept AS ${made}`, `CREATE VIEW seen AS ${made.replace("p LIMIT 1", "p")}`])
        assert.equal((await agent.attack(withPatients(statement), workspace)).session?.state, "done", statement);
      await hidden("SELECT plain FROM kept", "plain");
      await hidden("SELECT plain FROM seen", "plain");
    });
  });
});
