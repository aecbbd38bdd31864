import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Asker, askerFor } from "./ask.ts";
import { startWarehouse, type Warehouse } from "./warehouse.ts";

let warehouse: Warehouse;
let asker: Asker;

before(async () => {
  warehouse = await startWarehouse({ empty: true, projects: ["p"] });
  asker = askerFor(warehouse, "p", "d");
  const fields = [
    { name: "day", type: "DATE" as const },
    { name: "shop", type: "STRING" as const },
    { name: "sold", type: "INTEGER" as const },
  ];
  const rows = [1, 2, 3].flatMap((day) => [
    { day: `2020-01-0${day}`, shop: "a", sold: day },
    { day: `2020-01-0${day}`, shop: "b", sold: 10 * day },
  ]);
  await warehouse.loadTable(
    { tableReference: { projectId: "p", datasetId: "d", tableId: "sales" }, schema: { fields } },
    rows,
  );
});
after(() => warehouse.close());

test("AI.FORECAST gives of each series its mean, between its bounds, for the days behind its last", async () => {
  const sql = `SELECT r.\`shop\`, r.forecast_timestamp, r.forecast_value, r.confidence_level, r.prediction_interval_lower_bound,
    r.prediction_interval_upper_bound, r.ai_forecast_status FROM AI.FORECAST(TABLE sales, \`data_col\` => 'sold', timestamp_col => 'day',
    id_cols => ['shop'], horizon => 2, confidence_level => 0.8) AS r ORDER BY shop, forecast_timestamp`;
  assert.deepEqual(await asker.columns(sql), [
    "shop STRING",
    "forecast_timestamp TIMESTAMP",
    "forecast_value FLOAT",
    "confidence_level FLOAT",
    "prediction_interval_lower_bound FLOAT",
    "prediction_interval_upper_bound FLOAT",
    "ai_forecast_status STRING",
  ]);
  const rows = (await asker.rows(sql)) as string[][];
  assert.deepEqual(
    rows.map(([shop, at, ...more]) => [shop, new Date(Number(at) * 1000).toISOString().slice(0, 10), ...more]),
    [
      ["a", "2020-01-04", "2.0", "0.8", "1.0", "3.0", ""],
      ["a", "2020-01-05", "2.0", "0.8", "1.0", "3.0", ""],
      ["b", "2020-01-04", "20.0", "0.8", "10.0", "30.0", ""],
      ["b", "2020-01-05", "20.0", "0.8", "10.0", "30.0", ""],
    ],
  );
  const ofAll = `SELECT COUNT(*) AS n, MAX(forecast_value) AS v FROM AI.FORECAST((SELECT sold, day FROM sales WHERE shop = 'b'),
    data_col => 'sold', timestamp_col => 'day')`;
  assert.deepEqual(await asker.rows(ofAll), [["10", "20.0"]]);
});

test("what AI.FORECAST isn't here is refused by name", async () => {
  const sql =
    "SELECT * FROM AI.FORECAST(TABLE sales, data_col => 'sold', timestamp_col => 'day', context_window => 64)";
  assert.match((await asker.error(sql)) ?? "was taken", /AI.FORECAST with these arguments is not supported/);
});
