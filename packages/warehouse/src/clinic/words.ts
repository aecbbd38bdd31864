/** The words the clinic is made of; all names are invented or common. */
type Words = readonly [string, ...string[]];

export const FIRST_NAMES: Words = [
  "Ada", "Amir", "Beatriz", "Bruno", "Carmen", "Chidi", "Clara", "Dario", "Elena", "Emeka", "Farah", "Felix", "Grace", "Hana", "Hugo", "Ines",
  "Ivan", "Jonas", "Jun", "Kai", "Lara", "Leo", "Lucia", "Malik", "Mara", "Mei", "Nadia", "Noah", "Olga", "Omar", "Priya", "Rosa", "Samir",
  "Sofia", "Tariq", "Tessa", "Uma", "Viktor", "Wanda", "Yusuf",
];
export const LAST_NAMES: Words = [
  "Abbott", "Alvarez", "Baker", "Becker", "Brennan", "Castillo", "Chen", "Dubois", "Eriksen", "Farrell", "Fischer", "Garcia", "Haddad",
  "Hughes", "Ibrahim", "Ivanov", "Jensen", "Kapoor", "Kim", "Kowalski", "Lindgren", "Lopez", "Marsh", "Mbeki", "Moreau", "Nakamura", "Novak",
  "Okafor", "Olsen", "Park", "Quinn", "Reyes", "Rossi", "Santos", "Schmidt", "Tanaka", "Ueda", "Vargas", "Walsh", "Zhang",
];
export const STREETS: Words = ["Maple St", "Oak Ave", "Cedar Ln", "Elm St", "Harbor Rd", "Hill Dr", "Lake View", "Mill Rd", "Park Pl", "River Rd"];
/** city, state, first three digits of the ZIP, county */
export const CITIES: readonly [readonly [string, string, string, string], ...(readonly [string, string, string, string])[]] = [
  ["Springfield", "IL", "627", "Sangamon"],
  ["Portland", "OR", "972", "Multnomah"],
  ["Austin", "TX", "787", "Travis"],
  ["Madison", "WI", "537", "Dane"],
  ["Concord", "NH", "033", "Merrimack"],
  ["Boise", "ID", "837", "Ada"],
  ["Laramie", "WY", "820", "Albany"],
  ["Tampa", "FL", "336", "Hillsborough"],
];
export const RELATIONS: Words = ["spouse", "mother", "father", "sibling", "child", "friend"];
export const RACES: Words = ["White", "Black", "Asian", "Native American", "Pacific Islander", "Other"];
export const DEPARTMENTS: Words = ["Cardiology", "Oncology", "Emergency", "Internal Medicine", "Pediatrics", "Orthopedics", "Neurology"];
export const ENCOUNTER_TYPES: Words = ["inpatient", "outpatient", "emergency", "telehealth"];
export const REASONS: Words = ["follow-up", "chest pain", "fever", "injury", "routine check", "shortness of breath", "headache"];
export const SPECIALTIES: Words = ["Cardiology", "Oncology", "Emergency Medicine", "Family Medicine", "Pediatrics", "Orthopedics", "Neurology"];
/** ICD-10 code, diagnosis, group */
export const CONDITIONS: readonly [readonly [string, string, string], ...(readonly [string, string, string])[]] = [
  ["E11.9", "Type 2 diabetes mellitus without complications", "Endocrine"],
  ["I10", "Essential (primary) hypertension", "Circulatory"],
  ["J45.909", "Unspecified asthma, uncomplicated", "Respiratory"],
  ["F32.9", "Major depressive disorder, single episode", "Mental"],
  ["M54.5", "Low back pain", "Musculoskeletal"],
  ["N18.3", "Chronic kidney disease, stage 3", "Genitourinary"],
  ["C50.919", "Malignant neoplasm of unspecified site of breast", "Neoplasm"],
  ["B20", "Human immunodeficiency virus disease", "Infectious"],
  ["K21.9", "Gastro-esophageal reflux disease", "Digestive"],
];
/** LOINC code, name, unit, low, high */
export const LABS: readonly [
  readonly [string, string, string, number, number],
  ...(readonly [string, string, string, number, number])[],
] = [
  ["4548-4", "Hemoglobin A1c", "%", 4, 12],
  ["2345-7", "Glucose", "mg/dL", 60, 320],
  ["2160-0", "Creatinine", "mg/dL", 0.4, 5],
  ["718-7", "Hemoglobin", "g/dL", 8, 18],
  ["2093-3", "Cholesterol", "mg/dL", 110, 320],
];
export const VIN_LETTERS: Words = ["1HGCM", "2T1BU", "3FAHP", "4T1BF", "5NPEB", "JM1BK", "WDBUF"];
