import assert from "node:assert/strict";
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { PROJECT, type Rig } from "../rig.ts";
import type { ProtectedValues } from "./protected-values.ts";

/** One HTTP answer, to the last byte. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Status line, header lines and body, as text: what protected values are looked for in. */
  readonly bytes: string;
  readonly body: string;
  /** False when the connection broke before the answer's end. */
  readonly whole: boolean;
}

interface Cell {
  readonly v: unknown;
}

/** What one attack got: all bytes of all its calls, and how the session ended. */
export interface Loot {
  readonly bytes: string;
  readonly answers: readonly Answer[];
  /** The last answer. */
  readonly last: Answer;
  /** Rows that arrived, as BigQuery's cells; undefined when the query was refused. */
  readonly rows: readonly { readonly f: readonly Cell[] }[] | undefined;
  readonly columns: readonly string[];
  readonly session: { readonly id: string; readonly state: string; readonly error: string | null } | undefined;
}

/** An agent that wants the data: sends what it likes with its own token, and keeps every byte that comes back. */
export class Attacker {
  readonly #rig: Rig;
  readonly #token: string;
  readonly #secrets: ProtectedValues;
  readonly #agent = new Agent({ keepAlive: true });
  /** What this agent wrote itself, as JSON says it: its job's description says it back, which is no leak. */
  readonly #own = new Set<string>();

  constructor(rig: Rig, token: string, secrets: ProtectedValues) {
    this.#rig = rig;
    this.#token = token;
    this.#secrets = secrets;
  }

  get token(): string {
    return this.#token;
  }

