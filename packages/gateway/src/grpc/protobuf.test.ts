import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { messages } from "./bigquery-read.ts";
import { bool, bytes, double, integer, many, message, ProtobufError, string, strings } from "./protobuf.ts";

const RUNS = { numRuns: 500, seed: Number(process.env.SEED ?? Date.now() % 2 ** 31) };

const inner = message("Inner", { text: string(1), numbers: double(2) });
const all = message("All", {
  text: string(1),
  raw: bytes(2),
  number: integer(3),
  flag: bool(4),
  real: double(5),
  texts: strings(6),
  inners: many(2047, inner),
});

function fault(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof ProtobufError, String(error));
    return error.code;
  }
  return "none";
}

describe("Protocol Buffers", () => {
  it("are what the specification writes", () => {
    // The guide's own examples: https://protobuf.dev/programming-guides/encoding/
    assert.deepEqual(all.encode({ number: 150 }), Buffer.from("1896 01".replaceAll(" ", ""), "hex"));
    assert.deepEqual(all.encode({ text: "testing" }), Buffer.from("0a0774657374696e67", "hex"));
    assert.deepEqual(all.encode({ number: -1 }), Buffer.from("18ffffffffffffffffff01", "hex"));
    assert.deepEqual(all.encode({ number: 0, text: "", flag: false, real: 0 }), Buffer.alloc(0));
  });

  it(`are read as they were written (SEED=${RUNS.seed})`, () => {
    const value = fc.record(
      {
        text: fc.string({ unit: "grapheme", minLength: 1 }),
        raw: fc.uint8Array({ minLength: 1 }),
        number: fc.maxSafeInteger().filter((n) => n !== 0),
        flag: fc.constant(true),
        real: fc.double({ noNaN: true }).filter((n) => n !== 0),
        texts: fc.array(fc.string({ unit: "grapheme" }), { minLength: 1 }),
        inners: fc.array(fc.record({ text: fc.string({ minLength: 1 }) }), { minLength: 1 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(value, (given) => {
        const written = all.encode(given);
        const read = all.decode(written, "refuse");
        const plain = ({ raw, ...rest }: typeof read) => ({ ...rest, ...(raw === undefined ? {} : { raw: [...raw] }) });
        assert.equal(JSON.stringify(plain(read)), JSON.stringify(plain(given)));
        assert.deepEqual(Buffer.concat(all.pieces(given)), written);
      }),
      RUNS,
    );
  });

  it("with fields that aren't known are refused in requests, and read over in answers", () => {
    for (const unknown of ["a00601", "a10600000000000000 00", "a2060161", "a50600000000"]) {
      const sent = Buffer.from(`0a0161${unknown.replaceAll(" ", "")}`, "hex");
      assert.equal(
        fault(() => all.decode(sent, "refuse")),
        "unknown",
      );
      assert.deepEqual(all.decode(sent, "skip"), { text: "a" });
    }
    // Groups are no part of proto3.
    assert.equal(
      fault(() => all.decode(Buffer.from("a30600", "hex"), "skip")),
      "malformed",
    );
  });

  it("that are malformed are refused", () => {
    const malformed = [
      "0a05616263", // longer than the message
      "0affffffff0f61", // 4 GB long
      "18", // no value
      "18ffffffffffffffffffff01", // over ten bytes
      "18ffffffffffffffff7f", // no double holds it
      "0a02c328", // no UTF-8
      "0801", // another wire type
      "0a01610a0162", // a field twice
      "2a01", // a double that ends
    ];
    for (const hex of malformed)
      assert.equal(
        fault(() => all.decode(Buffer.from(hex, "hex"), "skip")),
        "malformed",
        hex,
      );
  });

  it(`of any bytes are read or refused, and nothing else happens (SEED=${RUNS.seed})`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (sent) => {
        for (const one of [
          messages.createReadSessionRequest,
          messages.readRowsRequest,
          messages.splitReadStreamRequest,
          all,
        ])
          fault(() => one.decode(sent, "refuse"));
      }),
      RUNS,
    );
  });
});
