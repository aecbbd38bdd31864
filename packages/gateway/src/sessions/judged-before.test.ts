import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CatalogSnapshot } from "../catalog/catalog.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { type Judged, JudgedBefore, type Question } from "./judged-before.ts";

const AGENT = { kind: "agent", issuer: "i", subject: "a", name: "a", groups: ["g"] } as unknown as AgentPrincipal;
const question = (more: object = {}): Question =>
  ({
    connection: { name: "c", policies: { readsClock: false } },
    principal: AGENT,
    project: "p",
    statement: { sql: "SELECT 1", parameterMode: undefined, parameters: [], defaultDataset: undefined },
    purpose: null,
    ...more,
  }) as unknown as Question;
const JUDGED = { kind: "judged" } as unknown as Judged;

function kept(asked = question()) {
  const before = new JudgedBefore();
  let current = true;
  before.keep(asked, JUDGED, { isCurrent: () => current } as CatalogSnapshot);
  return { before, outdate: () => (current = false) };
}

describe("a judgement of before", () => {
  it("counts for the same question", () => {
    assert.equal(kept().before.find(question()), JUDGED);
  });

  const statement = question().statement;
  for (const [what, other] of [
    ["another agent", { principal: { ...AGENT, subject: "b" } }],
    ["an agent of other groups", { principal: { ...AGENT, groups: ["g", "h"] } }],
    ["an agent that acts for somebody", { principal: { ...AGENT, onBehalfOf: [{ ...AGENT, subject: "s" }] } }],
    ["another purpose", { purpose: "research" }],
    ["another project", { project: "q" }],
    ["another connection", { connection: { name: "d", policies: { readsClock: false } } }],
    ["another text", { statement: { ...statement, sql: "SELECT 2" } }],
    ["another dataset", { statement: { ...statement, defaultDataset: { projectId: "p", datasetId: "d" } } }],
    ["parameters", { statement: { ...statement, parameters: [{ name: "a" }] } }],
    ["policies that read the clock", { connection: { name: "c", policies: { readsClock: true } } }],
  ] as const)
    it(`doesn't count for ${what}`, () => {
      assert.equal(kept().before.find(question(other)), undefined);
    });

  it("of one statement counts for each that asks it as for another's", () => {
    const { before } = kept();
    const { statement: shared, principal } = question();
    const ask = (more: object) => before.find(question({ statement: shared, principal, ...more }));
    for (const other of [
      { principal: { ...AGENT, subject: "b" } },
      { purpose: "research" },
      { project: "q" },
      { connection: { name: "d", policies: { readsClock: false } } },
    ]) {
      assert.equal(ask({}), JUDGED);
      assert.equal(ask(other), undefined);
    }
    assert.equal(ask({}), JUDGED);
  });

  it("doesn't count once the tables may be others", () => {
    const { before, outdate } = kept();
    outdate();
    assert.equal(before.find(question()), undefined);
  });

  it("isn't kept under policies that read the clock", () => {
    const asked = question({ connection: { name: "c", policies: { readsClock: true } } });
    assert.equal(kept(asked).before.find(question()), undefined);
  });
});
