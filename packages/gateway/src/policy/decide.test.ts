import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ExplicitSource, Output, PlanStatement, UnderstoodPlan } from "@chaperone/googlesql";
import type { AgentPrincipal } from "../identity/principal.ts";
import { type DecisionRequest, decide, describable, policyVersion } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { parsePolicies } from "./policy-set.ts";

const CLASSES: Readonly<Record<string, readonly string[]>> = {
  "p.ehr.patients.*": ["phi"],
  "p.ehr.patients.ssn": ["phi.ssn"],
  "p.ehr.patients.first_name": ["phi.name"],
  "p.ehr.patients.phone": ["phi.phone"],
  "p.ehr.patients.mobile": ["phi.phone"],
  "p.ehr.patients.mrn": ["phi.mrn"],
  "p.ehr.patients.summary": ["phi.name", "phi.clinical.note"],
  "p.ops.beds.free": [],
  "p.ops.beds.*": [],
};

const AGENT: AgentPrincipal = {
  kind: "agent",
  issuer: "https://idp.example",
  subject: "agent-1",
  name: "Care summary",
  groups: ["clinical"],
  sponsor: { issuer: "https://idp.example", subject: "dr-a" },
  tokenId: "t",
  tokenExpires: 0,
};

function output(name: string, type: string, explicit: readonly ExplicitSource[], more: Partial<Output> = {}): Output {
  return { name, type, explicit, implicit: [], constant: false, ...more };
}

function copy(column: string): ExplicitSource {
  return { column: `p.ehr.patients.${column}`, via: "copy" };
}

function planOf(outputs: readonly Output[], more: Partial<PlanStatement> = {}): UnderstoodPlan {
  const statement: PlanStatement = {
    kind: "SELECT",
    reads: [],
    views: [],
    routines: [],
    outputs,
    writes: [],
    effects: [],
    ...more,
  };
  return {
    understood: true,
    statementType: statement.kind,
    statements: [statement],
    result: outputs,
    canonicalSql: "SELECT",
  };
}

function ask(policies: string, plan: UnderstoodPlan, more: Partial<DecisionRequest> = {}): Decision {
  return decide(parsePolicies([{ file: "test.cedar", text: policies }]), {
    principal: AGENT,
    plan,
    classes: (column) => ({ column, classes: CLASSES[column.toLowerCase()] ?? ["phi"], source: "catalog-file" }),
    catalogVersion: "c1",
    context: { purpose: undefined, connection: "main", now: 0 },
    protections: { approval: true, masking: true },
    defaults: { approvers: ["privacy-officers"] },
    ...more,
  });
}

function permitted(decision: Decision) {
  assert.equal(decision.effect, "permit", decision.effect === "deny" ? decision.message : "");
  if (decision.effect !== "permit") throw new Error("denied");
  return decision;
}

function refused(decision: Decision) {
  if (decision.effect !== "deny") return assert.fail("was permitted");
  return decision;
}

/** Permits `actions` on `resource` with annotations. */
function permit(id: string, head: string, annotations = ""): string {
  return `@id("${id}") ${annotations} permit (principal in Group::"clinical", ${head});`;
}
const READ_SSN = `action == Action::"read", resource in DataClass::"phi.ssn"`;
const READ_PHI = `action == Action::"read", resource in DataClass::"phi"`;
const ALL = "action, resource";

function maskOfFirst(decision: Decision) {
  return permitted(decision).obligations.masks[0]?.mask;
}

