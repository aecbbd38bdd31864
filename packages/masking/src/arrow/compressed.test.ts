import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { compressFrameSync } from "lz4-napi";
import { readLz4Frame } from "../compression/lz4-frame.ts";
import { xxh32 } from "../compression/xxh32.ts";
import { readZstd } from "../compression/zstd.ts";
import type { MaskedField } from "../mask-rule.ts";
import { MaskingError } from "../masking-error.ts";
import { arrowOf, rowsOf } from "../testing/arrow-rows.ts";
import { type Codec, compressedBatch, streamMessages } from "../testing/compressed-batch.ts";
import { TEST_KEYS, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { ArrowMasker } from "./arrow-masker.ts";

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const CODECS = ["lz4", "zstd"] as const;
const PACK: Readonly<Record<Codec, (bytes: Uint8Array) => Uint8Array>> = {
  lz4: (bytes) => compressFrameSync(Buffer.from(bytes)),
  zstd: (bytes) => zstdCompressSync(bytes),
};
const READ = { lz4: readLz4Frame, zstd: readZstd };

const FIELDS: readonly MaskedField[] = [
  { name: "ssn", type: "STRING", repeated: false, mask: { rule: "last4", domain: "ssn" } },
  { name: "n", type: "INT64", repeated: false, mask: { rule: "none" } },
];
const ROWS = Array.from({ length: 300 }, (_, i) => ({
  f: [{ v: i % 7 === 0 ? null : `123-45-${6000 + i}` }, { v: String(i) }],
}));

function masker(schema: Uint8Array, limits = {}): ArrowMasker {
  const made = new ArrowMasker({ fields: FIELDS, keys: TEST_KEYS, now: TEST_NOW, limits });
  made.schema(schema);
  return made;
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof MaskingError, String(error));
    return error.message;
  }
  assert.fail("it was not refused");
}

