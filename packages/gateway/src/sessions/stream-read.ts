import {
  ArrowMasker,
  AvroMasker,
  BatchMemory,
  type MaskedField,
  type MaskedPage,
  MaskingError,
} from "@chaperone/masking";
import type { Format } from "../grpc/bigquery-read.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import type { Batch } from "../upstream/storage/storage-upstream.ts";
import { type PageOptions, requireAdmitted, requireHolding } from "./page.ts";
import { PageError } from "./page-error.ts";
import { releasedColumns } from "./records.ts";
import { ANSWER_DISAGREES } from "./refusal.ts";
import type { SessionRow } from "./session-row.ts";

/** A masked batch that may leave, and holds until the next is asked for; the first has the schema. */
export interface MaskedBatch {
  readonly schema: Buffer | undefined;
  readonly batch: Buffer;
  readonly rows: number;
}

export interface StreamRead {
  readonly format: Format;
  readonly fields: readonly MaskedField[];
  readonly offset: number;
  /** Rows of the whole result: upstream may not have more. */
  readonly total: number;
  /** Most rows that may leave, counted from the stream's first. */
  readonly limit: number;
  /** The stream must have as many. */
  readonly whole: boolean;
  /** What the record names the stream by. */
  readonly stream: string;
  /** Policy is asked again before a batch when the last time is so long ago; whether the agent is still let in, before each. */
  readonly recheckMs: number;
  open(): AsyncIterable<Batch>;
}

/** Memory of streams that ended, for the next: fresh memory is dear to fill. */
const spareMemory: BatchMemory[] = [];
const SPARE_MOST = 4;
const SPARE_MOST_BYTES = 16 * 1024 * 1024;

/** The masker of one stream, whatever its format. */
interface StreamMasker {
  schema(serialized: Uint8Array): Buffer;
  /** Of a batch that says it has so many rows. */
  batch(serialized: Uint8Array, said: number, atMost: number): { readonly rows: number; readonly batch: Buffer };
  progress(): Omit<MaskedPage, "envelope">;
}

export function streamMasker(
  options: PageOptions,
  format: Format,
  fields: readonly MaskedField[],
  maxRows: number,
  memory?: BatchMemory,
): StreamMasker {
  const { masking, clock } = options;
  const settings = {
    fields,
    keys: masking.keys,
    now: new Date(clock()),
    smallestCell: masking.smallcellK,
    shiftDays: masking.dateshiftDays,
    recordNumbers: masking.recordNumbers,
    ...(masking.restrictedZips === undefined ? {} : { restrictedZips: masking.restrictedZips }),
    limits: { maxRows },
    ...(memory === undefined ? {} : { memory }),
  };
  switch (format) {
    case "avro":
      return new AvroMasker(settings);
    case "arrow": {
      const masker = new ArrowMasker(settings);
      return {
        schema: (serialized) => masker.schema(serialized),
        batch: (serialized, said, atMost) => {
          const masked = masker.batch(serialized, atMost);
          if (masked.rows !== Math.min(said, atMost))
            throw new MaskingError("shape", "A batch has another number of rows than it says");
          return masked;
        },
        progress: () => masker.progress(),
      };
    }
  }
}

/**
 * One stream of a finished job's result, from an offset on: policy is asked, the release is recorded, and only then do upstream's
 * batches flow through the masks. Throws PageError (what the agent is told), StoreError (no evidence, no data: I3), UpstreamError.
 */
export async function* maskedStream(
  options: PageOptions,
  principal: AgentPrincipal,
  row: SessionRow,
  read: StreamRead,
): AsyncGenerator<MaskedBatch> {
  const { store, engine, metrics, clock } = options;
  const { fields, offset, total, limit, recheckMs } = read;
  await requireHolding(options, principal, row);
  let checked = clock();
  const wanted = Math.max(0, Math.min(limit, total) - offset);
  const { number } = await store.run("release.start", {
    session: row.id,
    columns: releasedColumns(fields, engine.maskPlanOf(row).fields),
    data: {
      format: read.format,
      stream: read.stream,
      fromRow: offset,
      maxRows: wanted,
      token: principal.tokenId,
    },
  });
  const memory = spareMemory.pop() ?? new BatchMemory("reused");
  const masker = streamMasker(options, read.format, fields, Math.max(0, total - offset), memory);
  let begun = false;
  let finished = false;
  let count = 0;
  try {
    for await (const upstream of wanted === 0 ? [] : read.open()) {
      // Where the clock was set back, nobody knows how long ago that was.
      if (clock() < checked || clock() - checked >= recheckMs) {
        await requireHolding(options, principal, row);
        checked = clock();
      } else await requireAdmitted(options, principal, row);
      let schema: Buffer | undefined;
      if (!begun) {
        begun = true;
        if (upstream.schema === undefined) throw new MaskingError("shape", "The first batch comes without its schema");
        schema = masker.schema(upstream.schema);
      }
      const { rows, batch } = masker.batch(upstream.batch, upstream.rows, wanted - count);
      count += rows;
      yield { schema, batch, rows };
      // What is beyond the limit isn't read. Of what isn't limited, the end is awaited: there must be no more.
      if (count >= wanted && limit < total) break;
    }
    if (read.whole && count < wanted) throw new MaskingError("shape", "The stream ends before the result does");
    finished = true;
    // Of a stream that was broken off, a batch may still be on its way to the client.
    if (spareMemory.length < SPARE_MOST && memory.byteLength <= SPARE_MOST_BYTES) spareMemory.push(memory);
  } catch (error) {
    if (!(error instanceof MaskingError)) throw error;
    await engine.distrust(row.id, error.message);
    throw new PageError(ANSWER_DISAGREES);
  } finally {
    const { bytes, maskedCells } = masker.progress();
    await engine.releaseEnded({
      session: row.id,
      number,
      outcome: finished ? "complete" : "aborted",
      rows: count,
      bytes,
      masked: maskedCells,
      last: finished && read.whole,
    });
    metrics.released(count, maskedCells);
  }
}
