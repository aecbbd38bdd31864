import { describe } from "node:test";
import type { MaskedField } from "../mask-rule.ts";
import { type Cell, type MaskerUnderTest, masksAsEveryDoor } from "../testing/masker.case.ts";
import { runMasker, sizesOf } from "../testing/run-masker.ts";
import { TEST_KEYS, TEST_NOW, TEST_RECORD_NUMBERS } from "../testing/token-keys-for-tests.ts";
import { JsonRowsMasker } from "./json-rows-masker.ts";

type Wire = { readonly v: string | null | readonly { readonly v: string }[] };

const written = (cell: Cell): Wire => ({
  v: cell === null || typeof cell === "string" ? cell : cell.map((v) => ({ v })),
});
const read = ({ v }: Wire): Cell => (v === null || typeof v === "string" ? v : v.map((element) => element.v));

function jsonMasker(how: "fast" | "exact", chunkBytes: number): MaskerUnderTest {
  return {
    name: `${how}, in chunks of ${chunkBytes}`,
    mask(fields: readonly MaskedField[], rows) {
      const response = JSON.stringify({ rows: rows.map((cells) => ({ f: cells.map(written) })) });
      const masker = new JsonRowsMasker(
        { fields, keys: TEST_KEYS, now: TEST_NOW, recordNumbers: TEST_RECORD_NUMBERS },
        how,
      );
      const masked = runMasker(masker, response, sizesOf(response, chunkBytes));
      return (JSON.parse(`[${masked.rows}]`) as { f: Wire[] }[]).map(({ f }) => f.map(read));
    },
  };
}

describe("the JSON rows masker", () => {
  for (const how of ["fast", "exact"] as const)
    for (const chunkBytes of [1, 7, 64, 1 << 20]) masksAsEveryDoor(jsonMasker(how, chunkBytes));
});
