/** The clinic's tables: what is protected health information says so in labels, and some columns carry policy tags. */
import type { TableResource } from "../catalog.ts";
import type { Field, FieldMode, FieldType } from "../sql/types.ts";

const PHI = { phi: "true" };

function field(
  name: string,
  type: FieldType,
  description: string,
  more: { mode?: FieldMode; fields?: readonly Field[]; tag?: string } = {},
): Field {
  return {
    name,
    type,
    mode: more.mode ?? "NULLABLE",
    description,
    ...(more.fields === undefined ? {} : { fields: more.fields }),
    ...(more.tag === undefined
      ? {}
      : { policyTags: { names: [`projects/demo-clinic/locations/us/taxonomies/1/policyTags/${more.tag}`] } }),
  };
}

export interface DatasetShape {
  readonly datasetId: string;
  readonly description: string;
  readonly labels: Readonly<Record<string, string>>;
}

export const DATASETS: readonly DatasetShape[] = [
  { datasetId: "ehr", description: "Electronic health records: protected health information", labels: PHI },
  { datasetId: "billing", description: "Claims: protected health information", labels: PHI },
  { datasetId: "directory", description: "The clinic's workforce", labels: { phi: "false" } },
  { datasetId: "research", description: "De-identified extracts", labels: { phi: "false" } },
  { datasetId: "ops", description: "Operations, no patient data", labels: { phi: "false" } },
  { datasetId: "workspace", description: "Empty: where agents may keep what they work on", labels: {} },
];

/** Dataset and table name, description, labels, fields. */
export type TableShape = readonly [string, string, Readonly<Record<string, string>>, readonly Field[]];

