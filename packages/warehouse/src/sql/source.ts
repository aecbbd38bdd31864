/** Statements as their author wrote them. */
import type { Token } from "./lexer.ts";

/** The text from the first of the tokens to the last. */
export function sourceText(text: string, tokens: readonly Token[]): string {
  const own = tokens.filter((token) => token.at >= 0);
  return text.slice(own[0]?.at ?? 0, own.at(-1)?.end ?? 0);
}
