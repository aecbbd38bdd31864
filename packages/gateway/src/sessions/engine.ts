import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import type { PlanStatement } from "@chaperone/googlesql";
import { canonicalJson } from "../evidence/canonical-json.ts";
import type { Json } from "../evidence/event.ts";
import type { Sealer } from "../evidence/seal.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { stillAdmitted } from "../identity/revocation.ts";
import type { Decision, PermitDecision } from "../policy/decision.ts";
import { CommandError } from "../store/command.ts";
import { StoreError } from "../store/errors.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { UpstreamError } from "../upstream/error.ts";
import { isRefusal } from "../upstream/jobs.ts";
import { AnalysisCache } from "./analysis-cache.ts";
import { type AssessInput, type Assessment, assess, judge, sameObligations } from "./assess.ts";
import type { HoldInput } from "./commands.ts";
import type { Connection } from "./connection.ts";
import { JobFollower, type Outcome } from "./job-follower.ts";
import type { MaskPlan } from "./mask-plan.ts";
import { analysedEvent, decidedEvent, travelEvent, upstreamFailure } from "./records.ts";
import { DISAGREES, denied } from "./refusal.ts";
import { FINAL_STATES, type SessionError } from "./session.ts";
import {
  agentRecord,
  attribution,
  type Processed,
  principalOf,
  processed,
  type SealedStatement,
  type SessionRow,
  sameChain,
  sessionById,
  upstreamJob,
} from "./session-row.ts";
import { parametersOf, type Submission } from "./statement.ts";
import { tableUses, type UsesInput } from "./table-uses.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly connections: readonly Connection[];
  readonly approvals: { readonly defaultApprovers: readonly string[]; readonly expiresAfterMs: number };
  readonly limits: {
    readonly openPerAgent: number;
    readonly heldPerAgent: number;
    readonly heldInAll: number;
    readonly runMs: number;
    readonly analysesBytes: number;
    readonly rows: number;
  };
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock: () => number;
  /** A fresh id: 22 characters of [A-Za-z0-9_-], from at least 128 random bits. */
  readonly newId: () => string;
}

/** How long results can be read: BigQuery's own bound for anonymous result tables. */
const RESULT_LIFETIME_MS = 24 * 3600 * 1000;
/** How often sessions that nobody reads any more are looked for, and how many are closed at once. */
const CLOSING_MS = 60_000;
const SWEPT_AT_ONCE = 100;
const TOOK_TOO_LONG: SessionError = {
  reason: "timeout",
  status: 504,
  message: "The query could not be carried out in the time it had.",
};
const BUSY: SessionError = {
  reason: "invalidQuery",
  status: 400,
  message:
    "Another query writes a table or routine that this one uses, or wrote it a moment ago, or reads what this one writes. Nothing was run. Send it again when that has ended.",
};
const NOT_ADMITTED = denied("The agent, or what it came with, was suspended or revoked. Nothing was run.");
/** How often expiry is looked for. */
const SWEEP_MS = 1000;

/** The life of every session: from submission to the last page, through the one state machine of session.ts. */
export class SessionEngine {
  readonly #o: EngineOptions;
  readonly #analyses: AnalysisCache;
  readonly #changes = new EventEmitter().setMaxListeners(0);
  /** What was assessed a moment ago, between its commit and its launch. */
  readonly #launched = new Map<string, Extract<Assessment, { kind: "permitted" }>>();
  readonly #jobs: JobFollower;
  /** Sessions whose work broke off in the middle, since the store or upstream failed: to be taken up again. */
  readonly #left = new Set<string>();
  #takingUp = false;
  readonly #stop = new AbortController();
  #sweeper: NodeJS.Timeout | undefined;
  #nextClosing = 0;

