import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentPrincipal, PersonPrincipal } from "../identity/principal.ts";
import { Pieces } from "./pieces.ts";
import { UploadRoom } from "./upload-room.ts";

const LARGEST = 100;
const newPieces = () => new Pieces(() => 0, new UploadRoom(LARGEST), LARGEST);
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
    assert.ok(pieces.begin(forPerson("p"), "project", "", 4 * LARGEST));
    assert.equal(pieces.begin(forPerson("q"), "project", "", 1), undefined);
    assert.ok(pieces.begin({ ...A, subject: "b" }, "project", "", 1));
  });
});
