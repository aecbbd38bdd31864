import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import type { PersonPrincipal } from "../../identity/principal.ts";
import { AGENT, analysed, ISSUER, received } from "../../sessions/commands/testing/small-query.ts";
import { CommandError } from "../../store/command.ts";
import { openStore } from "../../store/store.ts";
import { ConsoleApi, type ConsoleApiOptions } from "./console-api.ts";

const REVIEWER: PersonPrincipal = {
  ...{ kind: "person", issuer: ISSUER, subject: "dana", name: "Dana", groups: ["officers"] },
  ...{ tokenId: "t", tokenExpires: 0 },
};

it("doesn't say of who decided that they may not, where what was decided can't go on", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "chaperone-console-"));
  const store = await openStore({ directory, origin: "test.example/ledger" });
  const api = new ConsoleApi({
    store,
    roles: { approvers: [], auditors: [], administrators: [] },
    engine: {
      // As where the agent cancels it in the moment in which it would be asked about again.
      decided: async () => {
        throw new CommandError("wrong_state", "the session is cancelled");
      },
    },
  } as unknown as ConsoleApiOptions);
  const failed: unknown[] = [];
  const server = createServer((request, response) => {
    api.handle(REVIEWER, request, response).catch((error: unknown) => failed.push(error));
  });
  t.after(async () => {
    server.close();
    await store.close();
    rmSync(directory, { recursive: true });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  await store.run("agent.register", AGENT);
  const binding = "b".repeat(64);
  const asked = { ...{ requestId: "req", binding, approvers: ["officers"], needed: 1 }, expiresAfterMs: 60_000 };
  const request = { ...asked, ...{ heldPerAgent: 9, heldInAll: 9, data: {} } };
  await store.run("session.begin", {
    receive: received("s"),
    analysed: { ...analysed("s"), next: { state: "held", request } },
  });
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/approvals/req/decisions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ decision: "approve", reason: "as the test says", binding }),
  });
  assert.equal(answer.status, 200);
  assert.equal(((await answer.json()) as { state: string }).state, "approved");
  assert.deepEqual(
    failed.map((error) => error instanceof CommandError && error.code),
    ["wrong_state"],
  );
  const entries = await store.db.selectFrom("ledger_entries").select("type").where("session", "=", "s").execute();
  assert.deepEqual(
    entries.flatMap(({ type }) => (type.startsWith("approval.") ? [type] : [])),
    ["approval.decided"],
  );
});
