import type { TlsOptions } from "node:tls";
import { type AgentRates, RateExceeded } from "./agent-rates.ts";
import type { Limits } from "./config/index.ts";
import { methodOf, type StorageDoor } from "./doors/bigquery-storage/door.ts";
import { translate } from "./doors/bigquery-storage/refused.ts";
import { createGrpcServer, type GrpcServer } from "./grpc/server.ts";
import { GrpcError, type StatusName } from "./grpc/status.ts";
import { CredentialError, type Identity } from "./identity/index.ts";
import type { RefusalLog } from "./identity/refusal-log.ts";
import { StoreError } from "./store/errors.ts";
import type { Logger, Metrics } from "./telemetry/index.ts";

export interface StorageServerOptions {
  readonly door: StorageDoor;
  readonly identity: Identity;
  readonly refusals: RefusalLog;
  readonly rates: AgentRates;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** What clients call it, once it listens. */
  readonly publicUrl: () => string;
  readonly tls: TlsOptions | undefined;
  readonly limits: Pick<Limits, "requests" | "storageRead">;
}

const DOOR = "bigquery-storage";

/** The gateway's gRPC server: the Storage Read API for agents, who come in as at the other doors. */
export function createStorageServer(options: StorageServerOptions): GrpcServer {
  const { door, identity, refusals, rates, log, metrics, limits } = options;
  return createGrpcServer({
    tls: options.tls,
    limits: {
      headerBytes: limits.requests.headerBytes,
      headerCount: limits.requests.headerCount,
      connections: limits.requests.connections,
      headersTimeoutMs: limits.requests.headersTimeoutMs,
      idleTimeoutMs: limits.requests.idleTimeoutMs,
      bodyTimeoutMs: limits.requests.bodyTimeoutMs,
      callsPerConnection: limits.storageRead.callsPerConnection,
      requestBytes: limits.requests.sqlBodyBytes,
    },
    async serve(call) {
      try {
        const { authorization, dpop, certificate, path } = call;
        const url = `${options.publicUrl()}${path}`;
        const principal = await identity.agent({ authorization, dpop, method: "POST", url, certificate });
        rates.take(principal);
        await door.serve(principal, call);
      } catch (error) {
        if (!(error instanceof CredentialError)) throw error;
        // A refused credential is evidence (164.308(a)(5)(ii)(C)).
        metrics.credentialRefused(error.code);
        await refusals.record({ code: error.code, door: DOOR, address: call.address });
        throw error;
      }
    },
    statusOf(error) {
      const nonce = error instanceof CredentialError ? identity.proofNonce() : undefined;
      if (error instanceof CredentialError && nonce !== undefined)
        return new GrpcError(translate(error)?.status ?? "unauthenticated", error.message, { "dpop-nonce": nonce });
      // RESOURCE_EXHAUSTED is the word for it, but after UNAVAILABLE clients try again.
      if (error instanceof RateExceeded) return new GrpcError("unavailable", error.message);
      const known = translate(error);
      if (known !== undefined) {
        if (error instanceof StoreError) metrics.storeRefused(error.code);
        if (known.status === "internal") log.error({ err: error, door: DOOR }, "a call failed");
        return known;
      }
      if (isAbort(error)) return new GrpcError("cancelled", "The call was cancelled.");
      log.error({ err: error, door: DOOR }, "a call failed");
      return new GrpcError("internal", "The gateway could not answer this call.");
    },
    ended: ({ path }, status, seconds) => metrics.request(DOOR, methodOf(path) ?? "none", outcomeOf(status), seconds),
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
}

function outcomeOf(status: StatusName | "ok"): "ok" | "refused" | "denied" | "failed" {
  switch (status) {
    case "ok":
      return "ok";
    case "permissionDenied":
    case "unauthenticated":
      return "denied";
    case "internal":
    case "unavailable":
    case "unknown":
    case "deadlineExceeded":
    case "aborted":
      return "failed";
    default:
      return "refused";
  }
}
