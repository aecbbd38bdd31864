import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FieldType, MaskedField } from "../mask-rule.ts";
import { varint } from "../testing/avro-forms.ts";
import { maskedField, sameHalves } from "../testing/avro-halves.ts";

describe("both halves take the same and refuse the same of", () => {
  /** Each value by itself, shown and dropped, with a byte behind it and without. */
  const tried = (type: FieldType, avro: unknown, values: readonly (readonly number[])[]) => {
    const results = { taken: 0, refused: 0 };
    for (const rule of ["none", "null"] as const) {
      const schema = JSON.stringify({ type: "record", name: "r", fields: [{ name: "a", type: ["null", avro] }] });
      for (const value of values)
        for (const behind of type === "STRING" ? [[]] : [[], [0]]) {
          const batch = Uint8Array.from([2, ...value, ...behind]);
          const result = sameHalves(
            [maskedField("a", type, rule)],
            { schema: Buffer.from(schema), batch },
            { count: 1 + behind.length },
          );
          results["code" in result ? "refused" : "taken"]++;
        }
    }
    assert.ok(results.taken > 0 && results.refused > 0, JSON.stringify(results));
  };
  /** Of one byte to eleven. */
  const varints = Array.from({ length: 11 }, (_, i) =>
    [0x80, 0xff].flatMap((more) =>
      [0, 1, 2, 7, 8, 0xf, 0x10, 0x1f, 0x20, 0x7f].map((last) => [...Array<number>(i).fill(more), last]),
    ),
  ).flat();

  it("numbers of every length", () => {
    tried("INT64", "long", varints);
    tried("DATE", { type: "int", logicalType: "date" }, varints);
    tried("BOOL", "boolean", varints.concat([[3], [4], [0x80], [0xff]]));
    tried(
      "FLOAT64",
      "double",
      [7, 8, 9].map((length) => Array<number>(length).fill(1)),
    );
  });

  it("decimals of every length", () => {
    const decimals = Array.from({ length: 70 }, (_, length) => [...varint(length), ...Array<number>(length).fill(1)]);
    const more = [[1], [3], [0x82, 0], [0xa0, 0, ...Array<number>(16).fill(1)], [4, 1]];
    for (const [type, precision, scale] of [["NUMERIC", 38, 9] as const, ["BIGNUMERIC", 77, 38] as const])
      tried(type, { type: "bytes", logicalType: "decimal", precision, scale }, [...decimals, ...more]);
  });

  it("UTF-8 at each of its bounds", () => {
    const first = [
      0, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5,
      0xff,
    ];
    const next = [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
    const others = [0x7f, 0x80, 0xbf, 0xc0];
    const texts = first.flatMap((a) => [
      [a],
      ...next.flatMap((b) => [
        [a, b],
        ...(a < 0xe0 ? [] : others.map((c) => [a, b, c])),
        ...(a < 0xf0 ? [] : others.flatMap((c) => others.map((d) => [a, b, c, d]))),
      ]),
    ]);
    // By itself, and so that it lies over two reads of sixteen bytes.
    const values = texts.flatMap((text) =>
      [0, 14].map((before) => [...varint(before + text.length), ...Array<number>(before).fill(0x61), ...text]),
    );
    tried("STRING", "string", values);
  });
});

describe("hostile rows are refused by both halves alike, before they take more than what came:", () => {
  const list = (name: string, type: unknown) => ({ name, type: { type: "array", items: type } });
  const schemaOf = (...fields: unknown[]) => Buffer.from(JSON.stringify({ type: "record", name: "r", fields }));
  const refused = (
    fields: readonly MaskedField[],
    schema: Uint8Array,
    bytes: readonly number[] | Buffer,
    count = 1,
  ) => {
    const result = sameHalves(fields, { schema, batch: Uint8Array.from(bytes) }, { count });
    assert.ok("code" in result, "it was taken");
    assert.match(result.code, /^(syntax|shape)$/);
  };
  /** 2^62, and the least of 64 bits. */
  const HUGE = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
  const LEAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

  for (const rule of ["none", "token", "null"] as const) {
    const texts = [maskedField("a", "STRING", rule, { repeated: true })];
    const schema = schemaOf(list("a", "string"));
    it(`counts below none and beyond all, under ${rule}`, () => {
      for (const count of [-1, -64, 2 ** 20, 2 ** 27, 2 ** 31, -(2 ** 31), 2 ** 52, -(2 ** 52)]) {
        refused(texts, schema, varint(count));
        refused(texts, schema, [...varint(count), 0]);
        refused(texts, schema, [...varint(count), 0, 0, 0, 0]);
        refused(texts, schema, [...varint(count), ...varint(-1), 0, 0]);
        // A block's size isn't looked at, and so one element of any size is one.
        if (count !== -1) refused(texts, schema, [...varint(count), ...varint(2 ** 40), 0, 0]);
      }
      for (const count of [HUGE, LEAST]) refused(texts, schema, [...count, 0, 0, 0]);
    });

    it(`counts and lengths that aren't written in their shortest form, under ${rule}`, () => {
      for (const bytes of [
        [0x82, 0x00, 0, 0],
        [2, 0x80, 0x00, 0],
        [0x80, 0x80, 0x00],
        [1, 0x82, 0x00, 0, 0],
      ])
        refused(texts, schema, bytes);
    });

    it(`lengths below none and past the end, under ${rule}`, () => {
      for (const length of [-1, -64, -65, 3, 64, 2 ** 20, 2 ** 27, 2 ** 31, 2 ** 40, -(2 ** 31)]) {
        refused(texts, schema, [2, ...varint(length), 0x61, 0]);
        refused(texts, schema, [2, ...varint(length), 0]);
      }
      for (const length of [HUGE, LEAST]) refused(texts, schema, [2, ...length, 0x61, 0]);
    });

    it(`twenty thousand empty values but one, under ${rule}`, () => {
      refused(texts, schema, Buffer.concat([varint(20_000), Buffer.alloc(19_999)]));
    });
  }

  it("rows beyond all, of few bytes", () => {
    const fields = [maskedField("a", "STRING", "none")];
    const schema = schemaOf({ name: "a", type: ["null", "string"] });
    for (const count of [4, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 3, Number.MAX_SAFE_INTEGER])
      refused(fields, schema, [0, 0, 0], count);
  });

  it("arrays of arrays in STRUCTs that each say they hold as much again", () => {
    const inner = { type: "record", name: "s", fields: [list("b", "string")] };
    const fields = [
      maskedField("a", "STRUCT", "none", {
        repeated: true,
        fields: [maskedField("b", "STRING", "token", { repeated: true })],
      }),
    ];
    refused(fields, schemaOf(list("a", inner)), Array<number>(40).fill(126));
    refused(fields, schemaOf(list("a", inner)), Array<number>(300_000).fill(126));
  });
});
