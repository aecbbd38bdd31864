import { setTimeout as delay } from "node:timers/promises";
import { agentOf } from "../../identity/principal.ts";
import { BROKEN_OFF, SentOnError, type WayOfRows } from "../../sessions/sent-on.ts";
import type { SessionRow } from "../../sessions/session-row.ts";
import type { Submission } from "../../sessions/statement.ts";
import { RowThread } from "../../uploads/row-thread.ts";
import { UploadError } from "../../uploads/upload-error.ts";
import { roomOfFile, type UploadRoom } from "../../uploads/upload-room.ts";
import { GoogleError, invalid } from "./google-error.ts";
import { type Inserting, jobOf } from "./insert-job.ts";
import { type LoadConfiguration, plain } from "./job-configurations.ts";
import { type MostOfRows, plannedLoad, planSentOn } from "./load-upload.ts";
import { refuseIfRefused } from "./refused.ts";
import { locationOf } from "./statement-body.ts";

/** Of one that isn't a dry run: its rows are read by the thread and go this way. */
interface RowsGo {
  readonly way: WayOfRows;
  readonly thread: RowThread;
}

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
  readonly #to: RowsGo | { readonly row: SessionRow };
  readonly #release: () => void;
  #over = false;
  #broken: Promise<void> | undefined;
  /** Why it was broken off. */
  #why: unknown;

  /** Nothing more is taken: the job was made, or has ended. */
  get over(): boolean {
    return this.#over;
  }

  private constructor(to: RowsGo | { readonly row: SessionRow }, release: () => void) {
    this.#to = to;
    this.#release = release;
    if ("way" in to) void this.#watch(to.way);
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
    const submission: Submission = {
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
    };
    const twice = dryRun ? undefined : await o.engine.sentTwice.begin(o.principal, o.connection, submission);
    if (twice !== undefined) return new LoadStream({ way: twice, thread: new RowThread(rows) }, release);
    const row = await o.engine.submit(o.principal, o.connection, submission);
    refuseIfRefused(row);
    if (row.state === "held") {
      await o.engine.cancel(row);
      throw new GoogleError(
        503,
        "backendError",
        "What policy says of this load has changed while it was judged. Nothing was written; try again.",
      );
    }
    if (dryRun) {
      release();
      return new LoadStream({ row }, () => undefined);
    }
    const way = await o.engine.sentOn.begin(row, o.principal, o.connection);
    return new LoadStream({ way, thread: new RowThread(rows) }, release);
  }

  /** Throws when the job has ended. */
  async add(bytes: Buffer): Promise<void> {
    const to = this.#to;
    if ("row" in to) return;
    await this.#orOver(async () => {
      for await (const lines of to.thread.add(bytes)) await to.way.add(lines);
    });
  }

  /** All bytes are there: the job is made. */
  async finish(): Promise<SessionRow> {
    const to = this.#to;
    if ("row" in to) {
      await this.breakOff();
      return to.row;
    }
    const { way, thread } = to;
    await this.#orOver(async () => {
      for await (const lines of thread.end()) await way.add(lines);
      if (thread.rows === 0) throw new UploadError("The upload has no row that can be written.");
    });
    // From here on the job is the session's: nobody may know whether BigQuery has the last piece.
    this.#over = true;
    await thread.close();
    this.#release();
    return way.finish(thread.rows);
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
    if ("row" in this.#to) return;
    const { way, thread } = this.#to;
    await Promise.all([thread.close().finally(this.#release), way.cancel()]);
    const told = error instanceof UploadError || error instanceof GoogleError;
    await way.breakOff(told ? { reason: "invalid", status: 400, message: error.message } : undefined);
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
  async #watch(way: WayOfRows): Promise<void> {
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
