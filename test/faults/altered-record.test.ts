/** Somebody who can write to the database alters what reports are made of, and leaves the ledger as it is (I8). */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { verifyStore } from "../../packages/gateway/src/index.ts";
import { copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { storageClient, tableName } from "../storage-client.ts";

const PATIENTS = `\`${PROJECT}.ehr.patients\``;
const CALENDAR = `SELECT day FROM \`${PROJECT}.ops.calendar\` ORDER BY day LIMIT 20`;
/** Ends of names; the statement that finds each by what it did. */
const SESSIONS = {
  small: "SELECT id FROM whole_sessions WHERE door = 'bigquery-rest' AND state = 'done' AND rows_released = 20 LIMIT 1",
  approved: "SELECT session AS id FROM approval_requests WHERE state = 'approved' LIMIT 1",
  denied: "SELECT session AS id FROM approval_requests WHERE state = 'denied' LIMIT 1",
  refused: "SELECT id FROM whole_sessions WHERE sql_redacted LIKE '(not understood%' LIMIT 1",
};

describe("a record that was altered beside its ledger", () => {
  let rig: Rig;
  let clinic: ReturnType<typeof copyClinic>;
  let kept: string;
  const sessions: Record<string, string> = {};

  before(async () => {
    clinic = copyClinic();
    rig = await startRig({ patients: 30, clinic: clinic.folder });
    kept = mkdtempSync(join(tmpdir(), "chaperone-altered-"));
    await everyKindOfSession();
    await rig.restart(() => {
      cpSync(rig.state, kept, { recursive: true });
      const db = new DatabaseSync(join(kept, "chaperone.db"));
      for (const [name, sql] of Object.entries(SESSIONS)) sessions[name] = String(db.prepare(sql).get()?.id);
      db.close();
    });
  });
  after(async () => {
    await rig.close();
    clinic.remove();
    rmSync(kept, { recursive: true, force: true });
  });

  async function everyKindOfSession(): Promise<void> {
    const client = await rig.client("care-summary-agent");
    const token = await rig.token("care-summary-agent");
    const send = (more: object, by = token) =>
      fetch(`${rig.url}/bigquery/v2/projects/${PROJECT}/queries`, {
        method: "POST",
        headers: { authorization: `Bearer ${by}`, "content-type": "application/json" },
        body: JSON.stringify({ query: CALENDAR, useLegacySql: false, ...more }),
      }).then((answer) => answer.text());
    // Often enough that its text is sealed once for all.
    for (let n = 0; n < 4; n++) await send({});
    await send({ dryRun: true });
    await send({ maxResults: 3 });
    // Of a table that is hidden from it.
    await send({ query: `SELECT ssn FROM ${PATIENTS}` }, await rig.token("rogue-agent"));
    const ask = async (decision: "approve" | "deny", query: string) => {
      const rows = client.query({ query, labels: { purpose: "care" } });
      await rig.decide("dana.officer", decision);
      await rows.catch(() => undefined);
    };
    await ask("approve", `SELECT ssn, birth_date FROM ${PATIENTS} LIMIT 5`);
    await ask("deny", `SELECT ssn FROM ${PATIENTS} LIMIT 6`);
    for (const query of ["SELECT FRM", `SELECT full_name FROM ${PATIENTS} WHERE ssn < '5'`, "SELECT 1/0"])
      await client.query({ query }).catch(() => undefined);
    const [job] = await client.createQueryJob({ query: `SELECT ssn FROM ${PATIENTS} LIMIT 7` });
    await job.cancel();
    await askedAnew(client);
    const storage = await storageClient(rig, "care-summary-agent");
    const read = await storage.open(tableName("ops.calendar"), {}, { maxStreamCount: 2 });
    await storage.read(read);
    await storage.read(read, 0, 3);
    await storage.close();
  }

  /** Approved when another policy holds, and so asked about again. */
  async function askedAnew(client: Awaited<ReturnType<Rig["client"]>>): Promise<void> {
    const [job] = await client.createQueryJob({ query: `SELECT ssn FROM ${PATIENTS} LIMIT 8` });
    await rig.restart(() => clinic.policy("clinical.cedar", (text) => text.replace('"last4"', '"null"')));
    await rig.decide("dana.officer", "approve");
    await rig.decide("dana.officer", "approve");
    await job.getQueryResults();
    await rig.restart(() => clinic.policy("clinical.cedar", (text) => text.replace('"null"', '"last4"')));
  }

  async function problemsOf(sql: string): Promise<readonly string[]> {
    const copy = mkdtempSync(join(tmpdir(), "chaperone-altered-"));
    try {
      cpSync(kept, copy, { recursive: true });
      const db = new DatabaseSync(join(copy, "chaperone.db"), { enableForeignKeyConstraints: false });
      for (const [name, id] of Object.entries(sessions)) sql = sql.replaceAll(`:${name}`, `'${id}'`);
      for (const { name } of db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all())
        db.exec(`DROP TRIGGER ${name}`);
      db.exec(sql);
      const changed = Number(db.prepare("SELECT changes() AS n").get()?.n);
      db.close();
      assert.ok(sql === "" || changed > 0, `nothing was changed by: ${sql}`);
      return (await verifyStore(copy)).problems;
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }

  it("is whole as it was written, whatever became of its sessions", async () => {
    assert.deepEqual(await problemsOf(""), []);
    assert.equal(new Set(Object.values(sessions)).size, Object.keys(SESSIONS).length);
  });

  const decided = "UPDATE decided_texts SET";
  const ofSmall = "WHERE id = (SELECT texts FROM sessions WHERE id = :small)";
  const alterations: readonly [what: string, sql: string, fact: string][] = [
    ["who asked", "UPDATE sessions SET subject = 'other-agent' WHERE id = :small", "asker"],
    ["by which name", "UPDATE sessions SET agent_name = 'Other agent' WHERE id = :small", "asker"],
    [
      "who sponsors it",
      "UPDATE sessions SET principal = json_set(principal, '$.sponsor.subject', 'x') WHERE id = :small",
      "asker",
    ],
    ["for whom", `UPDATE sessions SET on_behalf_of = '[["i","casey.clinician","person"]]' WHERE id = :small`, "asker"],
    ["for what purpose", "UPDATE sessions SET purpose = 'research' WHERE id = :approved", "asker"],
    ["when", "UPDATE sessions SET created_at = created_at - 86400000 WHERE id = :small", "asker"],
    ["under which job", "UPDATE sessions SET job_id = 'job_x' WHERE id = :small", "asker"],
    ["with which SQL", `${decided} sql_redacted = 'SELECT 1' ${ofSmall}`, "statement"],
    ["by which plan", `${decided} plan = '[]' ${ofSmall}`, "statement"],
    ["of which type", "UPDATE sessions SET statement_type = 'INSERT' WHERE id = :small", "statement"],
    [
      "the whole of it another's",
      "UPDATE sessions SET texts = (SELECT texts FROM sessions WHERE id = :approved) WHERE id = :small",
      "statement",
    ],
    [
      "what wasn't understood",
      `${decided} sql_redacted = 'SELECT 1' WHERE id = (SELECT texts FROM sessions WHERE id = :refused)`,
      "statement",
    ],
    ["its sealed text", "UPDATE sessions SET sealed = zeroblob(60) WHERE id = :approved", "sealed text"],
    ["what is sealed for many", "UPDATE sealed_for_many SET sealed = zeroblob(60)", "sealed text"],
    ["it taken away", "DELETE FROM sealed_for_many", "sealed text"],
    [
      "which columns",
      `${decided} decision = json_remove(decision, '$.uses[0]') WHERE id = (SELECT texts FROM sessions WHERE id = :approved)`,
      "decision",
    ],
    ["by which policy", `${decided} decision = json_set(decision, '$.policies[0]', 'x') ${ofSmall}`, "decision"],
    ["no JSON", `${decided} decision = '{' ${ofSmall}`, "decision"],
    ["bound to what", "UPDATE sessions SET binding = 'x' WHERE id = :small", "decision"],
    ["when it ended", "UPDATE sessions SET finished_at = finished_at + 1 WHERE id = :small", "end"],
    ["why", "UPDATE sessions SET error = json_set(error, '$.message', 'x') WHERE id = :denied", "end"],
    ["that nobody refused it", "UPDATE sessions SET error = NULL WHERE id = :denied", "end"],
    ["who approved", "UPDATE approval_decisions SET subject = 'rio.reviewer'", "approvals"],
    ["by which name they did", "UPDATE approval_decisions SET name = 'Rio'", "approvals"],
    ["why they did", "UPDATE approval_decisions SET reason = 'x'", "approvals"],
    ["that they did", "UPDATE approval_decisions SET decision = 'approve' WHERE decision = 'deny'", "approvals"],
    ["by which token", "UPDATE approval_decisions SET token = 'x'", "approvals"],
    ["that it isn't known by which", "UPDATE approval_decisions SET token = NULL", "approvals"],
    ["bound to what key", `UPDATE approval_decisions SET bound_to = '["x"]'`, "approvals"],
    ["a decision less", "DELETE FROM approval_decisions WHERE decision = 'deny'", "approvals"],
    [
      "one more",
      "INSERT INTO approval_decisions SELECT request, issuer, 'rio.reviewer', name, decision, reason, at, token, bound_to FROM approval_decisions",
      "approvals",
    ],
    ["whether it was", "UPDATE approval_requests SET state = 'approved' WHERE state = 'denied'", "approval requests"],
    ["by whom it might be", "UPDATE approval_requests SET approvers = '[]'", "approval requests"],
    ["that anybody was asked", "DELETE FROM approval_requests WHERE session = :denied", "approval requests"],
    ["how many rows left", "UPDATE sessions SET rows_released = 0 WHERE id = :small", "releases"],
    ["how many cells were masked", "UPDATE sessions SET cells_masked = 99 WHERE id = :small", "releases"],
    ["what was masked", "UPDATE releases SET masked = '{}' WHERE session = :approved", "releases"],
    ["what was masked, by no JSON", "UPDATE releases SET masked = '{' WHERE session = :approved", "releases"],
    ["of a page", "UPDATE releases SET rows = 1 WHERE session = :small", "releases"],
    ["when it left", "UPDATE releases SET finished_at = 1 WHERE session = :small", "releases"],
    ["a page less", "DELETE FROM releases WHERE session = :small", "releases"],
    [
      "a page more",
      "INSERT INTO releases SELECT session, 99, started_at, finished_at, rows, bytes, masked, outcome FROM releases WHERE session = :small",
      "releases",
    ],
  ];
  for (const [what, sql, fact] of alterations)
    it(`is known by it: ${what}`, async () => {
      const problems = await problemsOf(sql);
      assert.match(problems.join("\n"), new RegExp(`its ${fact} in the store and in the ledger are not the same`));
    });
});
