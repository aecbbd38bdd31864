import type { Access, ApprovalSummary, ApprovalView, ReplayStep } from "@chaperone/gateway";
import { verifyStore } from "@chaperone/gateway";
import { type ApiClient, ApiError, apiClient } from "../api-client.ts";
import { loginAsDemoPerson } from "../login/index.ts";
import { approvalPage } from "../print/approval.ts";
import { accessPage, replayPage } from "../print/session.ts";
import { safe } from "../print/table.ts";
import { DEMO_PROJECT, type Demo } from "./environment.ts";
import { type AgentAnswer, runAgent } from "./run-agent.ts";

/** What the care summary agent asks for: names, SSNs and diagnoses of a few patients. */
export const TOUR_QUERY = `SELECT p.full_name, p.ssn, c.code, c.description
FROM \`${DEMO_PROJECT}.ehr.patients\` AS p
JOIN \`${DEMO_PROJECT}.ehr.conditions\` AS c ON c.patient_id = p.patient_id
WHERE c.code LIKE 'E11%'
ORDER BY c.condition_id
LIMIT 5`;

/** The same data by another way of asking. */
const PIPE_QUERY = `FROM \`${DEMO_PROJECT}.ehr.patients\` AS p
|> JOIN \`${DEMO_PROJECT}.ehr.encounters\` AS e USING (patient_id)
|> WHERE e.department = 'Cardiology'
|> SELECT full_name, ssn AS number
|> LIMIT 3`;

const SCRIPT = `DECLARE kind STRING DEFAULT 'E11%';
CREATE TEMP TABLE found AS
  SELECT p.full_name, p.ssn AS number
  FROM \`${DEMO_PROJECT}.ehr.patients\` AS p
  JOIN \`${DEMO_PROJECT}.ehr.conditions\` AS c ON c.patient_id = p.patient_id
  WHERE c.code LIKE kind;
SELECT full_name, number FROM found LIMIT 3;`;

const MASKED_SSN = /^XXXXX[0-9]{4}$/;
const SSN = /^[0-9]{3}-[0-9]{2}-[0-9]{4}$/;
/** How long the tour waits for something that should be there at once. */
const PATIENCE_MS = 15_000;

export interface TourOptions {
  readonly demo: Demo;
  readonly state: string;
  readonly write: (text: string) => void;
  /** Ends the tour's agents. */
  readonly signal?: AbortSignal;
}

/** Something of the tour was not as it says. */
export class TourFailure extends Error {
  override readonly name = "TourFailure";
}

