import type { NameDefaults, NamedCatalog, QueryParameter } from "@chaperone/googlesql";
import type { PlainCatalog } from "../catalog/plain-catalog.ts";
import type { StatementAnalysis } from "./analysis-cache.ts";
import { ThreadInTurns } from "./thread-in-turns.ts";

/**
 * Up to so many characters the text is read at once, in some milliseconds, and analysed as far as that is quick (AnalyzeOptions). A function of thousands of
 * arguments isn't counted there: of four times as many characters it takes a second.
 */
export const LARGE_TEXT = 4_096;
/** One analysis: milliseconds, and megabytes of the thread's heap (I10). */
const ANALYSIS_MS = 20_000;
const HEAP_MB = 1024;

interface Asked {
  readonly sql: string;
  readonly defaults: NameDefaults;
}

export type AnalysisWork =
  | ({ readonly kind: "names" } & Asked)
  | ({
      readonly kind: "analysis";
      readonly parameters: readonly QueryParameter[];
      readonly catalog: PlainCatalog;
    } & Asked);

/** Its answers, in the order that it was asked. */
export interface AnalysisReplies {
  readonly names: NamedCatalog;
  readonly analysis: StatementAnalysis;
}

const GAVE_UP = {
  code: "limit",
  message: "The query takes more time or memory to analyse than it may; send smaller ones.",
  line: 1,
  column: 1,
} as const;

/** Analyses large texts in a thread of their own, so that other agents' requests don't wait for them: a megabyte takes most of a second. */
export class AnalysisThread {
  readonly #thread = new ThreadInTurns<AnalysisWork>({
    module: new URL("./analysis-worker.ts", import.meta.url),
    name: "analysis",
    workMs: ANALYSIS_MS,
    heapMb: HEAP_MB,
  });

  async names(agent: string, asked: Asked): Promise<NamedCatalog> {
    const reply = await this.#thread.inTurn<NamedCatalog>(agent, { kind: "names", ...asked });
    return reply ?? { understood: false, refusal: GAVE_UP };
  }

  async analyze(
    agent: string,
    asked: Asked & { readonly parameters: readonly QueryParameter[]; readonly catalog: PlainCatalog },
  ): Promise<StatementAnalysis> {
    const reply = await this.#thread.inTurn<StatementAnalysis>(agent, { kind: "analysis", ...asked });
    return reply ?? { plan: { understood: false, refusal: GAVE_UP }, redacted: undefined };
  }

  /** Ends the thread; it begins again when it is needed. */
  close(): Promise<void> {
    return this.#thread.close();
  }
}
