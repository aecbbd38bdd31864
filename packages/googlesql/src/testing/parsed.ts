/** What tests of the parser ask of it. */
import assert from "node:assert/strict";
import { parse } from "../parser/parse.ts";
import { print } from "../printer.ts";
import { SqlError } from "../sql-error.ts";

/** The canonical text, without the quotes of its names. */
export const canonical = (sql: string): string => print(parse(sql)).replaceAll("`", "");

/** The text is canonical, but for the quotes of its names. */
export const stable = (sql: string): void => assert.equal(canonical(sql), sql);

/** The error with which the text is refused. */
export function refusal(sql: string): SqlError {
  try {
    parse(sql);
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  assert.fail(`parse accepted ${sql.slice(0, 200)}`);
}
