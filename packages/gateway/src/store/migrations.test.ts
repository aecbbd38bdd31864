import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import type { AgentPrincipal } from "../identity/principal.ts";
import { behalfOf } from "../sessions/session-row.ts";
import { migrate } from "./migrations.ts";

const A: AgentPrincipal = {
  kind: "agent",
  issuer: "https://idp.example",
  subject: "a",
  name: "a",
  groups: [],
  sponsor: { issuer: "https://idp.example", subject: "dr-a" },
  tokenId: "t",
  tokenExpires: 0,
};

describe("a store of before agents acted for people", () => {
  it("keeps each session with those for whom it was asked", () => {
    const db = new DatabaseSync(":memory:");
    migrate(db, 0, 9);
    const principals: readonly AgentPrincipal[] = [
      A,
      { ...A, onBehalfOf: [{ ...A, subject: 'b "quoted" \\ é/ü' }] },
      {
        ...A,
        onBehalfOf: [
          { ...A, subject: "z" },
          { ...A, subject: "c", issuer: "https://other.example/x" },
        ],
      },
    ];
    for (const [i, principal] of principals.entries())
      db.prepare(
        `INSERT INTO sessions (id, state, connection, project, job_id, issuer, subject, agent_name, principal, door, sealed,
          sql_redacted, request_hmac, job_config, created_at, updated_at)
        VALUES (?, 'done', 'c', 'p', ?, 'i', 'a', 'a', ?, 'd', x'00', '', '', '{}', 0, 0)`,
      ).run(String(i), String(i), JSON.stringify(principal));
    migrate(db, 1);
    const rows = db.prepare("SELECT on_behalf_of FROM sessions ORDER BY id").all();
    assert.deepEqual(
      rows.map((row) => row.on_behalf_of),
      principals.map(behalfOf),
    );
    db.close();
  });
});
