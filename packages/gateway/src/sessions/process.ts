import type { UnderstoodPlan } from "@chaperone/googlesql";
import { canonicalText } from "../evidence/canonical-json.ts";
import { stillAdmitted } from "../identity/revocation.ts";
import { CommandError } from "../store/command.ts";
import { UpstreamError } from "../upstream/error.ts";
import {
  type AssessInput,
  type Assessment,
  agree,
  assess,
  foreseen,
  nowRefused,
  type PermittedAssessment,
} from "./assess.ts";
import type { AnalysedInput, AnalysedOutput } from "./commands/analysed.ts";
import type { BeginOutput } from "./commands/begin.ts";
import { newSession, type ReceiveInput } from "./commands/receive.ts";
import type { Connection } from "./connection.ts";
import { type Decided, DecidedTextsOf, textsInput } from "./decided-texts.ts";
import { type Endings, type EndWatch, NOT_ADMITTED } from "./endings.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { Judged } from "./judged-before.ts";
import type { Launch } from "./launch.ts";
import { analysedEvent, decidedEvent, upstreamFailure } from "./records.ts";
import type { SessionError } from "./session.ts";
import type { SessionInput } from "./session-input.ts";
import {
  knownOf,
  NOT_NAMED,
  type Processed,
  progressOf,
  type SealedStatement,
  type SessionRow,
  sessionById,
} from "./session-row.ts";
import type { NewSession } from "./statements.ts";
import { tableUses } from "./table-uses.ts";
import type { DecidedTexts } from "./tables.ts";

function textsOf(a: Exclude<Assessment, { kind: "refused" }>): Decided {
  return {
    redactedSql: a.redactedSql,
    statements: a.plan.statements,
    decision: a.decision,
    maskPlan: a.kind === "permitted" ? a.maskPlan : null,
  };
}

/**
 * Whether jobs.query may run it: a single SELECT that shows rows and acts nowhere, so that nothing is lost where it isn't known whether it ran. What
 * isn't followed is sent by whoever submitted it.
 */
function isQueried({ statementType, statements, result }: UnderstoodPlan): boolean {
  const [only, ...others] = statements;
  return statementType === "SELECT" && others.length === 0 && only?.effects.length === 0 && result.length > 0;
}

/** What of a session's row changes when it begins to run. */
type Runs = Pick<SessionRow, "texts" | "statement_type" | "binding" | "dry_run_bytes" | "upstream_job" | "updated_at"> &
  DecidedTexts & { readonly state: "running" };

/** Takes a received session through analysis, policy and dry run to where they lead. */
export class Process {
  readonly #o: EngineOptions;
  readonly #endings: Endings;
  readonly #launch: Launch;
  readonly #input: SessionInput;
  readonly #texts = new DecidedTextsOf();

  constructor(options: EngineOptions, endings: Endings, launch: Launch, input: SessionInput) {
    this.#o = options;
    this.#endings = endings;
    this.#launch = launch;
    this.#input = input;
  }

