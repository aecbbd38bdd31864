import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { GoogleError } from "./google-error.ts";
import { StreamedRowsThread } from "./streamed-rows-thread.ts";

const fields = [
  { name: "id", type: "INTEGER" },
  { name: "word", type: "STRING" },
  {
    name: "record",
    type: "RECORD",
    fields: Array.from({ length: 7 }, (_, i) => ({ name: `f${i}`, type: "STRING" })),
  },
];
const bodyOf = (rows: readonly unknown[]) => ({
  text: JSON.stringify({ rows }),
  target: "`p.d.t`",
  fields,
});

describe("streamed rows that are read in a thread", () => {
  const thread = new StreamedRowsThread();
  after(() => thread.close());

  it("are refused where an object has a member twice", async () => {
    const text = '{"rows":[{"insertId":"a","json":{"id":1,"id":2}}]}';
    await assert.rejects(thread.read("a", { text, target: "`p.d.t`", fields }), (error: unknown) => {
      assert.ok(error instanceof GoogleError);
      assert.equal(error.message, "The request body has a member twice in one object.");
      return true;
    });
  });

  it("give the statement that they give when they are few, with each insertId and each row that doesn't fit", async () => {
    const row = (id: unknown) => ({ insertId: `i${id}`, json: { id, word: "w" } });
    const few = await thread.read("a", bodyOf([row(0), row("secret")]));
    const many = await thread.read("a", bodyOf([...Array.from({ length: 20_000 }, (_, id) => row(id)), row("secret")]));
    assert.equal(many.statement?.sql, few.statement?.sql);
    const valuesOf = (parameters = "[]") =>
      (JSON.parse(parameters) as [{ parameterValue: { arrayValues: unknown[] } }])[0].parameterValue.arrayValues;
    const values = valuesOf(many.statement?.parameters);
    assert.equal(values.length, 20_000);
    assert.deepEqual(values[0], valuesOf(few.statement?.parameters)[0]);
    assert.equal(many.insertIds[19_999], "i19999");
    assert.deepEqual(
      many.errors,
      few.errors.map((error) => ({ ...error, index: 20_000 })),
    );
    assert.doesNotMatch(JSON.stringify(many.errors), /secret/);
  });

  it("let other work go on meanwhile, also where few characters are many values", async () => {
    for (const [what, count, json] of [
      ["many characters", 30_000, { id: 1, word: "w".repeat(10) }],
      ["many values", 1000, { record: {} }],
    ] as const) {
      let done = false;
      const rows = Array.from({ length: count }, () => ({ json }));
      if (what === "many values") assert.ok(bodyOf(rows).text.length < 32_768);
      const reading = thread.read("a", bodyOf(rows)).finally(() => {
        done = true;
      });
      let turns = 0;
      for (; !done; turns++) await turn();
      assert.ok((await reading).statement !== undefined);
      // Read here it would leave a handful.
      assert.ok(turns > 100, `${what}: ${turns} turns`);
    }
  });

  it("are refused as they are when they are few, and no value is said", async () => {
    const many = Array.from({ length: 5000 }, () => ({ json: { id: 1, word: "secret" } }));
    for (const [rows, status, message] of [
      [[{ json: { id: 1 }, secret_member: 1 }], 400, /does not know the request field rows\.\d+\.secret_member/],
      [[{ json: { id: 1, word: "secret\ud800" } }], 400, /half of a pair of surrogates/],
    ] as const)
      for (const before of [[], many])
        await assert.rejects(thread.read("a", bodyOf([...before, ...rows])), (error: Error) => {
          assert.ok(error instanceof GoogleError, error.message);
          assert.equal(error.status, status);
          assert.match(error.message, message);
          return true;
        });
    await assert.rejects(
      thread.read("a", { ...bodyOf([]), text: `{"rows":"secret${" ".repeat(40_000)}` }),
      /is not JSON/,
    );
    const wide = Array.from({ length: 49_000 }, () => ({ json: { record: {}, id: 1 } }));
    await assert.rejects(thread.read("a", bodyOf(wide)), { status: 413 });
    // The thread goes on.
    assert.ok((await thread.read("a", bodyOf(many))).statement !== undefined);
  });
});
