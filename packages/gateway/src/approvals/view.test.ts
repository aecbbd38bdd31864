import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { AGENT, analysed, received } from "../sessions/commands/testing/small-query.ts";
import { openStore } from "../store/store.ts";
import { type ApprovalFilter, listApprovals } from "./view.ts";

it("the inbox is the newest of what one's groups may decide, and says where there are older ones", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "chaperone-inbox-"));
  let now = 0;
  const store = await openStore({ directory, origin: "test.example/ledger", clock: () => now });
  t.after(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });
  await store.run("agent.register", AGENT);
  const hold = async (id: string, approvers: readonly string[]) => {
    now += 1000;
    await store.run("session.begin", {
      receive: received(id, { openPerAgent: 100 }),
      analysed: {
        ...analysed(id),
        next: {
          state: "held",
          request: {
            ...{ requestId: id, binding: "b", approvers, needed: 1, expiresAfterMs: 1000 },
            ...{ heldPerAgent: 100, heldInAll: 100, data: {} },
          },
        },
      },
    });
  };
  await hold("first", ["officers"]);
  await hold("second", ["officers", "board"]);
  for (let n = 0; n < 5; n++) await hold(`board-${n}`, ["board"]);
  const listed = async (filter: ApprovalFilter) => {
    const { approvals, more } = await listApprovals(store, filter);
    return [approvals.map(({ id }) => id), more];
  };
  // Those of others take no place of one's own.
  assert.deepEqual(await listed({ groups: ["officers", "x"], limit: 3 }), [["second", "first"], false]);
  assert.deepEqual(await listed({ groups: ["officers"], limit: 1 }), [["second"], true]);
  assert.deepEqual(await listed({ groups: [], limit: 3 }), [[], false]);
  assert.deepEqual(await listed({ limit: 2 }), [["board-4", "board-3"], true]);
  assert.deepEqual((await listed({ state: "pending", limit: 7 }))[1], false);
  assert.deepEqual(await listed({ state: "denied", limit: 7 }), [[], false]);
});
