import { createSecretKey } from "node:crypto";
import { sitePattern } from "../detectors/site-pattern.ts";
import { deriveTokenKeys } from "../token-keys.ts";

export const TEST_MASTER = createSecretKey(Buffer.alloc(32, 7));
export const TEST_KEYS = deriveTokenKeys(TEST_MASTER);
export const TEST_NOW = new Date("2026-06-15T00:00:00Z");
/** Of a site that calls its records like `QX-1234`. */
export const TEST_RECORD_NUMBERS = [sitePattern({ pattern: "QX-####" })];
