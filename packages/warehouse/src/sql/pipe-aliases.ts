/** Aliases that live on in a pipe query as hidden STRUCT columns. */
import { WarehouseError } from "../errors.ts";
import type { Token } from "./lexer.ts";
import {
  closingOf,
  commaJoined,
  isSymbol,
  isWord,
  nameText,
  parenthesised,
  quoted,
  splitCommas,
  sql,
} from "./tokens.ts";

/** The tokens with each hidden alias under its column's name. Names of tables and what follows a dot are none. */
export function withRanges(tokens: readonly Token[], hidden: ReadonlyMap<string, string>): Token[] {
  if (hidden.size === 0) return [...tokens];
  return tokens.map((token, i) => {
    const column = hidden.get(nameText(token)?.toLowerCase() ?? "");
    if (column === undefined) return token;
    const before = tokens[i - 1];
    if (isSymbol(before, ".") || isWord(before, "FROM", "JOIN")) return token;
    if (!definesAlias(before)) return quoted(column);
    if (!inSubquery(tokens, i)) return token;
    throw new WarehouseError(
      "invalidQuery",
      "An alias that is defined again in a subquery of a pipe query is not supported by this warehouse",
    );
  });
}

/** Words an expression may follow. */
const BEFORE_EXPRESSION = [
  ..."WHERE AND OR NOT ON BY SELECT DISTINCT ALL EXTEND AGGREGATE SET HAVING QUALIFY WHEN THEN ELSE CASE IN LIKE".split(
    " ",
  ),
  ..."BETWEEN IS FROM JOIN OFFSET LIMIT IGNORE".split(" "),
];

/** Whether a name after this token is a new alias: after AS, or after an expression without it. */
function definesAlias(before: Token | undefined): boolean {
  if (isWord(before, "AS") || before?.kind === "quoted" || isSymbol(before, ")")) return true;
  return before?.kind === "word" && !isWord(before, ...BEFORE_EXPRESSION);
}

function inSubquery(tokens: readonly Token[], index: number): boolean {
  for (let i = 0; i < index; i += 1) {
    if (isSymbol(tokens[i], "(") && isWord(tokens[i + 1], "SELECT", "WITH") && closingOf(tokens, i) > index)
      return true;
  }
  return false;
}

/** An item `* [EXCEPT (…)] …` that doesn't show the hidden columns. */
export function withoutHidden(item: readonly Token[], hidden: ReadonlyMap<string, string>): Token[] {
  if (hidden.size === 0 || !isSymbol(item[0], "*")) return [...item];
  const columns = [...hidden.values()].map((name) => [quoted(name)]);
  if (!isWord(item[1], "EXCEPT")) {
    return [...item.slice(0, 1), ...sql("EXCEPT"), ...parenthesised(commaJoined(columns)), ...item.slice(1)];
  }
  const end = closingOf(item, 2);
  const shown = splitCommas(item.slice(3, end - 1));
  return [...item.slice(0, 2), ...parenthesised(commaJoined([...shown, ...columns])), ...item.slice(end)];
}
