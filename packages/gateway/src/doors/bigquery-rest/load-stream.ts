import { setTimeout as delay } from "node:timers/promises";
import { agentOf } from "../../identity/principal.ts";
import { BROKEN_OFF, type RowsOnTheirWay, SentOnError } from "../../sessions/sent-on.ts";
import type { SessionRow } from "../../sessions/session-row.ts";
import { RowThread } from "../../uploads/row-thread.ts";
import { UploadError } from "../../uploads/upload-error.ts";
import { roomOfFile, type UploadRoom } from "../../uploads/upload-room.ts";
import { GoogleError, invalid } from "./google-error.ts";
import { type Inserting, jobOf } from "./insert-job.ts";
import { type LoadConfiguration, plain } from "./job-configurations.ts";
import { type MostOfRows, plannedLoad, planSentOn } from "./load-upload.ts";
import { refuseIfRefused } from "./refused.ts";
import { locationOf } from "./statement-body.ts";

/** How often a load that is under way is asked whether it may go on, whatever its file and its client do. */
const LOOK_MS = 1000;

/** What loads of any size are bounded by (I10). */
export interface LoadBounds {
  /** Most bytes of a file that is kept until it is whole, and room for such. */
  readonly heldBytes: number;
  readonly files: UploadRoom;
  /** Most bytes of all rows of one upload, as they are written. */
  readonly loadBytes: number;
}

/**
 * A load job whose rows are more than a statement takes: it is judged, recorded and begun before its first row is looked at, and each row
 * that is read goes on to BigQuery. What fails ends the job: then nothing was written.
 */
export class LoadStream {
  readonly row: SessionRow;
  readonly #o: Inserting;
  readonly #way: RowsOnTheirWay | undefined;
  readonly #thread: RowThread | undefined;
  readonly #release: () => void;
  #over = false;
  #broken: Promise<void> | undefined;
  /** Why it was broken off. */
  #why: unknown;

  /** Nothing more is taken: the job was made, or has ended. */
  get over(): boolean {
    return this.#over;
  }

  private constructor(
    o: Inserting,
    row: SessionRow,
    way: RowsOnTheirWay | undefined,
    thread: RowThread | undefined,
    release: () => void,
  ) {
    this.#o = o;
    this.row = row;
    this.#way = way;
    this.#thread = thread;
    this.#release = release;
    if (way !== undefined) void this.#watch(way);
  }

