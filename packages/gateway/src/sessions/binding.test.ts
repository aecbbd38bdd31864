import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Bound, binding } from "./binding.ts";

const KEYS = { keyedHash: (text: string) => `one:${text}` };
const AGENT = { issuer: "i", subject: "a", groups: ["g", "h"] };
const BOUND: Bound = {
  principal: AGENT,
  connection: "c",
  canonicalSql: "SELECT @a AS x",
  parameters: [{ name: "a", parameterValue: { value: "1" } }],
  plan: [{ kind: "SELECT" }],
  outputs: [{ name: "x", type: "INTEGER" }],
  masks: [{ name: "x", mask: { rule: "none" } }],
  travelling: [],
  limits: { rows: 10, bytes: 1000 },
  policyVersion: "v1",
  purpose: null,
};

/** Made of objects that were never bound before, so that nothing is remembered of them. */
function anew(bound: Bound, keys = KEYS): string {
  return binding(structuredClone(bound), { ...keys });
}

describe("what an approval is bound to (I6)", () => {
  const CHANGES: readonly [string, Partial<Bound>][] = [
    ["another agent", { principal: { ...AGENT, subject: "b" } }],
    ["an agent of another issuer", { principal: { ...AGENT, issuer: "j" } }],
    ["an agent of other groups", { principal: { ...AGENT, groups: ["g"] } }],
    ["an agent that acts for somebody", { principal: { ...AGENT, onBehalfOf: [{ ...AGENT, subject: "s" }] } }],
    ["a person of the same name", { principal: { ...AGENT, kind: "person" } }],
    ["another connection", { connection: "d" }],
    ["another statement", { canonicalSql: "SELECT @a AS y" }],
    ["other parameters", { parameters: [{ name: "a", parameterValue: { value: "2" } }] }],
    ["no parameters", { parameters: [] }],
    ["another plan", { plan: [{ kind: "SELECT", effects: ["export"] }] }],
    ["other outputs", { outputs: [{ name: "x", type: "STRING" }] }],
    ["other masks", { masks: [{ name: "x", mask: { rule: "NULL" } }] }],
    ["classes that travel", { travelling: [{ table: "t", path: "x", classes: ["NAME"] }] }],
    ["other limits", { limits: { rows: 11, bytes: 1000 } }],
    ["another version of the policies", { policyVersion: "v2" }],
    ["another purpose", { purpose: "research" }],
  ];

  it("has a case here for each part", () => {
    assert.deepEqual(new Set(CHANGES.flatMap(([, change]) => Object.keys(change))), new Set(Object.keys(BOUND)));
  });

  it("is the same each time it is asked, remembered or not, and whatever the groups' order", () => {
    const first = binding(BOUND, KEYS);
    assert.match(first, /^[0-9a-f]{64}$/);
    assert.equal(binding(BOUND, KEYS), first);
    assert.equal(anew(BOUND), first);
    assert.equal(binding({ ...BOUND, principal: { ...AGENT, groups: ["h", "g"] } }, KEYS), first);
  });

  for (const [what, change] of CHANGES)
    it(`is another for ${what}, also where all else was just bound`, () => {
      const first = binding(BOUND, KEYS);
      const changed = { ...BOUND, ...change };
      const other = binding(changed, KEYS);
      assert.notEqual(other, first);
      assert.equal(other, anew(changed));
      assert.equal(binding(BOUND, KEYS), first);
    });

  it("is another under another key, also where all else was just bound", () => {
    const first = binding(BOUND, KEYS);
    const other = { keyedHash: (text: string) => `other:${text}` };
    assert.notEqual(binding(BOUND, other), first);
    assert.equal(binding(BOUND, other), anew(BOUND, other));
    assert.equal(binding(BOUND, KEYS), first);
  });
});
