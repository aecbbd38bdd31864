import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig, startRig } from "../rig.ts";

describe("the official Node client, unchanged", () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  it("names where people sign in, without a token, and nothing else", async () => {
    const response = await fetch(`${rig.url}/api/v1/sign-in`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { issuer: rig.identityProvider.issuer, clientId: "chaperone-console" });
    assert.equal((await fetch(`${rig.url}/api/v1/approvals`)).status, 401);
  });

  it("reads public data at once", async () => {
    const client = await rig.client("care-summary-agent");
    const [rows] = await client.query(`SELECT * FROM \`${PROJECT}.ops.calendar\` LIMIT 3`);
    assert.equal(rows.length, 3);
  });

  it("waits while a person decides, then gets masked rows", async () => {
    const client = await rig.client("care-summary-agent");
    const answer = client.query(`SELECT full_name, ssn FROM \`${PROJECT}.ehr.patients\` LIMIT 4`);
    await rig.decide("dana.officer", "approve");
    const [rows] = await answer;
    assert.equal(rows.length, 4);
    for (const row of rows) assert.match(row.ssn, /^XXXXX[0-9]{4}$/);
  });
});
