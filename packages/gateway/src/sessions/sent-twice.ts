import type { AgentPrincipal } from "../identity/principal.ts";
import { stillAdmitted } from "../identity/revocation.ts";
import { LastKept } from "../last-kept.ts";
import type { Connection } from "./connection.ts";
import { CountedLines } from "./counted-lines.ts";
import { BUSY, NOT_ADMITTED } from "./endings.ts";
import type { EngineOptions } from "./engine-options.ts";
import { loadHmac } from "./receive.ts";
import { denied } from "./refusal.ts";
import { type RowsOnTheirWay, SentOnError, TOO_LONG, type WayOfRows } from "./sent-on.ts";
import type { SessionError } from "./session.ts";
import { type SessionRow, sessionById } from "./session-row.ts";
import type { Submission } from "./statement.ts";
import { SAME_LOAD, SAME_LOAD_WAITING } from "./statements.ts";

/** Ends that an agent was told of (I10). */
const TOLD_KEPT = 10_000;

export interface SentTwiceParts {
  /** Whether a person would have to agree, by policy alone. */
  asks(principal: AgentPrincipal, connection: Connection, submission: Submission): Promise<boolean>;
  submit(principal: AgentPrincipal, connection: Connection, submission: Submission): Promise<SessionRow>;
  /** Whether the approved session runs now (`Launch.startLoad`), and what it is then. */
  start(row: SessionRow): Promise<{ readonly started: boolean; readonly now: SessionRow }>;
  sendOn(row: SessionRow, principal: AgentPrincipal, connection: Connection): Promise<RowsOnTheirWay>;
  /** Ends one that runs. */
  breakOff(row: SessionRow, error: SessionError): Promise<void>;
}

/** The load of a kind whose rows were counted that counts: one that waits, or else the newest. */
type Before = Pick<SessionRow, "id" | "state" | "error" | "job_id" | "finished_at">;

function newestOf(
  { store, sealer }: EngineOptions,
  principal: AgentPrincipal,
  connection: Connection,
  submission: Submission,
): Before | undefined {
  const { issuer, subject } = principal;
  const load = { issuer, subject, requestHmac: loadHmac(sealer, principal, connection, submission) };
  return (SAME_LOAD_WAITING.first(store, load) ?? SAME_LOAD.first(store, load)) as Before | undefined;
}

/** Throws SentOnError where it waits for a person, or is being written. */
function refuseWaiting(before: Before | undefined): void {
  switch (before?.state) {
    case "received":
    case "analysed":
    case "decided":
    case "held":
      throw new SentOnError(waits(before.job_id));
    case "running":
    case "releasing":
      throw new SentOnError(underWay(before.job_id));
  }
}

/**
 * Loads of more rows than a statement takes, for which a person must agree: their file is sent twice (docs/adr/0017-sent-rows.md). The first
 * time its rows are read, counted and dropped, and what they come to is agreed to; the second time they go on to BigQuery, if they are the same.
 */
export class SentTwice {
  readonly #o: EngineOptions;
  readonly #parts: SentTwiceParts;
  /** Sessions that are about to start. */
  readonly #starting = new Set<string>();
  /** Denied or expired sessions of which the agent was told so. */
  readonly #told = new LastKept<string, true>(TOLD_KEPT);

  constructor(options: EngineOptions, parts: SentTwiceParts) {
    this.#o = options;
    this.#parts = parts;
  }

