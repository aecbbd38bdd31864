import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Asker, askerFor } from "./ask.ts";
import { startWarehouse, type Warehouse } from "./warehouse.ts";

let warehouse: Warehouse;
let asker: Asker;

before(async () => {
  warehouse = await startWarehouse({ empty: true, projects: ["p"] });
  asker = askerFor(warehouse, "p", "d");
  const fields = [
    { name: "size", type: "FLOAT" as const },
    { name: "place", type: "STRING" as const },
    { name: "price", type: "NUMERIC" as const },
    { name: "sold", type: "STRING" as const },
  ];
  // price = 10 + 2 size, and 5 more in the city.
  const rows = [1, 2, 3, 4, 5, 6].map((size) => {
    const place = size % 2 === 0 ? "city" : "land";
    return { size, place, price: 10 + 2 * size + (place === "city" ? 5 : 0), sold: size > 3 ? "yes" : "no" };
  });
  await warehouse.loadTable(
    { tableReference: { projectId: "p", datasetId: "d", tableId: "houses" }, schema: { fields } },
    rows,
  );
});
after(() => warehouse.close());

const LINE = `CREATE OR REPLACE MODEL d.line OPTIONS (\`model_type\` = 'linear_reg', \`input_label_cols\` = ['price']) AS
  SELECT size, place, price FROM houses`;
const numbers = (rows: unknown[], digits = 2) =>
  rows.map((row) => (Array.isArray(row) ? row.map((value) => round(value, digits)) : row));
const round = (value: unknown, digits: number): unknown => {
  const number = typeof value === "string" && value !== "" ? Number(value) : Number.NaN;
  return Number.isNaN(number) ? value : Number(number.toFixed(digits));
};

describe("a linear regression", () => {
  test("is trained by CREATE MODEL, and described by models.get", async () => {
    const dry = await asker.dryRun(LINE);
    assert.deepEqual(
      [dry.statementType, dry.ddlOperationPerformed, dry.referencedTables],
      ["CREATE_MODEL", "CREATE", [{ projectId: "p", datasetId: "d", tableId: "houses" }]],
    );
    assert.match(JSON.stringify(await asker.call("GET", "/datasets/d/models/line")), /Not found: Model p:d.line/);
    await asker.rows(LINE);
    const model = await asker.call("GET", "/datasets/d/models/line");
    assert.deepEqual(
      [model.modelType, model.featureColumns, model.labelColumns],
      [
        "LINEAR_REGRESSION",
        [
          { name: "size", type: { typeKind: "FLOAT64" } },
          { name: "place", type: { typeKind: "STRING" } },
        ],
        [{ name: "price", type: { typeKind: "NUMERIC" } }],
      ],
    );
    const { models } = await asker.call("GET", "/datasets/d/models");
    assert.ok(Array.isArray(models) && models.length === 1);
    assert.match((await asker.error(LINE.replace("OR REPLACE ", ""))) ?? "", /Already Exists: Model p:d.line/);
  });

  test("predicts what its line says, also of rows that it never saw", async () => {
    const rows = "SELECT 10.0 AS size, 'city' AS place, 7 AS id UNION ALL SELECT NULL, 'moon', 8";
    const predict = `SELECT predicted_price, id FROM ML.PREDICT(MODEL d.line, (${rows})) ORDER BY id`;
    assert.deepEqual(await asker.columns(predict), ["predicted_price FLOAT", "id INTEGER"]);
    const [[city = 0], [moon = 0]] = numbers(await asker.rows(predict)) as [[number], [number]];
    assert.equal(city, 35);
    // The mean size, and no place.
    assert.ok(moon > 10 && moon < 35);
    const named = "SELECT p.size FROM ML.PREDICT(MODEL d.line, TABLE houses) AS p WHERE p.predicted_price > 26";
    assert.deepEqual(await asker.rows(named), [["6.0"]]);
    assert.match((await asker.error("SELECT * FROM ML.PREDICT(MODEL d.none, TABLE houses)")) ?? "", /Not found: Model/);
  });

  test("shows its weights: a category is a value that it was trained on", async () => {
    const weights = "SELECT processed_input, weight, category_weights FROM ML.WEIGHTS(MODEL d.line)";
    assert.deepEqual(await asker.columns(weights), [
      "processed_input STRING",
      "weight FLOAT",
      "category_weights RECORD[]",
    ]);
    const [size, place, intercept] = (await asker.rows(weights)) as [string, string | null, string[][]][];
    assert.deepEqual([size?.[0], round(size?.[1], 2), size?.[2]], ["size", 2, []]);
    assert.deepEqual(
      [place?.[0], place?.[1], place?.[2].map(([category]) => category)],
      ["place", null, ["city", "land"]],
    );
    assert.deepEqual([intercept?.[0], intercept?.[2]], ["__INTERCEPT__", []]);
  });

  test("evaluates rows, or what it was trained on", async () => {
    const evaluate = (rows: string) => `SELECT mean_absolute_error, r2_score FROM ML.EVALUATE(MODEL d.line${rows})`;
    assert.deepEqual(numbers(await asker.rows(evaluate(", TABLE houses"))), [[0, 1]]);
    assert.deepEqual(numbers(await asker.rows(evaluate(""))), [[0, 1]]);
    const off = ", (SELECT size, place, price + 3 AS price FROM houses)";
    assert.deepEqual(
      (numbers(await asker.rows(evaluate(off))) as unknown[][]).map((row) => row.slice(0, 1)),
      [[3]],
    );
  });

  test("is dropped", async () => {
    await asker.rows(LINE.replace("d.line", "d.gone"));
    await asker.rows("DROP MODEL d.gone");
    assert.match((await asker.error("DROP MODEL d.gone")) ?? "", /Not found: Model p:d.gone/);
    assert.equal((await asker.dryRun("DROP MODEL IF EXISTS d.gone")).ddlOperationPerformed, "SKIP");
  });
});

