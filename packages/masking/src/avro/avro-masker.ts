import { isUtf8 } from "node:buffer";
import type { ArrowMaskerOptions } from "../arrow/arrow-masker.ts";
import { BatchMemory } from "../arrow/batch-memory.ts";
import { planRow, type RowPlan } from "../json-rows/cell-plan.ts";
import { DEFAULT_LIMITS, type MaskedPage } from "../json-rows/rows-masker.ts";
import { MaskingError } from "../masking-error.ts";
import { StreamState } from "../stream-state.ts";
import { type AvroColumn, avroColumnsOf } from "./avro-column.ts";
import { AvroReader } from "./avro-reader.ts";
import { AvroWriter } from "./avro-writer.ts";
import { FastAvro } from "./fast-avro.ts";
import { maskRow, skipRow } from "./mask-rows.ts";
import { writeAvroSchema } from "./write-schema.ts";

const MOST_SCHEMA_BYTES = 4 * 1024 * 1024;

/**
 * Masks Avro rows of one schema, as BigQuery's Storage Read API gives them: so many rows without header or marks between them. Rules and
 * their results are those of `JsonRowsMasker` and `ArrowMasker`: the same cell becomes the same value.
 *
 * The schema is written anew; a value that is shown keeps its bytes, and no other byte passes.
 */
export class AvroMasker {
  readonly #plan: RowPlan;
  readonly #state: StreamState;
  readonly #limits: { readonly maxRows: number; readonly maxMaskedCellBytes: number };
  readonly #subjects: ReadonlySet<number>;
  readonly #memory: BatchMemory;
  #columns: readonly AvroColumn[] | undefined;
  /** null: not asked for yet. */
  #fast: FastAvro | undefined | null;

  /**
   * @param how `exact`: without the fast half, to compare the two
   * @throws MaskingError `fields` if no result could have these fields
   */
  constructor(options: ArrowMaskerOptions, how: "fast" | "exact" = "fast") {
    this.#fast = how === "fast" ? null : undefined;
    this.#memory = options.memory ?? new BatchMemory("fresh");
    this.#plan = planRow(options);
    this.#state = new StreamState(this.#plan);
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#subjects = new Set(this.#plan.masked.flatMap(({ subject }) => subject ?? []));
  }

  /**
   * Takes upstream's schema (JSON), which must be exactly the fields', and gives the one for clients.
   * @throws MaskingError; after it the masker is dead
   */
  schema(serialized: Uint8Array): Buffer {
    return this.#state.alive(() => {
      this.#columns = avroColumnsOf(parsed(serialized), this.#plan.row);
      return Buffer.from(writeAvroSchema(this.#columns));
    });
  }

  /**
   * Takes so many of upstream's rows and gives the masked ones: at most the first `atMost`.
   * @throws MaskingError; after it the masker is dead
   */
  batch(
    serialized: Uint8Array,
    count: number,
    atMost = Number.POSITIVE_INFINITY,
  ): { readonly rows: number; readonly batch: Buffer } {
    return this.#state.alive(() => {
      const columns = this.#columns;
      if (columns === undefined) throw new MaskingError("shape", "Rows came before their schema");
      if (!Number.isSafeInteger(count) || count < 0)
        throw new MaskingError("shape", "A batch says that it has a number of rows that is none");
      if (count > this.#limits.maxRows - this.#state.rows)
        throw new MaskingError("limit", `More than the ${this.#limits.maxRows} rows allowed`);
      const rows = Math.min(count, atMost);
      const reader = new AvroReader(serialized);
      this.#memory.begin();
      // Tokens are longer than what they stand for.
      const writer = new AvroWriter(this.#memory, serialized.length * 1.25 + 1024);
      if (this.#fast === null) this.#fast = FastAvro.of(columns, this.#limits.maxMaskedCellBytes, this.#subjects);
      try {
        for (let i = 0; i < rows; i++) {
          i += this.#fast?.read(reader, rows - i, writer) ?? 0;
          if (i < rows) this.#mask(columns, reader, writer);
        }
      } finally {
        this.#fast?.end();
      }
      for (let i = Math.max(0, rows); i < count; i++) skipRow(columns, reader, NONE);
      if (!reader.done) throw new MaskingError("shape", "There are more bytes than rows");
      const batch = writer.take();
      this.#state.count(rows, batch);
      return { rows, batch };
    });
  }

  /** One row, by the exact half. */
  #mask(columns: readonly AvroColumn[], reader: AvroReader, writer: AvroWriter): void {
    const start = reader.at;
    // A subject may stand behind what its row's masks need it for.
    const subjects = this.#subjects.size === 0 ? NO_TEXTS : skipRow(columns, reader, this.#subjects);
    reader.at = start;
    maskRow(columns, reader, writer, { maxCellBytes: this.#limits.maxMaskedCellBytes, subjects });
  }

  /** What came out so far, at any time, also after an error. */
  progress(): Omit<MaskedPage, "envelope"> {
    return this.#state.progress();
  }
}

const NONE: ReadonlySet<number> = new Set();
const NO_TEXTS: ReadonlyMap<number, string | null> = new Map();

function parsed(schema: Uint8Array): unknown {
  if (schema.length > MOST_SCHEMA_BYTES) throw new MaskingError("limit", "The Avro schema is too long");
  try {
    if (isUtf8(schema)) return JSON.parse(Buffer.from(schema).toString("utf8"));
  } catch {
    // Told below, without what stands in it.
  }
  throw new MaskingError("syntax", "The Avro schema is no JSON");
}