describe("what is permitted", () => {
  it("denies what no policy permits, and says which column, class and use", () => {
    const decision = refused(ask(permit("a", READ_SSN), planOf([output("n", "STRING", [copy("first_name")])])));
    assert.match(decision.message, /read of p\.ehr\.patients\.first_name \(phi\.name\).*no policy permits it/);
    assert.deepEqual(decision.uses[0]?.policies, []);
  });

  it("tells of a table that is hidden from who asks no policy about it", () => {
    const no = `@id("no") @reason("Numbers identify.") forbid (principal, ${READ_SSN});`;
    const other = '@id("other") forbid (principal, action == Action::"infer", resource);';
    const reads = [{ table: "p.ops.beds", columns: [{ path: "free", uses: ["predicate"] as const }] }];
    const plan = planOf([output("s", "STRING", [copy("ssn")])], { reads });
    const decision = refused(ask(`${no}\n${other}`, plan, { hidden: new Set(["p.ehr.patients"]) }));
    const lines = decision.message.split("\n");
    assert.match(lines[1] ?? "", /^read of p\.ehr\.patients\.ssn \(phi\.ssn\): .*; no policy permits it\.$/);
    assert.match(lines[2] ?? "", /^infer of p\.ops\.beds\.free: .*; forbidden by other\.$/);
    assert.doesNotMatch(decision.message, /Numbers identify/);
    assert.deepEqual(
      decision.uses.map(({ policies }) => policies),
      [["no"], ["other"]],
    );
  });

  it("denies the agents of another group", () => {
    const plan = planOf([output("s", "STRING", [copy("ssn")])]);
    const principal = { ...AGENT, groups: ["research"] };
    refused(ask(permit("a", READ_SSN), plan, { principal }));
    permitted(ask(permit("a", READ_SSN), plan));
  });

  it("tells of a column shown in two ways what holds for both", () => {
    const both = planOf([
      output("s", "STRING", [copy("ssn")]),
      output("t", "STRING", [{ column: "p.ehr.patients.ssn", via: "transform" }]),
    ]);
    const whole = permit("a", `${READ_SSN}) when { context.via == "copy" }; //`, '@mask("none")');
    const part = permit("b", `${READ_SSN}) when { context.via == "transform" }; //`, '@mask("default")');
    const rows = (decision: Decision) =>
      decision.uses.map(({ effect, policies, mask }) => [effect, policies, mask.rule]);
    assert.deepEqual(rows(permitted(ask(`${whole}\n${part}`, both))), [["permit", ["a", "b"], "default"]]);
    assert.deepEqual(
      rows(refused(ask(whole, both))).map(([effect]) => effect),
      ["deny"],
    );
    assert.deepEqual(
      rows(refused(ask(part, both))).map(([effect]) => effect),
      ["deny"],
    );
  });

  it("tells of a column shown in two ways, whichever is judged first, who permits or denies it, and what hides most", () => {
    const shown = (via: "copy" | "transform") => output(via, "STRING", [{ column: "p.ehr.patients.ssn", via }]);
    const by = (id: string, via: string, mask: string) =>
      permit(id, `${READ_SSN}) when { context.via == "${via}" }; //`, `@mask("${mask}")`);
    const forbid = (id: string, via: string) =>
      `@id("${id}") forbid (principal, ${READ_SSN}) when { context.via == "${via}" };`;
    const told = (policies: readonly string[]) =>
      (["copy", "transform"] as const).map((first) => {
        const second = first === "copy" ? "transform" : "copy";
        const { uses } = ask(policies.join("\n"), planOf([shown(first), shown(second)]));
        return uses.map(({ effect, policies: ids, mask }) => `${effect} ${ids.join()} ${mask.rule}`).join("; ");
      });
    const twice = (text: string) => [text, text];
    assert.deepEqual(told([by("b", "copy", "default"), by("a", "transform", "none")]), twice("permit a,b default"));
    assert.deepEqual(told([by("b", "copy", "none"), by("a", "transform", "default")]), twice("permit a,b default"));
    assert.deepEqual(told([by("a", "copy", "none")]), twice("deny  none"));
    const forbidden = [by("a", "copy", "none"), by("b", "transform", "none"), forbid("y", "copy")];
    assert.deepEqual(told(forbidden), twice("deny y none"));
    assert.deepEqual(told([...forbidden, forbid("x", "transform")]), twice("deny x,y none"));
  });

  it("names every policy that decided, sorted, also where one denies", () => {
    const plan = planOf([output("x", "STRING", [copy("ssn"), copy("first_name")])]);
    const policies = [
      permit("b", READ_SSN),
      permit("a", `action == Action::"read", resource in DataClass::"phi.name"`),
    ];
    assert.deepEqual(permitted(ask(policies.join(""), plan)).policies, ["a", "b"]);
    const forbid = `@id("0") forbid (principal, action, resource in DataClass::"phi.name");`;
    assert.deepEqual(refused(ask(policies.join("") + forbid, plan)).policies, ["0", "b"]);
  });

  it("names of a column its classes and who decided over any of them, sorted", () => {
    const notes = permit("b", `action == Action::"read", resource in DataClass::"phi.clinical"`);
    const names = permit("a", `action == Action::"read", resource in DataClass::"phi.name"`);
    const plan = planOf([output("x", "STRING", [copy("summary")])]);
    const [use] = permitted(ask(notes + names, plan)).uses;
    assert.deepEqual(
      [use?.classes, use?.policies],
      [
        ["phi.clinical.note", "phi.name"],
        ["a", "b"],
      ],
    );
  });

  it("lists the uses by column", () => {
    const outputs = ["ssn", "first_name", "phone"].map((column) => output(column, "STRING", [copy(column)]));
    for (const order of [outputs, outputs.toReversed()]) {
      assert.deepEqual(
        permitted(ask(permit("a", ALL), planOf(order))).uses.map(({ path }) => path),
        ["first_name", "phone", "ssn"],
      );
    }
  });

  it("lets a forbid win and gives its reason and advice", () => {
    const forbid = `@id("no") @reason("Numbers identify.") @advice("Ask for names.") forbid (principal, ${READ_SSN});`;
    const decision = refused(ask(permit("a", ALL) + forbid, planOf([output("s", "STRING", [copy("ssn")])])));
    assert.match(decision.message, /forbidden by no\./);
    assert.match(decision.message, /Policy no: Numbers identify\. Ask for names\./);
    assert.deepEqual(decision.policies, ["no"]);
  });

  it("needs a permit for a public column too", () => {
    const plan = planOf([output("f", "INT64", [{ column: "p.ops.beds.free", via: "copy" }])]);
    refused(ask(permit("a", READ_PHI), plan));
    const open = permit("a", `action == Action::"read", resource in Dataset::"p.ops"`);
    assert.equal(permitted(ask(open, plan)).obligations.approval, undefined);
    assert.deepEqual(maskOfFirst(ask(open, plan)), { rule: "none" });
  });

  it("needs a permit for each class of a column, and denies one that only one of them opens", () => {
    const plan = planOf([output("s", "STRING", [copy("summary")])]);
    const names = permit("names", `action == Action::"read", resource in DataClass::"phi.name"`, '@mask("none")');
    const notes = permit("notes", `action == Action::"read", resource in DataClass::"phi.clinical"`, '@mask("last4")');
    const decision = refused(ask(names, plan));
    assert.deepEqual(decision.uses[0]?.policies, []);
    assert.equal(maskOfFirst(ask(names + notes, plan))?.rule, "last4");
  });

  it("asks about predicates apart from what is shown", () => {
    const reads = [{ table: "p.ehr.patients", columns: [{ path: "SSN", uses: ["predicate"] as const }] }];
    const plan = planOf([output("n", "STRING", [copy("first_name")])], { reads });
    assert.match(refused(ask(permit("a", READ_PHI), plan)).message, /infer of p\.ehr\.patients\.SSN \(phi\.ssn\)/);
    permitted(ask(permit("a", READ_PHI) + permit("b", `action == Action::"infer", resource`), plan));
  });

  it("takes an implicit source for a predicate even where the reads leave it out", () => {
    const plan = planOf([output("n", "STRING", [copy("first_name")], { implicit: ["p.ehr.patients.ssn"] })]);
    assert.match(refused(ask(permit("a", READ_PHI), plan)).message, /infer of p\.ehr\.patients\.ssn/);
  });

  it("takes a column that is shown in no output for one that is read", () => {
    const reads = [{ table: "p.ehr.patients", columns: [{ path: "ssn", uses: ["output"] as const }] }];
    assert.match(
      refused(ask(permit("a", `action == Action::"infer", resource`), planOf([], { reads }))).message,
      /read of/,
    );
  });

  it("takes a table read without any column for a question whether rows exist", () => {
    const plan = planOf([output("x", "INT64", [], { constant: true })], {
      reads: [{ table: "p.ehr.patients", columns: [] }],
    });
    assert.match(refused(ask(permit("a", READ_PHI), plan)).message, /infer of the rows of p\.ehr\.patients/);
  });

  it("refuses effects and statements that aren't judged, whatever policy says", () => {
    const all = permit("a", ALL, '@mask("none") @approval("none")');
    assert.match(
      refused(ask(all, planOf([], { effects: [{ kind: "export", sources: [] }] }))).message,
      /effect export/,
    );
    const model = { kind: "model" as const, sources: ["p.ehr.patients.ssn"] };
    assert.match(refused(ask(all, planOf([], { effects: [model] }))).message, /effect model/);
    assert.match(refused(ask(all, planOf([], { kind: "UNHEARD_OF" as "SELECT" }))).message, /statement UNHEARD_OF/);
    refused(ask(all, { understood: true, statementType: "SCRIPT", statements: [], result: [], canonicalSql: "" }));
  });

  it("asks about the classes that a table's rows may have had, where its past is read", () => {
    const classes: DecisionRequest["classes"] = (column, when) => ({
      column,
      classes: when === "past" ? ["phi", "phi.ssn"] : ["phi.ssn"],
      source: "catalog-file",
    });
    const ssn = (historical: boolean) =>
      planOf([output("s", "STRING", [copy("ssn")])], {
        reads: [
          {
            table: "p.ehr.patients",
            ...(historical ? { historical: true as const } : {}),
            columns: [{ path: "ssn", uses: ["output"] }],
          },
        ],
      });
    permitted(ask(permit("a", READ_SSN), ssn(false), { classes }));
    refused(ask(permit("a", READ_SSN), ssn(true), { classes }));
    assert.deepEqual(permitted(ask(permit("a", READ_PHI), ssn(true), { classes })).uses[0]?.classes, [
      "phi",
      "phi.ssn",
    ]);
  });

  it("denies when a policy can't be evaluated, and doesn't say with what it failed", () => {
    const overflow =
      permit("a", ALL) +
      `@id("b") forbid (principal, action, resource) when { context.now.toTime() > duration("1d") || context.now.offset(duration("9223372036854775807ms")) > context.now };`;
    const decision = refused(
      ask(overflow, planOf([output("s", "STRING", [copy("ssn")])]), {
        context: { purpose: undefined, connection: "main", now: 1 },
      }),
    );
    assert.deepEqual(decision.policies, ["b"]);
  });

  it("asks a policy that reads the clock again when time has passed", () => {
    const policies = parsePolicies([
      { file: "t", text: permit("a", `${ALL}) when { context.now < datetime("2026-01-01") }; //`) },
    ]);
    const at = (now: number) =>
      policies.evaluate(AGENT, { table: "p.d.t", path: "c", action: "read", via: "copy" }, undefined, {
        purpose: undefined,
        connection: "main",
        now,
      }).allowed;
    assert.equal(at(Date.UTC(2025, 1)), true);
    assert.equal(at(Date.UTC(2026, 1)), false);
  });

  it("keeps answers to different purposes apart", () => {
    const policies = permit("a", `${ALL}) when { context has purpose && context.purpose == "care" }; //`);
    const plan = planOf([output("s", "STRING", [copy("ssn")])]);
    const context = { connection: "main", now: 0 };
    permitted(ask(policies, plan, { context: { ...context, purpose: "care" } }));
    refused(ask(policies, plan, { context: { ...context, purpose: "marketing" } }));
    refused(ask(policies, plan, { context: { ...context, purpose: undefined } }));
  });

  it("shows no value and at most ten columns in a refusal", () => {
    const outputs = Array.from({ length: 25 }, (_, i) => output(`c${i}`, "STRING", [copy(`c${i}`)]));
    const { message } = refused(ask(permit("a", READ_SSN), planOf(outputs)));
    assert.equal(message.match(/no policy permits it/g)?.length, 10);
    assert.match(message, /And 15 more columns/);
  });
});

