import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Access, ReplayStep } from "@chaperone/gateway";
import { accessList, accessPage, replayPage } from "./session.ts";

describe("the list of sessions", () => {
  const columns = ["a", "b", "c", "d", "e", "f", "g", "h"];

  it("names some columns of a wide table, and how many more there are, so that a line stays a line", () => {
    assert.match(accessList([access(columns)], "table"), /ehr\.patients\(a, b, c, d, e, f and 2 more\)/);
    assert.match(accessList([access(columns.slice(0, 6))], "table"), /ehr\.patients\(a, b, c, d, e, f\)/);
  });

  it("names nobody as an approver of what runs who approved what was asked before it changed", () => {
    const by = (subject: string, superseded: boolean) => ({
      ...{
        name: `Dr ${subject}`,
        issuer: "i",
        subject,
        decision: "approve",
        reason: "seen",
        at: "2026-02-28T00:00:00Z",
      },
      superseded,
    });
    const asked = { ...access([]), approval: { required: true, state: "pending", by: [by("dana", true)] } };
    assert.match(accessList([asked], "table"), /\(nobody yet\)/);
    const both = { ...asked, approval: { ...asked.approval, by: [by("dana", true), by("rio", false)] } };
    assert.doesNotMatch(accessList([both], "csv"), /dana/);
    assert.match(accessList([both], "csv"), /Dr rio/);
    assert.match(accessPage(both), /Dr dana .*, of what was asked before: seen/);
    assert.match(accessPage(both), /Dr rio \(rio\) at [^,]*: seen/);
  });

  it("leaves none out of what other programs read", () => {
    assert.match(accessList([access(columns)], "csv"), /"clinic\.ehr\.patients\(a, b, c, d, e, f, g, h\)"/);
    assert.deepEqual(JSON.parse(accessList([access(columns)], "json")), [access(columns)]);
  });

  it("gives other programs an empty cell where there is nothing", () => {
    const [, line = ""] = accessList([access([])], "csv").split("\r\n");
    assert.equal(line, "s,Agent (agent),,2026-02-28T00:00:00.000Z,done,,not needed,,0");
  });
});

describe("a session step by step", () => {
  const said = (type: string, data: ReplayStep["data"]) =>
    replayPage([{ index: 1, time: "2026-02-28T00:00:00.000Z", type, data }]);

  it("doesn't say that nothing was masked, shown or written where the ledger says by hash what was", () => {
    const page = { number: 1, outcome: "complete", rows: 3 };
    assert.match(
      said("release.finished", { ...page, maskedSha256: "ab", maskedCharacters: 99_999 }),
      /masked \(by hash\)$/,
    );
    assert.match(said("release.finished", { ...page, masked: {} }), /masked nothing$/);
    assert.match(said("release.started", { number: 1, fromRow: 0, columnsSha256: "ab" }), /: \(by hash\)$/);
    const analysed = { statementType: "SCRIPT", readsSha256: "ab", writesSha256: "ab", changesSha256: "ab" };
    assert.match(said("session.analysed", analysed), /reads \(by hash\); writes \(by hash\); changes \(by hash\)$/);
    assert.doesNotMatch(said("session.analysed", { statementType: "SELECT", reads: [] }), /writes|changes/);
  });
});

function access(columns: readonly string[]): Access {
  const issuer = "https://login.example.com";
  return {
    session: "s",
    job: "chaperone_s",
    state: "done",
    who: { issuer, subject: "agent", name: "Agent", groups: [], sponsor: { issuer, subject: "sam" }, onBehalfOf: [] },
    purpose: null,
    when: { received: "2026-02-28T00:00:00.000Z", finished: null },
    sql: "SELECT 1",
    statementType: "SELECT",
    what: columns.map((column) => ({
      table: "clinic.ehr.patients",
      column,
      use: "read",
      classes: [],
      mask: "none",
      effect: "permit",
    })),
    approval: { required: false, state: null, by: [] },
    masked: { rowsReleased: 0, cellsMasked: 0, columns: {} },
    refusal: null,
    policies: [],
    policyVersion: null,
  };
}
