/** A synthetic clinic: nobody in it exists. */
import type { Catalog } from "../catalog.ts";
import { type PlainRow, toRow } from "../load.ts";
import { DAY, dayText, Random } from "./random.ts";
import { DATASETS, resourceOf, TABLES } from "./schema.ts";
import {
  CITIES,
  CONDITIONS,
  DEPARTMENTS,
  ENCOUNTER_TYPES,
  FIRST_NAMES,
  LABS,
  LAST_NAMES,
  RACES,
  REASONS,
  RELATIONS,
  SPECIALTIES,
  STREETS,
  VIN_LETTERS,
} from "./words.ts";

export interface ClinicOptions {
  readonly project: string;
  readonly patients: number;
  readonly seed: number;
}

/** Rows made before they are handed to DuckDB. */
const BATCH = 20_000;
const PROVIDERS = 200;
/** The clinic's "today": its data must not depend on when it starts. */
const TODAY = Date.UTC(2026, 5, 30) / DAY;

/** Creates the datasets and tables and fills them. */
export async function loadClinic(catalog: Catalog, options: ClinicOptions): Promise<void> {
  const { project } = options;
  for (const { datasetId, description, labels } of DATASETS) {
    catalog.createDataset({ datasetReference: { projectId: project, datasetId }, description, labels });
  }
  for (const shape of TABLES) {
    const table = await catalog.createTable(resourceOf(project, shape));
    const rows = ROWS[shape[0]]?.(options) ?? [];
    let batch: ReturnType<typeof toRow>[] = [];
    for (const row of rows) {
      batch.push(toRow(table.schema.fields, row));
      if (batch.length === BATCH) {
        await catalog.append(table, batch);
        batch = [];
      }
    }
    await catalog.append(table, batch);
  }
}

const ROWS: Readonly<Record<string, (options: ClinicOptions) => Iterable<PlainRow>>> = {
  "ehr.patients": ({ patients, seed }) => each(patients, (i) => patient(seed, i)),
  "ehr.encounters": ({ patients, seed }) => each(patients * 2, (i) => encounter(seed, i, patients)),
  "ehr.conditions": ({ patients, seed }) => each(patients, (i) => condition(seed, i, patients)),
  "ehr.observations": ({ patients, seed }) => each(patients * 2, (i) => observation(seed, i, patients)),
  "ehr.notes": ({ patients, seed }) => each(patients, (i) => note(seed, i, patients)),
  "billing.claims": ({ patients, seed }) => each(patients, (i) => claim(seed, i, patients)),
  "directory.providers": ({ seed }) => each(PROVIDERS, (i) => provider(seed, i)),
  "research.patients_deid": ({ patients, seed }) => each(patients, (i) => deidentified(seed, i)),
  "ops.bed_census": ({ seed }) => each(365 * DEPARTMENTS.length, (i) => bedCensus(seed, i)),
  "ops.calendar": () => each(365 * 3, calendarDay),
};

function* each(count: number, make: (i: number) => PlainRow): Generator<PlainRow> {
  for (let i = 1; i <= count; i += 1) yield make(i);
}

/** Independent numbers for row `i` of a table, so that one table's rows don't depend on another's. */
function randomFor(seed: number, salt: number, i: number): Random {
  const random = new Random(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b) ^ Math.imul(i, 0xc2b2ae35));
  random.next();
  return random;
}

/** A number of the shape NNN-NN-NNNN, another for each patient: `i` is spread over the possible ones without collision. */
export function ssnOf(i: number): string {
  // Area 100-665, group 01-99, serial 0001-9999. The step is prime to their product, so no number comes twice.
  const total = 566 * 99 * 9999;
  const at = Number((BigInt(i) * 123_456_791n + 7_654_321n) % BigInt(total));
  const area = 100 + Math.floor(at / (99 * 9999));
  const group = 1 + (Math.floor(at / 9999) % 99);
  return `${area}-${String(group).padStart(2, "0")}-${String(1 + (at % 9999)).padStart(4, "0")}`;
}

function mrnOf(i: number): string {
  return `MRN${String(1_000_000 + i * 7).padStart(8, "0")}`;
}

function healthPlanOf(i: number): string {
  return `HP${String((i * 7_919_003 + 104_729) % 1_000_000_000).padStart(9, "0")}`;
}

interface Person {
  readonly first: string;
  readonly last: string;
  readonly gender: string;
  readonly birth: string;
  readonly city: (typeof CITIES)[number];
}

