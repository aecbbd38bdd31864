/** What several permits ask together: never less than any of them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { approvalsOf, maskOf, smallestLimit, strictestApproval, strictestMask } from "./obligations.ts";
import type { Policy } from "./policy-set.ts";

const permit = (said: Partial<Policy["obligations"]>) => ({ obligations: said }) as Policy;
const SILENT = permit({});

describe("the mask of a column", () => {
  it("of which a permit says nothing hides what is classified, and nothing else", () => {
    assert.deepEqual(maskOf([SILENT], "read", "phi"), { rule: "null" });
    assert.deepEqual(maskOf([SILENT], "aggregate", "phi"), { rule: "smallcell" });
    for (const action of ["read", "aggregate"] as const)
      assert.deepEqual(maskOf([SILENT], action, undefined), { rule: "none" });
  });
  it("stands on what is shown alone", () => {
    for (const action of ["infer", "write", "export", "describe", "define", "load", "reach", "administer"] as const)
      assert.deepEqual(maskOf([SILENT, permit({ mask: { rule: "last4" } })], action, "phi"), { rule: "none" });
  });
  it("hides what any permit hides, in whichever order", () => {
    const [none, last4] = [permit({ mask: { rule: "none" } }), permit({ mask: { rule: "last4" } })];
    for (const permits of [
      [none, last4],
      [last4, none],
    ])
      assert.equal(maskOf(permits, "read", "phi").rule, "last4");
    assert.deepEqual(maskOf([none, SILENT], "read", "phi"), { rule: "null" });
    assert.deepEqual(maskOf([none], "read", "phi"), { rule: "none" });
    assert.deepEqual(strictestMask([]), { rule: "null" });
    assert.deepEqual(strictestMask([{ rule: "none" }, { rule: "default" }, { rule: "last4" }]), { rule: "default" });
  });
  it("has the class as domain where it makes tokens, but one for all dates, and keeps the policy's", () => {
    const under = (mask: Policy["obligations"]["mask"], dataClass?: string) =>
      maskOf([permit({ mask })], "read", dataClass);
    for (const rule of ["token", "last4", "first4", "email", "fpe", "RANDOM_HASH"] as const) {
      assert.deepEqual(under({ rule }, "phi.ssn"), { rule, domain: "phi.ssn" });
      assert.deepEqual(under({ rule }), { rule, domain: "public" });
      assert.deepEqual(under({ rule, domain: "study" }, "phi.ssn"), { rule, domain: "study" });
    }
    assert.deepEqual(under({ rule: "dateshift" }, "phi.date"), { rule: "dateshift", domain: "dateshift" });
    assert.deepEqual(under({ rule: "dateshift", domain: "study" }, "phi.date"), { rule: "dateshift", domain: "study" });
    assert.deepEqual(under({ rule: "year" }, "phi.date"), { rule: "year" });
  });
});

describe("the approval of a column", () => {
  const officers = { approvers: ["officers"], count: 2 };
  it("is asked of the default approvers where a permit says nothing of what is classified", () => {
    assert.deepEqual(approvalsOf([SILENT], true, ["z", "a"]), [{ approvers: ["a", "z"], count: 1 }]);
    assert.deepEqual(approvalsOf([SILENT], false, ["z", "a"]), []);
  });
  it("is asked as often as a permit names one, and spared by none that another asks", () => {
    const none = permit({ approval: "none" });
    assert.deepEqual(approvalsOf([none], true, ["a"]), []);
    assert.deepEqual(approvalsOf([none, permit({ approval: officers }), SILENT], true, ["a"]), [
      officers,
      { approvers: ["a"], count: 1 },
    ]);
    assert.deepEqual(approvalsOf([permit({ approval: officers })], false, ["a"]), [officers]);
  });
  it("together is of the groups that each names, and of the most people", () => {
    const asked = (...approvers: string[]) => ({ approvers, count: 1 });
    assert.equal(strictestApproval([]), undefined);
    assert.deepEqual(strictestApproval([officers]), officers);
    for (const order of [
      [officers, asked("officers", "board")],
      [asked("officers", "board"), officers],
    ])
      assert.deepEqual(strictestApproval(order), officers);
    assert.deepEqual(strictestApproval([asked("a", "b"), asked("b", "c"), asked("a", "b", "c")]), asked("b"));
    // Each two have a group in common, and all three have none.
    assert.deepEqual(strictestApproval([asked("a", "b"), asked("b", "c"), asked("a", "c")]), asked());
  });
});

describe("a limit", () => {
  it("is the smallest that is given, zero too", () => {
    assert.equal(smallestLimit([]), undefined);
    assert.equal(smallestLimit([undefined, undefined]), undefined);
    assert.equal(smallestLimit([undefined, 7]), 7);
    assert.equal(smallestLimit([9, undefined, 7, 8]), 7);
    assert.equal(smallestLimit([0, 5]), 0);
  });
});
