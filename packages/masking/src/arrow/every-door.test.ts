import { describe } from "node:test";
import type { MaskedField } from "../mask-rule.ts";
import { arrowOf, rowsOf } from "../testing/arrow-rows.ts";
import type { WireRecord } from "../testing/mask-rows-by-parsing.ts";
import { type Cell, masksAsEveryDoor } from "../testing/masker.case.ts";
import { TEST_KEYS, TEST_NOW, TEST_RECORD_NUMBERS } from "../testing/token-keys-for-tests.ts";
import { ArrowMasker } from "./arrow-masker.ts";

function mask(fields: readonly MaskedField[], rows: readonly (readonly Cell[])[]): readonly (readonly Cell[])[] {
  const masker = new ArrowMasker({ fields, keys: TEST_KEYS, now: TEST_NOW, recordNumbers: TEST_RECORD_NUMBERS });
  const arrow = arrowOf(
    fields,
    rows.map((row): WireRecord => ({ f: row.map((cell) => ({ v: isArray(cell) ? cell.map((v) => ({ v })) : cell })) })),
  );
  const schema = masker.schema(arrow.schema);
  const { batch } = masker.batch(arrow.batch);
  return rowsOf({ schema, batch }, fields).map(({ f }) =>
    f.map(({ v }) => (Array.isArray(v) ? v.map((element) => element.v as string) : (v as string | null))),
  );
}

function isArray(cell: Cell): cell is readonly string[] {
  return Array.isArray(cell);
}

describe("the Arrow masker", () => masksAsEveryDoor({ name: "Arrow", mask }));
