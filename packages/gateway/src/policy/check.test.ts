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

  it("tells what is wrong with them", () => {
    writeFileSync(join(folder, "b.cedar"), "permit (principal, action, resource);");
    const { ok, text, problems } = checkPolicies(folder);
    assert.equal(ok, false);
    assert.equal(problems.length, 1);
    assert.match(text, /b\.cedar:1: every policy needs a name/);
  });

  it("passes the tests that hold", () => {
    tests(
      `  - {name: g, groups: [g], ${ssn}, expect: permit, mask: last4, approval: [x]}\n  - {name: h, ${ssn}, expect: deny}\n`,
    );
    const { ok, tests: results } = checkPolicies(folder);
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
    writeFileSync(
      join(folder, "hash.cedar"),
      '@id("hash") @mask("SHA256") permit (principal, action == Action::"read", resource);',
    );
    const { ok, text } = checkPolicies(folder);
    assert.equal(ok, true, text);
    assert.match(text, /^hash +permit +any +read +any +SHA256/m);
    assert.match(text, /note: hash: SHA256 gives SHA-256 without a key.*token has a key/);
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
