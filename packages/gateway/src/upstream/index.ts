export type { AccessTokens } from "./access-tokens.ts";
export type { UpstreamOptions } from "./create-upstream.ts";
export { createUpstream } from "./create-upstream.ts";
export type { UpstreamKind, UpstreamReason } from "./error.ts";
export { UpstreamError } from "./error.ts";
export type {
  DatasetList,
  DatasetResource,
  DryRun,
  Job,
  JobReference,
  JobStatistics,
  ListPage,
  Query,
  QueryJob,
  QueryParameter,
  QueryResults,
  RowPage,
  RowStream,
  TableList,
  TableReference,
  Upstream,
  UpstreamRefusal,
} from "./upstream.ts";