/** What several tables must agree on about a patient. */
function person(seed: number, i: number): Person {
  const random = randomFor(seed, 1, i);
  return {
    first: random.pick(FIRST_NAMES),
    last: random.pick(LAST_NAMES),
    gender: random.chance(0.02) ? "X" : random.pick(["F", "M"]),
    birth: random.date(1930, 2024),
    city: random.pick(CITIES),
  };
}

function phone(random: Random): string {
  return `(${random.int(201, 989)}) 555-${String(random.int(0, 9999)).padStart(4, "0")}`;
}

function patient(seed: number, i: number): PlainRow {
  const { first, last, gender, birth, city } = person(seed, i);
  const random = randomFor(seed, 2, i);
  const dead = random.chance(0.03);
  const hex = (length: number): string => Array.from({ length }, () => random.int(0, 15).toString(16)).join("");
  return {
    patient_id: i,
    mrn: mrnOf(i),
    first_name: first,
    last_name: last,
    full_name: `${first} ${last}`,
    ssn: ssnOf(i),
    birth_date: birth,
    death_date: dead ? dayText(random.int(TODAY - 700, TODAY)) : null,
    gender,
    phone: phone(random),
    fax: random.chance(0.2) ? phone(random) : null,
    email: `${first}.${last}${i}@example.org`.toLowerCase(),
    address: {
      street: `${random.int(1, 9999)} ${random.pick(STREETS)}`,
      city: city[0],
      state: city[1],
      zip: `${city[2]}${random.digits(2)}`,
      county: city[3],
    },
    contacts: Array.from({ length: random.int(0, 2) }, () => ({
      name: `${random.pick(FIRST_NAMES)} ${random.chance(0.6) ? last : random.pick(LAST_NAMES)}`,
      relation: random.pick(RELATIONS),
      phone: phone(random),
    })),
    health_plan_id: healthPlanOf(i),
    mbi: Date.parse(birth) < Date.UTC(1961, 6, 1) ? `1EG4-TE${random.int(1, 9)}-MK${random.digits(2)}` : null,
    account_number: random.digits(10),
    license_number: `${city[1]}${random.digits(7)}`,
    vin: `${random.pick(VIN_LETTERS)}${random.digits(12)}`,
    plate: `${random.pick(["ABC", "KLM", "RTX", "HGF"])}-${random.digits(4)}`,
    device_serial: random.chance(0.1) ? `PM-${hex(8).toUpperCase()}` : null,
    portal_url: `https://portal.example.org/p/${hex(12)}`,
    last_ip: `198.51.${random.int(0, 255)}.${random.int(1, 254)}`,
    fingerprint: Buffer.from(hex(32), "hex"),
    photo_url: `https://images.example.org/${hex(10)}.jpg`,
    other_id: `X${random.digits(8)}`,
    race: random.pick(RACES),
    created_at: `${dayText(random.int(TODAY - 3650, TODAY))}T${clock(random)}.${random.digits(6)}Z`,
    balance: `${random.int(0, 9999)}.${random.digits(2)}`,
    height_cm: random.int(500, 2000) / 10,
    active: !dead && random.chance(0.9),
  };
}

