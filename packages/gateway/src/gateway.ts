import { createSecretKey, randomBytes } from "node:crypto";
import type { AddressInfo, Server as NetServer } from "node:net";
import type { TlsOptions } from "node:tls";
import { deriveTokenKeys, sitePattern } from "@chaperone/masking";
import { AgentRates } from "./agent-rates.ts";
import { Catalog } from "./catalog/catalog.ts";
import { type CatalogFile, loadCatalogFile } from "./catalog/catalog-file.ts";
import { TableCache } from "./catalog/table-cache.ts";
import { travelledClassesIn } from "./catalog/travelled-classes.ts";
import { type Config, type ConnectionConfig, protectionsOff } from "./config/index.ts";
import { BigQueryDoor } from "./doors/bigquery-rest/door.ts";
import { MetadataReader } from "./doors/bigquery-rest/metadata.ts";
import { StorageDoor } from "./doors/bigquery-storage/door.ts";
import { AgentKeysApi } from "./doors/console-api/agent-keys.ts";
import { ConsoleApi } from "./doors/console-api/console-api.ts";
import type { LedgerEvent } from "./evidence/event.ts";
import { pooledRandomBytes } from "./evidence/random-pool.ts";
import { createIdentity } from "./identity/index.ts";
import { RefusalLog } from "./identity/refusal-log.ts";
import { loadPolicies, type PolicySet } from "./policy/policy-set.ts";
import { createGatewayServer } from "./server.ts";
import type { Connection } from "./sessions/connection.ts";
import { SessionEngine } from "./sessions/engine.ts";
import { newSessionId } from "./sessions/session-id.ts";
import { createStorageServer } from "./storage-server.ts";
import { createKeyFile, readKeyFile } from "./store/key-file.ts";
import { openStore, type Store } from "./store/store.ts";
import { createLogger, createMetrics, followLedger, type Logger, type Metrics } from "./telemetry/index.ts";
import { type Certificates, readCertificates } from "./tls/certificate-files.ts";
import { handshakeOf } from "./tls/listener-tls.ts";
import { ReloadingCertificates, type SecureListener } from "./tls/reloading.ts";
import type { AccessTokens } from "./upstream/access-tokens.ts";
import { checkCredentials, googleTokens } from "./upstream/google-tokens.ts";
import { createUpstream, type Upstream } from "./upstream/index.ts";
import { createStorageUpstream, type StorageUpstream } from "./upstream/storage/storage-upstream.ts";

export interface GatewayOptions {
  readonly log?: Logger;
  readonly metrics?: Metrics;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** Clients reach it where it listens, whatever its public URL: the demo's is nobody's. */
  readonly reachedDirectly?: boolean;
}

export interface Gateway {
  /** `http://host:port`, or https, without a slash at its end. */
  readonly url: string;
  /** Of the Storage Read API, likewise; undefined: it isn't served. */
  readonly storageUrl: string | undefined;
  readonly store: Store;
  readonly engine: SessionEngine;
  /** Reads the TLS files again; resolves to whether the gateway uses what they hold now. */
  reloadCertificates(): Promise<boolean>;
  /** Finishes answers under way (at most the configured grace), then closes store and connections. */
  close(): Promise<void>;
}

/** Rows asked from upstream for one page at most; BigQuery itself stops a page at about 10 MB. */
const ROWS_PER_PAGE = 100_000;
const TOKEN_KEY_BYTES = 32;
/** Most characters of schemas kept in memory for one connection. */
const CATALOG_CHARACTERS = 256_000_000;
/** "There is no such table" is believed for at most this long. */
const ABSENT_TTL_MS = 10_000;

/**
 * Composes and starts a gateway. Nothing listens before evidence can be written and unfinished sessions are picked up (I3).
 * Throws ConfigError, PolicyError, StoreError, or the error of a port that is taken (`EADDRINUSE`).
 */
