export type { Config, ConfigProblem } from "./config/index.ts";
export { ConfigError, configJsonSchema, loadConfig, parseConfig } from "./config/index.ts";
export { type Gateway, type GatewayOptions, startGateway } from "./gateway.ts";
export type { ApprovalSummary, ApprovalView } from "./approvals/view.ts";
export type { Access } from "./evidence/access-report.ts";
export type { Json } from "./evidence/event.ts";
export type { ReplayStep } from "./evidence/replay.ts";
export type { OutputMask } from "./policy/decision.ts";