/** Plays the whole path with the official client, checking each step. Throws TourFailure at the first that is not as told. */
export async function playTour({ demo, state, write, signal }: TourOptions): Promise<void> {
  const { gateway, identityProvider } = demo;
  const endpoint = gateway.url;
  const title = (n: number, text: string) => write(`\n── ${n}. ${text}\n`);
  const show = (text: string) => write(`${text.replace(/^/gm, "   ")}\n`);
  const agent = async (clientId: string, query: string, purpose?: string) =>
    runAgent({
      endpoint,
      project: DEMO_PROJECT,
      token: await identityProvider.agentToken(clientId),
      query,
      ...(purpose === undefined ? {} : { purpose }),
      ...(signal === undefined ? {} : { signal }),
    });
  const person = (subject: string): ApiClient => {
    const token = loginAsDemoPerson(identityProvider.issuer, subject);
    return apiClient(endpoint, () => token);
  };
  const dana = person("dana.officer");
  const avery = person("avery.auditor");
  const sam = person("sam.sponsor");

  // Of an earlier run, perhaps: not this tour's to decide.
  const { approvals: waiting } = await dana.get<{ approvals: ApprovalSummary[] }>("approvals?state=pending");
  const others = new Set(waiting.map(({ id }) => id));

  title(1, "An agent asks for patients' names, SSNs and diagnoses");
  show(`care-summary-agent, with @google-cloud/bigquery and its own OIDC token:\n${TOUR_QUERY}`);
  const answer = agent("care-summary-agent", TOUR_QUERY, "care-coordination");
  const request = await pendingRequest(dana, answer, others);

  title(2, "Chaperone holds it: the job is PENDING, and this is what the privacy officer sees");
  const view = await dana.get<ApprovalView>(`approvals/${request.id}`);
  show(approvalPage(view));
  must(
    view.uses.some((u) => u.path === "ssn" && u.mask.rule === "last4"),
    "the reviewer sees that ssn will be masked to its last four",
  );

  title(3, "The agent's own sponsor may not approve it; the privacy officer does");
  const refusal = await refusalOf(
    sam.post(`approvals/${request.id}/decisions`, {
      decision: "approve",
      reason: "it is my agent",
      binding: view.binding,
    }),
  );
  show(`sam.sponsor:  refused: ${refusal.message}`);
  await dana.post(`approvals/${request.id}/decisions`, {
    decision: "approve",
    reason: "care summary for the diabetes clinic",
    binding: view.binding,
  });
  show('dana.officer: approved, "care summary for the diabetes clinic"');

  title(4, "The agent's own query() returns, masked");
  const rows = (await answer).rows ?? fail("the agent gets its rows");
  show(rows.map((row) => safe(JSON.stringify(row))).join("\n"));
  must(rows.length === 5, "five rows arrive");
  must(
    rows.every((row) => /^XXXXX[0-9]{4}$/.test(String(row.ssn)) && !SSN.test(String(row.ssn))),
    "every SSN shows its last four digits only",
  );

  title(5, "The audit record: who, when, what, approved by whom, what was masked");
  const access = await avery.get<Access>(`sessions/${view.session}`);
  show(accessPage(access));
  must(
    access.approval.by.some((b) => b.subject === "dana.officer" && b.decision === "approve"),
    "the record names who approved",
  );
  must(
    access.masked.columns.ssn?.count === 5 && access.masked.columns.ssn.rule === "last4",
    "the record counts what was masked",
  );
  must(access.who.subject === "care-summary-agent", "the record names the agent");

  title(6, "The ledger, verified from its first entry to its last");
  const verified = await verifyStore(state);
  show(
    `${verified.entries} entries, ${verified.checkpoints} signed checkpoints, all consistent: ${verified.ok ? "verified" : "NOT VERIFIED"}\n${verified.vkey}`,
  );
  must(verified.ok, "the ledger verifies");

  title(7, "The session, replayed from the ledger");
  const { steps } = await avery.get<{ steps: ReplayStep[] }>(`sessions/${view.session}/replay`);
  show(replayPage(steps));
  must(
    [
      "session.received",
      "session.held",
      "approval.decided",
      "session.running",
      "release.started",
      "session.done",
    ].every((type) => steps.some((s) => s.type === type)),
    "the replay has every step",
  );

  title(8, "A query in pipe syntax, and a script with a temporary table: the masks follow");
  const approvedOf = async (query: string, reason: string) => {
    const pending = agent("care-summary-agent", query, "care-coordination");
    const { id } = await pendingRequest(dana, pending, others);
    const { binding } = await dana.get<ApprovalView>(`approvals/${id}`);
    show(`${query}\n`);
    await dana.post(`approvals/${id}/decisions`, { decision: "approve", reason, binding });
    show(`held as ${id}\ndana.officer: approved, "${reason}"\n`);
    const { rows: answered, error: failed } = await pending;
    show(
      `${(answered ?? fail(failed?.message ?? "rows arrive")).map((row) => safe(JSON.stringify(row))).join("\n")}\n`,
    );
    return answered ?? [];
  };
  const piped = await approvedOf(PIPE_QUERY, "visits of the cardiology department");
  must(
    piped.length > 0 && piped.every((row) => row.full_name !== null && MASKED_SSN.test(String(row.number))),
    "the pipe query's SSNs are masked under their new name",
  );
  const scripted = await approvedOf(SCRIPT, "the same, as a script");
  must(
    scripted.length === 3 && scripted.every((row) => MASKED_SSN.test(String(row.number))),
    "the script's SSNs are masked, though they went through a temporary table",
  );

  title(9, "What is refused");
  const refused = async (what: string, clientId: string, query: string, expected: RegExp) => {
    const { error, rows: leaked } = await agent(clientId, query);
    if (error === undefined) fail(`${what} is refused (${leaked?.length ?? 0} rows came)`);
    show(`${what}\n  ${error.code} ${firstLines(error.message ?? "")}`);
    must(expected.test(error.message ?? ""), `${what} is refused for the right reason`);
  };
  await refused(
    "rogue-agent, which no policy permits anything, not even to know of the table:",
    "rogue-agent",
    `SELECT full_name FROM \`${DEMO_PROJECT}.ehr.patients\` LIMIT 1`,
    /not found/,
  );
  await refused(
    "EXPORT DATA:",
    "care-summary-agent",
    `EXPORT DATA OPTIONS(uri='gs://elsewhere/*.csv', format='CSV') AS SELECT ssn FROM \`${DEMO_PROJECT}.ehr.patients\``,
    /export/,
  );
  await refused(
    "WHERE ssn < '5' (a search by halves):",
    "care-summary-agent",
    `SELECT COUNT(*) AS n FROM \`${DEMO_PROJECT}.ehr.patients\` WHERE ssn < '5'`,
    /ssn/,
  );
  await refused(
    "TO_JSON_STRING(p) (the whole row as one text):",
    "care-summary-agent",
    `SELECT TO_JSON_STRING(p) AS j FROM \`${DEMO_PROJECT}.ehr.patients\` AS p`,
    /polic|permit|may not|denied/i,
  );

  title(10, "A query that the privacy officer does not approve");
  const lonely = agent(
    "care-summary-agent",
    `SELECT full_name, ssn FROM \`${DEMO_PROJECT}.ehr.patients\` ORDER BY patient_id LIMIT 3`,
    "curiosity",
  );
  const second = await pendingRequest(dana, lonely, others);
  const secondView = await dana.get<ApprovalView>(`approvals/${second.id}`);
  await dana.post(`approvals/${second.id}/decisions`, {
    decision: "deny",
    reason: "curiosity is no purpose of use",
    binding: secondView.binding,
  });
  const { error } = await lonely;
  if (error === undefined) fail("the denied query is refused");
  show(`the agent's client raises: ${error.code} ${safe(error.message ?? "")}`);
  must(
    error.code === 403 && /curiosity is no purpose/.test(error.message ?? ""),
    "the denial reaches the agent with its reason",
  );
}

