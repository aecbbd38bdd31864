import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TableFieldSchema, TableResource } from "@chaperone/googlesql";
import { parseCatalogFile } from "./catalog-file.ts";
import { classifyTable, type DatasetResource } from "./classify.ts";

const FIELDS: readonly TableFieldSchema[] = [
  { name: "SSN", type: "STRING" },
  {
    name: "address",
    type: "RECORD",
    fields: [
      { name: "zip", type: "STRING" },
      { name: "geo", type: "RECORD", fields: [{ name: "lat", type: "FLOAT" }] },
    ],
  },
  { name: "tagged", type: "STRING", policyTags: { names: ["projects/p/locations/us/taxonomies/1/policyTags/2"] } },
];

function table(more: Partial<TableResource> = {}): TableResource {
  return { tableReference: { projectId: "p", datasetId: "d", tableId: "t" }, schema: { fields: FIELDS }, ...more };
}

/** Classes by path for what the file says of dataset `p.d` (YAML flow) and elsewhere. */
function classes(
  says: string,
  {
    resource = table(),
    dataset = {},
    rest = "",
  }: { resource?: TableResource; dataset?: DatasetResource | undefined; rest?: string } = {},
) {
  const file = parseCatalogFile(`version: 1\n${rest}\ndatasets: {p.d: ${says}}\n`, "c");
  return classifyTable(resource, dataset, file);
}

function summary(says: string, path: string, options: Parameters<typeof classes>[1] = {}) {
  const found = classes(says, options).get(path);
  return found && `${found.classes.join("+") || "public"} by ${found.source}`;
}

const UNTAGGED = table({ schema: { fields: FIELDS.slice(0, 2) } });

describe("the class of a column", () => {
  it("is what the catalog file says, before any policy tag", () => {
    assert.equal(
      summary("{tables: {t: {columns: {tagged: phi.name, ssn: phi.ssn}}}}", "tagged"),
      "phi.name by catalog-file",
    );
    assert.equal(
      summary("{tables: {t: {columns: {tagged: phi.name, ssn: phi.ssn}}}}", "ssn"),
      "phi.ssn by catalog-file",
    );
  });

  it("is what its policy tag is mapped to, and phi for a tag that isn't", () => {
    const rest = "policy_tags: {projects/p/locations/us/taxonomies/1/policyTags/2: phi.mrn}";
    assert.equal(summary("{phi: false}", "tagged", { rest }), "phi.mrn by policy-tag");
    assert.equal(summary("{phi: false}", "tagged"), "phi by policy-tag");
  });

  it("is the table's label's, then the dataset's", () => {
    const rest = "labels: {kind=notes: phi.clinical.note, kind=billing: phi.account}";
    const resource = table({ labels: { kind: "notes" } });
    const dataset = { labels: { kind: "billing" } };
    assert.equal(summary("{}", "ssn", { rest, resource, dataset }), "phi.clinical.note by table-label");
    assert.equal(summary("{}", "ssn", { rest, dataset }), "phi.account by dataset-label");
    assert.equal(summary("{phi: false}", "address.zip", { rest, dataset }), "public by undefined");
  });

  it("takes the label phi=true for a mark without being told", () => {
    assert.equal(summary("{}", "ssn", { dataset: { labels: { phi: "true" } } }), "phi by dataset-label");
  });

  it("stays phi where a label names a class outside phi in a table marked PHI", () => {
    const rest = "classes: {workforce: People who work here}\nlabels: {kind=staff: workforce}";
    assert.equal(
      summary("{phi: true}", "ssn", { rest, resource: table({ labels: { kind: "staff" } }) }),
      "workforce+phi by table-label".replace("workforce+phi", "phi+workforce"),
    );
  });

  it("is phi for every unclassified column and field where PHI is", () => {
    for (const path of ["ssn", "address.zip", "address.geo.lat"])
      assert.equal(summary("{phi: true}", path), "phi by phi-default");
    assert.equal(summary("{tables: {t: {phi: true}}}", "ssn"), "phi by phi-default");
  });

  it("is none where nobody said anything", () => {
    assert.equal(summary("{}", "ssn"), "public by undefined");
  });

  it("is none in a table of a PHI dataset that the file exempts, but for its tagged columns", () => {
    const says = "{phi: true, tables: {t: {phi: false}}}";
    assert.equal(summary(says, "ssn"), "public by catalog-file");
    assert.equal(summary(says, "tagged"), "phi by policy-tag");
    assert.equal(
      summary("{phi: true}", "ssn", { resource: table({ labels: { phi: "false" } }) }),
      "phi by phi-default",
    );
  });

  it("is phi in a view, snapshot or external table, whatever its dataset is", () => {
    for (const type of ["VIEW", "MATERIALIZED_VIEW", "SNAPSHOT", "EXTERNAL"]) {
      assert.equal(summary("{phi: false}", "ssn", { resource: table({ type }) }), "phi by phi-default");
    }
    assert.equal(
      summary("{tables: {t: {phi: false}}}", "ssn", { resource: table({ type: "VIEW" }) }),
      "public by catalog-file",
    );
  });

  it("is phi without a catalog file, and where BigQuery doesn't show the dataset", () => {
    assert.deepEqual(classifyTable(table(), {}, undefined).get("ssn")?.classes, ["phi"]);
    const file = parseCatalogFile("{version: 1}", "c");
    assert.deepEqual(classifyTable(table(), undefined, file).get("ssn")?.classes, ["phi"]);
    assert.deepEqual(classifyTable(table(), {}, file).get("ssn")?.classes, []);
  });

  it("is phi for the unclassified when the file names a column that the table lacks", () => {
    assert.equal(summary("{phi: false, tables: {t: {columns: {social: phi.ssn}}}}", "ssn"), "phi by phi-default");
  });
});

describe("the classes of a STRUCT", () => {
  it("cover its fields, unless a field has its own", () => {
    const says = "{tables: {t: {columns: {address: phi.geography, address.zip: phi.geography.zip}}}}";
    assert.equal(summary(says, "address.geo.lat"), "phi.geography by catalog-file");
    assert.equal(summary(says, "address.zip"), "phi.geography.zip by catalog-file");
  });

  it("hold those of its fields", () => {
    const says = "{tables: {t: {columns: {address: public, address.geo.lat: phi.geography}}}}";
    assert.deepEqual(classes(says).get("address")?.classes, ["phi.geography"]);
    assert.deepEqual(classes(says).get("address.geo")?.classes, ["phi.geography"]);
    assert.deepEqual(classes(says).get("address.zip")?.classes, []);
  });
});

describe("that a row exists", () => {
  it("is phi in a table marked PHI, or with any classified column", () => {
    assert.equal(summary("{phi: true}", "*", { resource: UNTAGGED }), "phi by phi-default");
    assert.equal(
      summary("{tables: {t: {columns: {ssn: phi.ssn}}}}", "*", { resource: UNTAGGED }),
      "phi by phi-default",
    );
    assert.equal(summary("{}", "*", { resource: UNTAGGED }), "public by undefined");
  });

  it("can be classified by the file", () => {
    assert.equal(
      summary('{tables: {t: {columns: {ssn: phi.ssn, "*": public}}}}', "*", { resource: UNTAGGED }),
      "public by catalog-file",
    );
  });
});
