export type {
  Config,
  ConnectionConfig,
  CredentialsConfig,
} from "./config.ts";
export { protectionsOff } from "./config.ts";
export { configJsonSchema } from "./json-schema.ts";
export type { Limits, UpstreamLimits } from "./limits.ts";
export { DEFAULT_LIMITS } from "./limits.ts";
export { loadConfig, parseConfig } from "./load.ts";
export type { ConfigProblem } from "./problem.ts";
export { ConfigError } from "./problem.ts";