/** The agent's request in the officer's inbox, which has others too, or a failure if its client answered instead. */
async function pendingRequest(
  officer: ApiClient,
  answer: Promise<AgentAnswer>,
  others: ReadonlySet<string>,
): Promise<ApprovalSummary> {
  let early: AgentAnswer | undefined;
  answer.then(
    (a) => {
      early = a;
    },
    () => undefined,
  );
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    if (early !== undefined)
      fail(`the query is held (its client answered ${early.error?.message ?? `${early.rows?.length} rows`})`);
    const { approvals } = await officer.get<{ approvals: ApprovalSummary[] }>("approvals?state=pending");
    const request = approvals.find(({ id }) => !others.has(id));
    if (request !== undefined) return request;
    await new Promise((tick) => setTimeout(tick, 100));
  }
  return fail("the request appears in the inbox");
}

async function refusalOf(call: Promise<unknown>): Promise<ApiError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  return fail("the agent's sponsor is refused");
}

function must(condition: boolean, what: string): asserts condition {
  if (!condition) fail(what);
}

function fail(what: string): never {
  throw new TourFailure(`not as told: ${what}`);
}

/** The first lines of a refusal; a long one goes on. */
function firstLines(message: string): string {
  const lines = message.split("\n").map(safe);
  return lines.length <= 4
    ? lines.join("\n      ")
    : [...lines.slice(0, 3), `… (${lines.length - 3} lines more)`].join("\n      ");
}
