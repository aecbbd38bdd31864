/** Keyed tokens of a column of STRINGs, four at a time: what `tokens.ts` does within JSON's rows, here by places and lengths. */
import { IN, IN_BYTES, IN_SLACK, OUT, PLAN, QUEUE_ENTRIES } from "./layout";
import { enqueueToken, finishTokens, LONGEST_TOKENISED, STRING_TOKEN_BYTES, startTokens } from "./tokens";

export { padKey } from "./tokens";
export { IN as inAt, IN_BYTES as inBytes, IN_SLACK as inSlack, OUT as outAt, PLAN as keyAt, QUEUE_ENTRIES as mostValues };
/** Longer values are the host's. */
export const longest: usize = LONGEST_TOKENISED;

const KEY_BYTES: usize = 64;
/** Behind the key: of each value two words, its place in IN and its length. */
export const valuesAt: usize = PLAN + KEY_BYTES;
const VALUE_BYTES: usize = 8;
const TOKEN_BYTES: usize = 32;

/** Writes the tokens of so many values one after the other, without quotes, from OUT on. */
export function tokens(count: i32): void {
  startTokens();
  for (let i = 0; i < count; i++) {
    const value = valuesAt + <usize>i * VALUE_BYTES;
    enqueueToken(PLAN, false, IN + <usize>load<u32>(value), <usize>load<u32>(value, 4), OUT + <usize>i * STRING_TOKEN_BYTES);
  }
  finishTokens();
  for (let i = 0; i < count; i++) {
    const from = OUT + <usize>i * STRING_TOKEN_BYTES + 1;
    const to = OUT + <usize>i * TOKEN_BYTES;
    const end = v128.load(from, 16);
    v128.store(to, v128.load(from));
    v128.store(to, end, 16);
  }
}
