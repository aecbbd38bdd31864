/** Clauses after a table that change nothing here, taken out before the parser. */
import type { Token } from "./lexer.ts";
import { Cursor, isSymbol, isWord } from "./tokens.ts";

/** Words that end the expression of FOR SYSTEM_TIME AS OF. */
const AFTER_TIME = [
  ..."AS ON USING JOIN INNER LEFT RIGHT FULL CROSS WHERE GROUP HAVING ORDER LIMIT QUALIFY WINDOW".split(" "),
  ..."UNION INTERSECT EXCEPT TABLESAMPLE PIVOT UNPIVOT".split(" "),
];

/**
 * Without FOR SYSTEM_TIME (there is only the present) and TABLESAMPLE (a small table is one block, and a sample of it
 * the whole).
 */
export function withoutTime(tokens: readonly Token[]): Token[] {
  const cursor = new Cursor(tokens);
  const out: Token[] = [];
  while (!cursor.done) {
    if (cursor.accept("FOR", "SYSTEM_TIME", "AS", "OF")) {
      cursor.until((c) => isSymbol(c.peek(), ",", ")", "|>") || isWord(c.peek(), ...AFTER_TIME));
    } else if (cursor.accept("TABLESAMPLE", "SYSTEM")) cursor.group();
    else {
      const token = cursor.peek();
      if (token) out.push(token);
      cursor.at += 1;
    }
  }
  return out;
}
