/** Threat-model row 46: an agent in a loop, by as many connections as it likes, takes its own share and nobody else's. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { storageClient, tableName } from "../storage-client.ts";
import { type Answer, Attacker } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const PROJECTS = "/bigquery/v2/projects";
const BURST = 30;
const RATE = 10;

describe("row 46: an agent in a loop", () => {
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: Attacker;
  let other: Attacker;
  before(async () => {
    rig = await startRig({
      patients: 12,
      config: { limits: { requests: { rate_per_agent: RATE, burst_per_agent: BURST } } },
    });
    secrets = await protectedValues(rig);
    agent = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
    other = new Attacker(rig, await rig.token("research-agent"), secrets);
  });
  after(async () => {
    agent.close();
    other.close();
    await rig.close();
  });

  /** Asks many times at once, each time by a connection of its own. */
  const flood = (count: number): Promise<readonly { readonly status: number; readonly retryAfter: string | null }[]> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const { status, headers } = await fetch(`${rig.url}${PROJECTS}`, {
          headers: { authorization: `Bearer ${agent.token}`, connection: "close" },
        });
        return { status, retryAfter: headers.get("retry-after") };
      }),
    );
  const countOf = (answers: readonly { readonly status: number }[], status: number) =>
    answers.filter((one) => one.status === status).length;

  it("is told to wait beyond its burst, whatever connection or token it comes with, and others are answered", async () => {
    const began = Date.now();
    const answers = await flood(3 * BURST);
    const filled = Math.ceil(((Date.now() - began) / 1000) * RATE) + 1;
    const ok = countOf(answers, 200);
    assert.ok(ok >= BURST && ok <= BURST + filled, `${ok} answered`);
    const refused = answers.filter(({ status }) => status !== 200);
    assert.ok(refused.every(({ status, retryAfter }) => status === 429 && retryAfter === "1"));
    const again = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
    let answer: Answer = await again.send("GET", PROJECTS);
    for (let i = 0; i < 2 * RATE && answer.status !== 429; i++) answer = await again.send("GET", PROJECTS);
    again.close();
    assert.equal(answer.status, 429, "a new token is the same agent");
    const { code, errors, status } = JSON.parse(answer.body).error;
    assert.deepEqual([code, errors[0].reason, status], [429, "rateLimitExceeded", "RESOURCE_EXHAUSTED"]);
    for (let i = 0; i < BURST / 2; i++) assert.equal((await other.send("GET", PROJECTS)).status, 200);
    const metrics = await (await fetch(`${rig.url}/metrics`)).text();
    const counted = /^chaperone_agent_limited_total\{limit="rate"\} (\d+)$/m.exec(metrics)?.[1];
    assert.ok(Number(counted) >= refused.length, counted);
  });

  it("asks again by its official client, which waits by itself", async () => {
    await flood(2 * BURST);
    const client = await rig.client("care-summary-agent");
    const [rows] = await client.query(`SELECT COUNT(*) AS n FROM \`${PROJECT}.ops.calendar\``);
    assert.equal(rows.length, 1);
  });

  it("is counted at the Storage Read API as well, where the official client waits too", async () => {
    const storage = await storageClient(rig, "care-summary-agent");
    const refused = async () => {
      const metrics = await (await fetch(`${rig.url}/metrics`)).text();
      const line = /^chaperone_request_duration_seconds_count\{door="bigquery-storage",.*outcome="failed"\} (\d+)$/m;
      return Number(line.exec(metrics)?.[1] ?? 0);
    };
    try {
      // More at once than the share gains while the first connection is made.
      await flood(2 * BURST);
      const opened = await Promise.all(Array.from({ length: 2 * RATE }, () => storage.open(tableName("ops.calendar"))));
      assert.ok(opened.every(({ name }) => name));
      assert.ok((await refused()) > 0, "it had to wait");
    } finally {
      await storage.close();
    }
  });
});