export async function startGateway(config: Config, options: GatewayOptions = {}): Promise<Gateway> {
  const log = options.log ?? createLogger({ level: config.log.level });
  const metrics = options.metrics ?? createMetrics({ process: true });
  const clock = options.clock ?? Date.now;
  const certificates = config.tls === undefined ? undefined : readCertificates(config.tls, clock());
  const upstreams: { close(): Promise<void> }[] = [];
  const prepared = config.connections.map((c) => {
    const tokens = googleTokens(c.credentials, {
      tokenMs: config.limits.upstream.tokenMs,
      onFailure: () => log.error({ connection: c.name }, "no access token for BigQuery: look at the credentials"),
    });
    const upstream = createUpstream(c, { limits: config.limits.upstream, tokens, observe: metrics.upstream });
    upstreams.push(upstream);
    const storage = storageOf(c, tokens, config, metrics);
    if (storage !== undefined) upstreams.push(storage);
    return { ...prepareConnection(c, upstream, config), storage };
  });
  const store = await openStore({
    directory: config.stateDirectory,
    keyDirectory: config.keyDirectory,
    origin: originOf(config.publicUrl),
    limits: config.limits.store,
    clock,
  });
  const servers: { close(graceMs: number): Promise<void> }[] = [];
  const connections = prepared.map((p) => connectionOf(p, store, config, clock));
  try {
    const identity = await createIdentity({
      issuers: config.issuers,
      agents: config.agents,
      store,
      clock,
      limits: config.limits.identity,
      publicUrl: config.publicUrl,
      keyDirectory: config.keyDirectory,
      clientCertificates: config.tls?.clientCa !== undefined,
      proofNonces: config.tokens.dpopNonces,
      tokenLifetimeSeconds: Math.floor(config.tokens.lifetimeMs / 1000),
    });
    const engine = new SessionEngine({
      store,
      sealer: store.sealer,
      connections,
      admission: identity.admission,
      approvals: { defaultApprovers: config.people.approversDefault, expiresAfterMs: config.approvals.expiresAfterMs },
      limits: {
        openPerAgent: config.limits.sessions.openPerAgent,
        heldPerAgent: config.limits.sessions.heldPerAgent,
        heldInAll: config.limits.sessions.heldInAll,
        runMs: config.limits.sessions.runMs,
        analysesBytes: config.limits.sessions.analysesBytes,
        rows: config.limits.results.rows,
      },
      log,
      metrics,
      clock,
      newId: () => newSessionId(clock(), pooledRandomBytes(16)),
    });
    const unfollow = await followLedger(store, metrics, (err) => log.error({ err }, "the ledger could not be counted"));
    await recordStart(config, connections, certificates, store, log);
    await engine.resume();
    const tokenKey = createSecretKey(await tokenKeyOf(config.masking.tokenKeyFile, store, log));
    const refusals = new RefusalLog((events) => store.append(events), clock);
    const pages = {
      store,
      sealer: store.sealer,
      engine,
      metrics,
      masking: {
        keys: deriveTokenKeys(tokenKey),
        smallcellK: config.masking.smallcellK,
        dateshiftDays: config.masking.dateshiftDays,
        recordNumbers: config.masking.recordNumbers.map(sitePattern),
        restrictedZips:
          config.masking.zip3Restricted === undefined ? undefined : new Set(config.masking.zip3Restricted),
      },
      clock,
      rowsPerPage: ROWS_PER_PAGE,
      pageMs: config.limits.upstream.pageMs,
    };
    const rates = new AgentRates(
      { perSecond: config.limits.requests.ratePerAgent, burst: config.limits.requests.burstPerAgent },
      clock,
      () => metrics.agentLimited("rate"),
    );
    let reachedAt = config.publicUrl;
    const server = createGatewayServer({
      bigquery: new BigQueryDoor({
        engine,
        pages,
        metadata: new MetadataReader(connections, clock),
        bodyBytes: config.limits.requests.sqlBodyBytes,
        uploadBytes: config.limits.requests.uploadBytes,
        loadBytes: config.limits.requests.loadBytes,
        parquetBytes: config.limits.requests.parquetBytes,
        longPollMs: config.limits.sessions.longPollMs,
        publicUrl: () => reachedAt,
      }),
      consoleApi: new ConsoleApi({
        store,
        engine,
        agentKeys: new AgentKeysApi({
          store,
          publicUrl: config.publicUrl,
          issuers: {
            all: config.issuers.map(({ issuer }) => issuer),
            agents: config.issuers.flatMap(({ issuer, audiences }) => (audiences.agents === undefined ? [] : [issuer])),
            people: config.issuers.flatMap(({ issuer, audiences }) => (audiences.people === undefined ? [] : [issuer])),
          },
          clock,
        }),
        roles: {
          approvers: config.people.approversDefault,
          auditors: config.people.auditors,
          administrators: config.people.administrators,
        },
      }),
      identity,
      refusals,
      rates,
      log,
      metrics,
      signIn:
        config.people.signIn === undefined
          ? undefined
          : { issuer: config.people.signIn.issuer, clientId: config.people.signIn.clientId },
      limits: config.limits.requests,
      publicUrl: config.publicUrl,
      tls: tlsOf(config, certificates),
      notReady: async () => {
        try {
          await store.db.selectFrom("meta").select("key").limit(1).execute();
          return undefined;
        } catch {
          return "store";
        }
      },
    });
    const url = await listen(server.http, config.listen, config.tls !== undefined);
    if (options.reachedDirectly === true) reachedAt = url;
    servers.push(server);
    log.info({ url }, "the gateway listens");
    let storageUrl: string | undefined;
    const storageServer =
      config.storageRead === undefined
        ? undefined
        : createStorageServer({
            door: new StorageDoor({
              pages,
              longPollMs: config.limits.sessions.longPollMs,
              limits: config.limits.storageRead,
              calls: config.limits.requests.inFlight,
              callsPerAgent: config.limits.requests.inFlightPerAgent,
            }),
            identity,
            refusals,
            rates,
            log,
            metrics,
            publicUrl: () => config.storageRead?.publicUrl ?? storageUrl ?? "",
            tls: tlsOf(config, certificates),
            limits: config.limits,
          });
    if (config.storageRead !== undefined && storageServer !== undefined) {
      storageUrl = await listen(storageServer.http2, config.storageRead, config.tls !== undefined);
      servers.push(storageServer);
    }
    if (storageUrl !== undefined) log.info({ url: storageUrl }, "the Storage Read API is served");
    const reloading = reloadingOf(config, certificates, [server.http, storageServer?.http2], { store, clock, log });
    let closing: Promise<void> | undefined;
    return {
      url,
      storageUrl,
      store,
      engine,
      reloadCertificates: async () => reloading === undefined || (await reloading.reload()),
      close() {
        reloading?.close();
        closing ??= (async () => {
          const { graceMs } = config.limits.shutdown;
          const closed = Promise.all(servers.map((one) => one.close(graceMs)));
          engine.close();
          unfollow();
          await closed;
          await refusals.flush().catch(() => undefined);
          await store.append([{ type: "gateway.stopped", data: {} }]).catch(() => undefined);
          await store.close();
          await Promise.all(upstreams.map((u) => u.close()));
        })();
        return closing;
      },
    };
  } catch (error) {
    await Promise.all(servers.map((one) => one.close(0)));
    await store.close();
    await Promise.all(upstreams.map((u) => u.close()));
    throw error;
  }
}

