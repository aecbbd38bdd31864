import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ExplicitSource, PlanStatement, UnderstoodPlan, Write } from "@chaperone/googlesql";
import type { ClassesLeft } from "../catalog/classes-left.ts";
import type { ClassSource } from "../catalog/data-class.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { decide } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { parsePolicies } from "./policy-set.ts";

const CLASSES: Readonly<Record<string, readonly [readonly string[], ClassSource | undefined]>> = {
  "p.ehr.patients.ssn": [["phi.ssn"], "catalog-file"],
  "p.ehr.patients.name": [["phi.name"], "catalog-file"],
  "p.ehr.patients.state": [[], undefined],
  "p.lab.open.note": [[], "catalog-file"],
  "p.lab.open.ssn": [["phi.ssn"], "catalog-file"],
  "p.lab.taken.ssn": [["phi.ssn"], "inherited"],
  "p.lab.copy.x": [[], undefined],
  "p.lab.copy.*": [[], undefined],
  "p.lab.open.*": [[], undefined],
};

const AGENT: AgentPrincipal = {
  kind: "agent",
  issuer: "https://idp.example",
  subject: "agent",
  name: "agent",
  groups: ["pipelines"],
  sponsor: { issuer: "https://idp.example", subject: "dr-a" },
  tokenId: "t",
  tokenExpires: 0,
};

const READ = `@id("read") @approval("none") permit (principal, action == Action::"read", resource);`;
const INFER = `@id("infer") @approval("none") permit (principal, action == Action::"infer", resource);`;
const WRITE = `@id("write") @approval("none") permit (principal, action == Action::"write", resource in Dataset::"p.lab");`;

function copyInto(column: string, source: string, more: Partial<Write> = {}): UnderstoodPlan {
  const explicit: ExplicitSource[] = [{ column: `p.ehr.patients.${source}`, via: "copy" }];
  const [table, name] = [column.slice(0, column.lastIndexOf(".")), column.slice(column.lastIndexOf(".") + 1)];
  const write: Write = { table, mode: "append", columns: [{ name, explicit, implicit: [] }], implicit: [], ...more };
  return planOf({ kind: "INSERT", writes: [write] });
}

function planOf(more: Partial<PlanStatement>): UnderstoodPlan {
  const statement: PlanStatement = {
    kind: "SELECT",
    reads: [],
    views: [],
    routines: [],
    outputs: [],
    writes: [],
    effects: [],
    ...more,
  };
  return { understood: true, statementType: statement.kind, statements: [statement], result: [], canonicalSql: "" };
}

function ask(policies: string, plan: UnderstoodPlan, left?: readonly ClassesLeft[]): Decision {
  return decide(parsePolicies([{ file: "test.cedar", text: policies }]), {
    principal: AGENT,
    plan,
    classes: (column) => {
      const [classes, source] = CLASSES[column] ?? [["phi"], "phi-default"];
      return { column, classes, source };
    },
    catalogVersion: "c1",
    ...(left === undefined ? {} : { left }),
    context: { purpose: undefined, connection: "main", now: 0 },
    protections: { approval: true, masking: true },
    defaults: { approvers: ["privacy-officers"] },
  });
}

function refusal(decision: Decision): string {
  return decision.effect === "deny" ? decision.message : assert.fail("was permitted");
}

