import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { describe, it } from "node:test";
import { deriveTokenKeys } from "@chaperone/masking";
import type { AgentPrincipal } from "../identity/principal.ts";
import { askDirectly } from "../store/prepared.ts";
import type { SqliteConnection } from "../store/sqlite-dialect.ts";
import { openFirstPage, openSoon } from "./first-page.ts";
import type { MaskPlan } from "./mask-plan.ts";
import { openPage, type PageOptions, type PageRequest } from "./page.ts";
import type { SessionRow } from "./session-row.ts";

const PLAN: MaskPlan = {
  schema: [{ name: "ssn", type: "STRING", mode: "NULLABLE" }],
  fields: [{ name: "ssn", type: "STRING", repeated: false, mask: { rule: "SHA256" } }],
};
const ROW = {
  id: "s",
  project: "p",
  upstream_job: "j",
  connection: "c",
  decision: JSON.stringify({ effect: "permit", obligations: { limitRows: 4 } }),
} as unknown as SessionRow;
const PRINCIPAL = {
  kind: "agent",
  issuer: "i",
  subject: "a",
  tokenId: "t",
  credential: {},
} as unknown as AgentPrincipal;

interface World {
  readonly answer: string;
  /** How the session's job ended by what others heard before. */
  readonly endedBefore?: { readonly ok: false };
  /** The agent is, or comes to be while upstream answers. */
  readonly suspended?: boolean | "meanwhile";
  /** The client goes away while it waits; or while this command is carried out. */
  readonly goes?: boolean | string;
  /** The command that the store can't carry out. */
  readonly fails?: string;
  /** It is run by the very call; the job is another session's. */
  readonly queried?: "first" | "another's";
  readonly plan?: MaskPlan;
  /** It is asked for when the job has ended. */
  readonly later?: boolean;
}

/** Opens the first page of an answer; says what was done and what could be read. */
async function opened({
  answer,
  endedBefore,
  suspended = false,
  goes = false,
  fails,
  queried,
  plan = PLAN,
  later,
}: World) {
  const done: string[] = [];
  const client = new AbortController();
  const run = async (name: string) => {
    done.push(name);
    if (name === goes) client.abort();
    if (name === fails) throw new Error("no evidence");
    return { number: 1 };
  };
  let outcome: unknown = endedBefore;
  let isSuspended = suspended === true;
  const options = {
    store: {
      run,
      append: async ([event]: readonly { readonly type: string }[]) => void done.push(event?.type ?? ""),
    },
    engine: {
      maskPlanOf: () => plan,
      connectionByRow: () => ({
        location: "US",
        upstream: {
          queryRows: async () => ({
            body: (async function* () {
              if (goes === true) client.abort();
              for (const piece of answer.match(/.{1,50}/gs) ?? []) yield Buffer.from(piece);
            })(),
          }),
          streamQueryResults: async () => ({
            body: (async function* () {
              if (goes === true) client.abort();
              client.signal.throwIfAborted();
              if (suspended === "meanwhile") isSuspended = true;
              for (const piece of answer.match(/.{1,50}/gs) ?? []) yield Buffer.from(piece);
            })(),
          }),
        },
      }),
      mayBeNamed: () => queried !== "another's",
      named: async (row: SessionRow, jobId: string) => {
        done.push(`named ${jobId}`);
        return { ...row, upstream_job: jobId };
      },
      queryFailed: async (row: SessionRow) => {
        done.push("failed");
        return { ...row, error: "{}" };
      },
      distrust: async () => void done.push("distrust"),
      releaseEnded: () => run("release.finish"),
      completed: async (_: SessionRow, how: unknown) => {
        outcome ??= how;
      },
      outcome: () => outcome,
      pageRefusal: async () => undefined,
    },
    sealer: { seal: (text: string) => Buffer.from(text) },
    metrics: { released: () => undefined },
    masking: {
      keys: deriveTokenKeys(createSecretKey(Buffer.alloc(32, 1))),
      smallcellK: 11,
      dateshiftDays: 30,
      recordNumbers: [],
      restrictedZips: undefined,
    },
    clock: () => 0,
    rowsPerPage: 100,
    pageMs: 1000,
  } as unknown as PageOptions;
  const asking = {
    version: () => (isSuspended ? 1 : 0),
    all: (sql: string) => (sql.includes('"agents"') ? [{ status: isSuspended ? "suspended" : "active" }] : []),
  };
  askDirectly(options.store, asking as unknown as SqliteConnection, () => undefined);
  const asked = { pageToken: undefined, startIndex: undefined, maxResults: undefined, formatOptions: {} };
  const wanted = () => !client.signal.aborted;
  if (queried !== undefined) {
    const row = { ...ROW, upstream_job: "?" };
    const query = { project: "p", location: "US", sql: "SELECT 1", jobTimeoutMs: 1 };
    const page = await openSoon(options, PRINCIPAL, row, query, asked as PageRequest, 1000, wanted, client.signal)
      .then((soon) => soon.page)
      .catch((error: Error) => error);
    return { page, done };
  }
  if (later === true) {
    const ended = { ok: true, totalRows: 2 } as const;
    const page = await openPage(options, PRINCIPAL, ROW, ended, asked as PageRequest, client.signal).catch(
      (error: Error) => error,
    );
    return { page, done };
  }
  const page = await openFirstPage(
    options,
    PRINCIPAL,
    ROW,
    asked as Parameters<typeof openFirstPage>[3],
    1000,
    client.signal,
  ).catch((error: Error) => error);
  return { page, done };
}

