import type { AgentPrincipal } from "../identity/principal.ts";
import { StoreError } from "../store/errors.ts";
import { UpstreamError } from "../upstream/error.ts";
import type { FirstRowsQuery } from "../upstream/upstream.ts";
import { AnalysisCache } from "./analysis-cache.ts";
import { judge, judgedAlready, stillHolds } from "./assess.ts";
import { newSession } from "./commands/receive.ts";
import type { ReleaseFinishInput } from "./commands/releases.ts";
import type { Connection } from "./connection.ts";
import { Endings } from "./endings.ts";
import { connectionByName, type EngineOptions } from "./engine-options.ts";
import { JobFollower, type Outcome } from "./job-follower.ts";
import { Launch } from "./launch.ts";
import { type MaskPlan, ofSession } from "./mask-plan.ts";
import { Process } from "./process.ts";
import { QueriedJobs } from "./queried-jobs.ts";
import { receiveInput } from "./receive.ts";
import { denied } from "./refusal.ts";
import { ReleaseEnds } from "./release-ends.ts";
import { loadedBefore } from "./rows-loaded.ts";
import { SentOn } from "./sent-on.ts";
import { SentTwice } from "./sent-twice.ts";
import type { SessionError } from "./session.ts";
import { SessionInput } from "./session-input.ts";
import {
  decisionOf,
  isNamedByUs,
  NOT_NAMED,
  openStatement,
  progressOf,
  type SealedStatement,
  type SessionRow,
  sessionById,
  sessionNow,
  upstreamJob,
  writtenMaskPlan,
} from "./session-row.ts";
import type { Submission } from "./statement.ts";
import { Upkeep } from "./upkeep.ts";
import { jsonOnce } from "./written-once.ts";

/** A session with its first page, if it came at once. */
export interface Opened<Page> {
  readonly row: SessionRow;
  readonly page: Page | undefined;
}

/** Why a page of the session must not leave, by what was judged now. */
function refusalNow(row: SessionRow, judged: Awaited<ReturnType<typeof judge>>): SessionError | undefined {
  const holds =
    judged.kind === "judged" &&
    (row.decision === jsonOnce(judged.decision)
      ? judged.decision.effect === "permit"
      : stillHolds(decisionOf(row), judged.decision));
  if (holds) return undefined;
  return denied("What policy allowed when this query was decided no longer holds. Send the query again.");
}

/** The life of every session: from submission to the last page, through the one state machine of session.ts. */
export class SessionEngine {
  readonly #o: EngineOptions;
  readonly #analyses: AnalysisCache;
  readonly #input: SessionInput;
  readonly #endings: Endings;
  readonly #jobs: JobFollower;
  readonly #queried: QueriedJobs;
  readonly #launch: Launch;
  readonly #process: Process;
  readonly #upkeep: Upkeep;
  /** Loads whose rows go on to BigQuery as they come. */
  readonly sentOn: SentOn;
  /** Those for which a person must agree. */
  readonly sentTwice: SentTwice;
  readonly #releaseEnds: ReleaseEnds;
  /** Read once of a row. */
  readonly #masks = new WeakMap<SessionRow, MaskPlan>();
  readonly #stop = new AbortController();

