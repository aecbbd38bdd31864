/** Each mask that a policy can name, from the policy's text to the bytes an agent gets and to what the ledger says of them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { Access, ReplayStep } from "../../packages/gateway/src/index.ts";
import { copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const AGENT = "care-summary-agent";
const TABLE = `${PROJECT}.ops.people`;
const SSNS = ["123-45-6789", "987-65-4321", "123-45-6789"];

/** Column (all of class ssn) and the mask its policy names. */
const MASKS = {
  by_fpe: "fpe",
  by_fpe_of_domain: "fpe:study",
  by_sha: "SHA256",
  by_random: "RANDOM_HASH",
  by_null: "ALWAYS_NULL",
  by_default: "DEFAULT_MASKING_VALUE",
  by_last: "LAST_FOUR_CHARACTERS",
  by_first: "FIRST_FOUR_CHARACTERS",
  by_email: "EMAIL_MASK",
} as const;
/** Free text, of class note. */
const NOTES = [
  "Seen 3/5/2024, MRN: 00123456 (QX-4455), SSN 123-45-6780. Call 312-555-0123 or jane@example.org. BP 120/80, E11.9.",
  "123\u200b-45-6780",
  null,
];
type Column = keyof typeof MASKS;
const COLUMNS = Object.keys(MASKS) as Column[];

