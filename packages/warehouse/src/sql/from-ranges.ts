/** The aliases a FROM clause defines, read on tokens. */
import type { Token } from "./lexer.ts";
import { Cursor, isSymbol, isWord, nameText } from "./tokens.ts";

/** Words that may follow a table and are no alias of it. */
const NO_ALIAS = [
  ..."ON USING JOIN INNER LEFT RIGHT FULL CROSS FOR TABLESAMPLE PIVOT UNPIVOT WITH WHERE GROUP HAVING".split(" "),
  ..."ORDER LIMIT QUALIFY WINDOW UNION INTERSECT EXCEPT MATCH_RECOGNIZE SET WHEN".split(" "),
];

/** Each table's alias, or the last part of its name; a subquery without an alias has none. */
export function rangesOf(from: readonly Token[]): string[] {
  const cursor = new Cursor(from);
  const ranges: string[] = [];
  while (!cursor.done) {
    ranges.push(...oneItem(cursor));
    cursor.until((c) => isSymbol(c.peek(), ",") || c.sees("JOIN"));
    cursor.at += 1;
  }
  return ranges;
}

function oneItem(cursor: Cursor): string[] {
  let unaliased: string[] = [];
  if (isSymbol(cursor.peek(), "(")) {
    const inside = cursor.group();
    if (!isWord(inside[0], "SELECT", "WITH", "FROM") && !isSymbol(inside[0], "(")) unaliased = rangesOf(inside);
  } else if (nameText(cursor.peek()) !== undefined) {
    const path = cursor.path();
    if (isSymbol(cursor.peek(), "(")) cursor.group();
    else unaliased = path.slice(-1);
  }
  if (cursor.accept("AS")) return [cursor.name()];
  if (nameText(cursor.peek()) === undefined || isWord(cursor.peek(), ...NO_ALIAS)) return unaliased;
  return [cursor.name()];
}
