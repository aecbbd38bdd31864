import type { z } from "zod";
import type { IdentityLimits } from "../identity/issuer-config.ts";
import type { StoreLimits } from "../store/limits.ts";
import { count, duration, section, size } from "./fields.ts";

/**
 * Every bound of the gateway that an operator may move, with its default (I10). Those of a format or of one algorithm
 * stand beside it.
 * Written as `limits:` in chaperone.yaml; here durations are milliseconds and sizes bytes.
 */
export const limitsSection = section({
  requests: section({
    sql_body: size("1KB", "16MB").prefault("1.5MB").describe("Largest body of a request that carries SQL"),
    upload: size("1KB", "64MB")
      .prefault("10MB")
      .describe("Largest upload of a load job that is held whole, to become a statement (9 MB of parameters)"),
    load: size("1KB", "1TB")
      .prefault("5GB")
      .describe("Largest upload of a load job; a larger one's rows go on as they come"),
    parquet: size("1KB", "1GB")
      .prefault("256MB")
      .describe(
        "Largest Parquet upload, which is held in memory until it is whole: one for an agent, two for all, or several small ones, and Avro files",
      ),
    header_bytes: size("1KB", "256KB").prefault("32KB").describe("All request headers together"),
    header_count: count(10, 1000).default(100).describe("Request headers"),
    headers_timeout: duration("1s", "5m").prefault("10s").describe("Time to send all headers, and to begin TLS"),
    body_timeout: duration("1s", "10m")
      .prefault("60s")
      .describe("Time to send the whole request, and to take the end of an answer"),
    idle_timeout: duration("1s", "10m")
      .prefault("75s")
      .describe("Time that a kept-alive connection may be without a request"),
    connections: count(1, 100_000).default(4096).describe("Open client connections"),
    in_flight: count(1, 100_000).default(1024).describe("Requests being answered, all agents together"),
    in_flight_per_agent: count(1, 10_000).default(64).describe("Requests of one agent being answered"),
    rate_per_agent: count(1, 1_000_000)
      .default(100)
      .describe("Requests of one agent in a second, at all doors; BigQuery's own quota for each method"),
    burst_per_agent: count(1, 1_000_000)
      .default(500)
      .describe("Requests of one agent at once, beyond that rate, after it sent fewer"),
  }).prefault({}),
  sessions: section({
    held_in_all: count(1, 1_000_000).default(5000).describe("Sessions waiting for approval, all agents together"),
    held_per_agent: count(1, 10_000).default(50).describe("Sessions of one agent waiting for approval"),
    open_per_agent: count(1, 10_000).default(100).describe("Sessions of one agent not yet finished"),
    long_poll: duration("0s", "15s")
      .prefault("10s")
      .describe("Longest time one call waits for a result; clients give up soon after 15s"),
    analyses: size("1KB", "4GB").prefault("32MB").describe("Analyses of statements kept in memory, as text"),
    run: duration("1s", "6h")
      .prefault("1h")
      .describe("Longest run of one query upstream, from approval on, and longest that an upload arrives in pieces"),
  }).prefault({}),
  results: section({
    rows: count(1, 1_000_000_000).default(10_000_000).describe("Most rows released of one result"),
    page_bytes: size("64KB", "100MB").prefault("20MB").describe("Largest page read from upstream"),
  }).prefault({}),
  storage_read: section({
    calls_per_connection: count(1, 10_000).default(100).describe("Calls at once on one gRPC connection"),
    streams: count(1, 1000).default(8).describe("Streams of one read session"),
    reads: count(1, 10_000).default(32).describe("Streams being read, all agents together"),
    reads_per_agent: count(1, 1000).default(8).describe("Streams of one agent being read"),
    message_bytes: size("1MB", "512MB").prefault("160MB").describe("Largest batch read from upstream"),
    read: duration("1s", "24h").prefault("6h").describe("One stream, from the call to its last byte"),
    recheck: duration("0s", "1m")
      .prefault("1s")
      .describe("Within a stream, policy is asked again before a batch when this long ago; revocations before each"),
  }).prefault({}),
  upstream: section({
    connections: count(1, 10_000)
      .default(128)
      .describe(
        "Open connections to one endpoint, as many for calls as for pages of rows; beyond its first an agent has no more than half of those for pages that are left",
      ),
    connect: duration("10ms", "2m").prefault("10s").describe("Time to open a connection, TLS included"),
    headers: duration("10ms", "10m").prefault("60s").describe("Time until the answer's headers"),
    body_idle: duration("10ms", "10m").prefault("60s").describe("Longest silence inside an answer's body"),
    page: duration("1s", "1h")
      .prefault("10m")
      .describe("One page of rows, from the call to its last byte, at the reader's pace"),
    call: duration("10ms", "10m").prefault("2m").describe("One JSON call with all its retries"),
    dry_run: duration("10ms", "10m").prefault("60s").describe("One dry run with all its retries"),
    token: duration("10ms", "2m").prefault("15s").describe("Time to get an access token"),
    retries: count(0, 10).default(4).describe("Repeated tries of one call"),
    json_bytes: size("64KB", "256MB").prefault("16MB").describe("Largest JSON answer that isn't a page of rows"),
  }).prefault({}),
  catalog: section({
    tables: count(1, 1_000_000).default(10_000).describe("Table schemas kept in memory"),
    ttl: duration("0s", "1h").prefault("60s").describe("How long a schema is used before it is asked for again"),
  }).prefault({}),
  identity: section({
    token_characters: count(1024, 65_536).default(12_288).describe("Longest Authorization header"),
    subject_characters: count(32, 4096).default(512).describe("Longest subject"),
    groups: count(1, 10_000).default(256).describe("Groups in one token"),
    group_characters: count(16, 4096).default(256).describe("Longest name of a group"),
    name_characters: count(16, 1024).default(128).describe("Longest name of an agent or person"),
    audiences: count(1, 1000).default(16).describe("Audiences in one token"),
    lifetime: duration("1m", "7d").prefault("24h").describe("Longest life a token may still have"),
    document_bytes: size("1KB", "4MB").prefault("256KiB").describe("Largest key set or discovery document"),
    keys: count(1, 1000).default(64).describe("Keys of one issuer"),
    fetch: duration("10ms", "1m").prefault("3s").describe("Time to fetch one document"),
    refresh_cooldown: duration("1s", "1h")
      .prefault("30s")
      .describe("Least time between two fetches of one issuer's keys"),
    keys_fresh: duration("10s", "24h").prefault("10m").describe("Keys are fetched again after this"),
    keys_usable: duration("10s", "7d").prefault("1h").describe("Keys not confirmed for this long verify nothing"),
  }).prefault({}),
  store: section({
    queue: count(1, 1_000_000).default(4096).describe("Commands waiting; more are refused at once"),
    batch: count(1, 10_000).default(256).describe("Commands committed in one transaction"),
    call_timeout: duration("10ms", "5m")
      .prefault("5s")
      .describe("Longest wait for a commit; then the request is refused (I3)"),
    command_timeout: duration("10ms", "5m").prefault("2s").describe("One command's own work"),
  }).prefault({}),
  shutdown: section({
    grace: duration("0s", "10m").prefault("30s").describe("Time to finish answers after the signal to stop"),
  }).prefault({}),
});