export const TABLES: readonly TableShape[] = [
  [
    "ehr.patients",
    "One row a patient, with every identifier of the Safe Harbor list",
    PHI,
    [
      field("patient_id", "INTEGER", "Internal key of the patient", { mode: "REQUIRED" }),
      field("mrn", "STRING", "Medical record number", { tag: "mrn" }),
      field("first_name", "STRING", "Given name", { tag: "name" }),
      field("last_name", "STRING", "Family name", { tag: "name" }),
      field("full_name", "STRING", "Given and family name", { tag: "name" }),
      field("ssn", "STRING", "Social security number", { tag: "ssn" }),
      field("birth_date", "DATE", "Date of birth", { tag: "date" }),
      field("death_date", "DATE", "Date of death"),
      field("gender", "STRING", "F, M or X"),
      field("phone", "STRING", "Telephone number"),
      field("fax", "STRING", "Fax number"),
      field("email", "STRING", "Electronic mail address"),
      field("address", "RECORD", "Home address", {
        fields: [
          field("street", "STRING", "Street and number"),
          field("city", "STRING", "City"),
          field("state", "STRING", "State"),
          field("zip", "STRING", "ZIP code"),
          field("county", "STRING", "County"),
        ],
      }),
      field("contacts", "RECORD", "People to call", {
        mode: "REPEATED",
        fields: [
          field("name", "STRING", "Name"),
          field("relation", "STRING", "Relation to the patient"),
          field("phone", "STRING", "Telephone number"),
        ],
      }),
      field("health_plan_id", "STRING", "Health plan beneficiary number"),
      field("mbi", "STRING", "Medicare beneficiary identifier"),
      field("account_number", "STRING", "Account number"),
      field("license_number", "STRING", "Driver's license number"),
      field("vin", "STRING", "Vehicle identification number"),
      field("plate", "STRING", "License plate"),
      field("device_serial", "STRING", "Serial number of an implanted device"),
      field("portal_url", "STRING", "Address of the patient's portal page"),
      field("last_ip", "STRING", "IP address of the last login"),
      field("fingerprint", "BYTES", "Fingerprint template"),
      field("photo_url", "STRING", "Full-face photograph"),
      field("other_id", "STRING", "Any other unique identifying number"),
      field("race", "STRING", "Race"),
      field("created_at", "TIMESTAMP", "When the record was made"),
      field("balance", "NUMERIC", "What the patient owes, in dollars"),
      field("height_cm", "FLOAT", "Height"),
      field("active", "BOOLEAN", "Whether the patient is active"),
    ],
  ],
  [
    "ehr.encounters",
    "Visits and stays",
    PHI,
    [
      field("encounter_id", "INTEGER", "Key", { mode: "REQUIRED" }),
      field("patient_id", "INTEGER", "The patient"),
      field("provider_id", "INTEGER", "Who treated"),
      field("admitted_at", "TIMESTAMP", "Admission"),
      field("discharged_at", "TIMESTAMP", "Discharge"),
      field("type", "STRING", "inpatient, outpatient, emergency, telehealth"),
      field("reason", "STRING", "Reason in the patient's words"),
      field("department", "STRING", "Department"),
    ],
  ],
  [
    "ehr.conditions",
    "Diagnoses",
    PHI,
    [
      field("condition_id", "INTEGER", "Key", { mode: "REQUIRED" }),
      field("patient_id", "INTEGER", "The patient"),
      field("encounter_id", "INTEGER", "Where it was found"),
      field("code", "STRING", "ICD-10-CM code"),
      field("description", "STRING", "Diagnosis"),
      field("onset", "DATE", "First day"),
    ],
  ],
  [
    "ehr.observations",
    "Laboratory results",
    PHI,
    [
      field("observation_id", "INTEGER", "Key", { mode: "REQUIRED" }),
      field("patient_id", "INTEGER", "The patient"),
      field("encounter_id", "INTEGER", "The encounter"),
      field("code", "STRING", "LOINC code"),
      field("name", "STRING", "What was measured"),
      field("value", "FLOAT", "Result"),
      field("unit", "STRING", "Unit of the result"),
      field("observed_at", "TIMESTAMP", "When"),
    ],
  ],
  [
    "ehr.notes",
    "Free text",
    PHI,
    [
      field("note_id", "INTEGER", "Key", { mode: "REQUIRED" }),
      field("patient_id", "INTEGER", "The patient"),
      field("author", "STRING", "Who wrote it"),
      field("written_at", "DATETIME", "When, in local time"),
      field("text", "STRING", "The note; holds identifiers", { tag: "free_text" }),
    ],
  ],
  [
    "billing.claims",
    "Claims to health plans",
    PHI,
    [
      field("claim_id", "INTEGER", "Key", { mode: "REQUIRED" }),
      field("patient_id", "INTEGER", "The patient"),
      field("encounter_id", "INTEGER", "The encounter"),
      field("health_plan_id", "STRING", "Health plan beneficiary number"),
      field("service_date", "DATE", "Day of service"),
      field("code", "STRING", "ICD-10-CM code"),
      field("amount", "NUMERIC", "Dollars"),
      field("status", "STRING", "paid, denied, open"),
    ],
  ],
  [
    "directory.providers",
    "Clinicians",
    { phi: "false" },
    [
      field("provider_id", "INTEGER", "Key", { mode: "REQUIRED" }),
      field("npi", "STRING", "National provider identifier"),
      field("dea", "STRING", "DEA number"),
      field("name", "STRING", "Name"),
      field("specialty", "STRING", "Specialty"),
    ],
  ],
  [
    "research.patients_deid",
    "Patients without identifiers: age band, state, condition group",
    { phi: "false" },
    [
      field("age_band", "STRING", "Ten years; 90+ together"),
      field("sex", "STRING", "F, M or X"),
      field("state", "STRING", "State"),
      field("condition_group", "STRING", "Group of the first diagnosis"),
    ],
  ],
  [
    "ops.bed_census",
    "Beds by department and day",
    { phi: "false" },
    [
      field("day", "DATE", "Day", { mode: "REQUIRED" }),
      field("department", "STRING", "Department"),
      field("beds", "INTEGER", "Beds"),
      field("occupied", "INTEGER", "Beds in use"),
    ],
  ],
  [
    "ops.calendar",
    "Days, with holidays",
    { phi: "false" },
    [
      field("day", "DATE", "Day", { mode: "REQUIRED" }),
      field("weekday", "STRING", "Name of the weekday"),
      field("is_holiday", "BOOLEAN", "Whether the clinic is closed"),
      field("opens", "TIME", "Opening time"),
    ],
  ],
];

/** The REST resource of a table. */
export function resourceOf(project: string, [name, description, labels, fields]: TableShape): TableResource {
  const [datasetId = "", tableId = ""] = name.split(".");
  return { tableReference: { projectId: project, datasetId, tableId }, description, labels, schema: { fields } };
}
