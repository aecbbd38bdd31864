/** `OPTIONS (name = value, …)`: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language */
import type { Token } from "./lexer.ts";
import { Cursor, splitCommas } from "./tokens.ts";

/** What is kept: texts, numbers as text, and labels. Other expressions are undefined. */
export type OptionValue = string | Readonly<Record<string, string>> | null | undefined;

export function readOptions(tokens: readonly Token[]): ReadonlyMap<string, OptionValue> {
  return new Map(
    splitCommas(tokens).map((piece) => {
      const cursor = new Cursor(piece);
      const name = cursor.name().toLowerCase();
      cursor.expectSymbol("=");
      return [name, optionValue(cursor.rest())];
    }),
  );
}

function optionValue(tokens: readonly Token[]): OptionValue {
  const [first] = tokens;
  if (tokens.length === 1 && first?.kind === "string") return first.value;
  if (tokens.length === 1 && first?.kind === "number") return first.text;
  if (tokens.length === 1 && first?.kind === "word" && first.text.toUpperCase() === "NULL") return null;
  if (first?.kind !== "symbol" || first.text !== "[") return undefined;
  const pairs = splitCommas(tokens.slice(1, -1)).flatMap((pair) => {
    const texts = pair.flatMap((token) => (token.kind === "string" ? [token.value] : []));
    const [key, value] = texts;
    return key === undefined || value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(pairs);
}
