export { followLedger } from "./follow-ledger.ts";
export type { Logger } from "./logger.ts";
export { createLogger } from "./logger.ts";
export type { Metrics } from "./metrics.ts";
export { createMetrics } from "./metrics.ts";
