/** What shows of a column into which agents may write: no mask that lets a guess be compared, or a chosen part be read (README.md). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ExplicitSource, Output, UnderstoodPlan, Write } from "@chaperone/googlesql";
import type { ClassSource } from "../catalog/data-class.ts";
import { decide } from "./decide.ts";
import { parsePolicies } from "./policy-set.ts";

const CLASSES: Readonly<Record<string, readonly [readonly string[], ClassSource]>> = {
  "p.ehr.patients.ssn": [["phi.ssn"], "catalog-file"],
  "p.ehr.patients.notes": [["phi.name", "phi.clinical"], "catalog-file"],
  "p.ehr.patients.born": [["phi.date"], "catalog-file"],
  "p.ehr.patients.died": [["phi.date"], "catalog-file"],
  "p.ehr.patients.mrn": [["phi.mrn"], "catalog-file"],
  "p.ehr.patients.copied": [["phi.ssn"], "inherited"],
  "p.ehr.patients.*": [["phi"], "catalog-file"],
};

const of = (column: string, via: ExplicitSource["via"] = "copy"): ExplicitSource[] => [
  { column: `p.ehr.patients.${column}`, via, ...(via === "aggregate" ? { statistic: "count" } : {}) },
];
const output = (name: string, type: string, explicit: readonly ExplicitSource[], row?: number): Output => {
  return { name, type, explicit, implicit: [], constant: false, ...(row === undefined ? {} : { row }) };
};

function firstMask(policies: readonly string[], outputs: readonly Output[], subject?: string) {
  return masksOf(policies, outputs, subject)[0]?.mask.rule;
}

function masksOf(policies: readonly string[], outputs: readonly Output[], subject?: string) {
  const text = policies.map((policy, i) => `@id("p${i}") @approval("none") ${policy}`).join("\n");
  const statement = { kind: "SELECT", reads: [], views: [], routines: [], writes: [], effects: [] } as const;
  const plan: UnderstoodPlan = {
    understood: true,
    statementType: "SELECT",
    statements: [{ ...statement, outputs }],
    result: outputs,
    canonicalSql: "",
  };
  const decision = decide(parsePolicies([{ file: "a.cedar", text }]), {
    principal: {
      kind: "agent",
      issuer: "https://idp.example",
      subject: "reader",
      name: "reader",
      groups: ["readers"],
      sponsor: { issuer: "https://idp.example", subject: "dr-a" },
      tokenId: "t",
      tokenExpires: 0,
    },
    plan,
    classes: (column) => {
      const [classes, source] = CLASSES[column] ?? [["phi"], "phi-default"];
      return { column, classes, source };
    },
    ...(subject === undefined ? {} : { subjectOf: () => subject }),
    catalogVersion: "c1",
    context: { purpose: undefined, connection: "main", now: 0 },
    protections: { approval: true, masking: true },
    defaults: { approvers: ["privacy-officers"] },
  });
  if (decision.effect === "deny") return assert.fail(decision.message);
  return decision.obligations.masks;
}

const READS = `[Action::"read", Action::"aggregate"]`;
const read = (rule: string) => `@mask("${rule}") permit (principal in Group::"readers", action in ${READS}, resource);`;
const write = (group: string, when = "", annotation = "") =>
  `${annotation} permit (principal in Group::"${group}", action == Action::"write", resource) ${when};`;
const ofPath = (path: string) => `when { resource.path == "${path}" }`;
const SSN = [output("s", "STRING", of("ssn"))];

describe("a column into which agents may write", () => {
  const others: readonly (readonly [who: string, policy: string])[] = [
    ["the reader", write("readers")],
    ["another agent", write("loaders")],
    ...(["append", "create", "update"] satisfies Write["mode"][]).flatMap((via) => [
      [`the reader, by ${via} alone`, write("readers", `when { context.via == "${via}" }`)] as const,
      [`another, by ${via} alone`, write("loaders", `when { context.via == "${via}" }`)] as const,
    ]),
  ];
  for (const [who, policy] of others)
    it(`shows no part and no token: ${who}`, () => {
      for (const rule of ["last4", "token"]) assert.equal(firstMask([read(rule), policy], SSN), "null", rule);
      for (const rule of ["none", "default", "null"]) assert.equal(firstMask([read(rule), policy], SSN), rule);
    });

  it("is not one that nobody writes, that is only deleted from, or that trusted writers alone fill", () => {
    for (const policies of [
      [],
      [write("loaders", 'when { context.via == "delete" }')],
      [write("loaders", ofPath("mrn"))],
      [write("loaders", "", '@writer("trusted")')],
    ])
      assert.equal(firstMask([read("last4"), ...policies], SSN), "last4", policies.join());
  });

  it("is one of trusted writers for an agent that is among them", () => {
    assert.equal(firstMask([read("last4"), write("readers", "", '@writer("trusted")')], SSN), "null");
  });

  it("is written only by whoever may write each of its classes", () => {
    const notes = [output("n", "STRING", of("notes"))];
    const name = 'when { resource in DataClass::"phi.name" }';
    for (const group of ["readers", "loaders"]) {
      assert.equal(firstMask([read("last4"), write(group, name)], notes), "last4", group);
      assert.equal(firstMask([read("last4"), write(group)], notes), "null", group);
    }
  });

  it("is one whose class came with a write, whoever may write now", () => {
    assert.equal(firstMask([read("token")], [output("c", "STRING", of("copied"))]), "null");
  });
});

describe("a count", () => {
  const counted = [output("n", "INT64", of("ssn", "aggregate"))];
  it("keeps its smallest cell where nobody adds rows or values", () => {
    assert.equal(firstMask([read("smallcell")], counted), "smallcell");
    assert.equal(firstMask([read("smallcell"), write("loaders", ofPath("mrn"))], counted), "smallcell");
  });
  it("is hidden where an agent may add what is counted, or a row", () => {
    for (const path of ["ssn", "*"])
      for (const group of ["readers", "loaders"])
        assert.equal(firstMask([read("smallcell"), write(group, ofPath(path))], counted), "null", `${group} ${path}`);
  });
  it("that shows whole still does", () => {
    assert.equal(firstMask([read("none"), write("readers")], counted), "none");
  });
});

describe("a date shifted by whose it is", () => {
  const dates = [output("d", "DATE", of("born"), 1), output("m", "STRING", of("mrn"), 1)];
  it("is so where nobody writes whose it is", () => {
    assert.equal(firstMask([read("dateshift")], dates, "mrn"), "dateshift");
    assert.equal(firstMask([read("dateshift"), write("loaders", ofPath("ssn"))], dates, "mrn"), "dateshift");
  });
  it("is hidden where an agent may write that, or nobody says whose it is", () => {
    assert.equal(firstMask([read("dateshift"), write("loaders", ofPath("mrn"))], dates, "mrn"), "null");
    assert.equal(firstMask([read("dateshift")], dates), "null");
  });
  it("is hidden but beside whose it is, of the same row and unchanged", () => {
    const [date, subject] = dates;
    if (date === undefined || subject === undefined) return assert.fail();
    const { row: _, ...alone } = date;
    for (const outputs of [
      [date],
      [alone, subject],
      [alone, output("m", "STRING", of("mrn"))],
      [date, { ...subject, row: 2 }],
      [date, { ...subject, constant: true }],
      [date, { ...subject, type: "BYTES" }],
      [date, output("m", "STRING", of("ssn"), 1)],
      [date, output("m", "STRING", of("mrn", "transform"), 1)],
      [date, output("m", "STRING", [{ column: "p.ehr.visits.mrn", via: "copy" }], 1)],
    ])
      assert.equal(firstMask([read("dateshift")], outputs, "mrn"), "null", JSON.stringify(outputs));
    for (const outputs of [
      [date, { ...subject, type: "INT64" }],
      // Whichever of them it is, it is a date of that record.
      [{ ...date, explicit: [...of("born"), ...of("died")] }, subject],
    ])
      assert.equal(firstMask([read("dateshift")], outputs, "mrn"), "dateshift", JSON.stringify(outputs));
  });
  it("is so in a STRUCT of the same row too", () => {
    const [date, subject] = dates;
    if (date === undefined || subject === undefined) return assert.fail();
    const fields = [output("d", "DATE", of("born"))];
    const struct = { ...output("s", "STRUCT<d DATE>", of("born"), 1), fields };
    const inside = (outputs: readonly Output[]) =>
      masksOf([read("dateshift")], outputs, "mrn")[0]?.fields?.map((f) => f.mask);
    assert.deepEqual(inside([struct, subject]), [{ rule: "dateshift", domain: "dateshift", subject: 1 }]);
    assert.deepEqual(inside([struct]), [{ rule: "null" }]);
  });
});
