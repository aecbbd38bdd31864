import type { RowsOnTheirWay } from "../../sessions/sent-on.ts";
import type { SessionRow } from "../../sessions/session-row.ts";
import { agentOf } from "../../uploads/pieces.ts";
import { RowThread } from "../../uploads/row-thread.ts";
import { UploadError } from "../../uploads/upload-error.ts";
import { roomOfFile, type UploadRoom } from "../../uploads/upload-room.ts";
import { GoogleError, invalid } from "./google-error.ts";
import { type Inserting, jobOf } from "./insert-job.ts";
import { type LoadConfiguration, plain } from "./job-configurations.ts";
import { type MostOfRows, plannedLoad, planSentOn } from "./load-upload.ts";
import { refuseIfRefused } from "./refused.ts";
import { locationOf } from "./statement-body.ts";

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
  }

  /** `total`: bytes of the upload, if that is known. Throws GoogleError. */
  static async begin(
    o: Inserting,
    description: string,
    total: number | undefined,
    bounds: LoadBounds,
  ): Promise<LoadStream> {
    const job = jobOf(description, o.project, true);
    const { load } = job.configuration;
    if (load === undefined) throw invalid("Only a load job carries data.");
    const held = load.sourceFormat === "PARQUET" ? (total ?? bounds.heldBytes) : 0;
    // A small file that unpacks to much takes what reading it takes, however few bytes it came in.
    const isPacked = load.sourceFormat === "PARQUET" || load.sourceFormat === "AVRO";
    const release = isPacked ? takeRoom(o, held, bounds) : () => undefined;
    try {
      return await LoadStream.#judged(o, job, load, { held, written: bounds.loadBytes }, release);
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

  /** The rest won't come. */
  async breakOff(error?: unknown): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    try {
      await Promise.all([this.#thread?.close(), this.#way?.cancel()]);
    } finally {
      this.#release();
    }
    if (this.#way === undefined) return;
    const { sentOn } = this.#o.engine;
    if (error instanceof UploadError || error instanceof GoogleError)
      await sentOn.breakOff(this.row, { reason: "invalid", status: 400, message: error.message });
    else await sentOn.breakOff(this.row);
  }

  async #orOver(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.breakOff(error);
      throw error;
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
