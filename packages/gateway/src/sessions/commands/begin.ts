/** From the receipt to the run in one command: what BigQuery agreed with before, and is asked about again before its job is sent. */
import type { Command } from "../../store/command.ts";
import { type AnalysedInput, type AnalysedOutput, analysed } from "./analysed.ts";
import { type ReceiveInput, type ReceiveOutput, receive } from "./receive.ts";

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
export const begin: Command<BeginInput, BeginOutput> = async (tx, input) => {
  const received = await receive(tx, input.receive);
  return { received, analysed: received.existing ? undefined : await analysed(tx, input.analysed) };
};
