import type { DataClass } from "./data-class.ts";

/**
 * The built-in classes with the words a reviewer reads. The letters are those of the Safe Harbor list,
 * 45 CFR 164.514(b)(2)(i); `phi.clinical` is health information that is protected once it is linked to a person
 * (45 CFR 160.103).
 */
export const BUILT_IN_CLASSES: Readonly<Record<DataClass, string>> = {
  phi: "Protected health information, not classified further",
  "phi.name": "Name of a patient, relative, employer or household member (A)",
  "phi.geography": "Place smaller than a state (B)",
  "phi.geography.address": "Street address (B)",
  "phi.geography.city": "City, town or county (B)",
  "phi.geography.zip": "ZIP code (B); the first three digits may stay where more than 20,000 people live",
  "phi.date": "Date about a person, and ages over 89 (C); the year may stay",
  "phi.date.birth": "Date of birth (C)",
  "phi.date.admission": "Date of admission or of the start of care (C)",
  "phi.date.discharge": "Date of discharge or of the end of care (C)",
  "phi.date.death": "Date of death (C)",
  "phi.date.other": "Other date about a person (C)",
  "phi.phone": "Telephone number (D)",
  "phi.fax": "Fax number (E)",
  "phi.email": "Email address (F)",
  "phi.ssn": "Social security number (G)",
  "phi.mrn": "Medical record number (H)",
  "phi.health_plan_id": "Health plan beneficiary number (I)",
  "phi.health_plan_id.mbi": "Medicare beneficiary identifier (I)",
  "phi.account": "Account number (J)",
  "phi.license": "Certificate or licence number (K)",
  "phi.license.npi": "National provider identifier (K)",
  "phi.license.dea": "DEA registration number (K)",
  "phi.vehicle": "Vehicle identifier (L)",
  "phi.vehicle.vin": "Vehicle identification number (L)",
  "phi.vehicle.plate": "License plate number (L)",
  "phi.device": "Device identifier or serial number (M)",
  "phi.url": "Web address (N)",
  "phi.ip": "Internet protocol address (O)",
  "phi.biometric": "Biometric identifier: finger or voice print (P)",
  "phi.photo": "Full-face photograph or comparable image (Q)",
  "phi.other_unique": "Other unique number, characteristic or code of a person (R)",
  "phi.clinical": "Clinical data",
  "phi.clinical.diagnosis": "Diagnosis or problem",
  "phi.clinical.note": "Clinical note, free text; may hold any identifier",
  "phi.clinical.result": "Laboratory result, vital sign or other measurement",
  "phi.clinical.medication": "Medication",
  "phi.clinical.procedure": "Procedure",
  "phi.clinical.encounter": "Circumstances of a visit: type, reason, department",
  "phi.clinical.billing": "Charges and payments for care",
  "phi.demographic": "Demographic characteristic of a patient: gender, race",
};

const CLASS = /^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/;

/** True when the text can be a class's path. Whether the class exists is the catalog's to say. */
export function isClassPath(text: string): boolean {
  return CLASS.test(text) && text.length <= 200;
}

/** The classes above one, nearest first: `phi.clinical.note` → `phi.clinical`, `phi`. */
export function parentClasses(dataClass: DataClass): readonly DataClass[] {
  const steps = dataClass.split(".");
  return steps.slice(1).map((_, index) => steps.slice(0, steps.length - 1 - index).join("."));
}
