import type { UnderstoodPlan } from "@chaperone/googlesql";
import { canonicalText } from "../evidence/canonical-json.ts";
import { UpstreamError } from "../upstream/error.ts";
import { type Assessment, assess } from "./assess.ts";
import type { Connection } from "./connection.ts";
import { type Decided, DecidedTextsOf, textsInput } from "./decided-texts.ts";
import type { Endings } from "./endings.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { Launch } from "./launch.ts";
import { analysedEvent, decidedEvent, upstreamFailure } from "./records.ts";
import type { SessionInput } from "./session-input.ts";
import {
  knownOf,
  NOT_NAMED,
  type Processed,
  type SealedStatement,
  type SessionRow,
  sessionById,
} from "./session-row.ts";
import type { NewSession } from "./statements.ts";
import type { DecidedTexts } from "./tables.ts";

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
    const texts: Decided = {
      redactedSql: a.redactedSql,
      statements: a.plan.statements,
      decision: a.decision,
      maskPlan: permitted?.maskPlan ?? null,
    };
    const analysed = {
      id,
      statementType: a.plan.statementType,
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
          state: "denied",
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
    if (approval === undefined) {
      const upstreamJob = !followed && isQueried(a.plan) ? NOT_NAMED : `chaperone_${id}`;
      const { at, texts: place } = await store.run("session.analysed", {
        ...analysed,
        decided,
        next: {
          state: "running",
          upstreamJob,
          travelling: a.decision.obligations.travelling,
          uses: this.#launch.uses(a.plan.statements, assessedAt),
          data: this.#launch.intent(id, connection, upstreamJob, a),
        },
      });
      this.#texts.stored(texts);
      return {
        ...this.#texts.texts(texts),
        texts: place,
        state: "running",
        statement_type: analysed.statementType,
        binding: decided.binding,
        dry_run_bytes: decided.dryRunBytes,
        upstream_job: upstreamJob,
        updated_at: at,
      };
    }
    await store.run("session.analysed", {
      ...analysed,
      decided,
      next: { state: "held", request: this.#launch.hold(a, approval) },
    });
    return undefined;
  }
}