describe("approval", () => {
  const plan = planOf([output("s", "STRING", [copy("ssn")])]);

  it("is asked of the default approvers when a permit on classified data says nothing", () => {
    const { approval } = permitted(ask(permit("a", READ_SSN), plan)).obligations;
    assert.deepEqual(approval, { approvers: ["privacy-officers"], count: 1 });
  });

  it("is asked where data comes in, goes out or bounds change, of what is public too, unless the permit spares it", () => {
    const name = "p.ops.beds";
    const cases: readonly (readonly [string, Partial<PlanStatement>])[] = [
      ["load", { kind: "LOAD_DATA", writes: [{ table: name, mode: "append", columns: [], implicit: [] }] }],
      ["reach", { effects: [{ kind: "remote_function", sources: [], through: name }] }],
      ["administer", { kind: "GRANT", changes: [{ what: "access", mode: "create", name }] }],
    ];
    const write = permit("w", `action == Action::"write", resource`, '@approval("none")');
    for (const [action, statement] of cases) {
      const head = `action == Action::"${action}", resource`;
      const asked = permitted(ask(permit("a", head) + write, planOf([], statement)));
      assert.deepEqual(asked.obligations.approval, { approvers: ["privacy-officers"], count: 1 }, action);
      assert.deepEqual(asked.uses.find((use) => use.action === action)?.classes, [], action);
      const spared = permitted(ask(permit("a", head, '@approval("none")') + write, planOf([], statement)));
      assert.equal(spared.obligations.approval, undefined, action);
    }
    const defined = planOf([], { kind: "CREATE_FUNCTION", changes: [{ what: "routine", mode: "create", name }] });
    assert.equal(permitted(ask(permit("a", ALL), defined)).obligations.approval, undefined);
  });

  it("is spared only when every determining permit spares it", () => {
    const free = permit("a", READ_SSN, '@approval("none")');
    assert.equal(permitted(ask(free, plan)).obligations.approval, undefined);
    assert.notEqual(permitted(ask(free + permit("b", READ_PHI), plan)).obligations.approval, undefined);
  });

  it("asks for the groups that all policies name and for the most people", () => {
    const one = permit("a", READ_SSN, '@approval("privacy-officers,board")');
    const two = permit("b", READ_PHI, '@approval("2 of board")');
    assert.deepEqual(permitted(ask(one + two, plan)).obligations.approval, { approvers: ["board"], count: 2 });
  });

  it("denies what no group may approve as a whole", () => {
    const policies = permit("a", READ_SSN, '@approval("board")') + permit("b", READ_PHI, '@approval("officers")');
    assert.match(refused(ask(policies, plan)).message, /no group of people may approve/);
    refused(ask(permit("a", READ_SSN), plan, { defaults: { approvers: [] } }));
  });

  it("switched off is not asked, and the decision says so", () => {
    const decision = permitted(ask(permit("a", READ_SSN), plan, { protections: { approval: false, masking: true } }));
    assert.equal(decision.obligations.approval, undefined);
    assert.deepEqual(decision.protectionsOff, ["approval"]);
  });
});

