import { MaskingError } from "../masking-error.ts";

/**
 * Reads FlatBuffers as far as Arrow's messages need them. Every offset is checked against the buffer before it is followed, for
 * the format trusts them; offsets point forward only, so that no reading runs in a circle.
 * https://flatbuffers.dev/internals/
 */
export class FlatTable {
  readonly #view: DataView;
  readonly #at: number;
  readonly #vtable: number;
  readonly #vtableBytes: number;
  readonly #tableBytes: number;

  private constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
    inside(view, at, 4);
    this.#vtable = at - view.getInt32(at, true);
    inside(view, this.#vtable, 4);
    this.#vtableBytes = view.getUint16(this.#vtable, true);
    this.#tableBytes = view.getUint16(this.#vtable + 2, true);
    if (this.#vtableBytes < 4) throw malformed();
    inside(view, this.#vtable, this.#vtableBytes);
    inside(view, at, this.#tableBytes);
  }

  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new FlatTable(view, follow(view, 0));
  }

  has(field: number): boolean {
    return this.#place(field, 1) !== undefined;
  }

  uint8(field: number): number {
    const at = this.#place(field, 1);
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  int16(field: number, absent = 0): number {
    const at = this.#place(field, 2);
    return at === undefined ? absent : this.#view.getInt16(at, true);
  }

  int32(field: number, absent = 0): number {
    const at = this.#place(field, 4);
    return at === undefined ? absent : this.#view.getInt32(at, true);
  }

  /** A 64-bit count or size, which must be one a double holds. */
  size(field: number): number {
    const at = this.#place(field, 8);
    return at === undefined ? 0 : sizeAt(this.#view, at);
  }

  table(field: number): FlatTable | undefined {
    const at = this.#place(field, 4);
    return at === undefined ? undefined : new FlatTable(this.#view, follow(this.#view, at));
  }

  /** Names come from outside: what isn't UTF-8 is refused. */
  string(field: number): string | undefined {
    const found = this.#vector(field, 1);
    if (found === undefined) return undefined;
    const bytes = new Uint8Array(this.#view.buffer, this.#view.byteOffset + found.at, found.length);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw malformed();
    }
  }

  tables(field: number): FlatTable[] {
    const found = this.#vector(field, 4);
    if (found === undefined) return [];
    return Array.from(
      { length: found.length },
      (_, i) => new FlatTable(this.#view, follow(this.#view, found.at + 4 * i)),
    );
  }

  /** A vector of structs of two 64-bit numbers: Arrow's FieldNode and Buffer. */
  pairs(field: number): readonly (readonly [number, number])[] {
    const found = this.#vector(field, 16);
    if (found === undefined) return [];
    return Array.from({ length: found.length }, (_, i) => {
      const at = found.at + 16 * i;
      return [sizeAt(this.#view, at), sizeAt(this.#view, at + 8)] as const;
    });
  }

  #vector(field: number, elementBytes: number): { at: number; length: number } | undefined {
    const place = this.#place(field, 4);
    if (place === undefined) return undefined;
    const at = follow(this.#view, place);
    const length = this.#view.getUint32(at, true);
    inside(this.#view, at + 4, length * elementBytes);
    return { at: at + 4, length };
  }

  /** Where the field's value stands; undefined: it isn't there. */
  #place(field: number, bytes: number): number | undefined {
    const entry = 4 + 2 * field;
    if (entry + 2 > this.#vtableBytes) return undefined;
    const offset = this.#view.getUint16(this.#vtable + entry, true);
    if (offset === 0) return undefined;
    if (offset < 4 || offset + bytes > this.#tableBytes) throw malformed();
    return this.#at + offset;
  }
}

function follow(view: DataView, at: number): number {
  inside(view, at, 4);
  const offset = view.getUint32(at, true);
  if (offset < 4) throw malformed();
  inside(view, at + offset, 4);
  return at + offset;
}

function sizeAt(view: DataView, at: number): number {
  const size = Number(view.getBigInt64(at, true));
  if (size < 0 || !Number.isSafeInteger(size)) throw malformed();
  return size;
}

function inside(view: DataView, at: number, bytes: number): void {
  if (at < 0 || bytes < 0 || at + bytes > view.byteLength) throw malformed();
}

function malformed(): MaskingError {
  return new MaskingError("syntax", "The Arrow message's metadata is malformed");
}