  constructor(options: EngineOptions) {
    this.#o = options;
    this.#analyses = new AnalysisCache(options.limits.analysesBytes);
    this.#input = new SessionInput(options, this.#analyses);
    this.#endings = new Endings(options, (id, outcome) => this.#jobs.settle(id, outcome));
    this.#jobs = new JobFollower({
      store: options.store,
      log: options.log,
      signal: this.#stop.signal,
      connection: (name) => connectionByName(options, name),
      isLoad: (row) => openStatement(options, row).asked?.sentOn !== undefined,
      failed: (id, error) => this.#endings.end(id, "failed", error),
      left: (id) => this.#upkeep.leave(id),
      changed: (id) => this.#endings.changed(id),
    });
    this.#queried = new QueriedJobs(options, this.#endings, this.#jobs);
    this.#launch = new Launch(options, this.#endings, this.#jobs, this.#input, this.#queried);
    this.#process = new Process(options, this.#endings, this.#launch, this.#input);
    this.sentOn = new SentOn(options, {
      endings: this.#endings,
      jobs: this.#jobs,
      refusal: async (row, principal) => this.pageRefusal(row, principal),
      left: (id) => this.#upkeep.leave(id),
    });
    this.sentTwice = new SentTwice(options, {
      asks: (principal, connection, submission) => this.#asks(principal, connection, submission),
      submit: (principal, connection, submission) => this.submit(principal, connection, submission),
      start: (row) =>
        this.#upkeep.orLeave(row.id, async () => {
          const started = await this.#launch.startLoad(row);
          return { started, now: await sessionById(options.store, row.id) };
        }),
      sendOn: (row, principal, connection) => this.sentOn.begin(row, principal, connection),
      breakOff: (row, error) => this.sentOn.breakOff(row, error),
    });
    this.#releaseEnds = new ReleaseEnds(options);
    this.#upkeep = new Upkeep(options, {
      endings: this.#endings,
      jobs: this.#jobs,
      launch: this.#launch,
      queried: this.#queried,
      process: this.#process,
      sentOn: this.sentOn,
      releaseEnds: this.#releaseEnds,
      stopped: this.#stop.signal,
    });
  }

  /** Milliseconds that one run has upstream, and rows that are sent on have to arrive. */
  get runMs(): number {
    return this.#o.limits.runMs;
  }

  connectionOf(project: string): Connection | undefined {
    return this.#o.connections.find((c) => c.projects.includes(project));
  }

  /**
   * Takes a query as far as it can go without a person: it ends denied or failed, held, or running upstream.
   * Throws CommandError (duplicate, too_many_open …), StoreError (no evidence, no run: I3) or UpstreamError.
   */
  async submit(principal: AgentPrincipal, connection: Connection, submission: Submission): Promise<SessionRow> {
    return (await this.#submit(principal, connection, submission, true)).row;
  }

  /** Whether a person would have to agree to it, by policy alone. What can't be judged is submitted, and recorded so. */
  async #asks(
    principal: AgentPrincipal,
    connection: Connection,
    { project, statement, labels }: Submission,
  ): Promise<boolean> {
    const of = { id: "", principal, project, purpose: labels.purpose ?? null };
    const sealed = { statement, maximumBytesBilled: null, jobTimeoutMs: null, dryRun: false };
    const judged = await judge(this.#input.of(of, connection, sealed)).catch((error: unknown) => {
      if (error instanceof UpstreamError) return undefined;
      throw error;
    });
    if (judged?.kind !== "judged" || judged.decision.effect !== "permit") return false;
    return judged.decision.obligations.approval !== undefined;
  }

  /**
   * The same for whoever wants the first page as soon as there is one: of what runs, `open` waits for it, and says `completed`; `query` is what it must send
   * first, where that isn't done. Where it brings no page within `waitMs`, the job is followed as any other. The row is what `open` returned, with its job;
   * `wanted` tells it whether anybody still waits.
   */
  async submitFor<Page>(
    principal: AgentPrincipal,
    connection: Connection,
    submission: Submission,
    waitMs: number,
    open: (row: SessionRow, query: FirstRowsQuery | undefined, wanted: () => boolean) => Promise<Opened<Page>>,
  ): Promise<Opened<Page>> {
    const { row, existing } = await this.#submit(principal, connection, submission, false);
    // What came before is followed by whoever began it, and may not be launched yet.
    if (existing || row.state !== "running") return { row, page: undefined };
    const query = this.#queried.take(row.id);
    if (query === undefined) {
      try {
        return await open(row, undefined, () => true);
      } finally {
        if (this.#jobs.outcome(row.id) === undefined) this.#jobs.follow(row);
      }
    }
    return this.#queried.upTo(waitMs, row, (wanted) => this.#openQueried(row.id, () => open(row, query, wanted)));
  }

  async #openQueried<Page>(id: string, open: () => Promise<Opened<Page>>): Promise<Opened<Page>> {
    try {
      const opened = await this.#queried.during(id, open);
      const ended = opened.row.error !== null || this.#jobs.outcome(id) !== undefined;
      if (!ended) this.#jobs.follow(opened.row);
      return opened;
    } catch (error) {
      this.#upkeep.leave(id);
      throw error;
    }
  }

  /** Whether an answer may say that this is the session's job. */
  mayBeNamed(row: SessionRow, jobId: string): boolean {
    return this.#queried.isIts(row.id, jobId);
  }

  /** The session's job is this one. */
  named(row: SessionRow, jobId: string): Promise<SessionRow> {
    return this.#queried.name(row, jobId);
  }

  /** The call that was to run the session's query failed. Returns the row: with its job, or ended. */
  async queryFailed(row: SessionRow, error: UpstreamError): Promise<SessionRow> {
    const connection = connectionByName(this.#o, row.connection);
    const now = await this.#queried.failed(row, connection, error);
    if (now.error !== null || !isNamedByUs(now)) return now;
    // Time has passed, so it is judged and dry run anew.
    if (await this.#launch.launch(now, connection, this.open(now), false)) this.#queried.stopFirst(now, connection);
    return sessionById(this.#o.store, row.id);
  }

  async #submit(
    principal: AgentPrincipal,
    connection: Connection,
    submission: Submission,
    followed: boolean,
  ): Promise<{ readonly row: SessionRow; readonly existing: boolean }> {
    const { store, newId } = this.#o;
    const id = newId();
    const { input, sealed, stored } = receiveInput(this.#o, id, principal, connection, submission);
    const leave = (error: unknown): never => {
      // Begun, it may yet be committed although the agent is told no.
      if (error instanceof StoreError && error.begun) this.#upkeep.leave(id);
      throw error;
    };
    const of = { id, principal, project: submission.project, purpose: input.by.purpose };
    const beginning = followed ? undefined : this.#process.begin(of, connection, sealed, input);
    if (beginning !== undefined) {
      const begun = await this.#upkeep.orLeft(id, beginning);
      if (begun?.existing === false) stored();
      if (begun !== undefined) return begun;
    }
    const received = await store.run("session.receive", input).catch(leave);
    if (received.existing) return { row: await sessionById(store, received.id), existing: true };
    stored();
    const row = newSession(input, received.at);
    const processed = await this.#upkeep.orLeave(id, () =>
      this.#process.process(of, connection, sealed, row, followed),
    );
    return { row: processed, existing: false };
  }

  /** A decision on an approval request was committed: go on with the session it belongs to. */
  async decided(id: string): Promise<void> {
    const row = await sessionById(this.#o.store, id);
    if (row.state === "approved") {
      await this.#upkeep.orLeave(id, () => this.#launch.startApproved(row));
    }
    this.#endings.changed(id);
  }

  /** Waits until the session leaves the waiting states and its job ended, or `ms` passed. `before`: the session as it was a moment ago. */
  async settle(before: SessionRow, ms: number, signal: AbortSignal): Promise<SessionRow> {
    const { id } = before;
    const deadline = this.#o.clock() + ms;
    const began = performance.now();
    for (;;) {
      // Listening begins before the look, so that no change falls between the two.
      // Where the clock is set back meanwhile, by the time that passed all the same.
      const left = Math.min(deadline - this.#o.clock(), began + ms - performance.now());
      // A bound ends the wait too: look once more and answer what is.
      const change = this.#endings.nextChange(id, left, [signal, this.#stop.signal]);
      try {
        // While its job is followed, whatever ends it settles that, and is a change.
        if (left > 0 && !signal.aborted && !this.#stop.signal.aborted && this.#jobs.follows(id)) {
          await change.happened;
          continue;
        }
        let now = await progressOf(this.#o.store, id);
        if (now.upstream_job === NOT_NAMED && this.#jobs.outcome(id)?.ok === true) {
          // Whoever brings its first page records which job it is.
          await this.#queried.answered(id);
          now = await progressOf(this.#o.store, id);
        }
        const ended = now.state === "done" && now.upstream_job === null;
        const waiting = now.error === null && !ended && this.#jobs.outcome(id) === undefined;
        if (waiting && (now.state === "releasing" || now.state === "done"))
          this.#jobs.follow(await sessionNow(this.#o.store, now, before));
        if (!waiting || left <= 0 || signal.aborted || this.#stop.signal.aborted)
          return await sessionNow(this.#o.store, now, before);
        await change.happened;
      } finally {
        change.stop();
      }
    }
  }

  /** The session's job has ended so, as the first page says. */
  completed(row: SessionRow, outcome: Outcome): Promise<void> | undefined {
    return this.#jobs.completed(row, outcome);
  }

  outcome(id: string): Outcome | undefined {
    return this.#jobs.outcome(id);
  }

  /** The same as far as a job's description tells it, also of before a restart. */
  async described(row: SessionRow): Promise<Outcome | undefined> {
    return this.outcome(row.id) ?? loadedBefore(this.#o.store, row, this.open(row));
  }

  /** The agent's own statement, unsealed. */
  open(row: SessionRow): SealedStatement {
    return openStatement(this.#o, row);
  }

  async cancel(row: SessionRow): Promise<SessionRow> {
    const { ended } = await this.#endings.end(row.id, "cancelled", {
      reason: "stopped",
      status: 403,
      message: "The job was cancelled.",
    });
    if (ended && row.upstream_job !== null) {
      const connection = connectionByName(this.#o, row.connection);
      const cancelled =
        row.upstream_job === NOT_NAMED
          ? this.#queried.cancel(row, connection)
          : connection.upstream.cancelJob(upstreamJob(row, connection));
      await cancelled.catch((error: unknown) =>
        this.#o.log.warn({ session: row.id, err: error }, "a cancelled job could not be stopped upstream"),
      );
    }
    return sessionById(this.#o.store, row.id);
  }

  /**
   * Policy as it is now, at each page (threat-model row 12): throws nothing, returns why the page must not leave, if so.
   * The principal is the one asking now, with its groups of now.
   */
  pageRefusal(
    row: SessionRow,
    principal: AgentPrincipal,
  ): SessionError | undefined | Promise<SessionError | undefined> {
    const { project, purpose } = row;
    const of = { id: row.id, principal, project, purpose };
    const input = this.#input.of(of, connectionByName(this.#o, row.connection), this.open(row));
    const before = judgedAlready(input);
    return before === undefined ? judge(input).then((judged) => refusalNow(row, judged)) : refusalNow(row, before);
  }

  maskPlanOf(row: SessionRow): MaskPlan {
    const known = this.#masks.get(row);
    if (known !== undefined) return known;
    const plan = writtenMaskPlan(row);
    if (plan === null) throw new Error("a session that isn't decided has no mask plan");
    const ofIts = { ...plan, fields: ofSession(plan.fields, row.id) };
    this.#masks.set(row, ofIts);
    return ofIts;
  }

  /** A page could not be trusted: the session ends and the operators are alarmed. */
  distrust(id: string, detail: string): Promise<void> {
    return this.#endings.distrust(id, detail);
  }

  /** A page that had begun ended so. Rejects where that can't be recorded now: it will be, but the page must not look whole. */
  releaseEnded(end: ReleaseFinishInput): Promise<void> {
    return this.#releaseEnds.record(end);
  }

  connectionByRow(row: SessionRow): Connection {
    return connectionByName(this.#o, row.connection);
  }

  /** Picks every unfinished session up where the store left it. Call once, before the first request. */
  resume(): Promise<{ resumed: number }> {
    return this.#upkeep.resume();
  }

  close(): void {
    this.#upkeep.close();
    this.#stop.abort();
    void this.#analyses.close();
  }
}
