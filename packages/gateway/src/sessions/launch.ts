import type { PlanStatement } from "@chaperone/googlesql";
import type { Json } from "../evidence/event.ts";
import type { PermitDecision } from "../policy/decision.ts";
import { CommandError } from "../store/command.ts";
import { isRefusal } from "../upstream/jobs.ts";
import { type Assessment, assess, nowRefused } from "./assess.ts";
import type { HoldInput } from "./commands/hold.ts";
import type { Connection } from "./connection.ts";
import { textsInput } from "./decided-texts.ts";
import { BUSY, type Endings, NOT_KEPT } from "./endings.ts";
import { connectionByName, type EngineOptions } from "./engine-options.ts";
import type { JobFollower } from "./job-follower.ts";
import type { QueriedJobs } from "./queried-jobs.ts";
import { analysedEvent, canonicalHmac, decidedEvent, travelEvent, upstreamFailure } from "./records.ts";
import { denied } from "./refusal.ts";
import type { SessionInput } from "./session-input.ts";
import {
  attribution,
  JOB_LABEL,
  jobLabel,
  NOT_NAMED,
  openStatement,
  processed,
  type SealedStatement,
  type SessionRow,
  sessionById,
} from "./session-row.ts";
import { type CountedRows, parametersOf } from "./statement.ts";
import { tableUses, type UsesInput } from "./table-uses.ts";

type Permitted = Extract<Assessment, { kind: "permitted" }>;

/** What of an assessment is sent. */
interface Runnable {
  readonly plan: { readonly canonicalSql: string };
  readonly maximumBytesBilled: number;
}

/** Starts what was decided: at once, after a person's approval, or after a restart. */
export class Launch {
  readonly #o: EngineOptions;
  readonly #endings: Endings;
  readonly #jobs: JobFollower;
  readonly #input: SessionInput;
  readonly #queried: QueriedJobs;
  /** What was assessed a moment ago, between its commit and its launch. */
  readonly #assessed = new Map<string, Permitted>();

  constructor(options: EngineOptions, endings: Endings, jobs: JobFollower, input: SessionInput, queried: QueriedJobs) {
    this.#o = options;
    this.#endings = endings;
    this.#jobs = jobs;
    this.#input = input;
    this.#queried = queried;
  }

  /** What is launched next was assessed just now. */
  keep(id: string, assessment: Permitted): void {
    this.#assessed.set(id, assessment);
  }

  /**
   * Sends the canonical SQL upstream under a job id made from the session's: sent twice, it runs once. Returns whether it runs; if not,
   * the session has ended. `followed`: false where whoever submitted it waits for its end first.
   */
  async launch(row: SessionRow, connection: Connection, sealed: SealedStatement, followed = true): Promise<boolean> {
    const fresh = await this.#current(row, connection, sealed);
    if (fresh === undefined) return false;
    // Its rows are on their way, and make the job when they are all there.
    if (sealed.asked?.sentOn !== undefined) return true;
    const query = this.#query(row, connection, sealed, fresh);
    if (row.upstream_job === NOT_NAMED) {
      this.#queried.keep(row.id, query);
      return true;
    }
    try {
      await connection.upstream.insertQueryJob({ jobId: row.upstream_job ?? `chaperone_${row.id}`, ...query });
    } catch (error) {
      if (isRefusal(error)) await this.#jobs.released(row);
      await this.#endings.end(row.id, "failed", upstreamFailure(error));
      return false;
    }
    if (followed) this.#jobs.follow(row);
    return true;
  }

  /** The same of what jobs.query runs, and was assessed just now: whoever submitted it sends it. */
  launchQueried(row: SessionRow, connection: Connection, sealed: SealedStatement, assessed: Permitted): void {
    this.#queried.keep(row.id, this.#query(row, connection, sealed, assessed));
  }

