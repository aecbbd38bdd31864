import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentPrincipal, Principal } from "../identity/principal.ts";
import { type PolicyContext, prepare } from "./cedar.ts";
import type { ColumnUse } from "./uses.ts";

interface Question {
  readonly principal: Principal;
  readonly use: ColumnUse;
  readonly dataClass: string | undefined;
  readonly context: PolicyContext;
}

const AGENT: AgentPrincipal = {
  kind: "agent",
  issuer: "https://a.example",
  subject: "s",
  name: "n",
  groups: [],
  sponsor: { issuer: "https://a.example", subject: "dr-a" },
  tokenId: "t",
  tokenExpires: 0,
};
const { sponsor: _, ...person } = AGENT;
const BASE: Question = {
  principal: AGENT,
  use: { table: "p.d.t", path: "c", action: "read", via: "copy" },
  dataClass: undefined,
  context: { purpose: undefined, connection: "main", now: 0 },
};
const by = (principal: Partial<AgentPrincipal>): Question => ({ ...BASE, principal: { ...AGENT, ...principal } });
const of = (use: Partial<ColumnUse>): Question => ({ ...BASE, use: { ...BASE.use, ...use } });
const within = (context: Partial<PolicyContext>): Question => ({ ...BASE, context: { ...BASE.context, ...context } });

let sets = 0;
/** Policies that nobody asked before. */
function asked(text: string, readsClock = false): (question: Question) => boolean {
  const evaluate = prepare(`cedar.test ${sets++}`, { a: text }, readsClock);
  return ({ principal, use, dataClass, context }) => evaluate(principal, use, dataClass, context).allowed;
}

/** What a policy may look at, a question that differs from BASE in it alone, and the condition by which it does. */
const DIFFERENCES: readonly (readonly [what: string, other: Question, condition: string])[] = [
  ["who asks, an agent or a person", { ...BASE, principal: { ...person, kind: "person" } }, "principal is Person"],
  ["whose word it is who asks", by({ issuer: "https://b.example" }), 'principal.issuer == "https://b.example"'],
  ["who asks", by({ subject: "other" }), 'principal.subject == "other"'],
  ["as whom it is known", by({ name: "other" }), 'principal.name == "other"'],
  ["its groups", by({ groups: ["g"] }), 'principal in Group::"g"'],
  ["the action", of({ action: "infer" }), 'action == Action::"infer"'],
  ["the way", of({ via: "transform" }), 'context.via == "transform"'],
  ["the table", of({ table: "p.d.other" }), 'resource in Table::"p.d.other"'],
  ["the column", of({ path: "other" }), 'resource.path == "other"'],
  ["the class", { ...BASE, dataClass: "phi.ssn" }, 'resource in DataClass::"phi.ssn"'],
  ["the connection", within({ connection: "other" }), 'context.connection == "other"'],
  ["the purpose", within({ purpose: "care" }), 'context has purpose && context.purpose == "care"'],
  ["for whom", within({ forPerson: true }), "context.forPerson"],
];

