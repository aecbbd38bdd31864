import { planRow, type RowPlan } from "../json-rows/cell-plan.ts";
import { DEFAULT_LIMITS, type MaskedPage, type RowsMaskerOptions } from "../json-rows/rows-masker.ts";
import { MaskingError } from "../masking-error.ts";
import { StreamState } from "../stream-state.ts";
import { BatchMemory } from "./batch-memory.ts";
import { type Column, columnsOf } from "./column.ts";
import { headValues } from "./head-values.ts";
import { maskValues } from "./mask-values.ts";
import { RECORD_BATCH, readMessage, SCHEMA } from "./message.ts";
import { readBatch, type Values } from "./read-batch.ts";
import { subjectsOf } from "./subjects.ts";
import { writeBatch } from "./write-batch.ts";
import { writeSchema } from "./write-schema.ts";

export type ArrowMaskerOptions = Pick<
  RowsMaskerOptions,
  "fields" | "keys" | "now" | "restrictedZips" | "smallestCell" | "shiftDays" | "recordNumbers"
> & {
  readonly limits?: Partial<Pick<NonNullable<RowsMaskerOptions["limits"]>, "maxRows" | "maxMaskedCellBytes">> & {
    /** To which the compressed buffers of one batch may unpack; default 256 MB. */
    readonly maxBatchBytes?: number;
  };
  /** Each batch is written here over the one before, and holds until the next is made; without, each has its own memory. */
  readonly memory?: BatchMemory;
};

const MOST_BATCH_BYTES = 256 * 1024 * 1024;

/**
 * Masks Arrow record batches of one schema, as BigQuery's Storage Read API gives them, each an encapsulated message by itself. Compressed
 * buffers are unpacked; what comes out is never compressed. Rules and their results are those of `JsonRowsMasker`: the same cell becomes the same value.
 *
 * Every byte of the metadata is read and written anew; a value that is shown keeps its bytes, and no other byte passes.
 */
export class ArrowMasker {
  readonly #plan: RowPlan;
  readonly #state: StreamState;
  readonly #limits: {
    readonly maxRows: number;
    readonly maxMaskedCellBytes: number;
    readonly maxBatchBytes: number;
  };
  readonly #memory: BatchMemory;
  #columns: readonly Column[] | undefined;

  /** @throws MaskingError `fields` if no result could have these fields */
  constructor(options: ArrowMaskerOptions) {
    this.#plan = planRow(options);
    this.#state = new StreamState(this.#plan);
    this.#memory = options.memory ?? new BatchMemory("fresh");
    this.#limits = { ...DEFAULT_LIMITS, maxBatchBytes: MOST_BATCH_BYTES, ...options.limits };
  }

  /**
   * Takes upstream's schema message, which must be exactly the fields', and gives the one for clients.
   * @throws MaskingError; after it the masker is dead
   */
  schema(serialized: Uint8Array): Buffer {
    return this.#state.alive(() => {
      const { header, body } = readMessage(serialized, SCHEMA);
      if (body.length > 0) throw new MaskingError("shape", "A schema message has no body");
      this.#columns = columnsOf(header, this.#plan.row);
      return writeSchema(this.#columns);
    });
  }

  /**
   * Takes one record batch message of upstream's and gives the masked one, with its number of rows: of the batch's, at most the
   * first `atMost`.
   * @throws MaskingError; after it the masker is dead
   */
  batch(serialized: Uint8Array, atMost = Number.POSITIVE_INFINITY): { readonly rows: number; readonly batch: Buffer } {
    return this.#state.alive(() => {
      const columns = this.#columns;
      if (columns === undefined) throw new MaskingError("shape", "A batch came before its schema");
      const { header, body } = readMessage(serialized, RECORD_BATCH);
      const memory = this.#memory;
      memory.begin();
      const { maxRows, maxBatchBytes, maxMaskedCellBytes } = this.#limits;
      const came = readBatch(header, body, columns, maxRows - this.#state.rows, maxBatchBytes, memory);
      const rows = Math.min(came.rows, atMost);
      const values = columns.map((column, i) => headValues(column, came.values[i] as Values, rows));
      const subjects = subjectsOf(columns, values);
      const context = { maxCellBytes: maxMaskedCellBytes, subjects, memory };
      const masked = columns.map((column, i) => maskValues(column, values[i] as Values, context));
      const batch = writeBatch(columns, rows, masked, memory);
      this.#state.count(rows, batch);
      return { rows, batch };
    });
  }

  /** What came out so far, at any time, also after an error. */
  progress(): Omit<MaskedPage, "envelope"> {
    return this.#state.progress();
  }
}
