/**
 * GoogleSQL text → the same text without comments, exotic escapes, parameters or functions that differ in DuckDB.
 * Settled on tokens, before the parser, because the parser mistakes several of them.
 */

import { WarehouseError } from "../errors.ts";
import type { Token } from "./lexer.ts";
import { macroFor } from "./macros.ts";
import { stringLiteral } from "./parameters.ts";

/** Words that look like calls and are none, or take DISTINCT, ORDER BY, OVER: the parser keeps them. */
const DISTINCT_OK = new Set(["avg", "logical_or", "logical_and"]);

export function normalise(tokens: readonly Token[]): string {
  const out: string[] = [];
  for (const [i, token] of tokens.entries()) {
    switch (token.kind) {
      case "word": {
        const next = tokens[i + 1];
        const isCall = next?.kind === "symbol" && next.text === "(";
        const before = tokens[i - 1];
        const afterDot = before?.kind === "symbol" && before.text === "." && !isWord(tokens[i - 2], "safe");
        const argument = tokens[i + 2];
        const keep = DISTINCT_OK.has(token.text.toLowerCase()) && isWord(argument, "distinct");
        // `AS STRUCT (…`, `UNNEST(DATE …)` and types such as `ARRAY<DATE>` have no call after the word.
        out.push((isCall && !afterDot && !keep ? macroFor(token.text) : undefined) ?? token.text);
        break;
      }
      case "quoted":
        // The parser takes WINDOW for a clause only where a bare name follows.
        if (isWord(tokens[i - 1], "window") && /^[A-Za-z_]\w*$/.test(token.name)) {
          out.push(token.name);
          break;
        }
        out.push(`\`${token.name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``);
        break;
      case "string":
        out.push(stringLiteral(token.value));
        break;
      case "bytes":
        out.push(`bq_from_hex('${token.value.toString("hex")}')`);
        break;
      case "number":
        // 1.5 is a FLOAT64 in GoogleSQL and a DECIMAL in DuckDB.
        out.push(
          /^[\d]*\.[\d]*$/.test(token.text)
            ? `${token.text.startsWith(".") ? "0" : ""}${token.text.replace(/\.$/, ".0")}e0`
            : token.text,
        );
        break;
      case "parameter":
        throw new WarehouseError("internalError", "parameters are settled before");
      case "symbol":
        if (token.text === "@@")
          throw new WarehouseError("invalidQuery", "System variables are supported in scripts only by this warehouse");
        out.push(token.text);
        break;
    }
  }
  return join(out);
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === "word" && token.text.toLowerCase() === word;
}

/** Spaces between tokens, but none around the dots of a path and none before the dashes of a bare project name. */
function join(parts: readonly string[]): string {
  let text = "";
  for (const [i, part] of parts.entries()) {
    const before = parts[i - 1];
    const tight = part === "." || before === "." || part === "(" || before === "(";
    text += i === 0 || tight ? part : ` ${part}`;
  }
  return text;
}
