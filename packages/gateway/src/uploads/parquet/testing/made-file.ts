/** Parquet files made byte by byte: such as no writer makes, or none any more. https://parquet.apache.org/docs/file-format */

/** A structure's fields by their numbers: 32-bit numbers, 64-bit ones, texts, truths, lists and structures. */
type Value = number | bigint | boolean | string | readonly Value[] | Struct;
export interface Struct {
  readonly [id: number]: Value | undefined;
}

/** Thrift's compact protocol. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md */
function struct(fields: Struct): number[] {
  let before = 0;
  const out = Object.entries(fields).flatMap(([id, value]) => {
    if (value === undefined) return [];
    const delta = Number(id) - before;
    before = Number(id);
    const type = value === true ? 1 : value === false ? 2 : typeOf(value);
    const head = delta > 15 ? [type, ...zigzag(before)] : [(delta << 4) | type];
    return [...head, ...(typeof value === "boolean" ? [] : bytesOf(value))];
  });
  return [...out, 0];
}

function typeOf(value: Value): number {
  if (typeof value === "number") return 5;
  if (typeof value === "bigint") return 6;
  if (typeof value === "string") return 8;
  return Array.isArray(value) ? 9 : 12;
}

function bytesOf(value: Value): number[] {
  if (typeof value === "number" || typeof value === "bigint") return zigzag(BigInt(value));
  if (typeof value === "string") return [...unsigned(Buffer.byteLength(value)), ...Buffer.from(value)];
  if (typeof value === "boolean") return [value ? 1 : 2];
  if (!isList(value)) return struct(value);
  return [0xf0 | typeOf(value[0] ?? 0), ...unsigned(value.length), ...value.flatMap(bytesOf)];
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** As both this protocol and the delta encodings have numbers. */
export function unsigned(value: number | bigint): number[] {
  const out: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 128n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return [...out, Number(rest)];
}

export function zigzag(value: number | bigint): number[] {
  const number = BigInt(value);
  return unsigned(number < 0n ? -2n * number - 1n : 2n * number);
}

export const [BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
export const [REQUIRED, OPTIONAL, REPEATED] = [0, 1, 2] as const;

/** An element of the schema, by the numbers that its thrift has: type 1, length 2, repetition 3, name 4, children 5, converted 6, scale 7, logical 10. */
export type Element = Struct;

export interface MadePage {
  /** Of DataPageHeader (`data`) or DataPageHeaderV2 (`data-v2`). */
  readonly kind?: "data" | "data-v2" | "dictionary";
  readonly values: number;
  readonly encoding?: number;
  /** Encodings of both levels, of `data`; RLE unless given. */
  readonly levels?: number;
  readonly bytes: readonly number[];
  /** What they unpack to, where they are packed. */
  readonly unpacked?: number;
}

export interface MadeColumn {
  readonly path: readonly string[];
  readonly type: number;
  readonly codec?: number;
  readonly pages: readonly MadePage[];
}

/** @param schema all but the root, depth first */
export function madeFile(
  schema: readonly Element[],
  columns: readonly MadeColumn[],
  rows: number,
  top = schema.length,
): Uint8Array {
  const out: number[] = [...Buffer.from("PAR1")];
  const chunks = columns.map(({ path, type, codec = 0, pages }) => {
    const start = out.length;
    let data = start;
    for (const page of pages) {
      if (page.kind === "dictionary") data = -1;
      else if (data === -1) data = out.length;
      out.push(...pageBytes(page));
    }
    const dictionary = pages[0]?.kind === "dictionary" ? BigInt(start) : undefined;
    const size = BigInt(out.length - start);
    const values = BigInt(pages.reduce((sum, page) => sum + (page.kind === "dictionary" ? 0 : page.values), 0));
    const told = { 1: type, 2: [0], 3: path, 4: codec, 5: values, 6: size, 7: size, 9: BigInt(data), 11: dictionary };
    return { 2: BigInt(start), 3: told };
  });
  const footer = struct({
    1: 1,
    2: [{ 4: "root", 5: top }, ...schema],
    3: BigInt(rows),
    4: [{ 1: chunks, 2: 0n, 3: BigInt(rows) }],
  });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Uint8Array.from([...out, ...footer, ...length, ...Buffer.from("PAR1")]);
}

function pageBytes({ kind = "data", values, encoding = 0, levels = 3, bytes, unpacked }: MadePage): number[] {
  const sizes = { 2: unpacked ?? bytes.length, 3: bytes.length };
  switch (kind) {
    case "data":
      return [...struct({ 1: 0, ...sizes, 5: { 1: values, 2: encoding, 3: levels, 4: levels } }), ...bytes];
    case "dictionary":
      return [...struct({ 1: 2, ...sizes, 7: { 1: values, 2: encoding } }), ...bytes];
    case "data-v2":
      return [
        ...struct({ 1: 3, ...sizes, 8: { 1: values, 2: 0, 3: values, 4: encoding, 5: 0, 6: 0, 7: false } }),
        ...bytes,
      ];
  }
}

/** Levels of up to 8 bits as runs of one, with their length before them. */
export function runs(...levels: readonly number[]): number[] {
  const bytes = levels.flatMap((level) => [2, level]);
  return [bytes.length, 0, 0, 0, ...bytes];
}

export function int32(...values: readonly number[]): number[] {
  return values.flatMap((value) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255]);
}

/** Texts with their lengths before them. */
export function texts(...values: readonly string[]): number[] {
  return values.flatMap((value) => [...int32(Buffer.byteLength(value)), ...Buffer.from(value)]);
}