  constructor(options: EngineOptions) {
    this.#o = options;
    this.#analyses = new AnalysisCache(options.limits.analysesBytes);
    this.#jobs = new JobFollower({
      store: options.store,
      log: options.log,
      signal: this.#stop.signal,
      connection: (name) => this.#connectionByName(name),
      failed: (id, error) => this.#end(id, "failed", error),
      left: (id) => this.#left.add(id),
      changed: (id) => this.#changed(id),
    });
  }

  connectionOf(project: string): Connection | undefined {
    return this.#o.connections.find((c) => c.projects.includes(project));
  }

  /**
   * Takes a query as far as it can go without a person: it ends denied or failed, held, or running upstream.
   * Throws CommandError (duplicate, too_many_open …), StoreError (no evidence, no run: I3) or UpstreamError.
   */
  async submit(principal: AgentPrincipal, connection: Connection, submission: Submission): Promise<SessionRow> {
    const { store, sealer, newId } = this.#o;
    const id = newId();
    const jobId = submission.jobId ?? `chaperone_${id}`;
    const sealed: SealedStatement = {
      statement: submission.statement,
      maximumBytesBilled: submission.maximumBytesBilled ?? null,
      jobTimeoutMs: submission.jobTimeoutMs ?? null,
      dryRun: submission.dryRun,
    };
    const { sql, parameters } = submission.statement;
    const sqlHmac = sealer.keyedHash(canonicalJson([sql, parameters as Json]));
    // What a repeated requestId must repeat: all that makes it another query.
    const { parameterMode = null, defaultDataset = null } = submission.statement;
    const requestHmac = sealer.keyedHash(canonicalJson([sqlHmac, parameterMode, defaultDataset, submission.dryRun]));
    const blob = sealer.seal(JSON.stringify(sealed), id);
    const purpose = submission.labels.purpose ?? null;
    const received = await store
      .run("session.receive", {
        id,
        connection: connection.name,
        project: submission.project,
        location: connection.location,
        jobId,
        requestId: submission.requestId ?? null,
        issuer: principal.issuer,
        subject: principal.subject,
        agentName: principal.name,
        principal: JSON.stringify(principal),
        door: submission.door,
        sealed: blob,
        requestHmac,
        purpose,
        jobConfig: JSON.stringify({ labels: submission.labels, dryRun: submission.dryRun }),
        openPerAgent: this.#o.limits.openPerAgent,
        data: {
          agent: agentRecord(principal),
          ...(principal.onBehalfOf === undefined ? {} : { onBehalfOf: principal.onBehalfOf.map(agentRecord) }),
          door: submission.door,
          connection: connection.name,
          project: submission.project,
          job: jobId,
          purpose,
          sqlBytes: Buffer.byteLength(sql),
          sqlHmac,
          sealedSha256: createHash("sha256").update(blob).digest("hex"),
        },
      })
      .catch((error: unknown) => {
        // Begun, it may yet be committed although the agent is told no.
        if (error instanceof StoreError && error.begun) this.#left.add(id);
        throw error;
      });
    if (received.existing) return sessionById(this.#o.store, received.id);
    return this.#orLeave(id, () =>
      this.#process({ id, principal, project: submission.project, purpose }, connection, sealed),
    );
  }

  /** What breaks off is taken up again by the sweeper, so that no session waits for a restart. */
  async #orLeave<T>(id: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#left.add(id);
      throw error;
    }
  }

  async #process(of: Processed, connection: Connection, sealed: SealedStatement): Promise<SessionRow> {
    const { id } = of;
    let assessment: Assessment;
    const assessedAt = this.#o.clock();
    try {
      assessment = await assess(this.#input(of, connection, sealed));
    } catch (error) {
      await this.#end(id, "failed", upstreamFailure(error));
      if (!(error instanceof UpstreamError))
        this.#o.log.error({ session: id, err: error }, "a query could not be assessed");
      return sessionById(this.#o.store, id);
    }
    await this.#orEnd(id, () => this.#record(id, connection, sealed, assessment, assessedAt));
    const row = await sessionById(this.#o.store, id);
    if (row.state === "running") {
      if (assessment.kind === "permitted") this.#launched.set(id, assessment);
      await this.#launch(row, connection, sealed);
    }
    this.#changed(id);
    return sessionById(this.#o.store, id);
  }

  #input(of: Processed, connection: Connection, sealed: SealedStatement): AssessInput {
    const { principal, purpose, project } = of;
    return {
      connection,
      principal,
      project,
      statement: sealed.statement,
      purpose,
      maximumBytesBilled: sealed.maximumBytesBilled ?? undefined,
      defaultApprovers: this.#o.approvals.defaultApprovers,
      limitRows: this.#o.limits.rows,
      now: this.#o.clock(),
      analyses: this.#analyses,
      keyedHash: (text) => this.#o.sealer.keyedHash(text),
    };
  }

  async #record(
    id: string,
    connection: Connection,
    sealed: SealedStatement,
    a: Assessment,
    assessedAt: number,
  ): Promise<void> {
    const { store } = this.#o;
    if (a.kind === "refused") {
      await store.run("session.analysed", {
        id,
        sqlRedacted: `(not understood: ${sealed.statement.sql.length} characters)`,
        canonicalRedacted: null,
        statementType: null,
        plan: null,
        analysed: {},
        next: { state: a.error.reason === "accessDenied" ? "denied" : "failed", error: a.error },
      });
      return;
    }
    const analysed = {
      id,
      sqlRedacted: a.redactedSql,
      canonicalRedacted: a.redactedSql,
      statementType: a.plan.statementType,
      plan: JSON.stringify(a.plan.statements),
      analysed: analysedEvent(a.plan, a.redactedSql, this.#o.sealer),
    };
    const permitted = a.kind === "permitted" ? a : undefined;
    const decided = {
      decision: JSON.stringify(a.decision),
      binding: permitted?.binding ?? "",
      maskPlan: JSON.stringify(permitted?.maskPlan ?? null),
      dryRunBytes: permitted?.dryRunBytes ?? null,
      data: decidedEvent(a.decision, permitted?.binding),
    };
    if (a.kind === "denied") {
      await store.run("session.analysed", {
        ...analysed,
        decided,
        next: {
          state: "denied",
          error: a.error,
          ...(a.alarm === undefined ? {} : { alarm: { kind: "disagreement", detail: a.alarm } }),
        },
      });
      if (a.alarm !== undefined) this.#alarm(id, "disagreement");
      return;
    }
    if (sealed.dryRun) {
      await store.run("session.analysed", { ...analysed, decided, next: { state: "done", data: { dryRun: true } } });
      return;
    }
    const { approval } = a.decision.obligations;
    if (approval === undefined) {
      const upstreamJob = `chaperone_${id}`;
      await store.run("session.analysed", {
        ...analysed,
        decided,
        next: {
          state: "running",
          upstreamJob,
          travelling: a.decision.obligations.travelling,
          uses: this.#uses(a.plan.statements, assessedAt),
          data: this.#intent(connection, upstreamJob, a),
        },
      });
      return;
    }
    await store.run("session.analysed", {
      ...analysed,
      decided,
      next: { state: "held", request: this.#hold(a, approval) },
    });
  }

  /** A job that is launched late, after a restart, has its time too. */
  #uses(statements: readonly PlanStatement[], assessedAt: number): UsesInput {
    return { uses: tableUses(statements), assessedAt, forMs: 2 * this.#o.limits.runMs };
  }

  #hold(
    a: Extract<Assessment, { kind: "permitted" }>,
    approval: NonNullable<PermitDecision["obligations"]["approval"]>,
  ): HoldInput {
    const { limits, approvals, newId } = this.#o;
    return {
      requestId: `req_${newId()}`,
      binding: a.binding,
      approvers: approval.approvers,
      needed: approval.count,
      expiresAfterMs: approvals.expiresAfterMs,
      heldPerAgent: limits.heldPerAgent,
      heldInAll: limits.heldInAll,
      data: {},
    };
  }

  #intent(
    connection: Connection,
    upstreamJob: string,
    a: Extract<Assessment, { kind: "permitted" }>,
  ): { readonly [key: string]: Json } {
    return {
      upstreamJob,
      connection: connection.name,
      canonicalHmac: this.#o.sealer.keyedHash(a.plan.canonicalSql),
      maximumBytesBilled: a.maximumBytesBilled,
      binding: a.binding,
      ...travelEvent(a.decision.obligations.travelling),
    };
  }

  /** A command that refuses for a bound ends the session with that refusal, so that nothing hangs. */
  async #orEnd(id: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof CommandError && error.code === "busy") {
        await this.#end(id, "failed", BUSY);
        return;
      }
      if (error instanceof CommandError && error.code === "suspended") {
        await this.#end(id, "denied", NOT_ADMITTED);
        return;
      }
      if (!(error instanceof CommandError) || error.code !== "too_many_held") throw error;
      await this.#end(id, "failed", {
        reason: "quotaExceeded",
        // Not 429: clients would send it again and again.
        status: 403,
        message: "Too many queries are waiting for approval. Wait for some to be decided, or cancel some.",
      });
    }
  }

  /** Sends the canonical SQL upstream under a job id made from the session's: sent twice, it runs once. */
  async #launch(row: SessionRow, connection: Connection, sealed: SealedStatement): Promise<void> {
    const fresh = await this.#current(row, connection, sealed);
    if (fresh === undefined) return;
    try {
      await connection.upstream.insertQueryJob({
        jobId: row.upstream_job ?? `chaperone_${row.id}`,
        project: row.project,
        location: connection.location,
        sql: fresh.plan.canonicalSql,
        ...parametersOf(sealed.statement),
        maximumBytesBilled: fresh.maximumBytesBilled,
        jobTimeoutMs: Math.min(sealed.jobTimeoutMs ?? this.#o.limits.runMs, this.#o.limits.runMs),
        labels: attribution(row),
      });
    } catch (error) {
      if (isRefusal(error)) await this.#jobs.released(row);
      await this.#end(row.id, "failed", upstreamFailure(error));
      return;
    }
    this.#jobs.follow(row);
  }

  async #current(
    row: SessionRow,
    connection: Connection,
    sealed: SealedStatement,
  ): Promise<{ plan: { canonicalSql: string }; maximumBytesBilled: number } | undefined> {
    const kept = this.#launched.get(row.id);
    this.#launched.delete(row.id);
    if (kept !== undefined) return kept;
    // After a restart: what runs must still be what was decided, for an agent that is still let in.
    const { store, clock } = this.#o;
    if (!(await stillAdmitted(store.db, principalOf(row), clock()))) {
      await this.#end(row.id, "failed", NOT_ADMITTED);
      return undefined;
    }
    const a = await assess(this.#input(processed(row), connection, sealed));
    if (a.kind === "permitted" && a.binding === row.binding) return a;
    await this.#end(
      row.id,
      "failed",
      denied("What was decided for this query no longer holds. Send it again."),
      a.kind === "denied" ? a.alarm : undefined,
    );
    return undefined;
  }

  /** A decision on an approval request was committed: go on with the session it belongs to. */
  async decided(id: string): Promise<void> {
    const row = await sessionById(this.#o.store, id);
    if (row.state === "approved") {
      await this.#orLeave(id, () => this.#startApproved(row));
    }
    this.#changed(id);
  }

  async #startApproved(row: SessionRow): Promise<void> {
    const connection = this.#connectionByName(row.connection);
    const sealed = this.open(row);
    let a: Assessment;
    const assessedAt = this.#o.clock();
    try {
      a = await assess(this.#input(processed(row), connection, sealed));
    } catch (error) {
      await this.#end(row.id, "failed", upstreamFailure(error));
      return;
    }
    if (a.kind !== "permitted") {
      await this.#end(row.id, "denied", a.error, a.kind === "denied" ? a.alarm : undefined);
      return;
    }
    const upstreamJob = `chaperone_${row.id}`;
    try {
      await this.#o.store.run("session.start", {
        id: row.id,
        binding: a.binding,
        upstreamJob,
        travelling: a.decision.obligations.travelling,
        uses: this.#uses(a.plan.statements, assessedAt),
        data: this.#intent(connection, upstreamJob, a),
      });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (error.code === "busy") await this.#end(row.id, "failed", BUSY);
      else if (error.code === "binding_changed") await this.#askAgain(row, a);
      else if (error.code !== "wrong_state")
        await this.#end(row.id, "denied", denied(`The approval could not be used: ${error.message}.`));
      return;
    }
    this.#launched.set(row.id, a);
    await this.#launch(await sessionById(this.#o.store, row.id), connection, sealed);
  }

  async #askAgain(row: SessionRow, a: Extract<Assessment, { kind: "permitted" }>): Promise<void> {
    const approval = a.decision.obligations.approval ?? { approvers: this.#o.approvals.defaultApprovers, count: 1 };
    await this.#orEnd(row.id, () =>
      this.#o.store.run("session.ask-again", {
        id: row.id,
        request: this.#hold(a, approval),
        decision: JSON.stringify(a.decision),
        maskPlan: JSON.stringify(a.maskPlan),
        plan: JSON.stringify(a.plan.statements),
        dryRunBytes: a.dryRunBytes,
      }),
    );
  }

  /** Waits until the session leaves the waiting states and its job ended, or `ms` passed. */
  async settle(id: string, ms: number, signal: AbortSignal): Promise<SessionRow> {
    const deadline = this.#o.clock() + ms;
    for (;;) {
      // Listening begins before the look, so that no change falls between the two.
      const looked = new AbortController();
      const left = deadline - this.#o.clock();
      const bounds = [signal, this.#stop.signal, looked.signal, ...(left > 0 ? [AbortSignal.timeout(left)] : [])];
      const change = once(this.#changes, id, { signal: AbortSignal.any(bounds) }).then(
        () => undefined,
        // The bound ended the wait: look once more and answer what is.
        () => undefined,
      );
      const row = await sessionById(this.#o.store, id);
      if ((row.state === "releasing" || row.state === "done") && row.upstream_job !== null) this.#jobs.follow(row);
      const waiting =
        row.error === null &&
        this.#jobs.outcome(id) === undefined &&
        (row.state !== "done" || row.upstream_job !== null);
      if (!waiting || left <= 0 || signal.aborted || this.#stop.signal.aborted) {
        looked.abort();
        return row;
      }
      await change;
    }
  }

  outcome(id: string): Outcome | undefined {
    return this.#jobs.outcome(id);
  }

  /** The agent's own statement, unsealed. */
  open(row: SessionRow): SealedStatement {
    return JSON.parse(this.#o.sealer.open(row.sealed, row.id)) as SealedStatement;
  }

  async cancel(row: SessionRow): Promise<SessionRow> {
    const { ended } = await this.#end(row.id, "cancelled", {
      reason: "stopped",
      status: 403,
      message: "The job was cancelled.",
    });
    if (ended && row.upstream_job !== null) {
      const connection = this.#connectionByName(row.connection);
      await connection.upstream
        .cancelJob(upstreamJob(row, connection))
        .catch((error: unknown) =>
          this.#o.log.warn({ session: row.id, err: error }, "a cancelled job could not be stopped upstream"),
        );
    }
    return sessionById(this.#o.store, row.id);
  }

  /**
   * Policy as it is now, at each page (threat-model row 12): throws nothing, returns why the page must not leave, if so.
   * The principal is the one asking now, with its groups of now.
   */
  async pageRefusal(row: SessionRow, principal: AgentPrincipal): Promise<SessionError | undefined> {
    const connection = this.#connectionByName(row.connection);
    if (!sameChain(principal, principalOf(row)))
      return denied("This query was sent on behalf of others than you act for now. Read it as it was sent.");
    const stored = JSON.parse(row.decision ?? "null") as Decision | null;
    const judged = await judge(this.#input({ ...processed(row), principal }, connection, this.open(row)));
    if (judged.kind === "refused" || stored === null || !sameObligations(stored, judged.decision))
      return denied("What policy allowed when this query was decided no longer holds. Send the query again.");
    return undefined;
  }

  maskPlanOf(row: SessionRow): MaskPlan {
    return JSON.parse(row.mask_plan ?? "null") as MaskPlan;
  }

  /** A page could not be trusted: the session ends and the operators are alarmed. */
  async distrust(id: string, detail: string): Promise<void> {
    this.#alarm(id, "disagreement");
    await this.#o.store.run("session.end", {
      id,
      state: "failed",
      error: DISAGREES,
      alarm: { kind: "answer-disagrees", detail },
      data: {},
    });
    this.#changed(id);
  }

  connectionByRow(row: SessionRow): Connection {
    return this.#connectionByName(row.connection);
  }

  /** Picks every unfinished session up where the store left it. Call once, before the first request. */
  async resume(): Promise<{ resumed: number }> {
    await this.#o.store.run("release.recover", {});
    const rows = (await this.#o.store.db
      .selectFrom("sessions")
      .selectAll()
      .where("state", "not in", [...FINAL_STATES])
      .orderBy("created_at")
      .execute()) as SessionRow[];
    for (const row of rows) {
      const connection = this.#o.connections.find((c) => c.name === row.connection);
      if (connection === undefined) {
        await this.#end(row.id, "failed", denied("The connection this query went through is no longer configured."));
        continue;
      }
      this.#orLeave(row.id, () => this.#resumeOne(row, connection)).catch((error: unknown) =>
        this.#o.log.error({ session: row.id, err: error }, "a session could not be resumed"),
      );
    }
    this.#sweeper = setInterval(() => {
      void this.#sweep();
      void this.#takeUp();
    }, SWEEP_MS);
    this.#sweeper.unref();
    return { resumed: rows.length };
  }

  async #resumeOne(row: SessionRow, connection: Connection): Promise<void> {
    switch (row.state) {
      case "received":
        await this.#process(processed(row), connection, this.open(row));
        return;
      case "approved":
        await this.#startApproved(row);
        return;
      case "running":
        // The tables and routines it uses are its own for the time of a job that is launched by then: later there is none to launch.
        if (row.updated_at + this.#o.limits.runMs <= this.#o.clock()) this.#jobs.follow(row);
        else await this.#launch(row, connection, this.open(row));
        return;
      case "releasing":
        this.#jobs.follow(row);
        return;
      default:
        return;
    }
  }

  /** Goes on with what was left, one by one; the first that fails again ends this round, since what failed it still does. */
  async #takeUp(): Promise<void> {
    if (this.#takingUp || this.#left.size === 0) return;
    this.#takingUp = true;
    try {
      for (const id of [...this.#left]) {
        if (this.#stop.signal.aborted) return;
        const row = (await this.#o.store.db
          .selectFrom("sessions")
          .selectAll()
          .where("id", "=", id)
          .executeTakeFirst()) as SessionRow | undefined;
        if (row === undefined) {
          this.#left.delete(id);
          continue;
        }
        if (row.state === "running" && row.updated_at + this.#o.limits.runMs <= this.#o.clock())
          await this.#end(id, "failed", TOOK_TOO_LONG);
        else await this.#resumeOne(row, this.#connectionByName(row.connection));
        this.#left.delete(id);
        this.#changed(id);
      }
    } catch (error) {
      this.#o.log.warn({ err: error }, "a session that broke off could not be taken up again yet");
    } finally {
      this.#takingUp = false;
    }
  }

  async #sweep(): Promise<void> {
    try {
      if (this.#o.clock() >= this.#nextClosing) {
        this.#nextClosing = this.#o.clock() + CLOSING_MS;
        await this.#closeAbandoned();
      }
      const due = await this.#o.store.db
        .selectFrom("sessions")
        .select("id")
        .where("state", "in", ["held", "approved"])
        .where("expires_at", "<=", this.#o.clock())
        .limit(1)
        .execute();
      if (due.length === 0) return;
      const { sessions } = await this.#o.store.run("approval.expire", {});
      for (const id of sessions) {
        this.#changed(id);
      }
    } catch (error) {
      this.#o.log.error({ err: error }, "expiry could not be recorded");
    }
  }

  close(): void {
    clearInterval(this.#sweeper);
    this.#stop.abort();
  }

  #connectionByName(name: string): Connection {
    const connection = this.#o.connections.find((c) => c.name === name);
    if (connection === undefined) throw new Error(`connection ${name} is not configured`);
    return connection;
  }

  /** `alarm`: where BigQuery disagrees with the analysis, in words without data. */
  async #end(
    id: string,
    state: "failed" | "denied" | "cancelled",
    error: SessionError,
    alarm?: string,
  ): Promise<{ ended: boolean }> {
    if (alarm !== undefined) this.#alarm(id, "disagreement");
    const ended = await this.#o.store.run("session.end", {
      id,
      state,
      error,
      ...(alarm === undefined ? {} : { alarm: { kind: "disagreement", detail: alarm } }),
      data: {},
    });
    // One that had ended before keeps its outcome: a finished job's rows can still be paged.
    if (ended.ended) this.#jobs.settle(id, { ok: false, error });
    return ended;
  }

  #alarm(session: string, kind: "disagreement"): void {
    this.#o.metrics.alarm(kind);
    this.#o.log.error(
      { session, alarm: kind },
      "BigQuery's answer does not agree with the analysis; the query was stopped",
    );
  }

  #changed(id: string): void {
    this.#changes.emit(id);
  }

  /** BigQuery keeps a result for a day; a session whose rows nobody fetched to the end is over with it. */
  async #closeAbandoned(): Promise<void> {
    const old = await this.#o.store.db
      .selectFrom("sessions")
      .select("id")
      .where("state", "in", ["running", "releasing"])
      .where("updated_at", "<=", this.#o.clock() - RESULT_LIFETIME_MS)
      .limit(SWEPT_AT_ONCE)
      .execute();
    for (const { id } of old) {
      await this.#o.store.run("session.end", { id, state: "done", data: { abandoned: true } });
      this.#changed(id);
    }
  }
}
