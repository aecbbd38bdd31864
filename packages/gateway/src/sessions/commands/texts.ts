/** What analysis and policy made of a statement, kept once for all sessions of which they made the same. */
import { CommandError, type StoreTransaction } from "../../store/command.ts";
import { ADD_TEXTS, TEXTS } from "../statements.ts";
import type { DecidedTexts } from "../tables.ts";

/** Texts by their key, and themselves unless they are known to be stored. */
export interface TextsInput {
  readonly key: string;
  readonly texts?: DecidedTexts;
}

/** Their place, made where it isn't there yet. @throws CommandError `no_texts`: they aren't there, and didn't come */
export function textsOf(tx: StoreTransaction, { key, texts }: TextsInput): number {
  const known = TEXTS.first(tx, { key });
  if (known !== undefined) return known.id;
  if (texts === undefined) throw new CommandError("no_texts", "what was decided isn't stored");
  const added = ADD_TEXTS.first(tx, { ...texts, key });
  if (added === undefined) throw new CommandError("no_texts", "what was decided was not stored");
  return added.id;
}
