import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { canonicalText } from "../../evidence/canonical-json.ts";
import { sharedByMany } from "../../store/plain-data.ts";
import type { AnalysedInput } from "./analysed.ts";
import type { BeginInput } from "./begin.ts";
import type { AskedBy, ReceiveInput } from "./receive.ts";
import type { ReleaseWholeInput } from "./releases.ts";
import { analysed, received } from "./testing/small-query.ts";
import { sessionWires } from "./wires.ts";

const ODD = 'é"\\\n\u2028⟨\ud83d\ude00=:';

function begin(more: Partial<BeginInput["receive"]> = {}, made: Partial<BeginInput["analysed"]> = {}): BeginInput {
  const receive = received(ODD);
  const data = canonicalText({ job: ODD });
  const usual = analysed(ODD);
  const next = { ...usual.next, data: canonicalText({ binding: ODD }) } as typeof usual.next;
  return {
    receive: { ...receive, data, by: sharedByMany({ ...receive.by, purpose: ODD }), ...more },
    analysed: { ...usual, texts: { key: "k" }, next, ...made },
  };
}

function whole(more: Partial<ReleaseWholeInput> = {}): ReleaseWholeInput {
  return {
    session: ODD,
    columns: sharedByMany({ columns: canonicalText([{ name: ODD, mask: "none" }]) }),
    data: { fromRow: 0, maxRows: 9, token: ODD },
    learnt: { upstreamJob: ODD, dryRunBytes: null },
    rows: 9,
    bytes: 10,
    masked: { [ODD]: { rule: "last4", count: 3 } },
    last: true,
    ...more,
  };
}

/** Whoever adds a member here has added it to its wire. */
const MEMBERS: Readonly<
  Record<keyof ReceiveInput | keyof AskedBy | keyof AnalysedInput | keyof ReleaseWholeInput, true>
> = {
  id: true,
  jobId: true,
  requestId: true,
  sealed: true,
  forMany: true,
  requestHmac: true,
  by: true,
  data: true,
  connection: true,
  project: true,
  location: true,
  issuer: true,
  subject: true,
  onBehalfOf: true,
  agentName: true,
  principal: true,
  door: true,
  purpose: true,
  jobConfig: true,
  openPerAgent: true,
  statementType: true,
  texts: true,
  analysed: true,
  decided: true,
  next: true,
  session: true,
  columns: true,
  learnt: true,
  rows: true,
  bytes: true,
  masked: true,
  last: true,
};

suite("the commands of a small query on their way to the store's thread", () => {
  test("arrive as they were sent", () => {
    const running = begin().analysed.next;
    for (const input of [
      begin(),
      begin({ requestId: ODD, requestHmac: "h", jobId: "" }),
      begin({ requestId: "" }),
      begin({ forMany: { key: "f".repeat(64) } }),
      begin({}, { statementType: null }),
      begin({}, { decided: { binding: "", dryRunBytes: 7, data: canonicalText({ [ODD]: 1 }) } }),
      begin({}, { next: { ...running, upstreamJob: "?" } as typeof running }),
    ]) {
      const written = sessionWires["session.begin"].write(input);
      assert.ok(written !== undefined);
      assert.deepEqual(sessionWires["session.begin"].read(structuredClone(written)), input);
    }
    for (const input of [
      whole(),
      whole({ last: false, masked: {}, rows: 0, bytes: 0 }),
      whole({ learnt: { upstreamJob: "", dryRunBytes: 5 }, data: { token: null } }),
    ]) {
      const written = sessionWires["release.whole"].write(input);
      assert.ok(written !== undefined);
      assert.deepEqual(sessionWires["release.whole"].read(structuredClone(written)), input);
    }
  });

  test("bring all that there is", () => {
    const { receive, analysed: made } = begin({ forMany: { key: "k" } });
    const said = new Set([receive, receive.by, made, whole()].flatMap((one) => Object.keys(one)));
    assert.deepEqual(said, new Set(Object.keys(MEMBERS)));
  });

  test("have nothing left out: what they can't say so goes another way", () => {
    const [usual] = [begin()];
    const { next } = usual.analysed;
    assert.ok(next.state === "running");
    const use = { name: "t", how: "reads" } as const;
    const { decided: _, ...undecided } = usual.analysed;
    for (const input of [
      begin({ by: { ...usual.receive.by } }),
      begin({ data: { job: "j" } }),
      begin({ forMany: { key: "k", sealed: "s" } }),
      begin({}, { id: "another" }),
      begin({}, { texts: analysed("").texts }),
      begin({}, { next: { ...next, data: { binding: "b" } } }),
      begin({}, { next: { ...next, travelling: [{ table: "t", path: "p", classes: [] }] } }),
      begin({}, { next: { ...next, uses: { ...next.uses, uses: [use] } } }),
      begin({}, { next: { state: "done", data: {} } }),
      { ...usual, analysed: undecided },
    ])
      assert.equal(sessionWires["session.begin"].write(input), undefined);
    const { learnt: __, ...untold } = whole();
    for (const input of [whole({ columns: { columns: canonicalText([]) } }), untold])
      assert.equal(sessionWires["release.whole"].write(input), undefined);
  });
});
