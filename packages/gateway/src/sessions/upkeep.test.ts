import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "../store/store.ts";
import { AGENT, analysed, ISSUER, received } from "./commands/testing/small-query.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { SessionRow } from "./session-row.ts";
import { Upkeep, type UpkeepParts } from "./upkeep.ts";

it("takes up sessions that broke off, though one that came before them can't be helped", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "chaperone-upkeep-"));
  const store = await openStore({ directory, origin: "test.example/ledger" });
  await store.run("agent.register", AGENT);
  for (const id of ["first", "second", "third"]) {
    const request = {
      ...{ requestId: id, binding: "b", approvers: ["officers"], needed: 1, expiresAfterMs: 60_000 },
      ...{ heldPerAgent: 9, heldInAll: 9, data: {} },
    };
    await store.run("session.begin", {
      receive: received(id, { openPerAgent: 9 }),
      analysed: { ...analysed(id), next: { state: "held", request } },
    });
    const person = { issuer: ISSUER, subject: "dana", name: "Dana", groups: ["officers"] };
    const decision = { request: id, decision: "approve", reason: "as the test says", binding: "b" } as const;
    await store.run("approval.decide", { ...decision, person: { ...person, token: "t", boundTo: [] } });
  }
  const tried = new Map<string, number>();
  const options = {
    ...{ store, clock: Date.now, limits: { runMs: 60_000 }, connections: [{ name: "c" }] },
    log: { warn: () => undefined, error: () => undefined },
  } as unknown as EngineOptions;
  const upkeep = new Upkeep(options, {
    endings: { changed: () => undefined },
    queried: { over: () => undefined },
    releaseEnds: { takeUp: async () => undefined },
    launch: {
      startApproved: async ({ id }: SessionRow) => {
        tried.set(id, (tried.get(id) ?? 0) + 1);
        if (id === "first" || tried.get(id) === 1) throw new Error("it broke off");
      },
    },
    stopped: new AbortController().signal,
  } as unknown as UpkeepParts);
  t.after(async () => {
    upkeep.close();
    await store.close();
    rmSync(directory, { recursive: true });
  });
  assert.deepEqual(await upkeep.resume(), { resumed: 3 });
  const deadline = Date.now() + 10_000;
  while ((tried.get("second") ?? 0) < 2 || (tried.get("third") ?? 0) < 2) {
    assert.ok(Date.now() < deadline, JSON.stringify([...tried]));
    await sleep(50);
  }
});