const SCHEMA = '"schema":{"fields":[{"name":"ssn","type":"STRING"}]}';
const JOB = '"jobReference":{"projectId":"p","jobId":"j"}';
const rows = (n: number) => `"rows":[${Array(n).fill('{"f":[{"v":"123-45-6789"}]}').join(",")}]`;
const TRUE = '"jobComplete":true';
const of = (...members: string[]) => `{${members.join(",")}}`;

describe("the first page, by the call that waits for its job", () => {
  it("leaves, masked, once its release is recorded", async () => {
    const { page, done } = await opened({ answer: of(SCHEMA, JOB, '"totalRows":"2"', rows(2), TRUE) });
    assert.ok(page !== undefined && !(page instanceof Error), String(page));
    assert.equal(page.totalRows, 2);
    assert.doesNotMatch(Buffer.from(page.whole ?? "").toString(), /6789/);
    assert.deepEqual(done, ["release.whole"]);
  });

  it("is small or isn't opened whole", async () => {
    const many = `"rows":[${Array(4)
      .fill(`{"f":[{"v":"${"x".repeat(5)}"}]}`)
      .join(",")}]`;
    const { page } = await opened({ answer: of(SCHEMA, JOB, '"totalRows":"900"', many, '"pageToken":"n"', TRUE) });
    assert.ok(page !== undefined && !(page instanceof Error), String(page));
    // Policy shows four rows of any result, so nothing follows.
    assert.equal(page.totalRows, 4);
    assert.equal(page.next(), undefined);
  });

  const left: readonly [string, string][] = [
    ["isn't complete", of(JOB, '"jobComplete":false')],
    ["isn't complete and has rows all the same", of('"jobComplete":false', SCHEMA, JOB, '"totalRows":"2"', rows(2))],
    ["is another's", of(SCHEMA, '"jobReference":{"projectId":"p","jobId":"k"}', '"totalRows":"2"', rows(2), TRUE)],
    [
      "is another project's",
      of(SCHEMA, '"jobReference":{"projectId":"q","jobId":"j"}', '"totalRows":"2"', rows(2), TRUE),
    ],
    [
      "is of another location",
      of(SCHEMA, '"jobReference":{"projectId":"p","jobId":"j","location":"EU"}', '"totalRows":"2"', rows(2), TRUE),
    ],
    ["isn't named", of(SCHEMA, '"totalRows":"2"', rows(2), TRUE)],
    ["doesn't say how many rows it has", of(SCHEMA, JOB, rows(2), TRUE)],
    ["has a negative number of rows", of(SCHEMA, JOB, '"totalRows":"-2"', rows(2), TRUE)],
    ["broke off at once", "{"],
  ];
  for (const [what, answer] of left)
    it(`of a job that ${what} is left to whoever follows it`, async () => {
      assert.deepEqual(await opened({ answer }), { page: undefined, done: [] });
    });

  const lies: readonly [string, string][] = [
    ["more rows than it says before them", of(SCHEMA, JOB, '"totalRows":"1"', rows(2), TRUE)],
    ["more rows than it says behind them", of(SCHEMA, JOB, rows(3), '"totalRows":"2"', TRUE)],
    ["more rows than were asked for", of(SCHEMA, JOB, '"totalRows":"9"', rows(5), TRUE)],
    ["fewer rows than it says", of(SCHEMA, JOB, '"totalRows":"3"', rows(2), TRUE)],
    [
      "rows of a job that isn't complete, as it says behind them",
      of(SCHEMA, JOB, '"totalRows":"2"', rows(2), '"jobComplete":false'),
    ],
    ["rows, and not whether the job is complete", of(SCHEMA, JOB, '"totalRows":"2"', rows(2))],
    ["rows twice", of(SCHEMA, JOB, '"totalRows":"2"', rows(2), rows(2), TRUE)],
    ["how many rows twice", of(SCHEMA, JOB, '"totalRows":"2"', rows(2), '"totalRows":"2"', TRUE)],
    ["rows before their schema", of(JOB, '"totalRows":"2"', rows(2), SCHEMA, TRUE)],
    ["no end", `{${SCHEMA},${JOB},"totalRows":"2",${rows(2)}`],
  ];
  for (const [what, answer] of lies)
    it(`with ${what} is refused with an alarm, and nothing is released`, async () => {
      const { page, done } = await opened({ answer });
      assert.ok(page instanceof Error);
      assert.deepEqual(done, ["distrust"]);
    });

  const GOOD = of(SCHEMA, JOB, '"totalRows":"2"', rows(2), TRUE);

  it("I3: doesn't leave where its release can't be recorded", async () => {
    const { page } = await opened({ answer: GOOD, fails: "release.whole" });
    assert.ok(page instanceof Error);
  });

  it("of a job that was cancelled while it was waited for isn't opened", async () => {
    assert.deepEqual(await opened({ answer: GOOD, endedBefore: { ok: false } }), { page: undefined, done: [] });
  });

  it("isn't opened for a client that went away", async () => {
    assert.deepEqual(await opened({ answer: GOOD, goes: true }), { page: undefined, done: [] });
  });

  it("doesn't leave for an agent that was suspended while it waited", async () => {
    const { page, done } = await opened({ answer: GOOD, suspended: true });
    assert.ok(page instanceof Error);
    assert.match(page.message, /suspended/);
    assert.deepEqual(done, ["release.refused"]);
  });
});

