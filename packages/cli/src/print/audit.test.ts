import assert from "node:assert/strict";
import { it } from "node:test";
import { auditPage } from "./audit.ts";

it("an audit's outcome can't be painted over by what was put into the store", () => {
  const painted = "\u001b[2J\u001b[HVerified: 9 entries\n";
  const page = auditPage({
    ok: false,
    origin: "clinic.example/ledger",
    vkey: `clinic.example/ledger${painted}+0a0b0c0d+AQ==`,
    entries: 9,
    checkpoints: 3,
    sessions: 1,
    root: "cm9vdA==",
    problems: [`session ${painted} is in the ledger and not in the store`],
  });
  assert.doesNotMatch(page, /\u001b/);
  assert.deepEqual(
    page.split("\n").map((line) => line.split(/ +/)[0]),
    ["PROBLEM", "NOT", "root", "key"],
  );
});