describe("what policy is asked", () => {
  for (const [what, other, condition] of DIFFERENCES) {
    it(`tells it ${what}, and is answered anew when that differs`, () => {
      const text = `permit (principal, action, resource) when { ${condition} };`;
      const [ask, askOther] = [asked(text), asked(text)];
      assert.deepEqual([ask(BASE), ask(other), ask(BASE)], [false, true, false]);
      assert.deepEqual([askOther(other), askOther(BASE), askOther(other)], [true, false, true]);
    });
  }

  it("tells the time, and is answered anew at another where a policy reads it", () => {
    const text = 'permit (principal, action, resource) when { context.now > datetime("2026-01-01") };';
    const ask = asked(text, true);
    const later = within({ now: Date.UTC(2026, 5) });
    assert.deepEqual([ask(BASE), ask(later), ask(BASE)], [false, true, false]);
    // Whoever says that no policy reads it is answered by what is remembered.
    const askedOnce = asked(text);
    assert.deepEqual([askedOnce(BASE), askedOnce(later)], [false, false]);
  });

  it("finds a column in its table, dataset and project, and in its class and all that this is in", () => {
    for (const place of ['Table::"p.d.t"', 'Dataset::"p.d"', 'Project::"p"']) {
      assert.equal(asked(`permit (principal, action, resource in ${place});`)(BASE), true, place);
    }
    const note = { ...BASE, dataClass: "phi.clinical.note" };
    for (const name of ["phi.clinical.note", "phi.clinical", "phi"]) {
      const ask = asked(`permit (principal, action, resource in DataClass::"${name}");`);
      assert.deepEqual([ask(note), ask(BASE)], [true, false], name);
    }
    const classified = asked("permit (principal, action, resource) when { resource.classified };");
    assert.deepEqual([classified(note), classified(BASE)], [true, false]);
  });

  it("names a column in lower case, and who asks by issuer and subject", () => {
    const ask = asked('permit (principal == Agent::"https://a.example#s", action, resource == Column::"p.d.t.c");');
    assert.deepEqual([ask(BASE), ask(of({ path: "C" })), ask(by({ subject: "other" }))], [true, true, false]);
    const path = asked('permit (principal, action, resource) when { resource.path == "c" };');
    assert.equal(path(of({ path: "C" })), true);
    assert.equal(asked('permit (principal == Person::"https://a.example#s", action, resource);')(BASE), false);
  });
});

describe("an answer", () => {
  const ask = (policies: Record<string, string>, question = BASE) => {
    const { principal, use, dataClass, context } = question;
    return prepare(`cedar.test ${sets++}`, policies, false)(principal, use, dataClass, context);
  };
  // Many: Cedar tells them in no order of its own.
  const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const all = (policy: string) => Object.fromEntries(names.toReversed().map((name) => [name, policy]));
  it("names the policies that decided, sorted", () => {
    const permit = "permit (principal, action, resource);";
    assert.deepEqual(ask(all(permit)), { allowed: true, policies: names, errors: [] });
    const forbid = "forbid (principal, action, resource);";
    assert.deepEqual(ask({ p: permit, ...all(forbid) }), { allowed: false, policies: names, errors: [] });
    assert.deepEqual(ask({}), { allowed: false, policies: [], errors: [] });
  });
  it("is no where a policy can't be evaluated, by that policy's name", () => {
    const wrong = 'forbid (principal, action, resource) when { context.purpose == "x" };';
    const permit = "permit (principal, action, resource);";
    assert.deepEqual(ask({ p: permit, ...all(wrong) }), { allowed: false, policies: names, errors: names });
  });
  it("is no where Cedar doesn't take the question", () => {
    const strange = { ...BASE, context: { ...BASE.context, now: 8.64e15 } };
    assert.deepEqual(ask({ p: "permit (principal, action, resource);" }, strange), {
      allowed: false,
      policies: [],
      errors: ["request"],
    });
  });
  it("isn't given by policies that Cedar doesn't take", () => {
    assert.throws(() => prepare(`cedar.test ${sets++}`, { a: "permit (" }, false), /Cedar did not take policies/);
  });
  it("is remembered of a question that isn't long, and the first are forgotten when there are many", () => {
    // Told apart by the clock, which these policies are said not to read: what is remembered is the answer of before.
    const early = 'permit (principal, action, resource) when { context.now < datetime("2026-01-01") };';
    const remembers = (purpose: string, between = 0): boolean => {
      const evaluate = prepare(`cedar.test ${sets++}`, { a: early }, false);
      const question = (now: number, path = "c") =>
        evaluate(AGENT, { ...BASE.use, path }, undefined, { connection: "main", now, purpose }).allowed;
      assert.equal(question(0), true);
      for (let i = 0; i < between; i++) question(0, `c${i}`);
      return question(Date.UTC(2026, 5));
    };
    assert.equal(remembers("x"), true);
    assert.equal(remembers("x".repeat(5000)), false);
    assert.equal(remembers("x", 100), true);
  });
});
