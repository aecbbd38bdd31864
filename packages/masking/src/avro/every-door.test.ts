import { describe } from "node:test";
import type { MaskedField } from "../mask-rule.ts";
import { avroOf, rowsOfAvro } from "../testing/avro-rows.ts";
import type { WireRecord } from "../testing/mask-rows-by-parsing.ts";
import { type Cell, masksAsEveryDoor } from "../testing/masker.case.ts";
import { TEST_KEYS, TEST_NOW, TEST_RECORD_NUMBERS } from "../testing/token-keys-for-tests.ts";
import { AvroMasker } from "./avro-masker.ts";

function mask(fields: readonly MaskedField[], rows: readonly (readonly Cell[])[]): readonly (readonly Cell[])[] {
  const masker = new AvroMasker({ fields, keys: TEST_KEYS, now: TEST_NOW, recordNumbers: TEST_RECORD_NUMBERS });
  const avro = avroOf(
    fields,
    rows.map((row): WireRecord => ({ f: row.map((cell) => ({ v: isArray(cell) ? cell.map((v) => ({ v })) : cell })) })),
  );
  const schema = masker.schema(avro.schema);
  const { batch } = masker.batch(avro.batch, rows.length);
  return rowsOfAvro({ schema, batch }, fields, rows.length).map(({ f }) =>
    f.map(({ v }) => (Array.isArray(v) ? v.map((element) => element.v as string) : (v as string | null))),
  );
}

function isArray(cell: Cell): cell is readonly string[] {
  return Array.isArray(cell);
}

describe("the Avro masker", () => masksAsEveryDoor({ name: "Avro", mask }));
