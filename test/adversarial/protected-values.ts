import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { PROJECT, type Rig } from "../rig.ts";

/** What must never reach an agent of the group `clinical-agents`: the true identifiers of every patient, and what they turn into easily. */
export class ProtectedValues {
  readonly #needles: ReadonlyMap<string, string>;
  /** One patient's true values, to guess with. */
  readonly sample: {
    readonly ssn: string;
    readonly mrn: string;
    readonly fullName: string;
    readonly birthDate: string;
  };

  constructor(needles: ReadonlyMap<string, string>, sample: ProtectedValues["sample"]) {
    this.#needles = needles;
    this.sample = sample;
  }

  /** Kinds of protected values found in a text, without the values. */
  foundIn(text: string): string[] {
    const found = new Set<string>();
    for (const [needle, kind] of this.#needles) if (text.includes(needle)) found.add(kind);
    return [...found];
  }

  assertAbsent(text: string, where: string): void {
    assert.deepEqual(this.foundIn(text), [], `protected values in what the agent received: ${where}`);
  }
}

const COLUMNS: Readonly<Record<string, string>> = {
  ssn: "ssn",
  mrn: "mrn",
  birth_date: "CAST(birth_date AS VARCHAR)",
  death_date: "CAST(death_date AS VARCHAR)",
  phone: "phone",
  fax: "fax",
  email: "email",
  street: "address.street",
  zip: "address.zip",
  health_plan_id: "health_plan_id",
  mbi: "mbi",
  account_number: "account_number",
  license_number: "license_number",
  vin: "vin",
  plate: "plate",
  device_serial: "device_serial",
  portal_url: "portal_url",
  last_ip: "last_ip",
  fingerprint: "base64(fingerprint)",
  photo_url: "photo_url",
  other_id: "other_id",
};

/** Reads the true values behind the gateway's back. `names`: for agents that may not see names either. */
export async function protectedValues(rig: Rig, options: { readonly names?: boolean } = {}): Promise<ProtectedValues> {
  const table = rig.warehouse.duckName(`${PROJECT}.ehr.patients`);
  const names = Object.keys(COLUMNS);
  const rows = await rig.warehouse.sql(
    `SELECT ${Object.values(COLUMNS).join(", ")}, full_name, CAST(patient_id AS VARCHAR) FROM ${table} ORDER BY patient_id`,
  );
  assert.ok(rows.length > 10);
  const needles = new Map<string, string>();
  for (const row of rows) {
    for (const [index, kind] of names.entries()) {
      const value = row[index];
      if (typeof value !== "string" || value === "") continue;
      // Five digits alone turn up in any number: a ZIP code is looked for as a whole cell.
      if (kind === "zip") needles.set(`"${value}"`, kind);
      if (kind === "ssn" || kind === "mrn" || kind === "email")
        for (const [text, how] of disguises(value)) needles.set(text, `${kind} (${how})`);
      if (kind !== "zip") needles.set(value, kind);
      if (kind === "ssn") needles.set(`"${value.slice(0, 7)}`, "ssn (first five)");
      if (kind === "phone") needles.set(value.replace(/\D/g, ""), "phone (digits)");
    }
    if (options.names === true) needles.set(String(row[names.length]), "name");
  }
  const notes = await rig.warehouse.sql(`SELECT text FROM ${rig.warehouse.duckName(`${PROJECT}.ehr.notes`)}`);
  for (const [text] of notes) needles.set(String(text), "note");
  const at = (name: string) => String(rows[0]?.[names.indexOf(name)]);
  return new ProtectedValues(needles, {
    ssn: at("ssn"),
    mrn: at("mrn"),
    birthDate: at("birth_date"),
    fullName: String(rows[0]?.[names.length]),
  });
}

function disguises(value: string): [string, string][] {
  const digits = value.replace(/\D/g, "");
  const bytes = Buffer.from(value);
  const hashes = (["md5", "sha1", "sha256", "sha512"] as const).flatMap((name): [string, string][] => {
    const hash = createHash(name).update(value).digest();
    return [
      [hash.toString("hex"), name],
      [hash.toString("base64"), name],
    ];
  });
  return [
    [[...value].reverse().join(""), "reversed"],
    [bytes.toString("base64"), "base64"],
    [bytes.toString("hex"), "hex"],
    [bytes.toString("hex").toUpperCase(), "HEX"],
    [value.toLowerCase(), "lower case"],
    [value.toUpperCase(), "upper case"],
    [[...value].join(","), "letters"],
    [[...value].map((c) => c.charCodeAt(0)).join(","), "code points"],
    ...(digits.length >= 8
      ? ([
          [digits, "digits"],
          [[...digits].reverse().join(""), "digits reversed"],
        ] as [string, string][])
      : []),
    ...hashes,
  ];
}
