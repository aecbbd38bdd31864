import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePolicies } from "./policy-set.ts";
import { PolicyError } from "./problem.ts";
import type { ColumnUse } from "./uses.ts";

const WRITE: ColumnUse = { table: "p1.d.t", path: "mrn", action: "write", via: "append" };

/** Whether any agent may write the column, of this class or public, by these policies. */
function mayWrite(
  policies: readonly string[],
  dataClass: string | undefined = "phi.mrn",
  connection = "clinic",
): boolean {
  const text = policies.map((policy, i) => `@id("p${i}") ${policy}`).join("\n");
  return parsePolicies([{ file: "a.cedar", text }]).anyAgentMay(WRITE, dataClass, connection);
}

const head = (principal: string, rest = "") =>
  `permit (principal${principal}, action == Action::"write", resource in Dataset::"p1.d")${rest};`;
const NIGHT = 'context.now > datetime("2030-01-01")';

describe("what any agent may write", () => {
  it("is what some permit allows to somebody, whoever it is for and whenever", () => {
    for (const policy of [
      head(""),
      head(' in Group::"loaders"'),
      head(" is Agent"),
      head(' is Agent in Group::"loaders"'),
      head(' == Agent::"https://login.example.com#a"'),
      head("", ' when { principal.name == "x" }'),
      head("", ' unless { principal in Group::"readers" }'),
      head("", ' when { context has purpose && context.purpose == "research" }'),
      head("", ` when { ${NIGHT} }`),
      head("", " when { context.forPerson }"),
      head("", " unless { context.forPerson }"),
      head(' in Group::"loaders"', ' when { resource in DataClass::"phi" }'),
      head(' in Group::"loaders"', ' when { context.via == "append" }'),
      'permit (principal in Group::"loaders", action, resource);',
    ])
      assert.equal(mayWrite([policy]), true, policy);
  });

  it("isn't what every permit to write leaves out", () => {
    for (const policy of [
      'permit (principal, action == Action::"read", resource);',
      'permit (principal, action == Action::"write", resource in Dataset::"p1.other");',
      head("", ' when { resource in DataClass::"phi.name" }'),
      head("", " when { !resource.classified }"),
      head("", ' when { resource.path == "note" }'),
      head(' in Group::"loaders"', ' when { context.connection == "other" }'),
      head(' in Group::"loaders"', ' when { context.via == "drop" }'),
      // A person writes through an agent alone, which needs a permit itself.
      head(" is Person"),
      head(' is Person in Group::"loaders"'),
      head(' == Person::"https://login.example.com#p"'),
      head(' in Person::"https://login.example.com#p"'),
    ])
      assert.equal(mayWrite([policy]), false, policy);
  });

  it("is less what a forbid keeps from everybody, and nothing less for one that some may escape", () => {
    const permit = head(' in Group::"loaders"');
    const forbid = (principal: string, rest = "") =>
      `forbid (principal${principal}, action == Action::"write", resource in Dataset::"p1.d")${rest};`;
    for (const policy of [forbid(""), forbid(" is Agent"), forbid("", ' when { resource in DataClass::"phi" }')])
      assert.equal(mayWrite([permit, policy]), false, policy);
    for (const policy of [
      forbid(' in Group::"readers"'),
      forbid(' is Agent in Group::"readers"'),
      forbid(" is Person"),
      forbid(' == Person::"https://login.example.com#p"'),
      forbid(' == Agent::"https://login.example.com#a"'),
      forbid("", ' unless { principal in Group::"loaders" }'),
      forbid("", ' when { context has purpose && context.purpose == "x" }'),
      forbid("", ` when { ${NIGHT} }`),
      forbid("", " when { context.forPerson }"),
      forbid("", " unless { context.forPerson }"),
    ])
      assert.equal(mayWrite([permit, policy]), true, policy);
  });

  it("isn't what trusted writers alone may", () => {
    assert.equal(mayWrite([`@writer("trusted") ${head(' in Group::"loaders"')}`]), false);
    assert.equal(mayWrite([`@writer("trusted") ${head(' in Group::"loaders"')}`, head(' in Group::"bots"')]), true);
  });

  it("knows no other word for a writer, and none where nothing is written", () => {
    assert.throws(() => mayWrite([`@writer("yes") ${head("")}`]), PolicyError);
    assert.throws(
      () => mayWrite(['@writer("trusted") permit (principal, action == Action::"read", resource);']),
      PolicyError,
    );
    const forbid = '@writer("trusted") forbid (principal, action == Action::"write", resource);';
    assert.throws(() => mayWrite([forbid]), PolicyError);
  });
});
