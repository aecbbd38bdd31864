import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PolicyJson, policyToJson } from "@cedar-policy/cedar-wasm/nodejs";
import { POLICY_ACTIONS } from "./decision.ts";
import { actionsOf, entitiesIn, foldedPathComparisons, namesActions, readsAttribute } from "./policy-json.ts";

function json(text: string): PolicyJson {
  const parsed = policyToJson(text);
  return parsed.type === "success" ? parsed.json : assert.fail(text);
}

const when = (condition: string): PolicyJson => json(`permit (principal, action, resource) when { ${condition} };`);

describe("the actions of a policy's head", () => {
  const heads: readonly (readonly [action: string, named: boolean, actions: readonly string[]])[] = [
    ["action", false, POLICY_ACTIONS],
    ['action == Action::"infer"', true, ["infer"]],
    ['action in Action::"infer"', true, ["infer"]],
    ['action in [Action::"infer", Action::"read"]', true, ["read", "infer"]],
    ['action in [Action::"delete"]', true, []],
    ["action in []", true, []],
  ];
  for (const [action, named, actions] of heads)
    it(action, () => {
      const { action: constraint } = json(`permit (principal, ${action}, resource);`);
      assert.equal(namesActions(constraint), named);
      assert.deepEqual(actionsOf(constraint), actions);
    });

  it("are told of both ways in which JSON writes an entity", () => {
    const infer = { type: "Action", id: "infer" };
    assert.deepEqual(actionsOf({ op: "==", entity: { __entity: infer } }), ["infer"]);
    assert.deepEqual(actionsOf({ op: "==", entity: infer }), ["infer"]);
  });
});

describe("the entities of a policy", () => {
  it("are those of its head and its conditions", () => {
    const policy = json(
      'permit (principal in Group::"g", action == Action::"read", resource in DataClass::"c") unless { resource in [Table::"p.d.t"] };',
    );
    assert.deepEqual(
      entitiesIn(policy).map(({ type, id }) => `${type} ${id}`),
      ["Group g", "Action read", "DataClass c", "Table p.d.t"],
    );
  });

  it("aren't records that hold a type and an id of their own, or more", () => {
    const policy = {
      type: "Table",
      id: "x",
      more: 1,
      inner: [
        { type: 1, id: "x" },
        { type: "x", id: 1 },
      ],
    };
    assert.deepEqual(entitiesIn(policy as unknown as PolicyJson), []);
  });
});

describe("a literal with capitals beside resource.path", () => {
  const compared: readonly (readonly [condition: string, found: readonly string[]])[] = [
    ['resource.path == "SSN"', ["SSN"]],
    ['"SSN" == resource.path', ["SSN"]],
    ['resource.path like "Ssn*"', ["S"]],
    ['["a", "B", "C"].contains(resource.path)', ["B", "C"]],
    ['resource.path == "ssn"', []],
    ['resource.connection == "MAIN"', []],
    ['context.path == "SSN"', []],
    ['principal.path == "SSN" || resource.other == "X"', []],
    ['resource.path == "ssn" && principal.name == "Dr"', []],
    ["resource.path == 1", []],
    ['[resource.path, "X"].contains(principal.name)', []],
  ];
  for (const [condition, found] of compared)
    it(condition, () => assert.deepEqual(foldedPathComparisons(when(condition)), found));
});

describe("a policy that reads context.now", () => {
  const reads: readonly (readonly [condition: string, reads: boolean])[] = [
    ["context.now > 1", true],
    ['context.purpose == "x"', false],
    ["context has now", false],
    ["context has purpose && context.now > 1", true],
    ["context == {now: 1}", true],
    ['context.purpose == "x" && principal.now == 1', false],
    ["principal.known.contains(context)", true],
    ['context has purpose && context.purpose == "x"', false],
    ['context == {purpose: "x"} && principal.name == "x"', true],
    ['context == {purpose: "x"} && resource has path', true],
    ['{".": 1, "has": 2} == {".": 3}', false],
  ];
  for (const [condition, does] of reads)
    it(`${condition}: ${does}`, () => assert.equal(readsAttribute(when(condition), "context", "now"), does));
});
