export type { AccessTokens } from "./access-tokens.ts";
export { createUpstream } from "./create-upstream.ts";
export type { UpstreamKind, UpstreamReason } from "./error.ts";
export { UpstreamError } from "./error.ts";
export type {
  Job,
  Upstream,
} from "./upstream.ts";
