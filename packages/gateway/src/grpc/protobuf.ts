/**
 * Protocol Buffers' binary form, as far as the few messages of the Storage Read API need it. Whoever reads a request refuses what
 * it doesn't know (I1); libraries skip it. Large `bytes` are never copied.
 * https://protobuf.dev/programming-guides/encoding/
 */

export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
  /** `unknown`: well-formed, but a field that isn't known here. */
  readonly code: "malformed" | "unknown";
  constructor(code: ProtobufError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

export interface Field<T> {
  readonly number: number;
  readonly wire: typeof VARINT | typeof FIXED64 | typeof BYTES;
  readonly repeated: boolean;
  read(reader: Reader, unknown: Unknown): unknown;
  /** Each value's pieces, without the field's key; nothing for a default that isn't written. */
  write(value: T): readonly (readonly Uint8Array[])[];
}

type Fields = Readonly<Record<string, Field<never>>>;
export type Value<F> = { readonly [Name in keyof F]?: F[Name] extends Field<infer T> ? T : never };
/** What becomes of fields that aren't known. */
export type Unknown = "refuse" | "skip";

export interface Message<F> {
  readonly name: string;
  decode(bytes: Uint8Array, unknown: Unknown): Value<F>;
  encode(value: Value<F>): Buffer;
  /** The same as pieces, one after the other: `bytes` of the value are among them as they are. */
  pieces(value: Value<F>): Uint8Array[];
}

export const string = (number: number): Field<string> => ({
  number,
  wire: BYTES,
  repeated: false,
  read: (reader) => text(reader.bytes()),
  write: (value) => (value === "" ? [] : [[Buffer.from(value)]]),
});

export const bytes = (number: number): Field<Uint8Array> => ({
  number,
  wire: BYTES,
  repeated: false,
  read: (reader) => reader.bytes(),
  write: (value) => (value.length === 0 ? [] : [[value]]),
});

/** int32, int64, enum: a whole number that a double holds exactly. */
export const integer = (number: number): Field<number> => ({
  number,
  wire: VARINT,
  repeated: false,
  read: (reader) => reader.integer(),
  write: (value) => (value === 0 ? [] : [[varint(value)]]),
});

export const bool = (number: number): Field<boolean> => ({
  number,
  wire: VARINT,
  repeated: false,
  read: (reader) => reader.integer() !== 0,
  write: (value) => (value ? [[varint(1)]] : []),
});

export const double = (number: number): Field<number> => ({
  number,
  wire: FIXED64,
  repeated: false,
  read: (reader) => reader.double(),
  write: (value) => {
    const out = Buffer.alloc(8);
    out.writeDoubleLE(value);
    return value === 0 ? [] : [[out]];
  },
});

export const strings = (number: number): Field<readonly string[]> => ({
  number,
  wire: BYTES,
  repeated: true,
  read: (reader) => text(reader.bytes()),
  write: (values) => values.map((value) => [Buffer.from(value)]),
});

export const one = <F extends object>(number: number, message: Message<F>): Field<Value<F>> => ({
  number,
  wire: BYTES,
  repeated: false,
  read: (reader, unknown) => message.decode(reader.bytes(), unknown),
  write: (value) => [message.pieces(value)],
});

export const many = <F extends object>(number: number, message: Message<F>): Field<readonly Value<F>[]> => ({
  number,
  wire: BYTES,
  repeated: true,
  read: (reader, unknown) => message.decode(reader.bytes(), unknown),
  write: (values) => values.map((value) => message.pieces(value)),
});

export function message<F extends Readonly<Record<string, unknown>>>(name: string, fields: F): Message<F> {
  const all = Object.entries(fields as unknown as Fields);
  const byNumber = new Map(all.map(([key, field]) => [field.number, { key, field }]));

  function decode(from: Uint8Array, unknown: Unknown): Value<F> {
    const reader = new Reader(from);
    const value: Record<string, unknown> = {};
    while (!reader.done) {
      const tag = reader.unsigned();
      const [number, wire] = [Math.floor(tag / 8), tag % 8];
      const known = byNumber.get(number);
      if (known === undefined) {
        if (unknown === "refuse")
          throw new ProtobufError("unknown", `${name} has a field, number ${number}, that is not known here`);
        reader.skip(wire);
        continue;
      }
      const { key, field } = known;
      if (wire !== field.wire) throw malformed();
      const read = field.read(reader, unknown);
      const before = value[key] as unknown[] | undefined;
      if (!field.repeated) {
        // The last of two would hold; no writer writes two, and two readers could take different ones.
        if (Object.hasOwn(value, key)) throw malformed();
        value[key] = read;
      } else if (before === undefined) value[key] = [read];
      else before.push(read);
    }
    return value as Value<F>;
  }

  function pieces(value: Value<F>): Uint8Array[] {
    const out: Uint8Array[] = [];
    for (const [key, field] of all) {
      const given = value[key as keyof F];
      if (given === undefined) continue;
      for (const written of field.write(given as never)) {
        out.push(varint(field.number * 8 + field.wire));
        if (field.wire === BYTES) out.push(varint(written.reduce((sum, piece) => sum + piece.length, 0)));
        out.push(...written);
      }
    }
    return out;
  }

  return { name, decode, pieces, encode: (value) => Buffer.concat(pieces(value)) };
}

class Reader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(from: Uint8Array) {
    this.#bytes = from;
    this.#view = new DataView(from.buffer, from.byteOffset, from.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  unsigned(): number {
    // Most are one byte long.
    const first = this.#bytes[this.#at];
    if (first !== undefined && first < 0x80) {
      this.#at++;
      return first;
    }
    const value = this.#varint();
    if (value > 0xffffffffn) throw malformed();
    return Number(value);
  }

  integer(): number {
    const value = Number(BigInt.asIntN(64, this.#varint()));
    if (!Number.isSafeInteger(value)) throw malformed();
    return value;
  }

  double(): number {
    const at = this.#take(8);
    return this.#view.getFloat64(at, true);
  }

  bytes(): Uint8Array {
    const length = this.unsigned();
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  skip(wire: number): void {
    if (wire === VARINT) this.#varint();
    else if (wire === FIXED64) this.#take(8);
    else if (wire === BYTES) this.bytes();
    else if (wire === FIXED32) this.#take(4);
    else throw malformed();
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw malformed();
    this.#at += length;
    return at;
  }

  #varint(): bigint {
    let value = 0n;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#take(1)] as number;
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) {
        if (value >= 1n << 64n) throw malformed();
        return value;
      }
    }
    throw malformed();
  }
}

function varint(value: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const out: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    out.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(out);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function text(from: Uint8Array): string {
  try {
    return UTF8.decode(from);
  } catch {
    throw malformed();
  }
}

function malformed(): ProtobufError {
  return new ProtobufError("malformed", "The message is malformed");
}