describe("a logistic regression", () => {
  test("gives the likelier label and the share of each", async () => {
    await asker.rows(`CREATE MODEL d.sale OPTIONS (model_type = 'logistic_reg', input_label_cols = ['sold']) AS
      SELECT size, sold FROM houses`);
    const predict = (settings: string) =>
      `SELECT predicted_sold, predicted_sold_probs FROM ML.PREDICT(MODEL d.sale, (SELECT 2.0 AS size UNION ALL SELECT 5.0)${settings})`;
    assert.deepEqual(await asker.columns(predict("")), ["predicted_sold STRING", "predicted_sold_probs RECORD[]"]);
    const rows = (await asker.rows(predict(""))) as [string, [string, string][]][];
    assert.deepEqual(
      rows.map(([label]) => label),
      ["no", "yes"],
    );
    for (const [, shares] of rows) {
      assert.deepEqual(
        shares.map(([label]) => label),
        ["yes", "no"],
      );
      assert.ok(Math.abs(shares.reduce((sum, [, share]) => sum + Number(share), 0) - 1) < 1e-9);
    }
    const never = (await asker.rows(predict(", STRUCT(1.0 AS threshold)"))) as [string][];
    assert.deepEqual(
      never.map(([label]) => label),
      ["no", "no"],
    );
  });
});

test("what isn't trained here is refused by name", async () => {
  const create = (options: string, query: string) => `CREATE MODEL d.m OPTIONS (${options}) AS ${query}`;
  for (const [sql, message] of [
    [create("model_type = 'kmeans'", "SELECT size, price AS label FROM houses"), /model_type kmeans/],
    [create("model_type = 'linear_reg'", "SELECT size FROM houses"), /Column label is not found/],
    [create("model_type = 'linear_reg'", "SELECT DATE '2020-01-01' AS d, 1 AS label"), /type DATE/],
    [create("model_type = 'logistic_reg'", "SELECT size, place || sold AS label FROM houses"), /other than two values/],
    ["SELECT * FROM ML.FORECAST(MODEL d.line)", /ML.FORECAST .* not supported/],
  ] as const)
    assert.match((await asker.error(sql)) ?? "was taken", message);
});
