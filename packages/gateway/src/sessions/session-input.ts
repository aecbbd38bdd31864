import type { AnalysisCache } from "./analysis-cache.ts";
import type { AssessInput } from "./assess.ts";
import type { Connection } from "./connection.ts";
import { DecisionCache } from "./decision-cache.ts";
import type { EngineOptions } from "./engine-options.ts";
import { JudgedBefore } from "./judged-before.ts";
import type { Processed, SealedStatement } from "./session-row.ts";
import { SharedDryRuns } from "./shared-dry-runs.ts";

/** What a session's statement is assessed by, now. */
export class SessionInput {
  readonly #o: EngineOptions;
  readonly #analyses: AnalysisCache;
  readonly #decisions = new DecisionCache();
  readonly #judgedBefore = new JudgedBefore();
  readonly #dryRuns = new SharedDryRuns();

  constructor(options: EngineOptions, analyses: AnalysisCache) {
    this.#o = options;
    this.#analyses = analyses;
  }

  of(of: Processed, connection: Connection, sealed: SealedStatement): AssessInput {
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
      decisions: this.#decisions,
      judgedBefore: this.#judgedBefore,
      dryRuns: this.#dryRuns,
      keys: this.#o.sealer,
    };
  }
}