describe("a write", () => {
  it("needs a permit to read what it writes, and a permit to write where it goes", () => {
    const plan = copyInto("p.lab.copy.x", "ssn");
    assert.match(refusal(ask(READ, plan)), /write of p\.lab\.copy\.x \(phi\.ssn\)/);
    assert.match(refusal(ask(WRITE, plan)), /read of p\.ehr\.patients\.ssn/);
    assert.equal(ask(READ + WRITE, plan).effect, "permit");
    assert.match(
      refusal(ask(READ + WRITE, copyInto("p.ehr.patients.state", "ssn"))),
      /write of p\.ehr\.patients\.state/,
    );
  });

  it("needs a permit to infer from what decided over its rows, also where it writes constants", () => {
    const implicit = ["p.ehr.patients.ssn"];
    const deleted = planOf({
      kind: "DELETE",
      writes: [{ table: "p.lab.copy", mode: "delete", columns: [], implicit }],
    });
    assert.match(refusal(ask(READ + WRITE, deleted)), /infer of p\.ehr\.patients\.ssn/);
    const decision = ask(READ + WRITE + INFER, deleted);
    assert.deepEqual(decision.effect === "permit" && decision.obligations.travelling, [
      { table: "p.lab.copy", path: "*", classes: ["phi"] },
    ]);
  });

  it("takes the classes of its values along", () => {
    const decision = ask(READ + WRITE, copyInto("p.lab.copy.X", "ssn"));
    assert.deepEqual(decision.effect === "permit" && decision.obligations.travelling, [
      { table: "p.lab.copy", path: "*", classes: ["phi"] },
      { table: "p.lab.copy", path: "x", classes: ["phi.ssn"] },
    ]);
    const left = ask(READ + WRITE, copyInto("p.lab.copy.x", "ssn"), [
      { table: "p.lab.copy", path: "x", classes: ["phi.name"] },
    ]);
    assert.deepEqual(left.effect === "permit" && left.obligations.travelling, [
      { table: "p.lab.copy", path: "*", classes: ["phi"] },
      { table: "p.lab.copy", path: "x", classes: ["phi.name", "phi.ssn"] },
    ]);
    const open = ask(READ + WRITE, copyInto("p.lab.copy.x", "state"));
    assert.deepEqual(open.effect === "permit" && open.obligations.travelling, []);
  });

  it("keeps tokens and parts from whoever may write into the column: of a guess, or of a value that was changed first", () => {
    const shown = (column: string): UnderstoodPlan => {
      const output = {
        name: "x",
        type: "STRING",
        explicit: [{ column, via: "copy" as const }],
        implicit: [],
        constant: false,
      };
      const reads = [{ table: column.slice(0, column.lastIndexOf(".")), columns: [] }];
      return { ...planOf({ reads, outputs: [output] }), result: [output] };
    };
    const mask = (policies: string, column: string) => {
      const decision = ask(policies + INFER, shown(column));
      return decision.effect === "permit" ? decision.obligations.masks[0]?.mask.rule : decision.message;
    };
    for (const rule of ["token", "fpe", "last4", "RANDOM_HASH", "zip3", "redact", "SHA256", "LAST_FOUR_CHARACTERS"]) {
      const keyed = READ.replace("permit", `@mask("${rule}") permit`);
      assert.equal(mask(keyed + WRITE, "p.ehr.patients.ssn"), rule);
      assert.equal(mask(keyed, "p.lab.open.ssn"), rule);
      assert.equal(mask(keyed + WRITE, "p.lab.open.ssn"), "null");
      const once = WRITE.replace(/;\s*$/, ' when { context.via == "create" };');
      assert.notEqual(once, WRITE);
      assert.equal(mask(keyed + once, "p.lab.open.ssn"), "null");
      assert.equal(mask(keyed, "p.lab.taken.ssn"), "null");
    }
  });

  it("is judged by what it takes along, not only by what is there: a forbid on the class holds", () => {
    const forbid = `@id("f") forbid (principal, action == Action::"write", resource in DataClass::"phi.ssn");`;
    assert.match(refusal(ask(READ + WRITE + forbid, copyInto("p.lab.copy.x", "ssn"))), /forbidden by f/);
    assert.equal(ask(READ + WRITE + forbid, copyInto("p.lab.copy.x", "name")).effect, "permit");
  });

  it("is refused where people declared the column to be of other classes, which would be lost", () => {
    assert.match(
      refusal(ask(READ + WRITE, copyInto("p.lab.open.note", "ssn"))),
      /would hold phi\.ssn, and is declared public/,
    );
    assert.match(
      refusal(ask(READ + WRITE, copyInto("p.lab.open.ssn", "name"))),
      /would hold phi\.name, and is declared phi\.ssn/,
    );
    assert.equal(ask(READ + WRITE, copyInto("p.lab.open.ssn", "ssn")).effect, "permit");
  });

  it("into a temporary table is judged by what is read alone", () => {
    assert.equal(ask(READ, copyInto("p._SESSION.t.x", "ssn", { mode: "create" })).effect, "permit");
    assert.match(refusal(ask(WRITE, copyInto("p._SESSION.t.x", "ssn"))), /read of p\.ehr\.patients\.ssn/);
  });

  it("waits for approval where its permit says nothing", () => {
    const quiet = WRITE.replace('@approval("none") ', "");
    const decision = ask(READ + quiet, copyInto("p.lab.copy.x", "ssn"));
    assert.deepEqual(decision.effect === "permit" && decision.obligations.approval?.approvers, ["privacy-officers"]);
  });

  it("tells policy how it writes", () => {
    const append = WRITE.replace(";", ' when { context.via == "append" };');
    assert.equal(ask(READ + append, copyInto("p.lab.copy.x", "ssn")).effect, "permit");
    refusal(ask(READ + append, copyInto("p.lab.copy.x", "ssn", { mode: "create" })));
  });
});

describe("what a script holds without showing it", () => {
  const kept = planOf({
    reads: [{ table: "p.ehr.patients", columns: [{ path: "ssn", uses: ["kept"] }] }],
  });

  it("is in the agent's hands, and needs a permit to be read", () => {
    assert.match(refusal(ask(INFER + WRITE, kept)), /read of p\.ehr\.patients\.ssn/);
    assert.equal(ask(READ, kept).effect, "permit");
  });

  it("means nothing outside a script: no table for the session alone, no transaction alone", () => {
    for (const kind of ["CREATE_TABLE_AS_SELECT", "BEGIN_TRANSACTION"] as const)
      assert.match(refusal(ask(READ + WRITE, planOf({ kind }))), /outside a script/);
  });
});

describe("an export", () => {
  const plan = planOf({ kind: "EXPORT_DATA", effects: [{ kind: "export", sources: ["p.ehr.patients.ssn"] }] });

  it("is asked of policy for every column that leaves", () => {
    assert.match(refusal(ask(READ + WRITE, plan)), /export of p\.ehr\.patients\.ssn/);
  });
});
