import { parentPort } from "node:worker_threads";
import { analyze, catalogNames } from "@chaperone/googlesql";
import { catalogOf } from "../catalog/plain-catalog.ts";
import type { AnalysisReplies, AnalysisWork } from "./analysis-thread.ts";

/** Analyses what it is sent, one text after the other; analysis is pure, and what it throws ends the thread. */

parentPort?.on("message", (work: AnalysisWork) => parentPort?.postMessage(replyTo(work)));

function replyTo(work: AnalysisWork): AnalysisReplies[AnalysisWork["kind"]] {
  const { sql, defaults } = work;
  if (work.kind === "names") return catalogNames(sql, defaults);
  const { plan, redacted } = analyze(sql, {
    catalog: catalogOf(work.catalog),
    ...defaults,
    parameters: work.parameters,
  });
  return { plan, redacted };
}
