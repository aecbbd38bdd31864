import type { TableFieldSchema } from "@chaperone/googlesql";
import { type SentValue, TooManyValues } from "../../sessions/sent-value.ts";
import { requireTypes } from "../file-types.ts";
import { type Most, PackedCount } from "../packed-count.ts";
import { UploadError } from "../upload-error.ts";
import { Binary } from "./binary.ts";
import { AvroBlocks } from "./blocks.ts";
import { malformed } from "./malformed.ts";
import { AvroSchema, type AvroShape } from "./schema.ts";

/**
 * The rows of an Avro object container file that comes in parts, cut anywhere, block by block. Holds no more than one block and one part.
 * Our own reader, since each value is counted as it is read: an array of a billion NULLs is a few bytes.
 * Throws UploadError, which quotes nothing of the file (I9), and TooManyValues.
 */
export class AvroRows {
  readonly #blocks = new AvroBlocks();
  readonly #fields: readonly TableFieldSchema[];
  readonly #logicalTypes: boolean;
  readonly #count: PackedCount;
  #shape: AvroShape | undefined;

  /** @param most of all rows together */
  constructor(fields: readonly TableFieldSchema[], logicalTypes: boolean, most: Most) {
    this.#fields = fields;
    this.#logicalTypes = logicalTypes;
    this.#count = new PackedCount("Avro", most);
  }

  *add(bytes: Uint8Array): Generator<SentValue> {
    const blocks = this.#blocks.add(bytes);
    for (;;) {
      const { value: block, done } = orMalformed(() => blocks.next());
      if (done === true) break;
      const shape = orMalformed(() => this.#shapeOf());
      const from = new Binary(block.bytes);
      for (let left = block.rows; left > 0n; left--) yield orMalformed(() => this.#row(shape, from));
      if (!from.ended) throw malformed();
    }
  }

  end(): readonly SentValue[] {
    orMalformed(() => {
      this.#blocks.end();
      this.#shapeOf();
      this.#count.row();
    });
    return [];
  }

  #shapeOf(): AvroShape {
    if (this.#shape !== undefined) return this.#shape;
    const { field, shape } = new AvroSchema(this.#logicalTypes).columnsOf(this.#blocks.header?.schema);
    requireTypes("Avro", field.fields ?? [], this.#fields);
    this.#shape = shape;
    return shape;
  }

  #row(shape: AvroShape, from: Binary): SentValue {
    this.#count.row();
    return this.#read(shape, from);
  }

  #read(shape: AvroShape, from: Binary): SentValue {
    switch (shape.kind) {
      case "value": {
        const value = shape.read(from);
        this.#count.add(value);
        return value;
      }
      case "optional": {
        const branch = from.int();
        if (branch !== 0 && branch !== 1) throw malformed();
        if (branch !== shape.nullAt) return this.#read(shape.of, from);
        this.#count.add(null);
        return null;
      }
      case "record": {
        // Of empty arrays alone it is a few bytes, and an object all the same.
        this.#count.add(null);
        const record: Record<string, SentValue> = {};
        for (const [name, member] of shape.members) record[name] = this.#read(member, from);
        return record;
      }
      case "array": {
        const list: SentValue[] = [];
        this.#count.add(null);
        for (let count = from.long(); count !== 0n; count = from.long()) {
          if (count < 0n) from.long();
          for (let left = count < 0n ? -count : count; left > 0n; left--) list.push(this.#read(shape.of, from));
        }
        return list;
      }
    }
  }
}

/** What is not ours may quote a value. */
function orMalformed<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof UploadError || error instanceof TooManyValues ? error : malformed();
  }
}