  /** `total`: bytes of the upload, if that is known; `over`: called when nothing of it is held any more. Throws GoogleError. */
  static async begin(
    o: Inserting,
    description: string,
    total: number | undefined,
    bounds: LoadBounds,
    over: () => void = () => undefined,
  ): Promise<LoadStream> {
    const job = jobOf(description, o.project, true);
    const { load } = job.configuration;
    if (load === undefined) throw invalid("Only a load job carries data.");
    const held = load.sourceFormat === "PARQUET" ? (total ?? bounds.heldBytes) : 0;
    // A small file that unpacks to much takes what reading it takes, however few bytes it came in.
    const isPacked = load.sourceFormat === "PARQUET" || load.sourceFormat === "AVRO";
    const release = isPacked ? takeRoom(o, held, bounds) : () => undefined;
    try {
      return await LoadStream.#judged(o, job, load, { held, written: bounds.loadBytes }, () => {
        release();
        over();
      });
    } catch (error) {
      release();
      throw error;
    }
  }

  static async #judged(
    o: Inserting,
    { configuration, reference }: ReturnType<typeof jobOf>,
    load: LoadConfiguration,
    most: MostOfRows,
    release: () => void,
  ): Promise<LoadStream> {
    const planned = await plannedLoad(load, o.principal, o.connection, o.project, o.clock());
    const { statement, sentOn, rows } = planSentOn(planned, most);
    const dryRun = configuration.dryRun ?? false;
    const row = await o.engine.submit(o.principal, o.connection, {
      door: "bigquery-rest",
      project: o.project,
      location: locationOf(o.connection, reference?.location),
      jobId: reference?.jobId,
      requestId: undefined,
      statement,
      asked: { kind: "load", configuration: plain(load), sentOn },
      dryRun,
      maximumBytesBilled: undefined,
      jobTimeoutMs: configuration.jobTimeoutMs,
      labels: configuration.labels ?? {},
    });
    refuseIfRefused(row);
    if (row.state === "held") {
      await o.engine.cancel(row);
      throw new GoogleError(
        403,
        "accessDenied",
        "A person must agree to this load, and rows this many are kept nowhere while it waits: nothing was written. Load them into a table that this agent may write without a person, and ask for an INSERT INTO … SELECT from there, which waits; or send loads of fewer rows that one statement takes, each of which waits, or one from Cloud Storage.",
      );
    }
    const way = dryRun ? undefined : await o.engine.sentOn.begin(row, o.principal, o.connection);
    if (way === undefined) release();
    return new LoadStream(o, row, way, way === undefined ? undefined : new RowThread(rows), release);
  }

  /** Throws when the job has ended. */
  async add(bytes: Buffer): Promise<void> {
    const [thread, way] = [this.#thread, this.#way];
    if (thread === undefined || way === undefined) return;
    await this.#orOver(async () => {
      for await (const lines of thread.add(bytes)) await way.add(lines);
    });
  }

  /** All bytes are there: the job is made. */
  async finish(): Promise<SessionRow> {
    const [thread, way] = [this.#thread, this.#way];
    if (thread === undefined || way === undefined) {
      await this.breakOff();
      return this.row;
    }
    await this.#orOver(async () => {
      for await (const lines of thread.end()) await way.add(lines);
      if (thread.rows === 0) throw new UploadError("The upload has no row that can be written.");
    });
    // From here on the job is the session's: nobody may know whether BigQuery has the last piece.
    this.#over = true;
    await thread.close();
    this.#release();
    await way.finish();
    return this.row;
  }

  /** The rest won't come, or isn't wanted: whatever is being read ends at once. Resolves when that is recorded. */
  breakOff(error?: unknown): Promise<void> {
    if (!this.#over) {
      this.#over = true;
      this.#broken = this.#end(error);
    }
    return this.#broken ?? Promise.resolve();
  }

  async #end(error: unknown): Promise<void> {
    this.#why = error ?? new SentOnError(BROKEN_OFF);
    const closed = this.#thread?.close() ?? Promise.resolve();
    await Promise.all([closed.finally(this.#release), this.#way?.cancel()]);
    if (this.#way === undefined) return;
    const { sentOn } = this.#o.engine;
    if (error instanceof UploadError || error instanceof GoogleError)
      await sentOn.breakOff(this.row, { reason: "invalid", status: 400, message: error.message });
    else await sentOn.breakOff(this.row);
  }

  async #orOver(work: () => Promise<void>): Promise<void> {
    try {
      if (!this.#over) await work();
    } catch (error) {
      await this.breakOff(error);
    }
    // Once it was broken off, whatever came of the work comes of that.
    if (this.#why !== undefined) throw this.#why;
  }

  /** A file can be made to give few rows for long, and a client can fall silent: nothing else would ask. */
  async #watch(way: RowsOnTheirWay): Promise<void> {
    while (!this.#over) {
      await delay(LOOK_MS, undefined, { ref: false });
      try {
        if (!this.#over) await way.goesOn();
      } catch (error) {
        // Where nobody can say now, the next look does.
        if (error instanceof SentOnError) await this.breakOff(error).catch(() => undefined);
      }
    }
  }
}

/** A packed file waits for its turn with its client, who sends the piece again. */
function takeRoom({ principal }: Inserting, bytes: number, { heldBytes, files }: LoadBounds): () => void {
  if (bytes > heldBytes) throw tooLargeToHold(heldBytes);
  const release = files.take(agentOf(principal), roomOfFile(bytes));
  if (release !== undefined) return release;
  throw new GoogleError(
    503,
    "backendError",
    "Parquet and Avro files that are being read take all the memory that there is for them, of this agent or of all; try again.",
  );
}

export function tooLargeToHold(most: number): GoogleError {
  return new GoogleError(
    413,
    "invalid",
    `A Parquet file is read whole, and has at most ${most} bytes; send more files of fewer rows, CSV or newline-delimited JSON, or load it from Cloud Storage.`,
  );
}
