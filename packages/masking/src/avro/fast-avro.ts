import { BatchMemory } from "../arrow/batch-memory.ts";
import type { CellPlan } from "../json-rows/cell-plan.ts";
import { MaskingError } from "../masking-error.ts";
import type { AvroColumn } from "./avro-column.ts";
import { type AvroImage, imageOf, NODE_BYTES, nodesOf } from "./avro-image.ts";
import { AvroReader } from "./avro-reader.ts";
import { type AvroScanner, loadAvroScanner } from "./avro-scanner.ts";
import { AvroWriter } from "./avro-writer.ts";
import { computed, skipRow, writeMasked } from "./mask-rows.ts";

/** Of a node: where its count stands. */
const COUNT = 40;
const MOST_ROWS = 2 ** 31 - 1;
/** The host's answer for want of room. */
const FULL = 1;
/** What a masked value may take of the output's end. */
const SLACK = 2048;
/** Of a mask that needs no subject. */
const NO_TEXTS: ReadonlyMap<number, string | null> = new Map();

/** Whose plan lies in the scanner's memory. */
let owner: FastAvro | undefined;

function askOwner(node: number, start: number, end: number, out: number): number {
  return owner?.mask(node, start, end, out) ?? 0;
}

/**
 * The fast half of the Avro masker: `assembly/avro.ts` over a stream's rows. It takes whole rows and leaves every other, and each error,
 * to `maskRow`.
 */
export class FastAvro {
  readonly #loaded: AvroScanner;
  readonly #columns: readonly AvroColumn[];
  readonly #maxCellBytes: number;
  readonly #subjects: ReadonlySet<number>;
  readonly #image: AvroImage;
  readonly #nodes: readonly AvroColumn[];
  /** Nodes that something is masked by. */
  readonly #masked: readonly { readonly at: number; readonly plan: CellPlan }[];
  readonly #writer = new AvroWriter(new BatchMemory("fresh"), 1024);
  /** Which part of the batch lies in memory. */
  #windowStart = 0;
  #windowEnd = 0;
  /** Of the parts that lay there. */
  #longest = 0;
  /** Texts of the record subjects of the row that begins there. */
  #subjectsAt = 0;
  #texts = NO_TEXTS;

  /** undefined: this machine or this plan has none. */
  static of(columns: readonly AvroColumn[], maxCellBytes: number, subjects: ReadonlySet<number>): FastAvro | undefined {
    const scanner = loadAvroScanner(askOwner);
    if (scanner === undefined || columns.length === 0) return undefined;
    const image = imageOf(columns, maxCellBytes, scanner);
    return image === undefined ? undefined : new FastAvro(scanner, image, columns, maxCellBytes, subjects);
  }

  private constructor(
    scanner: AvroScanner,
    image: AvroImage,
    columns: readonly AvroColumn[],
    maxCellBytes: number,
    subjects: ReadonlySet<number>,
  ) {
    this.#loaded = scanner;
    this.#image = image;
    this.#columns = columns;
    this.#maxCellBytes = maxCellBytes;
    this.#subjects = subjects;
    this.#nodes = nodesOf(columns);
    this.#masked = this.#nodes.flatMap(({ plan }, i) =>
      plan.rule === "none" ? [] : [{ at: scanner.planAt + (i + 1) * NODE_BYTES + COUNT, plan }],
    );
  }

  /** The batch ends: no value stays. */
  end(): void {
    const { memory, inAt } = this.#loaded;
    memory.fill(0, inAt, inAt + this.#longest);
    this.#longest = 0;
    this.#windowStart = 0;
    this.#windowEnd = 0;
    this.#texts = NO_TEXTS;
  }

  /** Takes whole rows from the reader's place on, as many as it can, at most so many; returns how many. */
  read(reader: AvroReader, most: number, writer: AvroWriter): number {
    const { scanner, memory, planAt, inAt, inBytes, outAt } = this.#loaded;
    if (owner !== this) {
      memory.set(this.#image, planAt);
      owner = this;
    }
    const { length } = reader.bytes;
    let rows = 0;
    while (reader.at < length && rows < most) {
      if (reader.at >= this.#windowEnd) this.#fill(reader);
      const place = inAt + reader.at - this.#windowStart;
      const inEnd = inAt + this.#windowEnd - this.#windowStart;
      this.#subjectsAt = 0;
      const taken = scanner.scan(place, inEnd, Math.min(most - rows, MOST_ROWS));
      if (taken > 0) {
        writer.raw(memory.subarray(outAt, Number(scanner.outEnd.value)));
        reader.at += Number(scanner.stoppedAt.value) - place;
        rows += taken;
        this.#collectCounts();
        if (scanner.isFull() !== 0) continue;
      }
      // A row that the window's end cut, not the batch's.
      const half = this.#windowEnd < length && this.#windowEnd - reader.at < inBytes / 2;
      if (!half || reader.at === this.#windowStart) break;
      this.#fill(reader);
    }
    return rows;
  }

  /**
   * Called by the scanner for a value that it can't mask itself: writes what stands in for it and returns where that ends; 0 if it must be
   * left to the exact one.
   */
  mask(node: number, start: number, end: number, out: number): number {
    const { memory, planAt, inAt, outLimit } = this.#loaded;
    const column = this.#nodes[(node - planAt) / NODE_BYTES - 1];
    if (column === undefined) return 0;
    try {
      const row = { maxCellBytes: this.#maxCellBytes, subjects: this.#subjectsOf(column) };
      const masked = computed(column, new AvroReader(memory.subarray(start, end)), row);
      if (masked === null) return out;
      const writer = this.#writer;
      writer.clear();
      if (masked.text === masked.was) writer.raw(memory.subarray(start, end));
      else writeMasked(column, masked.text, writer);
      const bytes = writer.take();
      const left = inAt + this.#windowEnd - this.#windowStart - end;
      if (out + bytes.length + SLACK + left > outLimit) return FULL;
      memory.set(bytes, out);
      return out + bytes.length;
    } catch (error) {
      // Which error it is, the exact one says.
      if (error instanceof MaskingError) return 0;
      throw error;
    }
  }

  /** Read once a row, where a mask needs them. */
  #subjectsOf({ plan }: AvroColumn): ReadonlyMap<number, string | null> {
    if (plan.subject === undefined) return NO_TEXTS;
    const { scanner, memory, inAt } = this.#loaded;
    const rowAt = Number(scanner.rowAt.value);
    if (rowAt !== this.#subjectsAt) {
      const rest = memory.subarray(rowAt, inAt + this.#windowEnd - this.#windowStart);
      this.#texts = skipRow(this.#columns, new AvroReader(rest), this.#subjects);
      this.#subjectsAt = rowAt;
    }
    return this.#texts;
  }

  #fill({ bytes, at }: AvroReader): void {
    const { memory, inAt, inBytes, inSlack } = this.#loaded;
    const end = Math.min(bytes.length, at + inBytes);
    memory.set(bytes.subarray(at, end), inAt);
    memory.fill(0, inAt + end - at, inAt + end - at + inSlack);
    this.#windowStart = at;
    this.#windowEnd = end;
    this.#longest = Math.max(this.#longest, end - at);
  }

  #collectCounts(): void {
    const { memory } = this.#loaded;
    for (const { at, plan } of this.#masked) {
      plan.count += memory.readUInt32LE(at);
      memory.writeUInt32LE(0, at);
    }
  }
}