  /** One request. A string body is sent as it is, anything else as JSON. Never throws for what the gateway does. */
  send(
    method: string,
    path: string,
    options: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer> {
    const { body } = options;
    const url = new URL(this.#rig.url);
    return new Promise((resolve, reject) => {
      const call = request(
        {
          host: url.hostname,
          port: url.port,
          method,
          path,
          agent: this.#agent,
          headers: {
            authorization: `Bearer ${this.#token}`,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
            ...options.headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          const finish = (whole: boolean) => {
            const text = Buffer.concat(chunks).toString("latin1");
            const head = `${response.statusCode} ${response.statusMessage}\n${response.rawHeaders.join("\n")}`;
            const answer: Answer = {
              status: response.statusCode ?? 0,
              headers: response.headers,
              bytes: `${head}\n\n${text}`,
              body: text,
              whole,
            };
            try {
              this.#secrets.assertAbsent(this.#withoutOwn(answer.bytes), `${method} ${path}`);
              resolve(answer);
            } catch (leak) {
              reject(leak as Error);
            }
          };
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.once("end", () => finish(response.complete));
          response.once("error", () => finish(false));
        },
      );
      call.once("error", reject);
      call.setTimeout(20_000, () => call.destroy(new Error("no answer in 20 s")));
      call.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
    });
  }

  #withoutOwn(bytes: string): string {
    let rest = bytes;
    for (const own of this.#own) rest = rest.replaceAll(own, "");
    return rest;
  }

  query(sql: string, more: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    this.#own.add(Buffer.from(JSON.stringify(sql)).toString("latin1"));
    if (more.queryParameters !== undefined) this.#own.add(JSON.stringify(more.queryParameters));
    return this.send("POST", `/bigquery/v2/projects/${PROJECT}/queries`, {
      body: { query: sql, useLegacySql: false, timeoutMs: 0, ...more },
    });
  }

  results(jobId: string, parameters = "timeoutMs=10000"): Promise<Answer> {
    return this.send("GET", `/bigquery/v2/projects/${PROJECT}/queries/${jobId}?${parameters}`);
  }

  job(jobId: string): Promise<Answer> {
    return this.send("GET", `/bigquery/v2/projects/${PROJECT}/jobs/${jobId}`);
  }

  /** Sends the query; where it is held a privacy officer approves it; then takes every page and the job's description. */
  async attack(sql: string, more: Readonly<Record<string, unknown>> = {}): Promise<Loot> {
    const started = await this.query(sql, more);
    const answers = [started];
    if (started.status !== 200) return { ...(await this.#loot(answers)), session: await newestSession(this.#rig) };
    const { jobReference } = JSON.parse(started.body) as { jobReference: { jobId: string } };
    const session = await sessionOfJob(this.#rig, jobReference.jobId);
    if (session?.state === "held") await approve(this.#rig, session.id);
    let results = await this.results(jobReference.jobId);
    answers.push(results);
    for (let pages = 0; pages < 50; pages++) {
      const token = results.whole && results.status === 200 ? pageToken(results) : undefined;
      if (token === undefined) break;
      results = await this.results(jobReference.jobId, `pageToken=${encodeURIComponent(token)}`);
      answers.push(results);
    }
    answers.push(await this.job(jobReference.jobId));
    return { ...this.#loot(answers), session: await sessionOfJob(this.#rig, jobReference.jobId) };
  }

  #loot(answers: readonly Answer[]): Omit<Loot, "session"> {
    const bodies = answers.flatMap((a) => (a.whole && a.status === 200 ? [JSON.parse(a.body) as Body] : []));
    const withRows = bodies.filter((b) => b.kind !== "bigquery#job" && b.jobComplete === true);
    const last = answers.findLast((a) => !a.body.includes('"bigquery#job"')) ?? answers[0];
    assert.ok(last);
    return {
      bytes: answers.map((a) => a.bytes).join("\n\n"),
      answers,
      last,
      rows: withRows.length === 0 ? undefined : withRows.flatMap((b) => b.rows ?? []),
      columns: (withRows[0]?.schema?.fields ?? []).map((f) => f.name),
    };
  }

  close(): void {
    this.#agent.destroy();
  }
}

interface Body {
  readonly kind?: string;
  readonly jobComplete?: boolean;
  readonly rows?: readonly { readonly f: readonly Cell[] }[];
  readonly schema?: { readonly fields: readonly { readonly name: string }[] };
  readonly pageToken?: string;
}

export function pageToken(answer: Answer): string | undefined {
  return (JSON.parse(answer.body) as Body).pageToken;
}

export async function sessionOfJob(rig: Rig, jobId: string): Promise<Loot["session"]> {
  return rig.gateway.store.db
    .selectFrom("sessions")
    .select(["id", "state", "error"])
    .where("job_id", "=", jobId)
    .executeTakeFirst();
}

/** The session that came last. */
export async function newestSession(rig: Rig): Promise<Loot["session"]> {
  return rig.gateway.store.db
    .selectFrom("sessions")
    .innerJoin("ledger_entries", "ledger_entries.session", "sessions.id")
    .select(["sessions.id", "sessions.state", "sessions.error"])
    .orderBy("ledger_entries.idx", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** Approves the pending request of this session, as dana.officer and as it is now. */
export async function approve(rig: Rig, session: string): Promise<void> {
  const request = await rig.gateway.store.db
    .selectFrom("approval_requests")
    .select(["id", "binding"])
    .where("session", "=", session)
    .where("state", "=", "pending")
    .executeTakeFirstOrThrow();
  await rig.person("dana.officer").post(`approvals/${request.id}/decisions`, {
    decision: "approve",
    reason: "an attack in a test",
    binding: request.binding,
  });
}

/** Jobs that upstream was told to run: dry runs and reads don't count, nor does an upload before its last piece. */
export function jobsRunUpstream(rig: Rig): number {
  return rig.warehouse.requests.filter(({ method, path, headers, body }) => {
    if (path.startsWith("/upload/")) return /\/\d+$/.test(String(headers["content-range"] ?? ""));
    const configuration = body.configuration as { readonly dryRun?: boolean } | undefined;
    return method === "POST" && /\/(jobs|queries)(\?|$)/.test(path) && configuration?.dryRun !== true;
  }).length;
}

/** The answer is a refusal in BigQuery's own error form. */
export function assertRefused(answer: Answer, status?: number): void {
  assert.ok(answer.status >= 400, `answered ${answer.status}: ${answer.body.slice(0, 300)}`);
  if (status !== undefined) assert.equal(answer.status, status, answer.body);
  assert.ok(answer.whole);
  const { error } = JSON.parse(answer.body) as {
    error: { code: number; message: string; status: string; errors: { domain: string; reason: string }[] };
  };
  assert.equal(error.code, answer.status);
  assert.ok(error.message.length > 0 && error.status.length > 0);
  assert.equal(error.errors[0]?.domain, "global");
  assert.ok((error.errors[0]?.reason ?? "").length > 0);
}

/** The query was refused before anything ran, says so in BigQuery's form, and the ledger has its session as denied or failed. */
export async function assertQueryRefused(rig: Rig, attacker: Attacker, sql: string, more = {}): Promise<Loot> {
  const before = jobsRunUpstream(rig);
  const sizeBefore = rig.gateway.store.size;
  const loot = await attacker.attack(sql, more);
  assertRefused(loot.last);
  assert.equal(loot.rows, undefined);
  assert.equal(jobsRunUpstream(rig), before, "something ran upstream");
  assert.ok(loot.session?.state === "denied" || loot.session?.state === "failed", `session is ${loot.session?.state}`);
  assert.ok(rig.gateway.store.size > sizeBefore, "the refusal left no evidence");
  return loot;
}

/** The query ran (after approval where it was held), and these output columns show nothing in any row. */
export async function assertHidden(
  attacker: Attacker,
  sql: string,
  columns: readonly string[],
  more = {},
): Promise<Loot> {
  const loot = await attacker.attack(sql, more);
  assert.ok(loot.rows, `the query did not run: ${loot.last.body.slice(0, 400)}`);
  assert.ok(loot.rows.length > 0, "no rows");
  for (const column of columns) {
    const index = loot.columns.indexOf(column);
    assert.ok(index >= 0, `no column ${column} among ${loot.columns.join(", ")}`);
    const cells: string[] = loot.rows.map((row) => JSON.stringify(row.f[index]?.v) ?? "(none)");
    assert.ok(showsNothing(loot.rows[0]?.f[index]?.v), `${column} shows ${cells[0]}`);
    assert.equal(new Set(cells).size, 1, `${column} varies in shape: ${[...new Set(cells)].slice(0, 3).join(" ")}`);
  }
  return loot;
}

/** No leak is all that is asked: refused cleanly, or run with every protected value out of sight (`send` looks at each byte). */
export async function assertSafe(rig: Rig, attacker: Attacker, sql: string, more = {}): Promise<Loot> {
  const loot = await attacker.attack(sql, more);
  if (loot.rows === undefined) {
    assertRefused(loot.last);
    assert.ok(
      loot.session?.state === "denied" || loot.session?.state === "failed",
      `session is ${loot.session?.state}`,
    );
  }
  assert.ok(rig.gateway.store.size > 0);
  return loot;
}

function showsNothing(value: unknown): boolean {
  if (value === null) return true;
  if (Array.isArray(value)) return value.every((element: Cell) => showsNothing(element.v));
  if (typeof value === "object" && "f" in value) return (value.f as Cell[]).every((field) => showsNothing(field.v));
  return false;
}

/** `p` after FROM and the like becomes the patients' table under the alias p, so that attacks read well. */
export function withPatients(sql: string): string {
  const table = `\`${PROJECT}.ehr.patients\``;
  return sql.replaceAll(
    /(?<=(FROM|JOIN|CLONE|COPY|USING|TABLE|DESCRIBE|,)[\s/*]+)p\b(?!\.)( AS| q\b)?/g,
    (_, before: string, alias: string | undefined) =>
      alias !== undefined || /CLONE|COPY|TABLE|DESCRIBE/.test(before) ? `${table}${alias ?? ""}` : `${table} p`,
  );
}
