import assert from "node:assert/strict";
import { it } from "node:test";
import { StoreError } from "../store/errors.ts";
import { Endings } from "./endings.ts";
import type { EngineOptions } from "./engine-options.ts";

it("I3: a session whose record no entry of the ledger holds ends, and isn't tried for ever; one whose store fails is left", async () => {
  const told: unknown[] = [];
  const options = {
    store: {
      run: async (name: string, { id, state }: { readonly id: string; readonly state: string }) => {
        told.push([name, id, state]);
        return { ended: true };
      },
    },
    log: { error: () => undefined },
  } as unknown as EngineOptions;
  const endings = new Endings(options, (id, outcome) => told.push([id, outcome.ok]));
  const fails = (code: "bad_event" | "unavailable") => async () => {
    throw new StoreError(code, "as the test says");
  };
  assert.equal(await endings.orEnd("large", fails("bad_event")), undefined);
  assert.deepEqual(told, [
    ["session.end", "large", "failed"],
    ["large", false],
  ]);
  await assert.rejects(endings.orEnd("other", fails("unavailable")), { code: "unavailable" });
  assert.equal(told.length, 2);
});