function clock(random: Random): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${two(random.int(0, 23))}:${two(random.int(0, 59))}:${two(random.int(0, 59))}`;
}

/** The patient an encounter belongs to: everyone has two. */
function patientOf(encounterId: number, patients: number): number {
  return 1 + ((encounterId - 1) % patients);
}

function admission(seed: number, encounterId: number): { day: number; random: Random } {
  const random = randomFor(seed, 3, encounterId);
  return { day: random.int(TODAY - 1500, TODAY), random };
}

function encounter(seed: number, i: number, patients: number): PlainRow {
  const { day, random } = admission(seed, i);
  const type = random.pick(ENCOUNTER_TYPES);
  return {
    encounter_id: i,
    patient_id: patientOf(i, patients),
    provider_id: random.int(1, PROVIDERS),
    admitted_at: `${dayText(day)}T${clock(random)}Z`,
    discharged_at: type === "inpatient" ? `${dayText(day + random.int(1, 12))}T${clock(random)}Z` : null,
    type,
    reason: random.pick(REASONS),
    department: random.pick(DEPARTMENTS),
  };
}

/** The first diagnosis of a patient: claims and the research extract use the same. */
function diagnosis(seed: number, patientId: number): (typeof CONDITIONS)[number] {
  return randomFor(seed, 4, patientId).pick(CONDITIONS);
}

function condition(seed: number, i: number, patients: number): PlainRow {
  const [code, description] = diagnosis(seed, i);
  const { day } = admission(seed, i);
  return {
    condition_id: i,
    patient_id: patientOf(i, patients),
    encounter_id: i,
    code,
    description,
    onset: dayText(day - 30),
  };
}

function observation(seed: number, i: number, patients: number): PlainRow {
  const random = randomFor(seed, 5, i);
  const [code, name, unit, low, high] = random.pick(LABS);
  const { day } = admission(seed, i);
  return {
    observation_id: i,
    patient_id: patientOf(i, patients),
    encounter_id: i,
    code,
    name,
    value: Math.round((low + random.next() * (high - low)) * 10) / 10,
    unit,
    observed_at: `${dayText(day)}T${clock(random)}Z`,
  };
}

function note(seed: number, i: number, patients: number): PlainRow {
  const patientId = patientOf(i, patients);
  const { first, last, birth } = person(seed, patientId);
  const random = randomFor(seed, 6, i);
  const { day } = admission(seed, i);
  const [, description] = diagnosis(seed, patientId);
  const author = `Dr. ${providerName(seed, random.int(1, PROVIDERS))}`;
  const openings = [
    `${first} ${last} (DOB ${birth}, MRN ${mrnOf(patientId)}) seen for ${random.pick(REASONS)}.`,
    `Pt ${last}, SSN ${ssnOf(patientId)}, called from ${phone(random)} about ${random.pick(REASONS)}.`,
    `Follow-up with ${first} ${last}; send results to ${first}.${last}${patientId}@example.org.`.toLowerCase(),
  ] as const;
  return {
    note_id: i,
    patient_id: patientId,
    author,
    written_at: `${dayText(day)}T${clock(random)}`,
    text: `${random.pick(openings)} Assessment: ${description}. Plan: continue therapy, recheck in ${random.int(1, 12)} weeks.`,
  };
}

function claim(seed: number, i: number, patients: number): PlainRow {
  const patientId = patientOf(i, patients);
  const random = randomFor(seed, 7, i);
  const { day } = admission(seed, i);
  return {
    claim_id: i,
    patient_id: patientId,
    encounter_id: i,
    health_plan_id: healthPlanOf(patientId),
    service_date: dayText(day),
    code: diagnosis(seed, patientId)[0],
    amount: `${random.int(20, 25_000)}.${random.digits(2)}`,
    status: random.pick(["paid", "paid", "denied", "open"]),
  };
}

function providerName(seed: number, i: number): string {
  const random = randomFor(seed, 8, i);
  return `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`;
}

function provider(seed: number, i: number): PlainRow {
  const random = randomFor(seed, 9, i);
  return {
    provider_id: i,
    npi: `1${random.digits(9)}`,
    dea: `B${random.pick(["A", "F", "K", "M"])}${random.digits(7)}`,
    name: providerName(seed, i),
    specialty: random.pick(SPECIALTIES),
  };
}

function deidentified(seed: number, i: number): PlainRow {
  const { gender, birth, city } = person(seed, i);
  const age = Math.floor((TODAY - Date.parse(birth) / DAY) / 365.25);
  const low = Math.floor(age / 10) * 10;
  return {
    age_band: age >= 90 ? "90+" : `${low}-${low + 9}`,
    sex: gender,
    state: city[1],
    condition_group: diagnosis(seed, i)[2],
  };
}

function bedCensus(seed: number, i: number): PlainRow {
  const random = randomFor(seed, 10, i);
  const beds = 20 + ((i - 1) % DEPARTMENTS.length) * 4;
  return {
    day: dayText(TODAY - 365 + Math.floor((i - 1) / DEPARTMENTS.length)),
    department: DEPARTMENTS[(i - 1) % DEPARTMENTS.length],
    beds,
    occupied: random.int(Math.floor(beds / 2), beds),
  };
}

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

function calendarDay(i: number): PlainRow {
  const day = Date.UTC(2024, 0, 1) / DAY + i - 1;
  const weekday = WEEKDAYS[(day + 4) % 7] ?? "";
  const holiday = /-(?:01-01|07-04|12-25)$/.test(dayText(day));
  return {
    day: dayText(day),
    weekday,
    is_holiday: holiday,
    opens: holiday ? null : weekday === "Sunday" ? "10:00:00" : "07:30:00",
  };
}