export type LimitsFile = z.output<typeof limitsSection>;

/** `limits` as the gateway uses it. */
export function limitsOf(file: LimitsFile) {
  const { requests, sessions, results, storage_read: storageRead, upstream, catalog, identity, store, shutdown } = file;
  return {
    requests: {
      sqlBodyBytes: requests.sql_body,
      uploadBytes: requests.upload,
      loadBytes: requests.load,
      parquetBytes: requests.parquet,
      headerBytes: requests.header_bytes,
      headerCount: requests.header_count,
      headersTimeoutMs: requests.headers_timeout,
      bodyTimeoutMs: requests.body_timeout,
      idleTimeoutMs: requests.idle_timeout,
      connections: requests.connections,
      inFlight: requests.in_flight,
      inFlightPerAgent: requests.in_flight_per_agent,
      ratePerAgent: requests.rate_per_agent,
      burstPerAgent: requests.burst_per_agent,
    },
    sessions: {
      heldInAll: sessions.held_in_all,
      heldPerAgent: sessions.held_per_agent,
      openPerAgent: sessions.open_per_agent,
      longPollMs: sessions.long_poll,
      analysesBytes: sessions.analyses,
      runMs: sessions.run,
    },
    results: {
      rows: results.rows,
      pageBytes: results.page_bytes,
    },
    storageRead: {
      callsPerConnection: storageRead.calls_per_connection,
      streams: storageRead.streams,
      reads: storageRead.reads,
      readsPerAgent: storageRead.reads_per_agent,
      messageBytes: storageRead.message_bytes,
      readMs: storageRead.read,
      recheckMs: storageRead.recheck,
    },
    upstream: {
      connections: upstream.connections,
      connectMs: upstream.connect,
      headersMs: upstream.headers,
      bodyIdleMs: upstream.body_idle,
      pageMs: upstream.page,
      callMs: upstream.call,
      dryRunMs: upstream.dry_run,
      tokenMs: upstream.token,
      retries: upstream.retries,
      jsonBytes: upstream.json_bytes,
      pageBytes: results.page_bytes,
    },
    catalog: { tables: catalog.tables, ttlMs: catalog.ttl },
    identity: {
      tokenLength: identity.token_characters,
      subjectLength: identity.subject_characters,
      groups: identity.groups,
      groupLength: identity.group_characters,
      nameLength: identity.name_characters,
      audiences: identity.audiences,
      lifetimeSeconds: Math.floor(identity.lifetime / 1000),
      documentBytes: identity.document_bytes,
      keys: identity.keys,
      fetchTimeoutMs: identity.fetch,
      refreshCooldownMs: identity.refresh_cooldown,
      keysFreshMs: identity.keys_fresh,
      keysUsableMs: identity.keys_usable,
    } satisfies IdentityLimits,
    store: {
      queue: store.queue,
      batch: store.batch,
      callTimeout: store.call_timeout,
      commandTimeout: store.command_timeout,
    } satisfies Partial<StoreLimits>,
    shutdown: { graceMs: shutdown.grace },
  } as const;
}

export type Limits = ReturnType<typeof limitsOf>;
/** What `createUpstream` needs of them. */
export type UpstreamLimits = Limits["upstream"];

/** All limits at their defaults. */
export const DEFAULT_LIMITS: Limits = limitsOf(limitsSection.parse({}));
