import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { boundedLabel } from "./bounded-label.ts";
import { Durations } from "./durations.ts";
import { keptChildren } from "./kept-children.ts";

/**
 * What operators watch, in Prometheus' terms. Labels come from closed sets of the gateway's own (operations, states, rules,
 * codes), never from a request: an agent can neither write into a metric nor multiply its series (I9, I10).
 */
export interface Metrics {
  /** One answered request. `method` is the operation's name (`jobs.query`), `outcome` ok, refused, denied or failed. */
  request(door: string, method: string, outcome: RequestOutcome, seconds: number): void;
  /** So many sessions entered this state. */
  session(state: string, count?: number): void;
  /** Sessions waiting for approval now. */
  held(count: number): void;
  /** An approval request was decided, or ran out, after this long. */
  approvalWait(decision: "approved" | "denied" | "expired" | "cancelled", seconds: number): void;
  /** One call upstream, with all its retries. `outcome` is `ok` or an UpstreamKind. */
  upstream(call: string, outcome: string, seconds: number): void;
  /** One page left: rows, and by field what was masked. Field names go nowhere; only rules are labels. */
  released(rows: number, masked: Readonly<Record<string, { readonly rule: string; readonly count: number }>>): void;
  /** Entries committed to the ledger. */
  ledgerEntries(count: number): void;
  /** The store refused: `full`, `slow`, `busy` … */
  storeRefused(code: string): void;
  /** A credential was refused, by CredentialErrorCode. */
  credentialRefused(code: string): void;
  /** A request of an agent that took more than its share: of requests in a second, or at once. */
  agentLimited(limit: "rate" | "in-flight"): void;
  /** Something that must not happen did. */
  alarm(kind: string): void;
  /** The body of `/metrics` and its content type. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export type RequestOutcome = "ok" | "refused" | "denied" | "failed";

export interface MetricsOptions {
  /** Memory, event loop and garbage collection of this process as well. */
  readonly process?: boolean;
}

const CALL_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
/** People take from seconds to days. */
const WAIT_SECONDS = [5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 7 * 24 * 3600];

export function createMetrics({ process = false }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (process) collectDefaultMetrics({ register: registry, prefix: "chaperone_" });

  const requests = new Durations<"door" | "method" | "outcome">({
    name: "chaperone_request_duration_seconds",
    help: "Requests answered, by door, operation and outcome.",
    buckets: CALL_SECONDS,
  });
  registry.registerMetric(requests.metric);
  const sessions = new Counter({
    name: "chaperone_sessions_total",
    help: "Sessions that entered a state.",
    labelNames: ["state"] as const,
    registers,
  });
  const held = new Gauge({ name: "chaperone_sessions_held", help: "Sessions waiting for approval now.", registers });
  const approvals = new Histogram({
    name: "chaperone_approval_wait_seconds",
    help: "Time from request to decision.",
    labelNames: ["decision"] as const,
    buckets: WAIT_SECONDS,
    registers,
  });
  const upstream = new Durations<"call" | "outcome">({
    name: "chaperone_upstream_duration_seconds",
    help: "Calls to BigQuery with their retries.",
    buckets: CALL_SECONDS,
  });
  registry.registerMetric(upstream.metric);
  const rows = new Counter({ name: "chaperone_rows_released_total", help: "Rows that left the gateway.", registers });
  const cells = new Counter({
    name: "chaperone_cells_masked_total",
    help: "Values masked, by rule.",
    labelNames: ["rule"] as const,
    registers,
  });
  const entries = new Counter({ name: "chaperone_ledger_entries_total", help: "Ledger entries committed.", registers });
  const storeRefusals = new Counter({
    name: "chaperone_store_refusals_total",
    help: "Commands the store refused.",
    labelNames: ["code"] as const,
    registers,
  });
  const credentialRefusals = new Counter({
    name: "chaperone_credential_refusals_total",
    help: "Credentials refused.",
    labelNames: ["code"] as const,
    registers,
  });
  const agentsLimited = new Counter({
    name: "chaperone_agent_limited_total",
    help: "Requests refused since their agent took more than its share, by limit.",
    labelNames: ["limit"] as const,
    registers,
  });
  const alarms = new Counter({
    name: "chaperone_alarms_total",
    help: "Things that must not happen and did.",
    labelNames: ["kind"] as const,
    registers,
  });

  const label = {
    door: boundedLabel(16),
    method: boundedLabel(128),
    state: boundedLabel(32),
    call: boundedLabel(32),
    outcome: boundedLabel(16),
    rule: boundedLabel(64),
    storeCode: boundedLabel(32),
    credentialCode: boundedLabel(32),
    alarm: boundedLabel(32),
  };

  const request = keptChildren((door = "", method = "", outcome = "") =>
    requests.of({ door: label.door(door), method: label.method(method), outcome }),
  );
  const call = keptChildren((name = "", outcome = "") =>
    upstream.of({ call: label.call(name), outcome: label.outcome(outcome) }),
  );
  const masked = keptChildren((rule = "") => cells.labels(label.rule(rule)));
  return {
    request(door, method, outcome, seconds) {
      request(door, method, outcome).observe(seconds);
    },
    session: (state, count = 1) => sessions.inc({ state: label.state(state) }, count),
    held: (count) => held.set(count),
    approvalWait: (decision, seconds) => approvals.observe({ decision }, seconds),
    upstream: (name, outcome, seconds) => call(name, outcome).observe(seconds),
    released(released, fields) {
      rows.inc(released);
      for (const { rule, count } of Object.values(fields)) masked(rule).inc(count);
    },
    ledgerEntries: (count) => entries.inc(count),
    storeRefused: (code) => storeRefusals.inc({ code: label.storeCode(code) }),
    credentialRefused: (code) => credentialRefusals.inc({ code: label.credentialCode(code) }),
    agentLimited: (limit) => agentsLimited.inc({ limit }),
    alarm: (kind) => alarms.inc({ kind: label.alarm(kind) }),
    async text() {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}