/** By pyarrow: 203 rows, `ssn` 200 times 123-45-6789, NULL, forty é, empty; `n` 0 to 199, NULL, -1, 2^62. */
const BY_PYARROW: Readonly<Record<Codec, readonly string[]>> = {
  lz4: [
    "/////6gAAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAIAAABMAAAABAAAAMz///8AAAECEAAAABwAAAAEAA",
    "AAAAAAAAEAAABuAAAACAAMAAgABwAIAAAAAAAAAUAAAAAQABQACAAGAAcADAAAABAAEAAAAAAAAQUQAAAAGAAAAAQAAAAAAAAAAwAAAHNzbgAE",
    "AAQABAAAAAAAAAD/////2AAAABQAAAAAAAAADAAYAAYABQAIAAwADAAAAAADBAAcAAAAIAcAAAAAAAAAAAAADAAcABAABAAIAAwADAAAAHgAAA",
    "AcAAAAFAAAAMsAAAAAAAAAAAAAAAQABAAEAAAABQAAAAAAAAAAAAAAIgAAAAAAAAAoAAAAAAAAAEcDAAAAAAAAcAMAAAAAAAA6AAAAAAAAALAD",
    "AAAAAAAAIgAAAAAAAADYAwAAAAAAAEcDAAAAAAAAAAAAAAIAAADLAAAAAAAAAAEAAAAAAAAAywAAAAAAAAABAAAAAAAAABoAAAAAAAAABCJNGG",
    "BAggsAAAAf/wEAAVD/////BgAAAAAAAAAAAAAwAwAAAAAAAAQiTRhgQIIwAwCAAAAAAAsAAAAWAAAAIQAAACwAAAA3AAAAQgAAAE0AAABYAAAA",
    "YwAAAG4AAAB5AAAAhAAAAI8AAACaAAAApQAAALAAAAC7AAAAxgAAANEAAADcAAAA5wAAAPIAAAD9AAAACAEAABMBAAAeAQAAKQEAADQBAAA/AQ",
    "AASgEAAFUBAABgAQAAawEAAHYBAACBAQAAjAEAAJcBAACiAQAArQEAALgBAADDAQAAzgEAANkBAADkAQAA7wEAAPoBAAAFAgAAEAIAABsCAAAm",
    "AgAAMQIAADwCAABHAgAAUgIAAF0CAABoAgAAcwIAAH4CAACJAgAAlAIAAJ8CAACqAgAAtQIAAMACAADLAgAA1gIAAOECAADsAgAA9wIAAAIDAA",
    "ANAwAAGAMAACMDAAAuAwAAOQMAAEQDAABPAwAAWgMAAGUDAABwAwAAewMAAIYDAACRAwAAnAMAAKcDAACyAwAAvQMAAMgDAADTAwAA3gMAAOkD",
    "AAD0AwAA/wMAAAoEAAAVBAAAIAQAACsEAAA2BAAAQQQAAEwEAABXBAAAYgQAAG0EAAB4BAAAgwQAAI4EAACZBAAApAQAAK8EAAC6BAAAxQQAAN",
    "AEAADbBAAA5gQAAPEEAAD8BAAABwUAABIFAAAdBQAAKAUAADMFAAA+BQAASQUAAFQFAABfBQAAagUAAHUFAACABQAAiwUAAJYFAAChBQAArAUA",
    "ALcFAADCBQAAzQUAANgFAADjBQAA7gUAAPkFAAAEBgAADwYAABoGAAAlBgAAMAYAADsGAABGBgAAUQYAAFwGAABnBgAAcgYAAH0GAACIBgAAkw",
    "YAAJ4GAACpBgAAtAYAAL8GAADKBgAA1QYAAOAGAADrBgAA9gYAAAEHAAAMBwAAFwcAACIHAAAtBwAAOAcAAEMHAABOBwAAWQcAAGQHAABvBwAA",
    "egcAAIUHAACQBwAAmwcAAKYHAACxBwAAvAcAAMcHAADSBwAA3QcAAOgHAADzBwAA/gcAAAkIAAAUCAAAHwgAACoIAAA1CAAAQAgAAEsIAABWCA",
    "AAYQgAAGwIAAB3CAAAgggAAI0IAACYCAAAmAgAAOgIAADoCAAAAAAAAADoCAAAAAAAAAQiTRhgQIIjAAAAvzEyMy00NS02Nzg5CwD/////////",
    "/4Ivw6kCADZQqcOpw6kAAAAAAAAAAAAAGgAAAAAAAAAEIk0YYECCCwAAAB//AQABUP////8GAAAAAAAAAAAAAFgGAAAAAAAABCJNGGBAgjADAA",
    "ATAAEAEwEIABMCCAATAwgAEwQIABMFCAATBggAEwcIABMICAATCQgAEwoIABMLCAATDAgAEw0IABMOCAATDwgAExAIABMRCAATEggAExMIABMU",
    "CAATFQgAExYIABMXCAATGAgAExkIABMaCAATGwgAExwIABMdCAATHggAEx8IABMgCAATIQgAEyIIABMjCAATJAgAEyUIABMmCAATJwgAEygIAB",
    "MpCAATKggAEysIABMsCAATLQgAEy4IABMvCAATMAgAEzEIABMyCAATMwgAEzQIABM1CAATNggAEzcIABM4CAATOQgAEzoIABM7CAATPAgAEz0I",
    "ABM+CAATPwgAE0AIABNBCAATQggAE0MIABNECAATRQgAE0YIABNHCAATSAgAE0kIABNKCAATSwgAE0wIABNNCAATTggAE08IABNQCAATUQgAE1",
    "IIABNTCAATVAgAE1UIABNWCAATVwgAE1gIABNZCAATWggAE1sIABNcCAATXQgAE14IABNfCAATYAgAE2EIABNiCAATYwgAE2QIABNlCAATZggA",
    "E2cIABNoCAATaQgAE2oIABNrCAATbAgAE20IABNuCAATbwgAE3AIABNxCAATcggAE3MIABN0CAATdQgAE3YIABN3CAATeAgAE3kIABN6CAATew",
    "gAE3wIABN9CAATfggAE38IABOACAATgQgAE4IIABODCAAThAgAE4UIABOGCAAThwgAE4gIABOJCAATiggAE4sIABOMCAATjQgAE44IABOPCAAT",
    "kAgAE5EIABOSCAATkwgAE5QIABOVCAATlggAE5cIABOYCAATmQgAE5oIABObCAATnAgAE50IABOeCAATnwgAE6AIABOhCAAToggAE6MIABOkCA",
    "ATpQgAE6YIABOnCAATqAgAE6kIABOqCAATqwgAE6wIABOtCAATrggAE68IABOwCAATsQgAE7IIABOzCAATtAgAE7UIABO2CAATtwgAE7gIABO5",
    "CAATuggAE7sIABO8CAATvQgAE74IABO/CAATwAgAE8EIABPCCAATwwgAE8QIABPFCAATxggAE8cIAAQCABP/AQCAAAAAAAAAAEAAAAAAAP////",
    "8AAAAA",
  ],
  zstd: [
    "/////6gAAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAIAAABMAAAABAAAAMz///8AAAECEAAAABwAAAAEAA",
    "AAAAAAAAEAAABuAAAACAAMAAgABwAIAAAAAAAAAUAAAAAQABQACAAGAAcADAAAABAAEAAAAAAAAQUQAAAAGAAAAAQAAAAAAAAAAwAAAHNzbgAE",
    "AAQABAAAAAAAAAD/////4AAAABQAAAAAAAAADAAYAAYABQAIAAwADAAAAAADBAAcAAAAwAMAAAAAAAAAAAAADAAeABAABAAIAAwADAAAAIAAAA",
    "AkAAAAGAAAAMsAAAAAAAAAAAAAAAAABgAIAAcABgAAAAAAAAEFAAAAAAAAAAAAAAAaAAAAAAAAACAAAAAAAAAA6QEAAAAAAAAQAgAAAAAAACkA",
    "AAAAAAAAQAIAAAAAAAAaAAAAAAAAAGACAAAAAAAAWgEAAAAAAAAAAAAAAgAAAMsAAAAAAAAAAQAAAAAAAADLAAAAAAAAAAEAAAAAAAAAGgAAAA",
    "AAAAAotS/9IBpNAAAY//8GAQA1wAIAAAAAAAAwAwAAAAAAACi1L/1gMAK9DgAG83QpcLa0GbG8JMgXn5qiguPlp6ao89PT48uWKNAAS/j09Piy",
    "JUS3lFJKKVNcAG0AbABrGNYerBlY6852nc06Y3VG6ozTGaUzRmeEzvic0TlbcybmLMsZlLMjZz7OapyxOBtxpuEswhmCs9h7vdZd3dQ93dId3d",
    "D93M7dvMy5fMqVPMhx/MVNvMMpfMEFfHNA5m7MuZgrMcdhbsKcgrkAb7/ebr29ekP1BuoN0xukN0RvgN7wvMF5O/Pm5a3KG5O3IW863mK8oXj7",
    "8GbhrcEbgTdtLddarDVVa6LWNK1JWlO0JmhNz5qctTRrYNaurDlZK7LGY23Gmoq1EAF7aPa+7FnZa7JHZG/Hnoy9FHsg9i7sOdgrsMfd6bqTdb",
    "fqbtTdprtJd4vuBt3tuZtzp+YuzB2Wuyd3Ru563NG4W3En4i7DHYS7A3ffHK85WnOt5krNdZqrNNdortBcn7k6c23myMxtmZMylyTHwo6FHQM7",
    "BnaMzbExx7Qci3IMybEfx2wca3GMxLENxyQcS3AMwJ+vP1t/YX+n/j79Xfp79Hfo78/fnb83f2b+uvxR+VvyJ+Qvxx+MvxN/Hv4q/DH4G/CX7e",
    "Hag7WXai/UXqa9SHuJ9gLt5dmLEwAAAAAAAAAA6AgAAAAAAAAotS/9YOgHvQAAaDEyMy00NS02Nzg5w6kCAJtDsSLsFy8AAAAAAAAAGgAAAAAA",
    "AAAotS/9IBpNAAAY//8GAQA1wAIAAAAAAABYBgAAAAAAACi1L/1gWAVFCgCWGU02gO7ZDVCq/ySU6j8JpfpPQqn++fZBbx/09kFvH/T2QW8fxG",
    "V/PnjggQceeOCBBx544IEHHkEpOgBAAEEAe/XmxXvXbl26c+XGhfvWbVu2a9WmRXvWbFmyY8WGBfvVa1euW7VmxXrValWqU6VGhfrUaVOmS5Um",
    "HV90sUUWV1QxRRRPNLFEEkcUMUQQP/SwQw431DBDDC+0sEIKJ5QwQggfdLBBBhdU8DdBBA80sEACBxQwQAD78g1jihkmmF962SWXW2qZJZZXWl",
    "kllVNKGSWUTzrZJJNLKpkkkkcaWSSRQwoZJJA/+tgjjzvqmCOON9pYI40zyhgjjL9/pJA+6mijjC6qaKKIHmpooYQOKmiggP7pZ5987qlnnnje",
    "aWeddM4pZ5xwvulmm2yuqWaaaJ5pZplkBoDJmBAQPwAQ/GwHMv///3cxAAAAAAAA/////wAAAAA=",
  ],
};