  #query(row: SessionRow, connection: Connection, sealed: SealedStatement, of: Runnable) {
    const { runMs } = this.#o.limits;
    return {
      project: row.project,
      location: connection.location,
      sql: of.plan.canonicalSql,
      ...parametersOf(sealed.statement),
      maximumBytesBilled: of.maximumBytesBilled,
      jobTimeoutMs: Math.min(sealed.jobTimeoutMs ?? runMs, runMs),
      labels: attribution(row),
    };
  }

  async #current(row: SessionRow, connection: Connection, sealed: SealedStatement): Promise<Runnable | undefined> {
    const kept = this.#assessed.get(row.id);
    this.#assessed.delete(row.id);
    if (kept !== undefined) return kept;
    // After a restart: what runs must still be what was decided, for an agent that is still let in.
    if (!(await this.#endings.admits(row, "failed"))) return undefined;
    const a = await assess(this.#input.of(processed(row), connection, sealed));
    if (a.kind === "permitted" && a.binding === row.binding) {
      // That took a while, in which it may have been cancelled, when BigQuery had no job to stop.
      const { state } = await sessionById(this.#o.store, row.id);
      return state === "running" ? a : undefined;
    }
    await this.#endings.end(
      row.id,
      "failed",
      denied("What was decided for this query no longer holds. Send it again."),
      a.kind === "denied" ? a.alarm : undefined,
    );
    return undefined;
  }

  /** A person agreed: runs what was approved, if it is what would run now. */
  async startApproved(row: SessionRow): Promise<void> {
    if (!(await this.#endings.admits(row, "denied"))) return;
    const { asked, statement } = openStatement(this.#o, row);
    if (asked?.sentOn === undefined) await this.#start(row);
    // Its rows are kept nowhere: it starts when they are sent again. Those that weren't counted can't be known again.
    else if (statement.rows === undefined) await this.#endings.end(row.id, "failed", NOT_KEPT);
  }

  /** The rows of an approved load come again. Returns whether it runs; if not, its row says why: one that is approved still finds its table in use. */
  async startLoad(row: SessionRow): Promise<boolean> {
    return (await this.#endings.admits(row, "denied")) && this.#start(row);
  }

  async #start(row: SessionRow): Promise<boolean> {
    const connection = connectionByName(this.#o, row.connection);
    const sealed = openStatement(this.#o, row);
    let a: Assessment;
    const assessedAt = this.#o.clock();
    try {
      a = await assess(this.#input.of(processed(row), connection, sealed));
    } catch (error) {
      await this.#endings.end(row.id, "failed", upstreamFailure(error));
      return false;
    }
    if (a.kind !== "permitted") {
      await this.#endings.end(row.id, "denied", nowRefused(a), a.kind === "denied" ? a.alarm : undefined);
      return false;
    }
    const upstreamJob = `chaperone_${row.id}`;
    try {
      await this.#o.store.run("session.start", {
        id: row.id,
        binding: a.binding,
        upstreamJob,
        travelling: a.decision.obligations.travelling,
        uses: this.uses(a.plan.statements, assessedAt),
        data: this.intent(row.id, connection, upstreamJob, a),
      });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (error.code === "busy" && sealed.statement.rows !== undefined) return false;
      if (error.code === "busy") await this.#endings.end(row.id, "failed", BUSY);
      else if (error.code === "binding_changed") await this.#askAgain(row, a, sealed.statement.rows);
      else if (error.code !== "wrong_state")
        await this.#endings.end(row.id, "denied", denied(`The approval could not be used: ${error.message}.`));
      return false;
    }
    this.#assessed.set(row.id, a);
    return this.launch(await sessionById(this.#o.store, row.id), connection, sealed);
  }

  async #askAgain(row: SessionRow, a: Permitted, rows: CountedRows | undefined): Promise<void> {
    const approval = a.decision.obligations.approval ?? { approvers: this.#o.approvals.defaultApprovers, count: 1 };
    await this.#endings.orEnd(row.id, () =>
      this.#o.store.run("session.ask-again", {
        id: row.id,
        request: this.hold(a, approval, rows),
        texts: textsInput({
          sql_redacted: a.redactedSql,
          canonical_redacted: a.redactedSql,
          plan: JSON.stringify(a.plan.statements),
          decision: JSON.stringify(a.decision),
          mask_plan: JSON.stringify(a.maskPlan),
        }),
        dryRunBytes: a.dryRunBytes,
        analysed: analysedEvent(a.plan, a.redactedSql, this.#o.sealer),
        decided: decidedEvent(a.decision, a.binding),
      }),
    );
  }

  /** A job that is launched late, after a restart, has its time too. */
  uses(statements: readonly PlanStatement[], assessedAt: number): UsesInput {
    return { uses: tableUses(statements), assessedAt, forMs: 2 * this.#o.limits.runMs };
  }

  /** `rows`: of a load that waits for them to be sent again. */
  hold(
    a: Permitted,
    approval: NonNullable<PermitDecision["obligations"]["approval"]>,
    rows: CountedRows | undefined,
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
      data: rows === undefined ? {} : { rows: { ...rows } },
    };
  }

  intent(id: string, connection: Connection, upstreamJob: string, a: Permitted): { readonly [key: string]: Json } {
    // In the order in which it is written.
    return {
      binding: a.binding,
      canonicalHmac: canonicalHmac(a.plan, this.#o.sealer),
      connection: connection.name,
      maximumBytesBilled: a.maximumBytesBilled,
      ...travelEvent(a.decision.obligations.travelling),
      // Until BigQuery has named it, a job is known by its label.
      ...(upstreamJob === NOT_NAMED ? { upstreamLabel: { [JOB_LABEL]: jobLabel(id) } } : { upstreamJob }),
    };
  }
}
