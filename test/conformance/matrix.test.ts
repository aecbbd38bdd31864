import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Outcome, withMatrix } from "./matrix.ts";

const DOCUMENT = `# Clients

<!-- matrix: npm run conformance -- --write -->
<!-- end of matrix -->

<!-- matrix of the emulator: npm run conformance -- --write -->
<!-- end of matrix -->

The end.
`;

const outcome = (client: string, feature: Outcome["feature"], more: Partial<Outcome> = {}): Outcome => ({
  client,
  version: "1.0",
  kind: "A",
  feature,
  how: "query",
  fault: null,
  straight: null,
  ...more,
});
const cellsOf = (text: string, row: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith(`| ${row} |`))
    .map((line) =>
      line
        .split("|")
        .slice(2, -1)
        .map((cell) => cell.trim()),
    );

describe("the tables of the documentation", () => {
  const order = ["Go", "bq"];
  const one = withMatrix(
    DOCUMENT,
    "emulator",
    "Behind it: one.",
    [
      outcome("bq", "plain"),
      outcome("bq", "paged", { fault: "no rows" }),
      outcome("bq", "list", { straight: "it can't" }),
      outcome("bq", "load"),
      outcome("bq", "load", { fault: "no rows", straight: "it can't" }),
    ],
    order,
  );

  it("say what came through the gateway, and what doesn't come straight either", () => {
    assert.deepEqual(cellsOf(one, "a plain query"), [["yes"]]);
    assert.deepEqual(cellsOf(one, "a result of many pages"), [["no"]]);
    assert.deepEqual(cellsOf(one, "rows of a table without a query"), [["yes, straight no"]]);
    assert.deepEqual(cellsOf(one, "rows sent: JSON, CSV, a DataFrame"), [["no, straight no"]]);
    assert.ok(one.indexOf("Behind it: one.") > one.indexOf("matrix of the emulator"));
    assert.ok(one.startsWith(DOCUMENT.slice(0, DOCUMENT.indexOf("<!-- matrix of"))) && one.endsWith("\n\nThe end.\n"));
  });

  it("keep what was seen of clients that weren't asked, of the same BigQuery", () => {
    const again = (title: string) => withMatrix(one, "emulator", title, [outcome("Go", "plain")], order);
    assert.deepEqual(cellsOf(again("Behind it: one."), "a plain query"), [["yes", "yes"]]);
    assert.deepEqual(cellsOf(again("Behind it: two."), "a plain query"), [["yes"]]);
  });

  it("are apart", () => {
    const both = withMatrix(one, "warehouse", "Behind it: ours.", [outcome("Go", "plain", { fault: "no" })], order);
    assert.deepEqual(cellsOf(both, "a plain query"), [["no"], ["yes"]]);
    assert.throws(() => withMatrix("nothing", "warehouse", "", [], order), /no place/);
  });

  it("have their places in docs/clients.md", () => {
    const text = readFileSync(join(import.meta.dirname, "../../docs/clients.md"), "utf8");
    for (const behind of ["warehouse", "emulator"] as const) withMatrix(text, behind, "", [], order);
  });
});
