import { setTimeout as delay } from "node:timers/promises";
import { type MaskedField, MaskingError, unfitForAvro } from "@chaperone/masking";
import { DATA_FORMAT, type Format, messages, type ReadSession, SERVICE } from "../../grpc/bigquery-read.ts";
import type { Call } from "../../grpc/server.ts";
import { GrpcError } from "../../grpc/status.ts";
import type { AgentPrincipal } from "../../identity/principal.ts";
import { columnsTaken, readAlone } from "../../sessions/columns-taken.ts";
import type { Connection } from "../../sessions/connection.ts";
import type { Outcome } from "../../sessions/job-follower.ts";
import { countRows, type PageOptions, requireAdmitted } from "../../sessions/page.ts";
import { ANSWER_DISAGREES } from "../../sessions/refusal.ts";
import { RESULT_DATASET, sessionOfResultTable } from "../../sessions/result-table.ts";
import type { SessionError } from "../../sessions/session.ts";
import { rowLimit, type SessionRow, upstreamJob } from "../../sessions/session-row.ts";
import { maskedStream, streamMasker } from "../../sessions/stream-read.ts";
import { unfinishedRead } from "../../sessions/unfinished-read.ts";
import { parseTableName } from "../../upstream/names.ts";
import type { StorageUpstream } from "../../upstream/storage/storage-upstream.ts";
import { askedStatement } from "./asked-statement.ts";
import { Places } from "./places.ts";
import { refused } from "./refused.ts";
import { type AskedRead, readRequest, rowsRequest, splitRequest } from "./requests.ts";
import { pathsOf, select } from "./selection.ts";
import { fieldsOf, openStream, sessionName, streamName } from "./stream-name.ts";

export interface StorageDoorOptions {
  readonly pages: PageOptions;
  /** Longest one call waits for a person. */
  readonly longPollMs: number;
  readonly limits: {
    readonly streams: number;
    readonly reads: number;
    readonly readsPerAgent: number;
    readonly readMs: number;
    readonly recheckMs: number;
  };
  /** Calls of one agent being answered, reads aside. */
  readonly callsPerAgent: number;
  readonly calls: number;
}

/** Longest a call waits for a job that runs: clients give it 60 seconds and more. */
const RUNNING_MS = 50_000;
/** Longest a client may take to read an answer that is one message. */
const ANSWER_MS = 60_000;
/** How often it is asked whether a stream's agent is still let in, whatever its client and BigQuery do. */
const LOOK_MS = 1000;
/** Sessions remembered as answered (I10). */
const ANSWERED_KEPT = 10_000;

type Method = "CreateReadSession" | "ReadRows" | "SplitReadStream";

/** The method of a path, or undefined: other services, v1beta1 and v1beta2 among them, aren't served. */
export function methodOf(path: string): Method | undefined {
  switch (path) {
    case `${SERVICE}/CreateReadSession`:
      return "CreateReadSession";
    case `${SERVICE}/ReadRows`:
      return "ReadRows";
    case `${SERVICE}/SplitReadStream`:
      return "SplitReadStream";
    default:
      return undefined;
  }
}

/**
 * BigQuery's Storage Read API. A read session is a query and its result (docs/adr/0016-table-reads.md); its streams are BigQuery's own
 * streams of that result, batch by batch through the masks.
 * https://cloud.google.com/bigquery/docs/reference/storage/rpc
 */
export class StorageDoor {
  readonly #o: StorageDoorOptions;
  readonly #calls: Places;
  readonly #reads: Places;
  readonly #answered = new Set<string>();

  constructor(options: StorageDoorOptions) {
    this.#o = options;
    this.#calls = new Places(options.calls, options.callsPerAgent);
    this.#reads = new Places(options.limits.reads, options.limits.readsPerAgent);
  }

