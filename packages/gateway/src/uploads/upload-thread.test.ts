import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { RowThread } from "./row-thread.ts";
import { TooLargeForStatement } from "./upload-error.ts";
import { roomForUploads } from "./upload-room.ts";
import { type AskedUpload, statementOf } from "./upload-statement.ts";
import { statementInThread } from "./upload-thread.ts";

const JSON_UPLOAD: AskedUpload = {
  format: { kind: "json" },
  target: "`p.d.t`",
  fields: [
    { name: "id", type: "INTEGER" },
    { name: "word", type: "STRING" },
  ],
  exists: true,
  write: "WRITE_APPEND",
  ignoreUnknownValues: false,
  maxBadRecords: 0,
};
const line = (id: number) => `{"id":${id},"word":"w${"x".repeat(30)}"}\n`;

describe("an upload that is read in a thread", () => {
  it("gives the statement that it gives when it is small, of all of its rows", async () => {
    const rows = Array.from({ length: 60_000 }, (_, id) => line(id)).join("");
    const many = statementOf(await statementInThread(JSON_UPLOAD, Buffer.from(rows)));
    const few = statementOf(await statementInThread(JSON_UPLOAD, Buffer.from(line(0))));
    const valuesOf = ({ parameters }: typeof many) =>
      (parameters[0] as { parameterValue: { arrayValues: unknown[] } }).parameterValue.arrayValues;
    assert.equal(many.sql, few.sql);
    assert.equal(valuesOf(many).length, 60_000);
    assert.deepEqual(valuesOf(many)[0], valuesOf(few)[0]);
  });

  it("that is nothing but ends of lines, or of fields, ends no more than its thread, whatever size is configured", async () => {
    const columns = JSON_UPLOAD.fields;
    const form = { skipLeadingRows: 0, nullMarker: "", allowQuotedNewlines: true, allowJaggedRows: true } as const;
    const csv = {
      kind: "csv",
      columns,
      form: { ...form, fieldDelimiter: undefined, quote: undefined, ignoreUnknownValues: true },
    } as const;
    const much = (what: string) => Buffer.alloc(60_000_000, what);
    await assert.rejects(statementInThread(JSON_UPLOAD, much("\n")), /has no row that can be written/);
    for (const [file, says] of [
      [much("\n"), /more than BigQuery takes with one statement/],
      [much(","), /more than 10000 fields/],
      [Buffer.concat([Buffer.from('"a"'), much(",")]), /more than 10000 fields/],
    ] as const)
      await assert.rejects(statementInThread({ ...JSON_UPLOAD, format: csv }, file), says);
    const rows = new RowThread({
      ...JSON_UPLOAD,
      jsonTexts: false,
      mostHeld: 0,
      mostWritten: 1_000_000,
    });
    try {
      for await (const _ of rows.add(much("\n"))) assert.fail();
      assert.equal(rows.rows, 0);
    } finally {
      await rows.close();
    }
  });

  it("lets other work go on meanwhile", async () => {
    const rows = Array.from({ length: 60_000 }, (_, id) => line(id)).join("");
    let done = false;
    const reading = statementInThread(JSON_UPLOAD, Buffer.from(rows)).finally(() => {
      done = true;
    });
    let turns = 0;
    for (; !done; turns++) await turn();
    const { parameters } = await reading;
    assert.ok(parameters.length > 4_000_000);
    // Read here, row by row, it would leave a handful.
    assert.ok(turns > 1000, `${turns} turns`);
  });

  it("lets it go on also where few bytes are many values", async () => {
    const fields = Array.from({ length: 500 }, (_, i) => ({ name: `c${i}`, type: "STRING" }));
    const form = { fieldDelimiter: undefined, quote: undefined, skipLeadingRows: 0, nullMarker: "" };
    const jagged = { allowQuotedNewlines: false, allowJaggedRows: true, ignoreUnknownValues: false };
    const records = [{ name: "r", type: "RECORD", mode: "REPEATED", fields }];
    for (const [asked, text] of [
      [{ ...JSON_UPLOAD, fields: records }, `{"r":[${Array.from({ length: 100 }, () => "{}")}]}`],
      [{ ...JSON_UPLOAD, fields }, '{"c0":"x"}\n'.repeat(100)],
      [
        { ...JSON_UPLOAD, fields, format: { kind: "csv", columns: fields, form: { ...form, ...jagged } } },
        "x\n".repeat(100),
      ],
    ] as const) {
      let turned = false;
      const reading = statementInThread(asked, Buffer.from(text));
      setImmediate(() => {
        turned = true;
      });
      await reading;
      assert.ok(turned, text.slice(0, 20));
    }
  });

  it("is refused where its rows are more than one statement takes, or one doesn't fit, and no value is said", async () => {
    const rows = `{"id":1,"word":"${"secret".repeat(1000)}"}\n`.repeat(1600);
    await assert.rejects(statementInThread(JSON_UPLOAD, Buffer.from(rows)), (error: Error) => {
      assert.ok(error instanceof TooLargeForStatement);
      assert.match(error.message, /more than BigQuery takes with one statement/);
      return true;
    });
    const bad = `${line(1).repeat(2000)}{"id":"secret"}\n`;
    await assert.rejects(statementInThread(JSON_UPLOAD, Buffer.from(bad)), (error: Error) => {
      assert.match(error.message, /^Row 2001, field id: /);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });
});

describe("the room for uploads", () => {
  it("is four of the largest for one agent and sixteen for all, and is given back once", () => {
    const room = roomForUploads(10);
    const own = [1, 2, 3, 4].map(() => room.take("a", 10));
    assert.equal(room.take("a", 1), undefined);
    for (const owner of ["b", "c", "d"]) assert.ok(room.take(owner, 40));
    assert.equal(room.take("e", 1), undefined, "all is taken");
    own[0]?.();
    own[0]?.();
    assert.ok(room.take("e", 10));
    assert.equal(room.take("f", 1), undefined);
  });

  it("beyond an agent's first is half of what is left", () => {
    const room = roomForUploads(10);
    for (const owner of ["a", "b", "c"]) assert.ok(room.take(owner, 40));
    assert.ok(room.take("d", 10));
    assert.ok(room.take("d", 10));
    assert.equal(room.take("d", 10), undefined);
    assert.ok(room.take("e", 10));
    assert.ok(room.take("f", 10));
  });
});
