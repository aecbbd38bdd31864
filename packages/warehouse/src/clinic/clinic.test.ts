import assert from "node:assert/strict";
import { test } from "node:test";
import { askerFor } from "../ask.ts";
import { startWarehouse, type Warehouse } from "../warehouse.ts";
import { ssnOf } from "./clinic.ts";

async function withClinic<T>(seed: number, work: (warehouse: Warehouse) => Promise<T>): Promise<T> {
  const warehouse = await startWarehouse({ patients: 400, seed });
  try {
    return await work(warehouse);
  } finally {
    await warehouse.close();
  }
}

const everything = (warehouse: Warehouse): Promise<unknown[][]> =>
  warehouse.sql(`SELECT * FROM ${warehouse.duckName("demo-clinic.ehr.patients")} ORDER BY patient_id`);

test("the same seed gives the same clinic, another seed another", async () => {
  const first = await withClinic(7, everything);
  assert.deepEqual(first, await withClinic(7, everything));
  assert.notDeepEqual(first, await withClinic(8, everything));
});

test("social security numbers have the right shape and are unique", () => {
  const seen = new Set<string>();
  for (let i = 1; i <= 200_000; i += 1) {
    const ssn = ssnOf(i);
    assert.match(ssn, /^[1-6]\d\d-(?!00)\d\d-(?!0000)\d{4}$/);
    seen.add(ssn);
  }
  assert.equal(seen.size, 200_000);
});

test("encounters, notes and claims belong to patients", async () => {
  await withClinic(1, async (warehouse) => {
    const patients = warehouse.duckName("demo-clinic.ehr.patients");
    for (const table of ["ehr.encounters", "ehr.conditions", "ehr.observations", "ehr.notes", "billing.claims"]) {
      const orphans = await warehouse.sql(
        `SELECT count(*) FROM ${warehouse.duckName(`demo-clinic.${table}`)} WHERE patient_id NOT IN (SELECT patient_id FROM ${patients})`,
      );
      assert.deepEqual(orphans, [["0"]], table);
    }
  });
});

test("notes hold identifiers of their patient", async () => {
  await withClinic(1, async (warehouse) => {
    const found = await warehouse.sql(
      `SELECT count(*) > 0 FROM ${warehouse.duckName("demo-clinic.ehr.notes")} n JOIN ${warehouse.duckName("demo-clinic.ehr.patients")} p USING (patient_id) WHERE contains(n.text, p.ssn)`,
    );
    assert.deepEqual(found, [[true]]);
  });
});

test("the view joins patients to encounters, and the functions run", async () => {
  await withClinic(1, async (warehouse) => {
    const asker = askerFor(warehouse, "demo-clinic", "ehr");
    assert.deepEqual(await asker.rows("SELECT COUNT(*), COUNT(DISTINCT mrn) > 200 FROM patient_encounters"), [
      ["800", "true"],
    ]);
    assert.deepEqual(await asker.rows("SELECT ehr.age_on(DATE '2000-05-02', DATE '2020-05-01')"), [["19"]]);
    assert.deepEqual(
      await asker.rows(
        "SELECT COUNT(*) = (SELECT COUNT(*) FROM encounters WHERE patient_id = 7) FROM `demo-clinic`.`ehr`.`encounters_of`(7)",
      ),
      [["true"]],
    );
  });
});