  async serve(principal: AgentPrincipal, call: Call): Promise<void> {
    const method = methodOf(call.path);
    switch (method) {
      case "CreateReadSession":
        return this.#calls.within(principal, async () => {
          const asked = readRequest(await call.request(), this.#o.limits.streams);
          const session = await this.#create(principal, asked, call.signal);
          await call.send(messages.readSession.pieces(session), AbortSignal.timeout(ANSWER_MS));
        });
      case "ReadRows":
        return this.#reads.within(principal, () => this.#read(principal, call));
      case "SplitReadStream":
        return this.#calls.within(principal, () => this.#split(principal, call));
      case undefined:
        throw new GrpcError(
          "unimplemented",
          "Chaperone serves google.cloud.bigquery.storage.v1.BigQueryRead: CreateReadSession, ReadRows and SplitReadStream.",
        );
    }
  }

  async #create(principal: AgentPrincipal, asked: AskedRead, signal: AbortSignal): Promise<ReadSession> {
    const { engine } = this.#o.pages;
    const asking = engine.connectionOf(asked.project);
    if (asking === undefined) throw new GrpcError("permissionDenied", "This gateway does not serve that project.");
    storageOf(asking);
    const row = await this.#settled(await this.#session(principal, asking, asked), signal);
    // A result's table can be of another project than the one that asks: its job is read where it ran.
    const connection = engine.connectionByRow(row);
    const storage = storageOf(connection);
    const outcome = engine.outcome(row.id);
    if (outcome === undefined) throw waiting(row);
    if (!outcome.ok) throw refused(outcome.error);
    const all = engine.maskPlanOf(row).fields;
    if (all.length === 0) throw new GrpcError("notFound", "Not found: Table");
    const fields = readAlone(select(all, asked.selection), all);
    const unfit = asked.format === "avro" ? unfitForAvro(fields) : undefined;
    if (unfit !== undefined)
      throw new GrpcError("invalidArgument", `AVRO doesn't carry this: ${unfit}. Ask for ARROW.`);
    // A read session says how many rows there are, and upstream makes none for what may not be read now.
    const count = await countRows(this.#o.pages, principal, row, outcome);
    return this.#open(row, connection, storage, asked, outcome, count, all, fields, signal);
  }

  /** The session of which the table is the result, or the query that reads it. */
  async #session(principal: AgentPrincipal, connection: Connection, asked: AskedRead): Promise<SessionRow> {
    const { engine, store, clock } = this.#o.pages;
    if (asked.table.datasetId === RESULT_DATASET) {
      // A condition on the rows would see what the masks hide.
      if (asked.restriction !== undefined || asked.snapshot !== undefined || asked.samplePercentage !== undefined)
        throw new GrpcError(
          "invalidArgument",
          "A query's result is read without row_restriction, snapshot_time and sample_percentage; say them in the query.",
        );
      const row = await sessionOfResultTable(store, principal, asked.table);
      if (row === undefined) throw new GrpcError("notFound", "Not found: Table");
      return row;
    }
    const now = clock();
    const statement = await askedStatement(principal, connection, asked, now);
    const pending = await unfinishedRead(store, engine, principal, asked.project, statement.sql, {
      kind: "unanswered",
      now,
      answered: (id) => this.#answered.has(id),
    });
    if (pending !== undefined) return pending;
    return engine.submit(principal, connection, {
      door: "bigquery-storage",
      project: asked.project,
      location: connection.location,
      jobId: undefined,
      requestId: undefined,
      statement,
      dryRun: false,
      maximumBytesBilled: undefined,
      jobTimeoutMs: undefined,
      labels: {},
    });
  }

  /** Waits for a person as long as a call may, and for the job as long as clients do. */
  async #settled(before: SessionRow, signal: AbortSignal): Promise<SessionRow> {
    const { engine } = this.#o.pages;
    let row = await engine.settle(before, this.#o.longPollMs, signal);
    if (
      row.error === null &&
      engine.outcome(row.id) === undefined &&
      (row.state === "running" || row.state === "releasing")
    )
      row = await engine.settle(row, RUNNING_MS - this.#o.longPollMs, signal);
    signal.throwIfAborted();
    if (row.error !== null) throw refused(JSON.parse(row.error) as SessionError);
    return row;
  }

  async #open(
    row: SessionRow,
    connection: Connection,
    storage: StorageUpstream,
    asked: AskedRead,
    outcome: Extract<Outcome, { ok: true }>,
    count: number,
    all: readonly MaskedField[],
    fields: readonly MaskedField[],
    signal: AbortSignal,
  ): Promise<ReadSession> {
    const { pages } = this.#o;
    const job = await connection.upstream.getJob(upstreamJob(row, connection));
    if (job?.destinationTable === undefined)
      throw new GrpcError("notFound", "The rows are no longer there. Send the read again.");
    const limit = rowLimit(row);
    const paths = pathsOf(fields, all);
    const inside = paths?.some((path) => path.includes(".")) === true;
    // Where fewer rows may leave than there are, they are counted along one stream, as in pages.
    const streams = outcome.totalRows > limit ? 1 : asked.streams;
    const opened = await storage.createReadSession({
      project: row.project,
      table: parseTableName(job.destinationTable),
      selectedFields: paths ?? [],
      format: asked.format,
      streams,
      signal,
    });
    let schema: Buffer;
    try {
      schema = streamMasker(pages, asked.format, fields, 0).schema(opened.schema);
      if (opened.streams.length === 0 && outcome.totalRows > 0)
        throw new MaskingError("shape", "There is no stream for the rows");
    } catch (error) {
      if (!(error instanceof MaskingError)) throw error;
      await pages.engine.distrust(row.id, error.message);
      throw refused(ANSWER_DISAGREES);
    }
    this.#remember(row.id);
    const whole = opened.streams.length === 1;
    return {
      name: sessionName(row),
      ...(opened.expiresAt === undefined ? {} : { expireTime: { seconds: Math.floor(opened.expiresAt / 1000) } }),
      dataFormat: DATA_FORMAT[asked.format],
      ...schemaIn(asked.format, schema),
      table: `projects/${asked.table.projectId}/datasets/${asked.table.datasetId}/tables/${asked.table.tableId}`,
      streams: opened.streams.map((upstream) => ({
        name: streamName(pages.sealer, row, {
          format: asked.format,
          upstream,
          total: outcome.totalRows,
          limit,
          whole,
          ...(inside ? { paths } : paths === undefined ? {} : { taken: columnsTaken(fields, all) }),
        }),
      })),
      estimatedRowCount: count,
      ...(asked.traceId === undefined ? {} : { traceId: asked.traceId }),
    };
  }

  async #read(principal: AgentPrincipal, call: Call): Promise<void> {
    const { pages, limits } = this.#o;
    const { readStream, offset } = rowsRequest(await call.request());
    const { row, place } = await openStream(pages.store, pages.sealer, principal, readStream);
    if (row.error !== null) throw refused(JSON.parse(row.error) as SessionError);
    if (offset > place.total) throw new GrpcError("outOfRange", "The offset is beyond the stream's rows.");
    const storage = storageOf(pages.engine.connectionByRow(row));
    const { format } = place;
    const over = new AbortController();
    try {
      const signal = AbortSignal.any([
        call.signal,
        leftOut(pages, principal, row, over.signal),
        AbortSignal.timeout(limits.readMs),
      ]);
      const batches = maskedStream(pages, principal, row, {
        format,
        fields: fieldsOf(place, pages.engine.maskPlanOf(row).fields),
        offset,
        total: place.total,
        limit: place.limit,
        whole: place.whole,
        stream: pages.sealer.keyedHash(place.upstream),
        recheckMs: limits.recheckMs,
        open: () => storage.readRows(place.upstream, format, offset, signal),
      });
      // The next batch isn't asked for before the client has room.
      for await (const { schema, batch, rows } of batches)
        await call.send(
          messages.readRowsResponse.pieces({
            ...(format === "arrow"
              ? { arrowRecordBatch: { serializedRecordBatch: batch, rowCount: rows } }
              : { avroRows: { serializedBinaryRows: batch, rowCount: rows } }),
            rowCount: rows,
            ...(schema === undefined ? {} : schemaIn(format, schema)),
          }),
          signal,
        );
    } finally {
      over.abort();
    }
  }

  async #split(principal: AgentPrincipal, call: Call): Promise<void> {
    const { pages } = this.#o;
    const { name, fraction } = splitRequest(await call.request());
    const { row, place } = await openStream(pages.store, pages.sealer, principal, name);
    if (row.error !== null) throw refused(JSON.parse(row.error) as SessionError);
    // One that is limited is counted along: it can't be split, which is said by naming no stream.
    const parts =
      place.total > place.limit
        ? undefined
        : await storageOf(pages.engine.connectionByRow(row)).split(place.upstream, fraction, call.signal);
    const part = (upstream: string) => ({
      name: streamName(pages.sealer, row, { ...place, upstream, whole: false }),
    });
    await call.send(
      messages.splitReadStreamResponse.pieces(
        parts === undefined ? {} : { primaryStream: part(parts[0]), remainderStream: part(parts[1]) },
      ),
      AbortSignal.timeout(ANSWER_MS),
    );
  }

  #remember(id: string): void {
    this.#answered.add(id);
    for (const oldest of this.#answered) {
      if (this.#answered.size <= ANSWERED_KEPT) return;
      this.#answered.delete(oldest);
    }
  }
}

