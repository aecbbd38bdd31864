import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadPolicies, parsePolicies } from "./policy-set.ts";
import { PolicyError } from "./problem.ts";

/** The problems of one file's text, as a person reads them; `accepted` when there is none. */
function check(text: string, classes: readonly string[] = []): string {
  try {
    parsePolicies([{ file: "a.cedar", text }], classes);
    return "accepted";
  } catch (error) {
    if (error instanceof PolicyError) return error.message;
    throw error;
  }
}

const HEAD = "permit (principal, action, resource)";

describe("a policy is refused", () => {
  const refused: readonly (readonly [string, string, RegExp])[] = [
    [
      "that isn't Cedar, with its line",
      '@id("a")\n// ü\npermit (principal, action resource);',
      /^a\.cedar:3: unexpected token/,
    ],
    ["without @id", `\n${HEAD};`, /^a\.cedar:2: every policy needs a name of its own/],
    [
      "with the @id of another",
      `@id("a") ${HEAD};\n@id("a") ${HEAD} when { resource.classified };`,
      /^a\.cedar:2: policy "a": @id\("a"\) is taken by a\.cedar:1/,
    ],
    ["with an unknown annotation", `@id("a") @masks("null") ${HEAD};`, /@masks is not an annotation of Chaperone/],
    ["with an annotation without value", `@id("a") @mask ${HEAD};`, /@mask has no value/],
    ["with an unknown mask", `@id("a") @mask("blur") ${HEAD};`, /@mask\("blur"\): not a mask rule; one of none,/],
    [
      "with a domain on a rule that has none",
      `@id("a") @mask("year:x") ${HEAD};`,
      /only token, last4, first4, email, fpe, RANDOM_HASH, dateshift have a domain/,
    ],
    ["with a domain that isn't one", `@id("a") @mask("token:A b") ${HEAD};`, /a domain is lower-case/],
    ["with an approval by nobody", `@id("a") @approval("x,,y") ${HEAD};`, /write "none", "group"/],
    ["with an approval by no people", `@id("a") @approval("0 of x") ${HEAD};`, /between 1 and 10/],
    ["that spares approval and asks for it", `@id("a") @approval("none,x") ${HEAD};`, /write "none", "group"/],
    ["with a limit that isn't a number", `@id("a") @limit_rows("1e3") ${HEAD};`, /a whole number above 0/],
    [
      "with an obligation on a forbid",
      '@id("a") @mask("null") forbid (principal, action, resource);',
      /@mask is an obligation of a permit/,
    ],
    ["with a reason on a permit", `@id("a") @reason("so") ${HEAD};`, /it belongs on a forbid/],
    [
      "with a mask where nothing shows",
      '@id("a") @mask("null") permit (principal, action == Action::"infer", resource);',
      /only read and aggregate show values/,
    ],
    [
      "that names an unknown class",
      '@id("a") forbid (principal, action, resource in DataClass::"phi.sssn");',
      /no data class is called "phi\.sssn"/,
    ],
    [
      "that names an unknown class in a condition",
      `@id("a") ${HEAD} when { resource in DataClass::"x" };`,
      /no data class is called "x"/,
    ],
    [
      "that names an unknown action",
      '@id("a") permit (principal, action == Action::"delete", resource);',
      /unrecognized action/,
    ],
    [
      "that names an unknown attribute, with the line",
      `@id("a")\n${HEAD}\nwhen { resource.owner == "x" };`,
      /^a\.cedar:3: policy "a": .*attribute `owner`/,
    ],
    [
      "that reads a purpose that may be absent",
      `@id("a") ${HEAD} when { context.purpose == "x" };`,
      /optional attribute `purpose`/,
    ],
    ["that can never apply", `@id("a") ${HEAD} when { resource.path == "x" && false };`, /policy is impossible/],
    [
      "that is a template",
      '@id("a") permit (principal == ?principal, action, resource);',
      /templates .* are not supported/,
    ],
    [
      "that compares a path with capitals",
      `@id("a") ${HEAD} when { ["ssn", "SSN"].contains(resource.path) };`,
      /"SSN" never matches; write "ssn"/,
    ],
    [
      "whose column has capitals",
      '@id("a") forbid (principal, action, resource == Column::"p.d.T.SSN");',
      /Column::"p\.d\.T\.SSN" never matches/,
    ],
    [
      "whose dataset lacks its project",
      '@id("a") forbid (principal, action, resource in Dataset::"ehr");',
      /write project\.dataset/,
    ],
    [
      "whose table lacks its project",
      '@id("a") forbid (principal, action, resource in Table::"ehr.t");',
      /write project\.dataset\.table/,
    ],
  ];
  for (const [what, text, message] of refused) it(what, () => assert.match(check(text), message));

  it("together with all others that are wrong", () => {
    assert.equal(check(`${HEAD};\n@id("b") @x("y") ${HEAD};`).split("\n").length, 2);
  });
});

describe("a policy is accepted", () => {
  it("with every annotation where it belongs", () => {
    const { policies } = parsePolicies(
      [
        {
          file: "a.cedar",
          text: `@id("a") @mask("token:x") @approval("2 of b, a") @limit_rows("10") @limit_bytes("20")
permit (principal in Group::"g", action in [Action::"read", Action::"infer"], resource in DataClass::"phi.genomic");
@id("b") @reason("r") @advice("d") forbid (principal, action, resource == Column::"p.d.T.a.b");`,
        },
      ],
      ["phi.genomic"],
    );
    const a = policies.get("a");
    assert.deepEqual(a?.obligations.mask, { rule: "token", domain: "x" });
    assert.deepEqual(a?.obligations.approval, { approvers: ["a", "b"], count: 2 });
    assert.deepEqual([a?.obligations.limitRows, a?.obligations.limitBytes], [10, 20]);
    assert.deepEqual(a?.actions, ["read", "infer"]);
    assert.deepEqual([policies.get("b")?.line, policies.get("b")?.obligations.advice], [3, "d"]);
  });
});

describe("a folder of policies", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "policies-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("must exist and hold a policy", () => {
    assert.throws(() => loadPolicies(join(folder, "none")), /can't be read/);
    assert.throws(() => loadPolicies(folder), /no \*\.cedar file here/);
  });

  it("is read file by file, and its hash follows every byte", () => {
    writeFileSync(join(folder, "b.cedar"), `@id("b") ${HEAD};`);
    writeFileSync(join(folder, "a.cedar"), `@id("a") ${HEAD};`);
    writeFileSync(join(folder, "notes.md"), "not a policy");
    const first = loadPolicies(folder);
    assert.deepEqual([...first.policies.keys()], ["a", "b"]);
    assert.equal(loadPolicies(folder).hash, first.hash);
    writeFileSync(join(folder, "b.cedar"), `@id("b") ${HEAD}; // a comment`);
    assert.notEqual(loadPolicies(folder).hash, first.hash);
  });

  it("must be UTF-8", () => {
    writeFileSync(join(folder, "c.cedar"), Buffer.from([0xff, 0xfe]));
    assert.throws(() => loadPolicies(folder), /c\.cedar can't be read as UTF-8/);
  });
});
