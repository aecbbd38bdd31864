import type { MaskedField } from "../mask-rule.ts";
import type { AvroRows } from "./avro-rows.ts";

const NONE = Buffer.alloc(0);

type Schema = Readonly<Record<string, unknown>>;

/**
 * The same rows in other forms of the encoding: unions the other way round or (where nothing is NULL) none, arrays in several blocks, with
 * and without their sizes. `next(n)` gives 0 ≤ x < n.
 */
export function inOtherForms(
  fields: readonly MaskedField[],
  { schema, batch }: AvroRows,
  count: number,
  next: (n: number) => number,
): AvroRows {
  const root = JSON.parse(Buffer.from(schema).toString()) as Schema;
  const columns = new Map<string, Form>();
  const came = new Bytes(batch);
  const nulls = new Set<string>();
  for (let i = 0; i < count; i++) new Walk(came, columns, nulls, () => 0).record(fields, "");
  formsOf(fields, "", columns, nulls, next);
  const again = new Bytes(batch);
  const rows: Buffer[] = [];
  for (let i = 0; i < count; i++) rows.push(new Walk(again, columns, nulls, next).record(fields, ""));
  return { schema: Buffer.from(JSON.stringify(schemaIn(root, fields, "", columns))), batch: Buffer.concat(rows) };
}

/** Which branch is NULL. */
type Form = 0 | 1 | undefined;

function formsOf(
  fields: readonly MaskedField[],
  parent: string,
  forms: Map<string, Form>,
  nulls: ReadonlySet<string>,
  next: (n: number) => number,
): void {
  for (const field of fields) {
    const path = `${parent}/${field.name}`;
    forms.set(path, ([0, 1, undefined] as const)[next(nulls.has(path) ? 2 : 3)]);
    formsOf(field.fields ?? [], path, forms, nulls, next);
  }
}

function schemaIn(
  record: Schema,
  fields: readonly MaskedField[],
  parent: string,
  forms: ReadonlyMap<string, Form>,
): Schema {
  const typeIn = (type: unknown, field: MaskedField, path: string): unknown => {
    const own = (type as readonly unknown[]).find((branch) => branch !== "null");
    const value = field.type === "STRUCT" ? schemaIn(own as Schema, field.fields ?? [], path, forms) : own;
    const form = forms.get(path);
    return form === undefined ? value : form === 0 ? ["null", value] : [value, "null"];
  };
  return {
    ...record,
    fields: (record.fields as readonly Schema[]).map((column, i) => {
      const field = fields[i] as MaskedField;
      const path = `${parent}/${field.name}`;
      if (!field.repeated) return { ...column, type: typeIn(column.type, field, path) };
      const { items } = column.type as Schema;
      return { ...column, type: { type: "array", items: typeIn(["null", items], field, path) } };
    }),
  };
}

class Bytes {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes);
  }

  take(count: number): Buffer {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  varint(): { readonly bytes: Buffer; readonly value: number } {
    const start = this.at;
    let unsigned = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(this.bytes[this.at++] ?? 0);
      unsigned |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) break;
    }
    return { bytes: this.bytes.subarray(start, this.at), value: Number((unsigned >> 1n) ^ -(unsigned & 1n)) };
  }
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** Over rows as avsc writes them: NULL is the first branch, and an array has one block. */
class Walk {
  readonly #from: Bytes;
  readonly #forms: ReadonlyMap<string, Form>;
  readonly #nulls: Set<string>;
  readonly #next: (n: number) => number;

  constructor(from: Bytes, forms: ReadonlyMap<string, Form>, nulls: Set<string>, next: (n: number) => number) {
    this.#from = from;
    this.#forms = forms;
    this.#nulls = nulls;
    this.#next = next;
  }

  record(fields: readonly MaskedField[], parent: string): Buffer {
    return Buffer.concat(
      fields.map((field) => {
        const path = `${parent}/${field.name}`;
        if (field.repeated) return this.#array(field, path);
        const form = this.#forms.get(path);
        const branch = (isNull: boolean) => (form === undefined ? NONE : varint(isNull === (form === 0) ? 0 : 1));
        if (this.#from.varint().value === 1) return Buffer.concat([branch(false), this.#value(field, path)]);
        this.#nulls.add(path);
        return branch(true);
      }),
    );
  }

  #array(field: MaskedField, path: string): Buffer {
    const elements: Buffer[] = [];
    const form = this.#forms.get(path);
    // avsc's arrays here have items without a union.
    for (let count = this.#from.varint().value; count !== 0; count = this.#from.varint().value)
      for (let i = 0; i < count; i++) {
        const branch = form === undefined ? NONE : varint(1 - form);
        elements.push(Buffer.concat([branch, this.#value(field, path)]));
      }
    const blocks: Buffer[] = [];
    while (elements.length > 0) {
      const taken = elements.splice(0, 1 + this.#next(elements.length));
      const block = Buffer.concat(taken);
      const isSized = this.#next(2) === 0;
      blocks.push(varint(isSized ? -taken.length : taken.length), isSized ? varint(block.length) : NONE, block);
    }
    return Buffer.concat([...blocks, varint(0)]);
  }

  #value(field: MaskedField, path: string): Buffer {
    const from = this.#from;
    switch (field.type) {
      case "STRUCT":
        return this.record(field.fields ?? [], path);
      case "RANGE":
        return Buffer.concat(
          [0, 1].map(() => {
            const branch = from.varint();
            return branch.value === 0 ? branch.bytes : Buffer.concat([branch.bytes, from.varint().bytes]);
          }),
        );
      case "BOOL":
        return from.take(1);
      case "FLOAT64":
        return from.take(8);
      case "INT64":
      case "DATE":
      case "TIME":
      case "TIMESTAMP":
        return from.varint().bytes;
      default: {
        const length = from.varint();
        return Buffer.concat([length.bytes, from.take(length.value)]);
      }
    }
  }
}
