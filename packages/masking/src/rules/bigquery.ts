/**
 * The rules of BigQuery's own column data masking, by the names its data policies have, with the output that is documented for them.
 * ALWAYS_NULL and DEFAULT_MASKING_VALUE are `null` and `default`.
 * https://cloud.google.com/bigquery/docs/column-data-masking-intro#masking_options
 *
 * SHA256 and what falls to it have no key: whoever can list the possible values (all SSNs are a second's work) finds the true one.
 */
import { hash } from "node:crypto";
import type { FieldType } from "../mask-rule.ts";
import { endOfFirst, startOfLast } from "./characters.ts";
import { domainOf } from "./email.ts";
import type { Rule } from "./rule.ts";
import { truncatedToYear } from "./year.ts";

/** "The SHA-256 hash function used in data masking is type preserving"; of a STRING the text is base64, which the page leaves open. */
function sha256(value: string, type: FieldType): string {
  return hash("sha256", type === "BYTES" ? Buffer.from(value, "base64") : value, "base64");
}

export const SHA256: Rule = {
  name: "SHA256",
  shows: "equality",
  fits: ["STRING", "BYTES"],
  apply: sha256,
};

/** A hash with a salt that is another for each query: the mask's domain must be of one query. */
export const RANDOM_HASH: Rule = {
  name: "RANDOM_HASH",
  shows: "equality",
  fits: ["STRING", "BYTES"],
  apply(value, type, context) {
    const message = type === "BYTES" ? Buffer.from(value, "base64") : value;
    return Buffer.from(context.tokenKey.mac(`RANDOM_HASH ${type}`, message), "latin1").toString("base64");
  },
};

/** `XXXXX` and the last four characters; of four or fewer: SHA256. */
export const LAST_FOUR_CHARACTERS: Rule = {
  name: "LAST_FOUR_CHARACTERS",
  shows: "part",
  fits: ["STRING"],
  apply(value, type) {
    const start = startOfLast(value, 4);
    return start === undefined ? sha256(value, type) : `XXXXX${value.slice(start)}`;
  },
};

/** The first four characters and `XXXXX`; of four or fewer: SHA256. */
export const FIRST_FOUR_CHARACTERS: Rule = {
  name: "FIRST_FOUR_CHARACTERS",
  shows: "part",
  fits: ["STRING"],
  apply(value, type) {
    const end = endOfFirst(value, 4);
    return end === undefined ? sha256(value, type) : `${value.slice(0, end)}XXXXX`;
  },
};

/** `XXXXX@domain`; what is no address: SHA256. */
export const EMAIL_MASK: Rule = {
  name: "EMAIL_MASK",
  shows: "part",
  fits: ["STRING"],
  apply(value, type) {
    const domain = domainOf(value);
    return domain === undefined ? sha256(value, type) : `XXXXX@${domain}`;
  },
};

/** January 1, 00:00 UTC, of the year, whatever age follows from it: not Safe Harbor, which `year` is. */
export const DATE_YEAR_MASK: Rule = {
  name: "DATE_YEAR_MASK",
  shows: "part",
  fits: ["DATE", "DATETIME", "TIMESTAMP"],
  apply: (value, type) => truncatedToYear(value, type, (year) => year),
};
