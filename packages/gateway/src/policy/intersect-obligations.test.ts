/** What an agent sees for others: of each obligation the strictest, whoever asks and whoever is behind. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ExplicitSource, Output, PlanStatement, UnderstoodPlan } from "@chaperone/googlesql";
import type { AgentPrincipal, PersonPrincipal, Principal } from "../identity/principal.ts";
import type { DecisionRequest } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { decideForAll, describableForAll, permittedForAll } from "./intersect.ts";
import { parsePolicies } from "./policy-set.ts";

const base = { issuer: "https://idp.example", tokenId: "t", tokenExpires: 0 } as const;
const sponsor = { issuer: base.issuer, subject: "dr-a" };
const agentOf = (group: string): AgentPrincipal => {
  return { ...base, kind: "agent", subject: group, name: group, groups: [group], sponsor };
};
const [A, B] = [agentOf("alpha"), agentOf("beta")];
const P: PersonPrincipal = { ...base, kind: "person", subject: "p", name: "p", groups: ["people"] };
const BOTH: readonly AgentPrincipal[] = [
  { ...A, onBehalfOf: [B] },
  { ...B, onBehalfOf: [A] },
];

const SSN = "p.ehr.patients.ssn";
const copy = (column: string): ExplicitSource => ({ column, via: "copy" });
const output = (
  name: string,
  type: string,
  explicit: readonly ExplicitSource[],
  more: Partial<Output> = {},
): Output => {
  return { name, type, explicit, implicit: [], constant: false, ...more };
};
function planOf(outputs: readonly Output[], more: Partial<PlanStatement> = {}): UnderstoodPlan {
  const empty = { reads: [], views: [], routines: [], writes: [], effects: [] };
  const statement: PlanStatement = { kind: "SELECT", ...empty, outputs, ...more };
  return {
    understood: true,
    statementType: statement.kind,
    statements: [statement],
    result: outputs,
    canonicalSql: "",
  };
}
const PLAN = planOf([output("ssn", "STRING", [copy(SSN)])]);

const permit = (group: string, annotations = "", head = "action, resource") =>
  `@id("${group}") ${annotations} permit (principal in Group::"${group}", ${head});`;
const FREE = '@approval("none") @mask("none")';

const common = {
  classes: (column: string) => ({ column, classes: ["phi.ssn"], source: "catalog-file" as const }),
  context: { purpose: undefined, connection: "main", now: 0 },
};
function ask(principal: Principal, text: string, more: Partial<DecisionRequest> = {}): Decision {
  return decideForAll(parsePolicies([{ file: "test.cedar", text }]), {
    ...common,
    principal,
    plan: PLAN,
    catalogVersion: "c1",
    protections: { approval: true, masking: true },
    defaults: { approvers: ["privacy-officers"] },
    ...more,
  });
}
const obligations = (decision: Decision) =>
  decision.effect === "permit" ? decision.obligations : assert.fail(decision.message);
const refusal = (decision: Decision) => (decision.effect === "deny" ? decision.message : assert.fail("was permitted"));

describe("the obligations of an agent and those it acts for", () => {
  it("limit rows and bytes by the smallest, whoever's it is", () => {
    const texts = [
      permit("alpha", `${FREE} @limit_rows("5") @limit_bytes("70")`),
      permit("beta", `${FREE} @limit_rows("6") @limit_bytes("7")`),
    ];
    const one = [permit("alpha", FREE), permit("beta", `${FREE} @limit_rows("6") @limit_bytes("7")`)];
    for (const principal of BOTH) {
      const { limitRows, limitBytes } = obligations(ask(principal, texts.join("")));
      assert.deepEqual([limitRows, limitBytes], [5, 7]);
      const given = obligations(ask(principal, one.join("")));
      assert.deepEqual([given.limitRows, given.limitBytes], [6, 7]);
      const none = obligations(ask(principal, permit("alpha", FREE) + permit("beta", FREE)));
      assert.deepEqual([none.limitRows, none.limitBytes], [undefined, undefined]);
    }
  });

  it("ask the groups that both name, and the most people; none where neither asks", () => {
    const text =
      permit("alpha", '@mask("none") @approval("2 of board")') +
      permit("beta", '@mask("none") @approval("board,officers")');
    for (const principal of BOTH) {
      assert.deepEqual(obligations(ask(principal, text)).approval, { approvers: ["board"], count: 2 });
      assert.equal(obligations(ask(principal, permit("alpha", FREE) + permit("beta", FREE))).approval, undefined);
      const one = permit("alpha", FREE) + permit("beta", '@mask("none") @approval("board")');
      assert.deepEqual(obligations(ask(principal, one)).approval?.approvers, ["board"]);
      const nobody = permit("alpha", '@approval("board")') + permit("beta", '@approval("officers")');
      assert.match(refusal(ask(principal, nobody)), /no group of people may approve this for both/);
    }
  });

  it("mask each field by the strictest, and each output apart", () => {
    const fields = [output("s", "STRING", [copy(SSN)]), output("c", "INT64", [], { constant: true })];
    const plan = planOf([
      output("x", "STRUCT<s STRING, c INT64>", [copy(SSN)], { fields }),
      output("y", "STRING", [copy(SSN)]),
    ]);
    const text =
      permit("alpha", '@approval("none") @mask("last4:a")', 'action == Action::"read", resource') +
      permit("beta", '@approval("none") @mask("first4:b")', 'action == Action::"read", resource');
    const strictest = { rule: "token", domain: "a+b" };
    for (const principal of BOTH)
      assert.deepEqual(obligations(ask(principal, text, { plan })).masks, [
        {
          name: "x",
          type: "STRUCT<s STRING, c INT64>",
          mask: { rule: "none" },
          fields: [
            { name: "s", type: "STRING", mask: strictest },
            { name: "c", type: "INT64", mask: { rule: "none" } },
          ],
        },
        { name: "y", type: "STRING", mask: strictest },
      ]);
  });

  it("tell the size of what is read where all may know it", () => {
    // What this agent may write by itself is its own choice of lengths: the size tells of it (read-size.ts).
    const reads: PlanStatement["reads"] = [{ table: "p.ehr.patients", columns: [{ path: "ssn", uses: ["output"] }] }];
    const plan = planOf(PLAN.result, { reads });
    const reading = (group: string) => permit(group, FREE, 'action in [Action::"read", Action::"infer"], resource');
    const trusted = `@id("w") @writer("trusted") permit (principal in Group::"beta", action == Action::"write", resource);`;
    const text = reading("alpha") + reading("beta");
    assert.equal(obligations(ask(A, text + trusted, { plan })).readSize, "told");
    for (const principal of BOTH) {
      assert.equal(obligations(ask(principal, text, { plan })).readSize, "told");
      assert.equal(obligations(ask(principal, text + trusted, { plan })).readSize, "secret");
    }
  });

  it("record the classes that travel with what is written", () => {
    const plan = planOf([], {
      kind: "INSERT",
      writes: [
        {
          table: "p.lab.t",
          mode: "append",
          columns: [{ name: "a", explicit: [copy(SSN)], implicit: [] }],
          implicit: [],
        },
      ],
    });
    for (const principal of BOTH)
      assert.deepEqual(obligations(ask(principal, permit("alpha", FREE) + permit("beta", FREE), { plan })).travelling, [
        { table: "p.lab.t", path: "*", classes: ["phi"] },
        { table: "p.lab.t", path: "a", classes: ["phi.ssn"] },
      ]);
  });
});

describe("what is written down of an agent and those it acts for", () => {
  it("is every policy that determined either, sorted, also where one is denied", () => {
    const forbid = '@id("a-forbid") forbid (principal in Group::"beta", action, resource);';
    for (const principal of BOTH) {
      const denied = ask(principal, permit("alpha", FREE) + permit("beta", FREE) + forbid);
      refusal(denied);
      assert.deepEqual(denied.policies, ["a-forbid", "alpha"]);
      assert.deepEqual(
        denied.uses.map(({ path, effect, policies }) => [path, effect, policies]),
        [["ssn", "deny", ["a-forbid", "alpha"]]],
      );
      const permitted = ask(principal, permit("alpha", FREE) + permit("beta", '@approval("none") @mask("last4")'));
      assert.deepEqual(permitted.policies, ["alpha", "beta"]);
      assert.deepEqual(permitted.uses[0]?.policies, ["alpha", "beta"]);
      assert.deepEqual(permitted.uses[0]?.mask, { rule: "last4", domain: "phi.ssn" });
      assert.equal(permitted.uses[0]?.effect, "permit");
    }
  });

  it("is each column and use by itself", () => {
    const plan = planOf([output("ssn", "STRING", [copy(SSN)], { implicit: [SSN, "p.ehr.visits.ssn"] })]);
    const text = permit("alpha", FREE) + permit("beta", FREE, 'action == Action::"read", resource');
    for (const principal of BOTH)
      assert.deepEqual(
        ask(principal, text, { plan }).uses.map(({ table, action, effect }) => [table, action, effect]),
        [
          ["p.ehr.patients", "infer", "deny"],
          ["p.ehr.patients", "read", "permit"],
          ["p.ehr.visits", "infer", "deny"],
        ],
      );
  });

  it("is each column and table by itself, whichever of them one may not", () => {
    const others = ["p.ehr.patients.name", SSN, "p.ehr.visits.ssn"];
    const plan = planOf([output("ssn", "STRING", others.map(copy))]);
    for (const denied of others) {
      const but = `unless { resource == Column::"${denied}" };`;
      const text = permit("alpha", FREE) + permit("beta", FREE, `action, resource) ${but} //`) + "\n";
      for (const principal of BOTH)
        assert.deepEqual(
          ask(principal, text, { plan }).uses.map(({ table, path, effect }) => [`${table}.${path}`, effect]),
          others.map((column) => [column, column === denied ? "deny" : "permit"]),
        );
    }
  });

  it("is the version of the policies that decided", () => {
    const decision = ask({ ...A, onBehalfOf: [B] }, permit("alpha", FREE) + permit("beta", FREE));
    assert.match(decision.policyVersion, /^[0-9a-f]{64}$/);
  });

  it("says which protections are off", () => {
    const protections = { approval: false, masking: true };
    const text = permit("alpha") + permit("beta");
    for (const principal of BOTH) {
      assert.deepEqual(ask(principal, text, { protections }).protectionsOff, ["approval"]);
      assert.deepEqual(ask(principal, permit("alpha"), { protections }).protectionsOff, ["approval"]);
    }
  });

  it("tells an agent what it may not itself, or else that it acts for one that may not", () => {
    const behalf = /read of p\.ehr\.patients\.ssn.*\(This agent acts on behalf of one that may not\.\)$/s;
    assert.match(refusal(ask({ ...A, onBehalfOf: [B] }, permit("alpha", FREE))), behalf);
    for (const text of [permit("beta", FREE), permit("gamma", FREE)]) {
      const own = refusal(ask({ ...A, onBehalfOf: [B] }, text));
      assert.match(own, /read of p\.ehr\.patients\.ssn/);
      assert.doesNotMatch(own, behalf);
    }
  });
});

describe("asking for a person", () => {
  const forPeople = `@id("a") permit (principal in Group::"alpha", action, resource) when { context.forPerson };`;
  const ofPeople = `@id("p") permit (principal == Person::"https://idp.example#p", action, resource) when { context.forPerson };`;
  it("is told to policy where a person is behind, or asks alone", () => {
    assert.equal(ask({ ...A, onBehalfOf: [P] }, forPeople + ofPeople).effect, "permit");
    assert.equal(ask({ ...A, onBehalfOf: [P] }, forPeople).effect, "deny");
    assert.equal(ask(A, forPeople + ofPeople).effect, "deny");
    assert.equal(ask(P, ofPeople).effect, "permit");
    assert.equal(ask(P, forPeople).effect, "deny");
  });
  it("shows of a table what each of them may know of", () => {
    const shown = (principal: Principal, text: string) => [
      ...describableForAll(parsePolicies([{ file: "test.cedar", text }]), { ...common, principal }, "p.ehr.patients", [
        "ssn",
        "name",
      ]),
    ];
    const onlySsn = `@id("s") forbid (principal == Person::"https://idp.example#p", action, resource) unless { resource == Column::"p.ehr.patients.ssn" };`;
    assert.deepEqual(shown({ ...A, onBehalfOf: [P] }, forPeople + ofPeople), ["ssn", "name"]);
    assert.deepEqual(shown({ ...A, onBehalfOf: [P] }, forPeople + ofPeople + onlySsn), ["ssn"]);
    assert.deepEqual(shown({ ...A, onBehalfOf: [P] }, ofPeople), []);
    assert.deepEqual(shown({ ...A, onBehalfOf: [P] }, forPeople), []);
    assert.deepEqual(shown(A, forPeople + ofPeople), []);
    assert.deepEqual(shown(P, ofPeople), ["ssn", "name"]);
  });
  it("permits of a column what each of them may do with it", () => {
    const may = (principal: Principal, text: string, path = "ssn", action: "read" | "infer" = "read") =>
      permittedForAll(
        parsePolicies([{ file: "test.cedar", text }]),
        { ...common, principal },
        { table: "p.ehr.patients", path, action, via: action === "read" ? "copy" : "predicate" },
      );
    const notSsn = `@id("s") forbid (principal == Person::"https://idp.example#p", action, resource == Column::"p.ehr.patients.ssn");`;
    assert.equal(may({ ...A, onBehalfOf: [P] }, forPeople + ofPeople), true);
    assert.equal(may({ ...A, onBehalfOf: [P] }, forPeople + ofPeople + notSsn), false);
    assert.equal(may({ ...A, onBehalfOf: [P] }, forPeople + ofPeople + notSsn, "name"), true);
    assert.equal(may({ ...A, onBehalfOf: [P] }, ofPeople), false);
    assert.equal(may({ ...A, onBehalfOf: [P] }, forPeople), false);
    assert.equal(may(A, forPeople + ofPeople), false);
    assert.equal(may(P, ofPeople), true);
    const notInferred = `@id("i") forbid (principal, action == Action::"infer", resource);`;
    assert.equal(may(P, ofPeople + notInferred), true);
    assert.equal(may(P, ofPeople + notInferred, "ssn", "infer"), false);
  });
});
