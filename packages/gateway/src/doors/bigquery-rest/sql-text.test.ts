import assert from "node:assert/strict";
import { it } from "node:test";
import { parse, redact } from "@chaperone/googlesql";
import { sqlText } from "./sql-text.ts";

const read = (literal: string) => redact(parse(`SELECT ${literal} AS x`)).literals;
/** Each character by its number. */
const escaped = (text: string) =>
  `'${[...text].map((c) => `\\U${(c.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`).join("")}'`;

it("a text in SQL is read as that text, whatever stands in it", () => {
  for (const text of [
    "",
    "it's",
    "\\",
    "\\'",
    "a\nb\r\nc",
    "\0",
    "\u000012",
    "\u00001a\\0",
    "\u2028\u0085\ufeff",
    "\u{1f600}",
  ])
    assert.deepEqual(read(sqlText(text)), read(escaped(text)), JSON.stringify(text));
  assert.notDeepEqual(read(sqlText("\u000012")), read(sqlText("\n")));
});
