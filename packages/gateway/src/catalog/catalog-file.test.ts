import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ConfigError } from "../config/problem.ts";
import { loadCatalogFile, parseCatalogFile, tableEntryOf } from "./catalog-file.ts";

function problems(text: string): readonly string[] {
  try {
    parseCatalogFile(text, "catalog.yaml");
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
  return [];
}

describe("catalog.yaml", () => {
  it("tells classes, tags, labels and marks", () => {
    const file = parseCatalogFile(
      `version: 1
classes: { workforce.npi: "NPI of an employee" }
policy_tags: { projects/p/locations/us/taxonomies/1/policyTags/2: phi.ssn }
labels: { "sensitivity=high": phi }
datasets:
  p.ehr:
    phi: true
    tables:
      patients: { columns: { SSN: phi.ssn, address.zip: [phi.geography.zip, workforce.npi], active: public } }
`,
      "catalog.yaml",
    );
    const patients = file.datasets.get("p.ehr")?.tables.get("patients");
    assert.equal(file.datasets.get("p.ehr")?.phi, true);
    assert.deepEqual(patients?.columns.get("ssn"), ["phi.ssn"]);
    assert.deepEqual(patients?.columns.get("address.zip"), ["phi.geography.zip", "workforce.npi"]);
    assert.deepEqual(patients?.columns.get("active"), []);
    assert.equal(file.labels.get("sensitivity=high"), "phi");
  });

  it("prefers a table's own name, then the longest beginning", () => {
    const file = parseCatalogFile(
      `{version: 1, datasets: {p.d: {tables: {"ev*": {phi: true}, "events_2*": {phi: false}, events_20: {columns: {a: phi}}}}}}`,
      "c",
    );
    const dataset = file.datasets.get("p.d");
    assert.equal(tableEntryOf(dataset, "events_20")?.columns.size, 1);
    assert.equal(tableEntryOf(dataset, "events_21")?.phi, false);
    assert.equal(tableEntryOf(dataset, "events_1")?.phi, true);
    assert.equal(tableEntryOf(dataset, "other"), undefined);
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    [
      "an unknown class, with the one meant",
      "version: 1\nlabels:\n  a=b: phi.sssn\n",
      /^catalog\.yaml:3:3: labels > a=b: no data class is called phi\.sssn; did you mean phi\.ssn\?/,
    ],
    ["an unknown key", "version: 1\ndatasetz: {}\n", /^catalog\.yaml:2:1: .*datasetz/],
    ["no version", "datasets: {}\n", /version: must be 1/],
    ["a mark that is text", "version: 1\ndatasets: {p.d: {phi: yes}}\n", /^catalog\.yaml:2:.*must be true or false/],
    ["a dataset without project", "version: 1\ndatasets:\n  ehr: {}\n", /^catalog\.yaml:3:3: .*write project\.dataset/],
    [
      "a column twice",
      "version: 1\ndatasets: {p.d: {tables: {t: {columns: {ssn: phi, SSN: public}}}}}\n",
      /names a column twice/,
    ],
    [
      "public beside a class",
      "version: 1\ndatasets: {p.d: {tables: {t: {columns: {a: [public, phi]}}}}}\n",
      /public stands alone/,
    ],
    ["a key twice", "version: 1\nversion: 1\n", /^catalog\.yaml:2:1: not valid YAML/],
    ["an alias", "version: 1\nlabels: {a=b: &x phi, c=d: *x}\n", /alias/],
    ["a star inside a table name", 'version: 1\ndatasets: {p.d: {tables: {"a*b": {}}}}\n', /\* only at its end/],
    ["a built-in class declared again", "version: 1\nclasses: {phi.ssn: mine}\n", /is built in/],
    ["a class called public", "version: 1\nclasses: {public: mine}\n", /is built in/],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what}`, () => assert.match(problems(text)[0] ?? "accepted", message));
  }

  it("says whether a file isn't there or isn't text", () => {
    const folder = mkdtempSync(join(tmpdir(), "chaperone-catalog-"));
    const file = join(folder, "catalog.yaml");
    try {
      assert.throws(() => loadCatalogFile(file), /catalog\.yaml:1:1: can't be read: there is no such file/);
      writeFileSync(file, Buffer.from([0xff, 0xfe]));
      assert.throws(() => loadCatalogFile(file), /catalog\.yaml:1:1: can't be read: not UTF-8/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