/** Fires when the agent is let in no more: neither a client that takes nothing nor a BigQuery that says nothing has a next batch to ask before. */
function leftOut(pages: PageOptions, principal: AgentPrincipal, row: SessionRow, over: AbortSignal): AbortSignal {
  const stop = new AbortController();
  const look = async (): Promise<never> => {
    for (;;) {
      await delay(LOOK_MS, undefined, { ref: false, signal: over });
      await requireAdmitted(pages, principal, row);
    }
  };
  look().catch((error: unknown) => {
    if (!over.aborted) stop.abort(error);
  });
  return stop.signal;
}

function schemaIn(format: Format, schema: Buffer): Pick<ReadSession, "arrowSchema" | "avroSchema"> {
  return format === "arrow"
    ? { arrowSchema: { serializedSchema: schema } }
    : { avroSchema: { schema: schema.toString("utf8") } };
}

function storageOf(connection: Connection): StorageUpstream {
  if (connection.storage === undefined)
    throw new GrpcError("unimplemented", "This project has no Storage Read API configured; read by queries.");
  return connection.storage;
}

/** UNAVAILABLE: clients send the read again, for ten minutes by themselves, and find it waiting. */
function waiting(row: SessionRow): GrpcError {
  const job = `job ${row.job_id}`;
  return row.state === "running" || row.state === "releasing"
    ? new GrpcError("unavailable", `The read still runs as ${job}. Send it again.`)
    : new GrpcError("unavailable", `A person must agree to this read first; it waits as ${job}. Send it again.`);
}
