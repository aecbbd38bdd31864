import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UpstreamError } from "../upstream/error.ts";
import { createLogger } from "./index.ts";

/** The lines that `write` logs, parsed. */
function logged(write: (log: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLogger({ level: "debug", destination: { write: (line) => void lines.push(line) } }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Something a caller could pass though its type forbids it. */
function smuggled(fields: object): object {
  return fields;
}

describe("a log line", () => {
  it("has a time, a level, a message and its fields", () => {
    const [line] = logged((log) =>
      log.child({ door: "bigquery-rest" }).info({ session: "s1", rows: 3 }, "page released"),
    );
    assert.match(String(line?.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    delete line?.time;
    assert.deepEqual(line, { level: "info", msg: "page released", door: "bigquery-rest", session: "s1", rows: 3 });
  });

  it("drops what is no known field, or of another type, and counts it (I5)", () => {
    const [line] = logged((log) =>
      log.info(
        smuggled({ ssn: "123-45-6789", session: { ssn: "123-45-6789" }, rows: "123-45-6789", __proto__: null }),
        "done",
      ),
    );
    assert.doesNotMatch(JSON.stringify(line), /123-45/);
    assert.equal(line?.dropped, 3);
  });

  it("stays one line whatever its fields hold", () => {
    const [line, ...rest] = logged((log) => log.info({ reason: 'a\n{"level":"fatal"}\u001b[2J\u2028' }, "done"));
    assert.equal(rest.length, 0);
    assert.doesNotMatch(String(line?.reason), /[\n\u001b\u2028]/);
  });

  it("below the level isn't written", () => {
    const lines: string[] = [];
    createLogger({ level: "warn", destination: { write: (line) => void lines.push(line) } }).info({}, "quiet");
    assert.deepEqual(lines, []);
  });

  it("doesn't compile with a message made of data", () => {
    const value: string = "123-45-6789";
    const lines = logged((log) => {
      // @ts-expect-error a pieced-together message
      log.info({}, `found ${value}`);
      // @ts-expect-error a message from elsewhere
      log.info({}, value);
    });
    assert.equal(lines.length, 2);
  });
});

describe("a logged error", () => {
  it("of the gateway's own shows its message", () => {
    const [line] = logged((log) =>
      log.error({ err: new UpstreamError("accessDenied", { httpStatus: 403 }) }, "failed"),
    );
    const err = line?.err as { name: string; message: string; at: string[] };
    assert.equal(err.name, "UpstreamError");
    assert.equal(err.message, "BigQuery denies this to the gateway's credentials.");
    assert.match(err.at[0] ?? "", /^packages\/gateway\/src\/telemetry\/logger\.test\.ts:\d+$/);
  });

  it("of anybody else shows its name and code only (I9)", () => {
    const error = Object.assign(new TypeError("Bad int64 value: 123-45-6789"), {
      code: "ERR_BAD",
      value: "123-45-6789",
    });
    const [line] = logged((log) => log.error({ err: error }, "failed"));
    assert.doesNotMatch(JSON.stringify(line), /123-45/);
    const err = line?.err as { name: string; code: string };
    assert.deepEqual([err.name, err.code], ["TypeError", "ERR_BAD"]);
  });

  it("hides data in a message that looks like a stack, in a cause, in a name and in what is no Error", () => {
    const message = "x\n    at patient (/123-45-6789:1:1)\n    at /123-45-6789:1:1";
    const errors: unknown[] = [
      new Error(message),
      new Error("outer", { cause: new Error(message) }),
      Object.assign(new Error("x"), { name: "ssn 123-45-6789" }),
      Object.assign(new Error("x"), { stack: `Error: ${message}` }),
      Object.assign(new Error(message), { message: "changed later" }),
      "123-45-6789",
      { ssn: "123-45-6789" },
    ];
    for (const err of errors) {
      const [line] = logged((log) => log.error({ err }, "failed"));
      assert.doesNotMatch(JSON.stringify(line), /123-45/);
    }
  });
});
