/** Network addresses and URLs: https://cloud.google.com/bigquery/docs/reference/standard-sql/net_functions */
import { entries } from "./signature.ts";

export const NET_FUNCTIONS = entries(
  "scalar",
  "transform",
  `
  NET.HOST, NET.PUBLIC_SUFFIX, NET.REG_DOMAIN(STRING) STRING
  NET.IP_FROM_STRING, NET.SAFE_IP_FROM_STRING(STRING) BYTES
  NET.IP_NET_MASK(INT64, INT64) BYTES
  NET.IP_TO_STRING(BYTES) STRING
  NET.IP_TRUNC(BYTES, INT64) BYTES
  NET.IPV4_FROM_INT64(INT64) BYTES
  NET.IPV4_TO_INT64(BYTES) INT64
`,
);
