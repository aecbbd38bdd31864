import { createSecretKey } from "node:crypto";
import { deriveTokenKeys } from "../token-keys.ts";

export const TEST_MASTER = createSecretKey(Buffer.alloc(32, 7));
export const TEST_KEYS = deriveTokenKeys(TEST_MASTER);
export const TEST_NOW = new Date("2026-06-15T00:00:00Z");
