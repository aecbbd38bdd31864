import type { RowsOnTheirWay } from "../../sessions/sent-on.ts";
import type { SessionRow } from "../../sessions/session-row.ts";
import { RowThread } from "../../uploads/row-thread.ts";
import type { AskedRows } from "../../uploads/rows-as-lines.ts";
import { UploadError } from "../../uploads/upload-error.ts";
import { GoogleError, invalid } from "./google-error.ts";
import { type Inserting, jobOf } from "./insert-job.ts";
import { plain } from "./job-configurations.ts";
import { plannedLoad, planSentOn } from "./load-upload.ts";
import { refuseIfRefused } from "./refused.ts";
import { locationOf } from "./statement-body.ts";

/**
 * A load job whose rows are more than a statement takes: it is judged, recorded and begun before its first row is looked at, and each row
 * that is read goes on to BigQuery. What fails ends the job: then nothing was written.
 */
export class LoadStream {
  readonly row: SessionRow;
  readonly #o: Inserting;
  readonly #way: RowsOnTheirWay | undefined;
  readonly #thread: RowThread | undefined;
  #over = false;

  /** Nothing more is taken: the job was made, or has ended. */
  get over(): boolean {
    return this.#over;
  }

  private constructor(o: Inserting, row: SessionRow, way: RowsOnTheirWay | undefined, rows: AskedRows) {
    this.#o = o;
    this.row = row;
    this.#way = way;
    this.#thread = way === undefined ? undefined : new RowThread(rows);
  }

  /** `lines`: the rows come as lines of JSON, whatever the job says. Throws GoogleError. */
  static async begin(o: Inserting, description: string, { lines = false } = {}): Promise<LoadStream> {
    const { configuration, reference } = jobOf(description, o.project, true);
    const { load } = configuration;
    if (load === undefined) throw invalid("Only a load job carries data.");
    const planned = await plannedLoad(load, o.principal, o.connection, o.project, o.clock());
    const { statement, sentOn, rows } = planSentOn(lines ? { ...planned, format: { kind: "json" } } : planned);
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
        "A person must agree to this load, and rows this many are kept nowhere while it waits: nothing was written. Send it in loads that one statement takes, which wait, or from Cloud Storage.",
      );
    }
    const way = dryRun ? undefined : await o.engine.sentOn.begin(row, o.principal, o.connection);
    return new LoadStream(o, row, way, lines ? { ...rows, jsonTexts: true } : rows);
  }

  /** Throws when the job has ended. */
  async add(bytes: Buffer): Promise<void> {
    const [thread, way] = [this.#thread, this.#way];
    if (thread === undefined || way === undefined) return;
    await this.#orOver(async () => way.add(await thread.add(bytes)));
  }

  /** All bytes are there: the job is made. */
  async finish(): Promise<SessionRow> {
    const [thread, way] = [this.#thread, this.#way];
    if (thread === undefined || way === undefined) {
      await this.breakOff();
      return this.row;
    }
    await this.#orOver(async () => {
      await way.add(await thread.end());
      if (thread.rows === 0) throw new UploadError("The upload has no row that can be written.");
    });
    // From here on the job is the session's: nobody may know whether BigQuery has the last piece.
    this.#over = true;
    try {
      await way.finish();
    } finally {
      await thread.close();
    }
    return this.row;
  }

  /** The rest won't come. */
  async breakOff(error?: unknown): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await Promise.all([this.#thread?.close(), this.#way?.cancel()]);
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
