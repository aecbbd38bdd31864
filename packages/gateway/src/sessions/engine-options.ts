import type { Sealer } from "../evidence/seal.ts";
import type { Admission } from "../identity/admission.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Connection } from "./connection.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly connections: readonly Connection[];
  readonly admission: Admission;
  readonly approvals: { readonly defaultApprovers: readonly string[]; readonly expiresAfterMs: number };
  readonly limits: {
    readonly openPerAgent: number;
    readonly heldPerAgent: number;
    readonly heldInAll: number;
    readonly runMs: number;
    readonly analysesBytes: number;
    readonly rows: number;
  };
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock: () => number;
  /** A fresh id of at most 40 characters of [A-Za-z0-9_-], from at least 128 random bits. Ids of one time best begin alike (`newSessionId`). */
  readonly newId: () => string;
}

/** The connection of that name, which a session was received through. */
export function connectionByName({ connections }: EngineOptions, name: string): Connection {
  const connection = connections.find((c) => c.name === name);
  if (connection === undefined) throw new Error(`connection ${name} is not configured`);
  return connection;
}
