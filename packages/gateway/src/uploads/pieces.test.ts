import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentPrincipal, PersonPrincipal } from "../identity/principal.ts";
import { IDLE_MS, Pieces, SPARED_MS } from "./pieces.ts";
import { roomForUploads } from "./upload-room.ts";

const LARGEST = 100;
const LIFE_MS = 60 * 60_000;
const newPieces = () => new Pieces(() => 0, roomForUploads(LARGEST), LARGEST, LIFE_MS);
const issuer = "https://idp.example";
const A: AgentPrincipal = {
  kind: "agent",
  issuer,
  subject: "a",
  name: "a",
  groups: [],
  sponsor: { issuer, subject: "dr-a" },
  tokenId: "t",
  tokenExpires: 0,
};
const person = (subject: string): PersonPrincipal => ({
  kind: "person",
  issuer,
  subject,
  name: subject,
  groups: [],
  tokenId: "t",
  tokenExpires: 0,
});
const forPerson = (subject: string): AgentPrincipal => ({ ...A, onBehalfOf: [person(subject)] });

describe("an upload in pieces", () => {
  it("is for the agent and the person it was begun for", () => {
    const pieces = newPieces();
    const { id } = pieces.begin(forPerson("p"), "project", "", undefined) ?? assert.fail();
    for (const other of [A, forPerson("q"), { ...A, onBehalfOf: [{ ...A, subject: "p" }] }])
      assert.equal(pieces.find(id, other, "project"), undefined);
    assert.equal(pieces.find(id, forPerson("p"), "project")?.id, id);
  });

  it("isn't had more often by acting for more people", () => {
    const alone = newPieces();
    let most = 0;
    while (alone.begin(A, "project", "", undefined) !== undefined && most < 1000) most++;
    const many = newPieces();
    let count = 0;
    while (many.begin(forPerson(`p${count}`), "project", "", undefined) !== undefined && count < 1000) count++;
    assert.equal(count, most);
  });

  it("isn't given more memory by acting for more people", () => {
    const pieces = newPieces();
    for (const subject of ["p", "q", "r", "s"]) assert.ok(pieces.begin(forPerson(subject), "project", "", LARGEST));
    assert.equal(pieces.begin(forPerson("t"), "project", "", 1), undefined);
    assert.ok(pieces.begin({ ...A, subject: "b" }, "project", "", 1));
  });

  it("is left to an agent that has none, whatever a few others take", () => {
    const pieces = newPieces();
    const agents = Array.from({ length: 7 }, (_, n) => ({ ...A, subject: `greedy${n}` }));
    for (const agent of agents) while (pieces.begin(agent, "project", "", undefined) !== undefined);
    for (const agent of agents) assert.equal(pieces.begin(agent, "project", "", undefined), undefined);
    const four = newPieces();
    for (const agent of agents.slice(0, 4)) while (four.begin(agent, "project", "", undefined) !== undefined);
    assert.ok(four.begin({ ...A, subject: "late" }, "project", "", undefined));
  });

  it("that nobody goes on with makes room for an agent that has none, and ends by itself", () => {
    let now = 0;
    const ended: string[] = [];
    const pieces = new Pieces(() => now, roomForUploads(LARGEST), LARGEST, LIFE_MS);
    const begin = (subject: string) => pieces.begin({ ...A, subject }, "project", "", LARGEST);
    for (let n = 0; n < 40; n++)
      for (let upload = begin(`greedy${n}`); upload !== undefined; upload = begin(`greedy${n}`)) {
        const { id } = upload;
        upload.stream = { add: async () => {}, breakOff: async () => void ended.push(id) };
        now++;
      }
    assert.equal(begin("late"), undefined);
    now += SPARED_MS;
    assert.ok(begin("late"));
    assert.equal(ended.length, 1);
    now += IDLE_MS + 1000;
    pieces.forgetIdle();
    assert.ok(ended.length >= 15);
    assert.ok(begin("late"));
  });

  it("that gets a byte now and then has its time in all, however often it is asked for", () => {
    let now = 0;
    const ended: unknown[] = [];
    const pieces = new Pieces(() => now, roomForUploads(LARGEST), LARGEST, LIFE_MS);
    const begin = () => pieces.begin(A, "project", "", undefined) ?? assert.fail();
    const upload = begin();
    upload.stream = { add: async () => {}, breakOff: async (error) => void ended.push(error) };
    const room = upload.release;
    for (; now < LIFE_MS; now += IDLE_MS / 2) assert.equal(pieces.find(upload.id, A, "project"), upload);
    now++;
    upload.busy = true;
    pieces.forgetIdle();
    assert.deepEqual(ended, [], "a piece is arriving");
    upload.busy = false;
    assert.equal(pieces.find(upload.id, A, "project"), undefined);
    assert.match(String(ended), /^UploadError: The upload took longer than it may/);
    room();
    for (let n = 0; n < 2; n++) begin();
  });

  it("ends with the gateway, which doesn't wait long for it", async () => {
    const pieces = new Pieces(() => 0, roomForUploads(LARGEST), LARGEST, LIFE_MS);
    const ended: string[] = [];
    const ends = [async () => void ended.push("soon"), () => new Promise<void>(() => undefined)];
    for (const breakOff of ends) {
      const upload = pieces.begin(A, "project", "", 1) ?? assert.fail();
      upload.stream = { add: async () => {}, breakOff };
    }
    const begun = performance.now();
    // What it waits with keeps no process alive by itself.
    const alive = setTimeout(() => undefined, 60_000);
    await pieces.close();
    clearTimeout(alive);
    assert.deepEqual(ended, ["soon"]);
    assert.ok(performance.now() - begun < 10_000);
  });
});
