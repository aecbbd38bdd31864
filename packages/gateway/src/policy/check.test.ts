import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { loadCatalogFile, parseCatalogFile } from "../catalog/catalog-file.ts";
import { checkPolicies } from "./check.ts";

describe("checking policies", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "policies-"));
    writeFileSync(
      join(folder, "a.cedar"),
      '@id("a") @mask("last4") @approval("x") permit (principal in Group::"g", action == Action::"read", resource in DataClass::"phi.ssn");',
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const tests = (cases: string) => writeFileSync(join(folder, "tests.yaml"), `cases:\n${cases}`);
  const ssn = "column: p.d.t.ssn, action: read, classes: [phi.ssn]";

  it("shows them as a table", () => {
    const { ok, text } = checkPolicies(folder);
    assert.equal(ok, true);
    assert.match(text, /^a +permit +g +read +phi\.ssn +last4 +x$/m);
    assert.match(text, /1 policies\. No tests\.yaml\./);
  });

  it("tells of each policy whom it lets do what with what, and under which obligations", () => {
    writeFileSync(
      join(folder, "b.cedar"),
      `@id("all") @approval("2 of x,y") @limit_rows("5") permit (principal, action, resource in Dataset::"p.d");
@id("six") @approval("none") @limit_rows("5") @limit_bytes("6")
permit (
  principal is Agent in Group::"g",
  action in [Action::"read", Action::"aggregate", Action::"infer", Action::"write", Action::"describe", Action::"define"],
  resource is Column in DataClass::"phi"
) when { resource.path == "x" };
@id("silent") @mask("token:mrn") permit (principal is Agent, action == Action::"aggregate", resource is Column);
@id("steers") permit (principal == Agent::"i|s", action == Action::"infer", resource in Table::"p.d.t");
@id("reads") permit (principal, action == Action::"read", resource);
@id("shows") permit (principal, action == Action::"aggregate", resource);
@id("writes") @limit_bytes("6") permit (principal, action == Action::"write", resource);
@id("not") forbid (principal, action == Action::"read", resource in DataClass::"phi") unless { resource.path == "x" };`,
    );
    const { ok, text, problems, policies, tests } = checkPolicies(folder);
    assert.ok(ok, text);
    assert.deepEqual([problems, tests, policies.length], [[], undefined, 9]);
    const cells = text.split("\n").map((line) => line.split(/ {2,}/));
    assert.deepEqual(cells, [
      ["policy", "effect", "who", "actions", "on", "mask", "approval", "limits"],
      ["a", "permit", "g", "read", "phi.ssn", "last4", "x"],
      ["all", "permit", "any", "all", "p.d", "default", "2 of x or y", "5 rows"],
      [
        "six",
        "permit",
        "g",
        "read aggregate infer write describe define",
        "phi *",
        "default",
        "none",
        "5 rows, 6 bytes",
      ],
      ["silent", "permit", "any", "aggregate", "any", "token:mrn", "default"],
      ["steers", "permit", "i|s", "infer", "p.d.t", "default"],
      ["reads", "permit", "any", "read", "any", "default", "default"],
      ["shows", "permit", "any", "aggregate", "any", "default", "default"],
      ["writes", "permit", "any", "write", "any", "6 bytes"],
      ["not", "forbid", "any", "read", "phi *"],
      [""],
      ["9 policies. No tests.yaml."],
    ]);
    const [head = "", ...rows] = text.split("\n").slice(0, 10);
    const column = head.indexOf("mask");
    assert.deepEqual(
      rows.map((row) => row.slice(column).split(" ")[0]),
      ["last4", "default", "default", "token:mrn", "", "default", "default", "", ""],
    );
  });

  it("tells what is wrong with them", () => {
    writeFileSync(join(folder, "b.cedar"), "permit (principal, action, resource);");
    const { ok, text, problems } = checkPolicies(folder);
    assert.equal(ok, false);
    assert.equal(problems.length, 1);
    assert.match(text, /b\.cedar:1: every policy needs a name/);
    assert.deepEqual(checkPolicies(folder), { ok: false, problems, policies: [], tests: undefined, text });
  });

  it("takes no fault of its own for one of theirs", () => {
    const noClasses = new Proxy(parseCatalogFile("{version: 1, datasets: {}}", "c"), {
      get: () => {
        throw new RangeError();
      },
    });
    assert.throws(() => checkPolicies(folder, noClasses), RangeError);
  });

  it("passes the tests that hold", () => {
    tests(
      `  - {name: g, groups: [g], ${ssn}, expect: permit, mask: last4, approval: [x]}\n  - {name: h, ${ssn}, expect: deny}\n`,
    );
    const { ok, text, tests: results } = checkPolicies(folder);
    assert.match(text, /^1 policies\. 2 tests passed, 0 expectations failed\.$/m);
    assert.equal(ok, true);
    assert.equal(results?.passed, 2);
  });

  it("names each expectation that doesn't, with its line", () => {
    tests(
      `  - {name: first, groups: [g], ${ssn}, expect: permit, mask: "null", approval: none}\n  - {name: second, groups: [g], ${ssn}, expect: deny}\n`,
    );
    const { ok, text, tests: results } = checkPolicies(folder);
    assert.equal(ok, false);
    assert.equal(results?.passed, 0);
    assert.match(text, /tests\.yaml:2: "first": expected mask null, got last4/);
    assert.match(text, /tests\.yaml:2: "first": expected approval by none, got x/);
    assert.match(text, /tests\.yaml:3: "second": expected deny, got permit by a/);
  });

  it("takes classes from the catalog file", () => {
    const catalog = parseCatalogFile(
      "{version: 1, datasets: {p.d: {phi: true, tables: {t: {columns: {ssn: phi.ssn}}}}}}",
      "c",
    );
    tests(
      "  - {name: a, groups: [g], column: p.d.t.SSN, action: read, expect: permit}\n  - {name: b, groups: [g], column: p.d.t.other, action: read, expect: deny}\n",
    );
    assert.equal(checkPolicies(folder, catalog).ok, true);
    assert.match(checkPolicies(folder).text, /give its classes, or a catalog file/);
  });

  it("notes a rule of BigQuery's that anyone can undo, and accepts its names", () => {
    const keyed = {
      SHA256: "token",
      LAST_FOUR_CHARACTERS: "last4",
      FIRST_FOUR_CHARACTERS: "first4",
      EMAIL_MASK: "email",
    };
    const permit = (rule: string) =>
      `@id("${rule.toLowerCase()}") @mask("${rule}") permit (principal, action == Action::"read", resource);`;
    writeFileSync(join(folder, "hash.cedar"), Object.keys(keyed).map(permit).join("\n"));
    const { ok, text } = checkPolicies(folder);
    assert.equal(ok, true, text);
    assert.match(text, /^sha256 +permit +any +read +any +SHA256/m);
    assert.deepEqual(text.split("\n").slice(7, -1), [
      ...Object.entries(keyed).map(
        ([rule, other]) =>
          `note: ${rule.toLowerCase()}: ${rule} gives SHA-256 without a key, which anyone who can list the possible values undoes; ${other} has a key.`,
      ),
    ]);
    rmSync(join(folder, "hash.cedar"));
  });

  it("refuses a test it can't read", () => {
    tests("  - {name: a, colum: p.d.t.ssn, action: read, expect: permit}\n");
    assert.equal(checkPolicies(folder).ok, false);
    writeFileSync(join(folder, "tests.yaml"), "cases: [");
    assert.match(checkPolicies(folder).text, /not valid YAML/);
  });
});

describe("the clinic's example", () => {
  it("has policies that pass their own tests", () => {
    const at = (path: string) => fileURLToPath(new URL(`../../../../examples/clinic/${path}`, import.meta.url));
    const { text, problems, tests } = checkPolicies(at("policies"), loadCatalogFile(at("catalog.yaml")));
    assert.deepEqual(problems, [], text);
    assert.ok((tests?.passed ?? 0) > 50, text);
  });
});