describe("compressed record batches", () => {
  for (const codec of CODECS) {
    it(`${codec}, as pyarrow writes it, is read`, () => {
      const { schema, batch } = streamMessages(Buffer.from(BY_PYARROW[codec].join(""), "base64"));
      const one = new ArrowMasker({ fields: FIELDS, keys: TEST_KEYS, now: TEST_NOW });
      const masked = { schema: one.schema(schema), batch: one.batch(batch).batch };
      const rows = rowsOf(masked, FIELDS).map(({ f }) => f.map(({ v }) => v));
      assert.equal(rows.length, 203);
      assert.deepEqual(rows[199], ["XXXXX6789", "199"]);
      assert.deepEqual(rows[200], [null, null]);
      assert.deepEqual(rows[201], ["XXXXXéééé", "-1"]);
      assert.equal(rows[202]?.[1], String(2n ** 62n));
    });

    it(`${codec} gives the same bytes as no compression, also where some buffers are left as they are`, () => {
      const { schema, batch } = arrowOf(FIELDS, ROWS);
      const expected = masker(schema).batch(batch).batch;
      for (const least of [0, 100, 1000, Number.POSITIVE_INFINITY]) {
        const pack = (bytes: Uint8Array) => (bytes.length >= least ? PACK[codec](bytes) : undefined);
        assert.deepEqual(masker(schema).batch(compressedBatch(batch, codec, pack)).batch, expected);
      }
    });

    it(`${codec}: lengths that lie, and what unpacks to more than allowed, are refused`, () => {
      const { schema, batch } = arrowOf(FIELDS, ROWS);
      for (const said of [(n: number) => n + 1, (n: number) => n - 1, () => 0, () => -2, () => 2 ** 40]) {
        const packed = compressedBatch(batch, codec, PACK[codec], said);
        assert.match(
          refusal(() => masker(schema).batch(packed)),
          /buffer|unpacks/,
        );
      }
      const packed = compressedBatch(batch, codec, PACK[codec]);
      assert.match(
        refusal(() => masker(schema, { maxBatchBytes: 1000 }).batch(packed)),
        /unpacks to more/,
      );
      // Each buffer within the bound, not all of them.
      const bomb = arrowOf(
        FIELDS,
        Array.from({ length: 100_000 }, () => ({ f: [{ v: null }, { v: "0" }] })),
      );
      const small = compressedBatch(bomb.batch, codec, PACK[codec]);
      assert.ok(small.length < 20_000);
      assert.match(
        refusal(() => masker(bomb.schema, { maxBatchBytes: 1_000_000 }).batch(small)),
        /unpacks to more/,
      );
    });

    it(`${codec}: of bytes changed anywhere comes so much as was said, or a refusal (SEED=${SEED})`, () => {
      const plain = fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc
          .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.nat(400))
          .map(([part, times]) => Uint8Array.from(Buffer.concat(Array.from({ length: times }, () => part)))),
      );
      const change = fc.record({ at: fc.nat(), to: fc.nat(255), cut: fc.nat(20) });
      fc.assert(
        fc.property(plain, fc.array(change, { maxLength: 3 }), (bytes, changes) => {
          let packed = Uint8Array.from(PACK[codec](bytes));
          if (changes.length === 0) {
            assert.deepEqual(Buffer.from(READ[codec](packed, bytes.length) ?? [1]), Buffer.from(bytes));
            assert.equal(READ[codec](packed, bytes.length + 1), undefined);
          }
          for (const { at, to, cut } of changes) {
            packed[at % packed.length] = to;
            if (cut < 3 && packed.length > cut) packed = packed.slice(0, packed.length - cut);
          }
          const got = READ[codec](packed, bytes.length);
          assert.ok(got === undefined || got.length === bytes.length);
        }),
        { numRuns: 2000, seed: SEED },
      );
    });
  }

  it("LZ4 frames of many blocks, with every checksum, are read, and refused where one is wrong", () => {
    const plain = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) >> 7));
    const frame = compressFrameSync(plain, { contentChecksum: true, blockChecksums: true });
    assert.deepEqual(Buffer.from(readLz4Frame(frame, plain.length) ?? []), plain);
    for (let at = 0; at < frame.length; at += 997) {
      const changed = Uint8Array.from(frame);
      changed[at] = (changed[at] as number) ^ 0x10;
      assert.equal(readLz4Frame(changed, plain.length), undefined, `byte ${at}`);
    }
    assert.equal(readLz4Frame(Buffer.concat([frame, frame]), plain.length), undefined);
    // XXH32's published values for no bytes, and for a text.
    assert.equal(xxh32(Buffer.alloc(0)), 0x02cc5d05);
    assert.equal(xxh32(Buffer.from("Nobody inspects the spammish repetition")), 0xe2293b2f);
  });

  it("a codec that Arrow doesn't have is refused", () => {
    const { schema, batch } = arrowOf(FIELDS, ROWS);
    const packed = compressedBatch(batch, "other" as Codec, () => undefined);
    assert.match(
      refusal(() => masker(schema).batch(packed)),
      /isn't known/,
    );
  });
});