describe("the first page, by the call that runs its query", () => {
  const queried = "first";
  const GOOD = of(SCHEMA, JOB, '"totalRows":"2"', rows(2), TRUE);

  it("leaves, masked, once its release is recorded, with its job", async () => {
    const { page, done } = await opened({ answer: GOOD, queried });
    assert.ok(page !== undefined && !(page instanceof Error), String(page));
    assert.doesNotMatch(Buffer.from(page.whole ?? "").toString(), /6789/);
    assert.deepEqual(done, ["release.whole"]);
  });

  for (const [what, job] of [
    ["no job", ""],
    ["a job of another project", '"jobReference":{"projectId":"q","jobId":"j"},'],
    ["a job that can't be one", '"jobReference":{"projectId":"p","jobId":"../j"},'],
    ["a job without a name", '"jobReference":{"projectId":"p"},'],
  ] as const)
    it(`I2: with ${what} is refused with an alarm, and nothing is released`, async () => {
      const answer = `{${SCHEMA},${job}"totalRows":"2",${rows(2)},${TRUE}}`;
      const { page, done } = await opened({ answer, queried });
      assert.ok(page instanceof Error);
      assert.deepEqual(done, ["distrust"]);
    });

  it("I2: of a job that another session's answer named is refused with an alarm", async () => {
    const { page, done } = await opened({ answer: GOOD, queried: "another's" });
    assert.ok(page instanceof Error);
    assert.deepEqual(done, ["distrust"]);
  });

  it("of a job that isn't complete is left to whoever follows it, by its name", async () => {
    const { done } = await opened({ answer: of(JOB, '"jobComplete":false'), queried });
    assert.equal(done[0], "named j");
  });

  it("whose answer ends before it says of which job it is has failed", async () => {
    assert.deepEqual((await opened({ answer: "{", queried })).done, ["failed"]);
  });

  it("isn't opened for a client that went away, but its job is known", async () => {
    assert.deepEqual(await opened({ answer: GOOD, queried, goes: true }), { page: undefined, done: ["named j"] });
  });

  it("that is large ends at once where nobody waits any more when its release is recorded", async () => {
    const plan: MaskPlan = {
      schema: [{ name: "ssn", type: "STRING", mode: "NULLABLE" }],
      fields: [{ name: "ssn", type: "STRING", repeated: false, mask: { rule: "none" } }],
    };
    const row = `"rows":[{"f":[{"v":"${"x".repeat(70_000)}"}]}]`;
    const answer = of(SCHEMA, JOB, '"totalRows":"1"', row, TRUE);
    const { page, done } = await opened({ answer, queried, plan, goes: "release.start" });
    assert.deepEqual([page, done], [undefined, ["release.start", "release.finish"]]);
  });

  it("of a job that was cancelled meanwhile isn't opened, but its job is known", async () => {
    const { page, done } = await opened({ answer: GOOD, queried, endedBefore: { ok: false } });
    assert.deepEqual([page, done], [undefined, ["named j"]]);
  });

  it("doesn't leave for an agent that was suspended while it waited", async () => {
    const { page, done } = await opened({ answer: GOOD, queried, suspended: true });
    assert.ok(page instanceof Error);
    assert.deepEqual(done, ["release.refused", "named j"]);
  });

  it("I3: doesn't leave where its release can't be recorded", async () => {
    assert.ok((await opened({ answer: GOOD, queried, fails: "release.whole" })).page instanceof Error);
  });
});

describe("a page of a job that has ended", () => {
  const GOOD = of(SCHEMA, JOB, rows(2), '"totalRows":"2"', TRUE);

  it("leaves, masked, once its release is recorded", async () => {
    const { page, done } = await opened({ answer: GOOD, later: true });
    assert.ok(page !== undefined && !(page instanceof Error), String(page));
    assert.doesNotMatch(Buffer.from(page.whole ?? "").toString(), /6789/);
    assert.deepEqual(done, ["release.whole"]);
  });

  it("doesn't leave for an agent that was suspended while BigQuery answered", async () => {
    const { page, done } = await opened({ answer: GOOD, later: true, suspended: "meanwhile" });
    assert.ok(page instanceof Error);
    assert.match(page.message, /suspended/);
    assert.deepEqual(done, ["release.refused"]);
  });
});
