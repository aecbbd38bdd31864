import type { Catalog } from "../catalog/catalog.ts";
import type { PolicySet } from "../policy/policy-set.ts";
import type { StorageUpstream } from "../upstream/storage/storage-upstream.ts";
import type { Upstream } from "../upstream/upstream.ts";

/** One configured way to BigQuery: which projects agents may name, with what credentials, under which protections. */
export interface Connection {
  readonly name: string;
  readonly projects: readonly string[];
  readonly location: string;
  /** The project jobs run (and are billed) in; absent: the project the agent named. */
  readonly billingProject: string | undefined;
  readonly protections: { readonly approval: boolean; readonly masking: boolean };
  /** Bytes; no query may bill more. */
  readonly maximumBytesBilled: number;
  readonly upstream: Upstream;
  /** Absent: none is configured. */
  readonly storage?: StorageUpstream;
  readonly catalog: Catalog;
  readonly policies: PolicySet;
}
