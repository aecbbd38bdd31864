/** From the receipt to the run in one command: what BigQuery agreed with before, and is asked about again before its job is sent. */
import type { Command, StoreTransaction } from "../../store/command.ts";
import { INSERT_SESSION } from "../statements.ts";
import { type AnalysedInput, type AnalysedOutput, analysed, decide } from "./analysed.ts";
import { arrive } from "./arrows.ts";
import { checkAdmitted } from "./before-running.ts";
import { newSession, type ReceiveInput, type ReceiveOutput, receive, record, sameRequest } from "./receive.ts";
import { textsOf } from "./texts.ts";

export interface BeginInput {
  readonly receive: ReceiveInput;
  readonly analysed: AnalysedInput;
}

export interface BeginOutput {
  readonly received: ReceiveOutput;
  /** undefined: the same request came before, and nothing was written. */
  readonly analysed: AnalysedOutput | undefined;
}

/** The arrows stay what they are, each with its entry; they are durable together, before BigQuery hears of any (I3). */
export const begin: Command<BeginInput, BeginOutput> = (tx, input) => {
  const { next, decided } = input.analysed;
  if (decided !== undefined && next.state === "running" && next.uses.uses.length + next.travelling.length === 0)
    return beginAlone(tx, input.receive, input.analysed, decided, next);
  const received = receive(tx, input.receive);
  if (received.existing) return { received, analysed: undefined };
  const output = analysed(tx, input.analysed);
  return output instanceof Promise
    ? output.then((told) => ({ received, analysed: told }))
    : { received, analysed: output };
};

/** One that disturbs no other: its row is written once, as it is in the end. */
function beginAlone(
  tx: StoreTransaction,
  asked: ReceiveInput,
  of: AnalysedInput,
  decided: NonNullable<AnalysedInput["decided"]>,
  next: Extract<AnalysedInput["next"], { readonly state: "running" }>,
): BeginOutput {
  const before = sameRequest(tx, asked);
  if (before !== undefined) return { received: before, analysed: undefined };
  checkAdmitted(tx, asked.by);
  const texts = textsOf(tx, of.texts);
  const received = record(tx, asked);
  const set = decide(tx, of, decided);
  const arrived = arrive(tx, asked.id, "decided", "running", next.data);
  INSERT_SESSION.all(tx, {
    ...newSession(asked, tx.now),
    ...set,
    ...arrived,
    texts,
    statement_type: of.statementType,
    upstream_job: next.upstreamJob,
  });
  return { received, analysed: { at: tx.now, texts } };
}