  /** `received`: the row as it was just written; absent: it was read. `followed`: as of `Launch.launch`. */
  async process(
    of: Processed,
    connection: Connection,
    sealed: SealedStatement,
    received?: NewSession,
    followed = true,
  ): Promise<SessionRow> {
    const { id } = of;
    let assessment: Assessment;
    const assessedAt = this.#o.clock();
    try {
      assessment = await assess(this.#input.of(of, connection, sealed));
    } catch (error) {
      await this.#endings.end(id, "failed", upstreamFailure(error));
      if (!(error instanceof UpstreamError))
        this.#o.log.error({ session: id, err: error }, "a query could not be assessed");
      return sessionById(this.#o.store, id);
    }
    const runs = await this.#endings.orEnd(id, () =>
      this.#record(id, connection, sealed, assessment, assessedAt, followed),
    );
    const row =
      runs !== undefined && received !== undefined
        ? { ...received, ...runs, rows_released: 0, cells_masked: 0 }
        : await sessionById(this.#o.store, id);
    if (row.state !== "running") {
      this.#endings.changed(id);
      return row;
    }
    if (assessment.kind === "permitted") {
      const { decision, maskPlan, plan } = assessment;
      knownOf(row, { decision, maskPlan, statements: plan.statements, principal: of.principal, sealed });
      this.#launch.keep(id, assessment);
    }
    const launched = await this.#launch.launch(row, connection, sealed, followed);
    this.#endings.changed(id);
    return launched ? row : sessionById(this.#o.store, id);
  }

  /**
   * Receives a session and begins its run in one commit, where all but the dry run is foreseen: BigQuery agreed with this very plan before, and is asked again before its
   * job is sent (I2). undefined: it is to be received as any other, and nothing was done.
   */
  begin(
    of: Processed,
    connection: Connection,
    sealed: SealedStatement,
    receive: ReceiveInput,
  ): Promise<{ readonly row: SessionRow; readonly existing: boolean } | undefined> | undefined {
    const input = this.#input.of(of, connection, sealed);
    const a = sealed.dryRun ? undefined : foreseen(input);
    if (a === undefined || !isQueried(a.plan) || a.decision.obligations.approval !== undefined) return undefined;
    // What others could change meanwhile is judged just before it runs.
    if (tableUses(a.plan.statements).length > 0) return undefined;
    return this.#beginWatched(of, connection, sealed, receive, input, a);
  }

  async #beginWatched(
    of: Processed,
    connection: Connection,
    sealed: SealedStatement,
    receive: ReceiveInput,
    input: AssessInput,
    a: PermittedAssessment,
  ): Promise<{ readonly row: SessionRow; readonly existing: boolean } | undefined> {
    const watch = this.#endings.watch(of.id);
    try {
      const recorded = this.#runs(of.id, connection, a, input.now, NOT_NAMED);
      let begun: BeginOutput;
      try {
        begun = await this.#o.store.run("session.begin", { receive, analysed: recorded.input });
      } catch (error) {
        // It is received as any other, and refused with its record.
        if (error instanceof CommandError) return undefined;
        throw error;
      }
      if (begun.analysed === undefined)
        return { row: await sessionById(this.#o.store, begun.received.id), existing: true };
      const row: SessionRow = {
        ...newSession(receive, begun.received.at),
        ...recorded.done(begun.analysed),
        rows_released: 0,
        cells_masked: 0,
      };
      return { row: await this.#confirmed(row, of, connection, sealed, input, a, watch), existing: false };
    } finally {
      this.#endings.stopWatching(of.id);
    }
  }

  /** Asks BigQuery, and lets the query be sent where it agrees. */
  async #confirmed(
    row: SessionRow,
    of: Processed,
    connection: Connection,
    sealed: SealedStatement,
    input: AssessInput,
    { plan, decision, redactedSql, literals, maskPlan }: PermittedAssessment,
    watch: EndWatch,
  ): Promise<SessionRow> {
    const { id } = row;
    const judged: Judged = { kind: "judged", plan, decision, redacted: { sql: redactedSql, literals } };
    const ended = async (error: SessionError, alarm?: string): Promise<SessionRow> => {
      await this.#endings.end(id, "failed", error, alarm);
      this.#endings.changed(id);
      return sessionById(this.#o.store, id);
    };
    let now: Assessment;
    try {
      now = await agree(input, judged);
    } catch (error) {
      return ended(upstreamFailure(error));
    }
    if (now.kind !== "permitted") return ended(nowRefused(now), now.kind === "denied" ? now.alarm : undefined);
    // BigQuery may have taken long: what was suspended, revoked or cancelled meanwhile isn't sent.
    if (!stillAdmitted(this.#o.store, of.principal, this.#o.clock())) return ended(NOT_ADMITTED);
    if (watch.isAsked && (await progressOf(this.#o.store, id)).state !== "running")
      return sessionById(this.#o.store, id);
    const running = { ...row, dry_run_bytes: now.dryRunBytes };
    knownOf(running, { decision, maskPlan, statements: plan.statements, principal: of.principal, sealed });
    this.#launch.launchQueried(running, connection, sealed, now);
    this.#endings.changed(id);
    return running;
  }

  /** What is recorded when a session begins to run, and what its row says then. */
  #runs(
    id: string,
    connection: Connection,
    a: PermittedAssessment,
    assessedAt: number,
    upstreamJob: string,
  ): { readonly input: AnalysedInput; done(output: AnalysedOutput): Runs } {
    const texts = textsOf(a);
    const input: AnalysedInput = {
      id,
      statementType: a.plan.statementType,
      texts: this.#texts.of(texts),
      analysed: analysedEvent(a.plan, a.redactedSql, this.#o.sealer),
      decided: { binding: a.binding, dryRunBytes: a.dryRunBytes, data: decidedEvent(a.decision, a.binding) },
      next: {
        state: "running",
        upstreamJob,
        travelling: a.decision.obligations.travelling,
        uses: this.#launch.uses(a.plan.statements, assessedAt),
        data: canonicalText(this.#launch.intent(id, connection, upstreamJob, a)),
      },
    };
    return {
      input,
      done: ({ at, texts: place }) => {
        this.#texts.stored(texts);
        return {
          ...this.#texts.texts(texts),
          texts: place,
          state: "running",
          statement_type: input.statementType,
          binding: a.binding,
          dry_run_bytes: a.dryRunBytes,
          upstream_job: upstreamJob,
          updated_at: at,
        };
      },
    };
  }

  /** Returns what the row of a session says now that runs; undefined: it doesn't run. */
  async #record(
    id: string,
    connection: Connection,
    sealed: SealedStatement,
    a: Assessment,
    assessedAt: number,
    followed: boolean,
  ): Promise<Runs | undefined> {
    const { store } = this.#o;
    if (a.kind === "refused") {
      await store.run("session.analysed", {
        id,
        statementType: null,
        texts: textsInput({
          sql_redacted: `(not understood: ${sealed.statement.sql.length} characters)`,
          canonical_redacted: null,
          plan: null,
          decision: null,
          mask_plan: null,
        }),
        analysed: canonicalText({}),
        next: { state: a.error.reason === "accessDenied" ? "denied" : "failed", error: a.error },
      });
      return undefined;
    }
    const permitted = a.kind === "permitted" ? a : undefined;
    if (permitted !== undefined && !sealed.dryRun && permitted.decision.obligations.approval === undefined) {
      const upstreamJob = !followed && isQueried(a.plan) ? NOT_NAMED : `chaperone_${id}`;
      const runs = this.#runs(id, connection, permitted, assessedAt, upstreamJob);
      return runs.done(await store.run("session.analysed", runs.input));
    }
    const texts = textsOf(a);
    const analysed = {
      id,
      // Of tables that there are none of, nothing is understood.
      statementType: a.kind === "denied" && a.hidden ? null : a.plan.statementType,
      texts: this.#texts.of(texts),
      analysed: analysedEvent(a.plan, a.redactedSql, this.#o.sealer),
    };
    const decided = {
      binding: permitted?.binding ?? "",
      dryRunBytes: permitted?.dryRunBytes ?? null,
      data: decidedEvent(a.decision, permitted?.binding),
    };
    if (a.kind === "denied") {
      await store.run("session.analysed", {
        ...analysed,
        decided,
        next: {
          state: a.hidden && a.error.reason !== "accessDenied" ? "failed" : "denied",
          error: a.error,
          ...(a.alarm === undefined ? {} : { alarm: { kind: "disagreement", detail: a.alarm } }),
        },
      });
      if (a.alarm !== undefined) this.#endings.alarm(id, "disagreement");
      return undefined;
    }
    if (sealed.dryRun) {
      await store.run("session.analysed", { ...analysed, decided, next: { state: "done", data: { dryRun: true } } });
      return undefined;
    }
    const { approval } = a.decision.obligations;
    if (approval === undefined) return undefined;
    await store.run("session.analysed", {
      ...analysed,
      decided,
      next: { state: "held", request: this.#launch.hold(a, approval, sealed.statement.rows) },
    });
    return undefined;
  }
}