describe("masks", () => {
  const plan = planOf([output("s", "STRING", [copy("ssn")])]);

  it("hide a classified value about which the permit says nothing", () => {
    assert.deepEqual(maskOfFirst(ask(permit("a", READ_SSN), plan)), { rule: "null" });
  });

  it("are the strictest of all determining permits", () => {
    const policies = permit("a", READ_SSN, '@mask("last4")') + permit("b", READ_PHI, '@mask("none")');
    assert.deepEqual(maskOfFirst(ask(policies, plan)), { rule: "last4", domain: "phi.ssn" });
    assert.deepEqual(maskOfFirst(ask(policies + permit("c", ALL), plan)), { rule: "null" });
  });

  it("have the data class as domain, unless the policy names one", () => {
    assert.deepEqual(maskOfFirst(ask(permit("a", READ_SSN, '@mask("token")'), plan)), {
      rule: "token",
      domain: "phi.ssn",
    });
    assert.deepEqual(maskOfFirst(ask(permit("a", READ_SSN, '@mask("token:study1")'), plan)), {
      rule: "token",
      domain: "study1",
    });
  });

  it("that show a part or a token hide a changed value whole", () => {
    for (const rule of ["last4", "first4", "email", "token", "zip3", "fpe", "SHA256", "RANDOM_HASH"]) {
      const changed = planOf([output("s", "STRING", [{ ...copy("ssn"), via: "transform" }])]);
      assert.deepEqual(maskOfFirst(ask(permit("a", READ_SSN, `@mask("${rule}")`), changed)), { rule: "null" }, rule);
    }
    const shown = planOf([output("s", "STRING", [{ ...copy("ssn"), via: "transform" }])]);
    assert.deepEqual(maskOfFirst(ask(permit("a", READ_SSN, '@mask("none")'), shown)), { rule: "none" });
  });

  it("never make a token, or what falls to one, where a literal of the agent's may stand", () => {
    for (const rule of ["token", "last4", "first4", "email", "fpe", "SHA256", "RANDOM_HASH"]) {
      const guess = planOf([output("s", "STRING", [copy("ssn")], { constant: true })]);
      assert.deepEqual(maskOfFirst(ask(permit("a", READ_SSN, `@mask("${rule}")`), guess)), { rule: "null" }, rule);
    }
  });

  it("stay where two copies carry the same one, and hide the value where they differ", () => {
    const policies =
      permit("a", `action == Action::"read", resource in DataClass::"phi.phone"`, '@mask("last4")') +
      permit("b", READ_SSN, '@mask("last4")');
    const merge = (...columns: string[]) =>
      maskOfFirst(ask(policies, planOf([output("x", "STRING", columns.map(copy))])));
    assert.deepEqual(merge("phone", "mobile"), { rule: "last4", domain: "phi.phone" });
    assert.deepEqual(merge("phone", "ssn"), { rule: "null" });
  });

  it("fall to null on a type they don't fit", () => {
    const year = permit("a", READ_SSN, '@mask("year")');
    assert.deepEqual(maskOfFirst(ask(year, plan)), { rule: "null" });
    const dates = planOf([output("d", "ARRAY<DATE>", [copy("ssn")])]);
    assert.deepEqual(maskOfFirst(ask(year, dates)), { rule: "year" });
  });

  it("are put on the fields of a STRUCT, each its own", () => {
    const fields = [output("s", "STRING", [copy("ssn")]), output("n", "STRING", [copy("first_name")])];
    const struct = output("x", "STRUCT<s STRING, n STRING>", [copy("ssn"), copy("first_name")], { fields });
    const policies =
      permit("a", READ_SSN, '@mask("last4")') +
      permit("b", `action == Action::"read", resource in DataClass::"phi.name"`, '@mask("none")');
    const mask = permitted(ask(policies, planOf([struct]))).obligations.masks[0];
    assert.deepEqual(
      mask?.fields?.map((field) => field.mask.rule),
      ["last4", "none"],
    );
    const gap = { ...struct, fields: fields.slice(1) };
    const hidden = permitted(ask(policies, planOf([gap]))).obligations.masks[0];
    assert.deepEqual(
      hidden?.fields?.map((field) => field.mask.rule),
      ["null"],
    );
  });

  it("switched off are none, and the decision says so and still lists the uses", () => {
    const decision = permitted(ask(permit("a", READ_SSN), plan, { protections: { approval: true, masking: false } }));
    assert.deepEqual(decision.obligations.masks[0]?.mask, { rule: "none" });
    assert.deepEqual(decision.uses[0]?.mask, { rule: "none" });
    assert.deepEqual(decision.protectionsOff, ["masking"]);
  });

  it("of what is denied are none: nothing of it shows, and a forbid names no mask", () => {
    const forbid = `@id("no") forbid (principal, ${READ_SSN});`;
    for (const policies of [permit("a", ALL) + forbid, permit("a", `action == Action::"infer", resource`)])
      assert.deepEqual(
        refused(ask(policies, plan)).uses.map(({ effect, mask }) => [effect, mask]),
        [["deny", { rule: "none" }]],
      );
  });

  it("hide what the result shows and no statement says that it does", () => {
    const shown = planOf([output("n", "STRING", [copy("first_name")])]);
    const policies = permit("a", ALL, '@mask("none")');
    assert.deepEqual(maskOfFirst(ask(policies, shown)), { rule: "none" });
    for (const via of ["copy", "transform", "aggregate"] as const) {
      const result = [output("s", "STRING", [{ ...copy("ssn"), via }])];
      assert.deepEqual(maskOfFirst(ask(policies, { ...shown, result })), { rule: "null" }, via);
    }
  });

  it("leave a literal alone", () => {
    assert.deepEqual(maskOfFirst(ask(permit("a", READ_SSN), planOf([output("x", "INT64", [], { constant: true })]))), {
      rule: "none",
    });
  });
});