/** Where the server listens, once it does. */
async function listen(server: NetServer, { host, port }: Config["listen"], tls: boolean): Promise<string> {
  await new Promise<void>((listening, refused) => {
    server.once("error", refused);
    server.listen(port, host, () => {
      server.off("error", refused);
      listening();
    });
  });
  const address = server.address() as AddressInfo;
  return `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}

function tlsOf({ tls, limits }: Config, certificates: Certificates | undefined): TlsOptions | undefined {
  return tls === undefined || certificates === undefined
    ? undefined
    : handshakeOf(certificates, tls.clientCertificates, limits.requests.headersTimeoutMs);
}

function reloadingOf(
  { tls }: Config,
  first: Certificates | undefined,
  servers: readonly (object | undefined)[],
  { store, clock, log }: { readonly store: Store; readonly clock: () => number; readonly log: Logger },
): ReloadingCertificates | undefined {
  if (tls === undefined || first === undefined) return undefined;
  return new ReloadingCertificates({
    files: tls,
    listeners: servers.flatMap((one) =>
      one !== undefined && "setSecureContext" in one ? [one as SecureListener] : [],
    ),
    first,
    clock,
    log,
    record: (certificates) => store.append([certificateEvent(certificates)]),
  });
}

/** What of a certificate is evidence of how data travelled (45 CFR 164.312(e)). */
function certificateEvent({ fingerprint, expires }: Certificates): LedgerEvent {
  return { type: "tls-certificate.used", data: { fingerprint, expires } };
}

/**
 * Reads all that a gateway reads before it starts: catalogs, policies, TLS and credential files beside the configuration.
 * Throws as `startGateway` does. Returns how many policies hold for each connection.
 */
export function checkFiles(config: Config): readonly { readonly connection: string; readonly policies: number }[] {
  if (config.tls !== undefined) readCertificates(config.tls, Date.now());
  return config.connections.map((c) => ({ connection: c.name, policies: filesOf(c, config).policies.policies.size }));
}

function storageOf(
  c: ConnectionConfig,
  tokens: AccessTokens,
  { limits }: Config,
  metrics: Metrics,
): StorageUpstream | undefined {
  if (c.storageEndpoint === undefined) return undefined;
  return createStorageUpstream({
    endpoint: c.storageEndpoint,
    billingProject: c.billingProject,
    limits,
    tokens,
    observe: metrics.upstream,
  });
}

interface PreparedConnection {
  readonly config: ConnectionConfig;
  readonly upstream: Upstream;
  readonly file: CatalogFile | undefined;
  readonly policies: PolicySet;
}

/** Reads a connection's files: what is wrong in them is said before anything is opened. */
function prepareConnection(c: ConnectionConfig, upstream: Upstream, config: Config): PreparedConnection {
  return { config: c, upstream, ...filesOf(c, config) };
}

function filesOf(c: ConnectionConfig, config: Config): Pick<PreparedConnection, "file" | "policies"> {
  checkCredentials(c.credentials);
  const file = c.catalog === undefined ? undefined : loadCatalogFile(c.catalog);
  return { file, policies: loadPolicies(config.policies, file?.classes.keys()) };
}

function connectionOf(
  {
    config: c,
    upstream,
    storage,
    file,
    policies,
  }: PreparedConnection & { readonly storage: StorageUpstream | undefined },
  store: Store,
  config: Config,
  clock: () => number,
): Connection {
  const { tables, ttlMs } = config.limits.catalog;
  const cache = new TableCache(upstream, {
    entries: tables,
    bytes: CATALOG_CHARACTERS,
    ttlMs,
    absentTtlMs: Math.min(ttlMs, ABSENT_TTL_MS),
    now: clock,
  });
  return {
    name: c.name,
    projects: c.projects,
    location: c.location,
    billingProject: c.billingProject,
    protections: c.protections,
    maximumBytesBilled: c.maximumBytesBilled,
    upstream,
    ...(storage === undefined ? {} : { storage }),
    catalog: new Catalog(cache, file, travelledClassesIn(store, c.name)),
    policies,
  };
}

/** What is in force from now on, and loudly what is not. */
async function recordStart(
  config: Config,
  connections: readonly Connection[],
  certificates: Certificates | undefined,
  store: Store,
  log: Logger,
): Promise<void> {
  const off = protectionsOff(config);
  for (const { connection, protection } of off)
    log.warn({ connection, protection }, "A PROTECTION IS SWITCHED OFF in the configuration");
  await store.append([
    {
      type: "gateway.started",
      data: {
        connections: connections.map((c) => ({ name: c.name, projects: [...c.projects], policies: c.policies.hash })),
      },
    },
    ...(certificates === undefined ? [] : [certificateEvent(certificates)]),
    ...off.map(({ connection, protection }) => ({ type: "protection.off", data: { connection, protection } })),
  ]);
}

/** The key of keyed tokens, made at the first start. A later one is said loudly: its tokens don't join with those before. */
async function tokenKeyOf(path: string, store: Store, log: Logger): Promise<Buffer> {
  const kept = readKeyFile(path);
  if (kept !== undefined) return kept;
  const key = randomBytes(TOKEN_KEY_BYTES);
  createKeyFile(path, key);
  const sessions = await store.db.selectFrom("sessions").select("id").limit(1).execute();
  if (sessions.length > 0)
    log.warn({ file: path }, "THE TOKEN KEY WAS MISSING and a new one was made: new tokens don't join with old ones");
  await store.append([{ type: "token-key.made", data: { replaced: sessions.length > 0 } }]);
  return key;
}

/** The ledger's name: a URL without scheme (c2sp.org/tlog-checkpoint). */
function originOf(publicUrl: string): string {
  return `${publicUrl.replace(/^https?:\/\//, "")}/ledger`;
}