describe("the masks of a policy", () => {
  const clinic = copyClinic();
  let rig: Rig;

  before(async () => {
    clinic.policy("masks.cedar", () =>
      [
        ...Object.entries(MASKS).map(
          ([path, mask]) => `@id("masks-${path.replaceAll("_", "-")}") @mask("${mask}") @approval("none")
            permit (principal in Group::"clinical-agents", action == Action::"read", resource in Table::"${TABLE}")
            when { resource in DataClass::"phi.ssn" && resource.path == "${path}" };`,
        ),
        `@id("masks-notes") @mask("redact") @approval("none")
          permit (principal in Group::"clinical-agents", action == Action::"read", resource in Table::"${TABLE}")
          when { resource in DataClass::"phi.clinical.note" };`,
        `@id("masks-rows") @approval("none")
          permit (principal in Group::"clinical-agents", action == Action::"infer", resource in Table::"${TABLE}");`,
      ].join("\n"),
    );
    rig = await startRig({
      clinic: clinic.folder,
      patients: 5,
      config: { masking: { record_numbers: [{ name: "unit-number", pattern: "QX-####" }] } },
    });
    const tagged = (name: string, tag: string) => ({
      name,
      type: "STRING" as const,
      policyTags: { names: [`projects/${PROJECT}/locations/us/taxonomies/1/policyTags/${tag}`] },
    });
    await rig.warehouse.loadTable(
      {
        tableReference: { projectId: PROJECT, datasetId: "ops", tableId: "people" },
        schema: {
          fields: [
            { name: "row", type: "INTEGER" },
            ...COLUMNS.map((name) => tagged(name, "ssn")),
            tagged("note", "free_text"),
          ],
        },
      },
      SSNS.map((ssn, row) => ({ row, note: NOTES[row], ...Object.fromEntries(COLUMNS.map((name) => [name, ssn])) })),
    );
  });
  after(async () => {
    await rig.close();
    clinic.remove();
  });

  /** What arrived, as text and by column, and the session it came from. */
  async function ask(query: string) {
    const answer = await fetch(`${rig.url}/bigquery/v2/projects/${PROJECT}/queries`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${await rig.token(AGENT)}` },
      body: JSON.stringify({ query, useLegacySql: false, timeoutMs: 20_000 }),
    });
    const bytes = await answer.text();
    const { schema, rows, jobReference, error } = JSON.parse(bytes);
    assert.equal(error, undefined, bytes);
    const names = schema.fields.map((field: { name: string }) => field.name) as string[];
    const columns = Object.fromEntries(
      names.map((name, i) => [name, rows.map((row: { f: { v: string | null }[] }) => row.f[i]?.v)]),
    ) as Record<string, (string | null)[]>;
    return { bytes, columns, job: jobReference.jobId as string };
  }
  const everything = () => ask(`SELECT ${COLUMNS.join(", ")} FROM \`${TABLE}\` ORDER BY row`);

  it("encrypt the form of a number: equal ones alike, of another domain otherwise, and never as they are", async () => {
    const { bytes, columns } = await everything();
    const [first, second, third] = columns.by_fpe as string[];
    for (const value of [first, second]) assert.match(String(value), /^\d{3}-\d\d-\d{4}$/);
    assert.equal(first, third);
    assert.notEqual(first, second);
    assert.notEqual(first, columns.by_fpe_of_domain?.[0]);
    for (const ssn of SSNS) assert.ok(!bytes.includes(ssn));
    assert.equal((await everything()).columns.by_fpe?.[0], first, "the next query says the same");
  });

  it("are BigQuery's own under its names, with the output that it documents", async () => {
    const { columns } = await everything();
    const sha = (value: string) => createHash("sha256").update(value).digest("base64");
    assert.deepEqual(columns.by_sha, SSNS.map(sha));
    assert.deepEqual(columns.by_null, [null, null, null]);
    assert.deepEqual(columns.by_default, ["", "", ""]);
    assert.deepEqual(columns.by_last, ["XXXXX6789", "XXXXX4321", "XXXXX6789"]);
    assert.deepEqual(columns.by_first, ["123-XXXXX", "987-XXXXX", "123-XXXXX"]);
    assert.deepEqual(columns.by_email, SSNS.map(sha));
  });

  it("have another salt in each query under RANDOM_HASH", async () => {
    const one = (await everything()).columns.by_random as string[];
    const two = (await everything()).columns.by_random as string[];
    assert.equal(one[0], one[2]);
    assert.notEqual(one[0], one[1]);
    assert.notEqual(one[0], two[0]);
  });

  it("put classes in the place of identifiers in free text, and hide a text in which they may hide", async () => {
    const { bytes, columns } = await ask(`SELECT note FROM \`${TABLE}\` ORDER BY row`);
    assert.deepEqual(columns.note, [
      "Seen [DATE], MRN: [MRN] ([MRN]), SSN [SSN]. Call [PHONE] or [EMAIL]. BP 120/80, E11.9.",
      null,
      null,
    ]);
    for (const secret of ["3/5", "00123456", "4455", "6780", "0123", "jane"])
      assert.ok(!bytes.includes(secret), secret);
    const changed = await ask(`SELECT REPLACE(note, '-', '') AS note FROM \`${TABLE}\``);
    assert.deepEqual(
      changed.columns.note,
      [null, null, null],
      "a changed text may hide its identifiers from every detector",
    );
  });

  it("row 43: show nothing beside a guess", async () => {
    for (const column of ["by_fpe", "by_random"] as const)
      for (const query of [
        `SELECT COALESCE(${column}, '123-45-6789') AS guess FROM \`${TABLE}\``,
        `SELECT ${column} AS guess FROM \`${TABLE}\` UNION ALL SELECT '123-45-6789'`,
        `SELECT REVERSE(${column}) AS guess FROM \`${TABLE}\``,
      ]) {
        const { columns } = await ask(query);
        assert.ok(
          columns.guess?.every((value) => value === null),
          query,
        );
      }
  });

  it("stand in the ledger by name", async () => {
    const { job } = await everything();
    const auditor = rig.person("avery.auditor");
    const { accesses } = await auditor.get<{ accesses: Access[] }>("sessions?limit=5");
    const mine = accesses.find((access) => access.job === job);
    assert.deepEqual(mine?.masked.columns.by_fpe, { rule: "fpe", count: 3 });
    assert.deepEqual(mine?.masked.columns.by_sha, { rule: "SHA256", count: 3 });
    assert.equal(mine?.what.find(({ column }) => column === "by_fpe")?.mask, "fpe");
    const { steps } = await auditor.get<{ steps: ReplayStep[] }>(`sessions/${mine?.session}/replay`);
    const started = steps.find(({ type }) => type === "release.started");
    assert.ok(JSON.stringify(started?.data).includes('{"mask":"fpe","name":"by_fpe"}'), JSON.stringify(started?.data));
  });
});