describe("statistics", () => {
  const count = permit("a", `action == Action::"aggregate", resource in DataClass::"phi"`);
  const over = (
    column: string,
    type: string,
    more: Partial<ExplicitSource & { statistic: "count" }> = {},
    rest: Partial<Output> = {},
  ) => planOf([output("n", type, [{ ...copy(column), via: "aggregate", ...more }], rest)]);

  it("hide small counts unless a permit says otherwise", () => {
    assert.deepEqual(maskOfFirst(ask(count, over("*", "INT64", { statistic: "count" }))), { rule: "smallcell" });
    assert.deepEqual(maskOfFirst(ask(count, over("ssn", "INT64", { statistic: "count" }))), { rule: "smallcell" });
  });

  it("are hidden where they may be the sum or average of one row, which is its value", () => {
    assert.deepEqual(maskOfFirst(ask(count, over("*", "INT64"))), { rule: "null" }, "SUM(1000), COUNT(*) * 1000");
    assert.deepEqual(maskOfFirst(ask(count, over("ssn", "INT64"))), { rule: "null" });
    assert.deepEqual(maskOfFirst(ask(count, over("ssn", "FLOAT64"))), { rule: "null" });
  });

  it("are hidden where a constant was added to the count", () => {
    assert.deepEqual(maskOfFirst(ask(count, over("*", "INT64", {}, { constant: true }))), { rule: "null" });
  });

  it("are hidden under a mask that is made for values", () => {
    const policies = permit("a", `action == Action::"aggregate", resource in DataClass::"phi"`, '@mask("last4")');
    assert.deepEqual(maskOfFirst(ask(policies, over("*", "INT64"))), { rule: "null" });
  });

  it("aren't opened by a permit to read", () => {
    refused(ask(permit("a", READ_PHI), over("ssn", "INT64")));
  });
});

