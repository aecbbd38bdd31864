export type { LogFields } from "./fields.ts";
export type { Logger, LoggerOptions, LogLevel } from "./logger.ts";
export { createLogger } from "./logger.ts";
export type { Metrics, MetricsOptions, RequestOutcome } from "./metrics.ts";
export { createMetrics } from "./metrics.ts";
