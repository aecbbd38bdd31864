import { UpstreamError } from "../upstream/error.ts";
import { type Assessment, assess } from "./assess.ts";
import type { Connection } from "./connection.ts";
import type { Endings } from "./endings.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { Launch } from "./launch.ts";
import { analysedEvent, decidedEvent, upstreamFailure } from "./records.ts";
import type { SessionInput } from "./session-input.ts";
import { knownOf, type Processed, type SealedStatement, type SessionRow, sessionById } from "./session-row.ts";
import { jsonOnce } from "./written-once.ts";

/** Takes a received session through analysis, policy and dry run to where they lead. */
export class Process {
  readonly #o: EngineOptions;
  readonly #endings: Endings;
  readonly #launch: Launch;
  readonly #input: SessionInput;

  constructor(options: EngineOptions, endings: Endings, launch: Launch, input: SessionInput) {
    this.#o = options;
    this.#endings = endings;
    this.#launch = launch;
    this.#input = input;
  }

  async process(of: Processed, connection: Connection, sealed: SealedStatement): Promise<SessionRow> {
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
    await this.#endings.orEnd(id, () => this.#record(id, connection, sealed, assessment, assessedAt));
    const row = await sessionById(this.#o.store, id);
    if (row.state !== "running") {
      this.#endings.changed(id);
      return row;
    }
    if (assessment.kind === "permitted") {
      const { decision, maskPlan, plan } = assessment;
      knownOf(row, { decision, maskPlan, statements: plan.statements, principal: of.principal, sealed });
      this.#launch.keep(id, assessment);
    }
    const runs = await this.#launch.launch(row, connection, sealed);
    this.#endings.changed(id);
    return runs ? row : sessionById(this.#o.store, id);
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
      plan: jsonOnce(a.plan.statements),
      analysed: analysedEvent(a.plan, a.redactedSql, this.#o.sealer),
    };
    const permitted = a.kind === "permitted" ? a : undefined;
    const decided = {
      decision: jsonOnce(a.decision),
      binding: permitted?.binding ?? "",
      maskPlan: permitted === undefined ? "null" : jsonOnce(permitted.maskPlan),
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
          uses: this.#launch.uses(a.plan.statements, assessedAt),
          data: this.#launch.intent(connection, upstreamJob, a),
        },
      });
      return;
    }
    await store.run("session.analysed", {
      ...analysed,
      decided,
      next: { state: "held", request: this.#launch.hold(a, approval) },
    });
  }
}