describe("limits", () => {
  it("are the smallest of all", () => {
    const policies =
      permit("a", READ_SSN, '@limit_rows("1000") @limit_bytes("5")') + permit("b", READ_PHI, '@limit_rows("10")');
    const plan = planOf([output("s", "STRING", [copy("ssn")])]);
    const defaults = { approvers: ["x"], limitRows: 500, limitBytes: 7 };
    const { limitRows, limitBytes } = permitted(ask(policies, plan, { defaults })).obligations;
    assert.deepEqual([limitRows, limitBytes], [10, 5]);
  });

  it("are the connection's where it says less", () => {
    const policies = permit("a", READ_SSN, '@limit_rows("1000") @limit_bytes("500")');
    const asked = (limitRows?: number, limitBytes?: number) => {
      const defaults = { approvers: ["privacy-officers"], limitRows, limitBytes };
      const { obligations } = permitted(ask(policies, planOf([output("s", "STRING", [copy("ssn")])]), { defaults }));
      return [obligations.limitRows, obligations.limitBytes];
    };
    assert.deepEqual(asked(), [1000, 500]);
    assert.deepEqual(asked(10, 5), [10, 5]);
    assert.deepEqual(asked(5000, 5000), [1000, 500]);
  });
});

describe("the version of policy", () => {
  it("changes with a policy's text and with the catalog, and with nothing else", () => {
    const [a, again, b] = ["a", "a", "b"].map((id) => parsePolicies([{ file: "x", text: permit(id, ALL) }]));
    assert.ok(a && again && b);
    assert.equal(policyVersion(a, "c1"), policyVersion(again, "c1"));
    assert.notEqual(policyVersion(a, "c1"), policyVersion(b, "c1"));
    assert.notEqual(policyVersion(a, "c1"), policyVersion(a, "c2"));
  });
});

describe("describing a table", () => {
  it("names only the columns that policy lets the agent know of", () => {
    const policies = parsePolicies([
      { file: "x", text: permit("a", `action == Action::"describe", resource in DataClass::"phi.name"`) },
    ]);
    const classes = (column: string) => ({ column, classes: CLASSES[column] ?? [], source: undefined });
    const context = { purpose: undefined, connection: "main", now: 0 };
    const named = describable(policies, { principal: AGENT, classes, context }, "p.ehr.patients", [
      "first_name",
      "ssn",
      "summary",
    ]);
    assert.deepEqual([...named], ["first_name"]);
    const how = parsePolicies([
      { file: "a", text: permit("a", `${ALL}) when { context.via == "schema" }; //`) + "\n" },
    ]);
    const asked = { principal: AGENT, classes, context };
    assert.deepEqual([...describable(how, asked, "p.ehr.patients", ["ssn"])], ["ssn"]);
  });
});
