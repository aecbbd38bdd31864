/** A FlatBuffers value to be written; `undefined` in a table's list leaves the field out. */
export type FlatValue =
  | { readonly kind: "uint8" | "int16" | "int32"; readonly value: number }
  | { readonly kind: "int64"; readonly value: number }
  | FlatObject;

export type FlatObject =
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "table"; readonly fields: readonly (FlatValue | undefined)[] }
  | { readonly kind: "vector"; readonly items: readonly FlatObject[] }
  /** Structs of two 64-bit numbers. */
  | { readonly kind: "pairs"; readonly items: readonly (readonly [number, number])[] };

export const uint8 = (value: number): FlatValue => ({ kind: "uint8", value });
export const int16 = (value: number): FlatValue => ({ kind: "int16", value });
export const int32 = (value: number): FlatValue => ({ kind: "int32", value });
export const int64 = (value: number): FlatValue => ({ kind: "int64", value });
export const string = (value: string): FlatObject => ({ kind: "string", value });
export const table = (...fields: readonly (FlatValue | undefined)[]): FlatObject => ({ kind: "table", fields });
export const vector = (items: readonly FlatObject[]): FlatObject => ({ kind: "vector", items });
export const pairs = (items: readonly (readonly [number, number])[]): FlatObject => ({ kind: "pairs", items });

const SIZES = { uint8: 1, int16: 2, int32: 4, int64: 8 } as const;

/**
 * One FlatBuffer with this root table, a multiple of 8 bytes long. What refers stands before what it refers to, as offsets
 * are unsigned; each table's vtable stands right before it.
 * https://flatbuffers.dev/internals/
 */
export function writeFlat(root: FlatObject): Buffer {
  const out = new Growing();
  const slot = out.skip(4);
  out.refer(slot, write(out, root));
  out.align(8);
  return out.bytes();
}

function write(out: Growing, object: FlatObject): number {
  switch (object.kind) {
    case "string": {
      const text = Buffer.from(object.value);
      out.align(4);
      const at = out.skip(4 + text.length + 1);
      out.buffer.writeUInt32LE(text.length, at);
      text.copy(out.buffer, at + 4);
      return at;
    }
    case "vector": {
      out.align(4);
      const at = out.skip(4 + 4 * object.items.length);
      out.buffer.writeUInt32LE(object.items.length, at);
      for (const [i, item] of object.items.entries()) out.refer(at + 4 + 4 * i, write(out, item));
      return at;
    }
    case "pairs": {
      // The elements begin at a multiple of 8, their count right before them.
      out.align(8);
      const at = out.skip(8 + 16 * object.items.length) + 4;
      out.buffer.writeUInt32LE(object.items.length, at);
      for (const [i, [a, b]] of object.items.entries()) {
        out.buffer.writeBigInt64LE(BigInt(a), at + 4 + 16 * i);
        out.buffer.writeBigInt64LE(BigInt(b), at + 12 + 16 * i);
      }
      return at;
    }
    case "table":
      return writeTable(out, object.fields);
  }
}

function writeTable(out: Growing, fields: readonly (FlatValue | undefined)[]): number {
  let size = 4;
  const offsets = fields.map((field) => {
    if (field === undefined) return 0;
    const bytes = field.kind in SIZES ? SIZES[field.kind as keyof typeof SIZES] : 4;
    size = Math.ceil(size / bytes) * bytes;
    const offset = size;
    size += bytes;
    return offset;
  });
  out.align(8);
  const vtableBytes = 4 + 2 * fields.length;
  const at = out.skip(Math.ceil(vtableBytes / 8) * 8 + size) + Math.ceil(vtableBytes / 8) * 8;
  const vtable = at - vtableBytes;
  out.buffer.writeUInt16LE(vtableBytes, vtable);
  out.buffer.writeUInt16LE(size, vtable + 2);
  for (const [i, offset] of offsets.entries()) out.buffer.writeUInt16LE(offset, vtable + 4 + 2 * i);
  out.buffer.writeInt32LE(at - vtable, at);
  for (const [i, field] of fields.entries()) {
    if (field === undefined) continue;
    const place = at + (offsets[i] as number);
    switch (field.kind) {
      case "uint8":
        out.buffer.writeUInt8(field.value, place);
        break;
      case "int16":
        out.buffer.writeInt16LE(field.value, place);
        break;
      case "int32":
        out.buffer.writeInt32LE(field.value, place);
        break;
      case "int64":
        out.buffer.writeBigInt64LE(BigInt(field.value), place);
        break;
      default:
        out.refer(place, write(out, field));
    }
  }
  return at;
}

/** Zeroed bytes that grow as they are taken. */
class Growing {
  buffer = Buffer.alloc(1024);
  #end = 0;

  align(to: number): void {
    this.skip((to - (this.#end % to)) % to);
  }

  /** Takes so many bytes; returns where they begin. */
  skip(count: number): number {
    const at = this.#end;
    this.#end += count;
    if (this.#end > this.buffer.length) {
      const grown = Buffer.alloc(this.#end * 2);
      this.buffer.copy(grown);
      this.buffer = grown;
    }
    return at;
  }

  refer(from: number, to: number): void {
    this.buffer.writeUInt32LE(to - from, from);
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.#end);
  }
}