  /** Where the rows of a load go; undefined: nobody has to agree to it, and it is submitted as it is. Throws SentOnError where they go nowhere now. */
  async begin(
    principal: AgentPrincipal,
    connection: Connection,
    submission: Submission,
  ): Promise<WayOfRows | undefined> {
    const before = newestOf(this.#o, principal, connection, submission);
    refuseWaiting(before);
    if (before?.state === "approved")
      return this.#second(await sessionById(this.#o.store, before.id), principal, connection);
    if (before?.state === "denied" || before?.state === "expired") this.#tell(before);
    if (!(await this.#parts.asks(principal, connection, submission))) return undefined;
    return new RowsCounted(this.#o, this.#parts, { principal, connection, submission });
  }

  /** Once, and not for ever: whoever sends it after that asks anew. */
  #tell(before: Before): void {
    if (before.error === null || this.#told.get(before.id) !== undefined) return;
    if ((before.finished_at ?? 0) < this.#o.clock() - this.#o.approvals.expiresAfterMs) return;
    this.#told.set(before.id, true);
    const error = JSON.parse(before.error) as SessionError;
    throw new SentOnError({
      ...error,
      message: `${error.message} Nothing was written. Sent once more, these rows are asked for anew.`,
    });
  }

  async #second(row: SessionRow, principal: AgentPrincipal, connection: Connection): Promise<RowsOnTheirWay> {
    if (this.#starting.has(row.id)) throw new SentOnError(underWay(row.job_id));
    this.#starting.add(row.id);
    const { started, now } = await this.#parts.start(row).finally(() => this.#starting.delete(row.id));
    if (started) return this.#parts.sendOn(now, principal, connection);
    if (now.error !== null) {
      this.#told.set(row.id, true);
      throw new SentOnError(JSON.parse(now.error) as SessionError);
    }
    if (now.state === "approved") throw new SentOnError(BUSY);
    throw new SentOnError(now.state === "held" ? askedAgain(row.job_id) : underWay(row.job_id));
  }
}

/** What the first upload is: nothing of it is kept, and nothing is upstream. */
class RowsCounted implements WayOfRows {
  readonly #o: EngineOptions;
  readonly #parts: SentTwiceParts;
  readonly #of: {
    readonly principal: AgentPrincipal;
    readonly connection: Connection;
    readonly submission: Submission;
  };
  readonly #counted: CountedLines;
  readonly #begun: number;

  constructor(
    options: EngineOptions,
    parts: SentTwiceParts,
    of: { readonly principal: AgentPrincipal; readonly connection: Connection; readonly submission: Submission },
  ) {
    this.#o = options;
    this.#parts = parts;
    this.#of = of;
    this.#counted = new CountedLines(options.sealer);
    this.#begun = options.clock();
  }

  async goesOn(): Promise<void> {
    const { store, clock, limits } = this.#o;
    if (clock() - this.#begun > limits.runMs) throw new SentOnError(TOO_LONG);
    if (!(await stillAdmitted(store, this.#of.principal, clock()))) throw new SentOnError(NOT_ADMITTED);
  }

  async add(lines: Uint8Array): Promise<void> {
    this.#counted.add(lines);
  }

  /** Asks for them, and says so by SentOnError: a job would be waited for, that runs only when they come again. */
  async finish(count: number): Promise<never> {
    await this.goesOn();
    const { principal, connection, submission } = this.#of;
    // Two may have been counted at once: people are asked about one.
    const before = newestOf(this.#o, principal, connection, submission);
    refuseWaiting(before);
    if (before?.state === "approved") throw new SentOnError(waits(before.job_id));
    const rows = this.#counted.all(count);
    const statement = { ...submission.statement, rows };
    const row = await this.#parts.submit(principal, connection, { ...submission, statement });
    if (row.error !== null) throw new SentOnError(JSON.parse(row.error) as SessionError);
    if (row.state !== "running") throw new SentOnError(asked(row.job_id, count));
    // Policy is another by now, and nobody has to agree.
    await this.#parts.breakOff(row, SEND_AGAIN);
    throw new SentOnError(SEND_AGAIN);
  }

  async cancel(): Promise<void> {}

  async breakOff(): Promise<void> {}
}

const HOW =
  "When somebody has agreed, send the same file again, in the same way: its rows are kept nowhere, and are then written.";

function asked(job: string, rows: number): SessionError {
  return denied(
    `A person must agree to this load before anything is written. Its ${rows} rows were read, counted and dropped, and are asked for as job ${job}. ${HOW}`,
  );
}

function waits(job: string): SessionError {
  return denied(
    `This load waits for a person, as job ${job}. ${HOW} To load another file into this table in this way, cancel that job first.`,
  );
}

function askedAgain(job: string): SessionError {
  return denied(
    `What was agreed to of this load is no longer what it would do, so a person is asked again, as job ${job}. ${HOW}`,
  );
}

function underWay(job: string): SessionError {
  return {
    reason: "invalid",
    status: 400,
    message: `This load is under way already, as job ${job}. Nothing was written by this upload; look at that job.`,
  };
}

const SEND_AGAIN = denied(
  "What policy says of this load has changed while its rows were read, and nobody has to agree any more. Nothing was written; send it again.",
);
