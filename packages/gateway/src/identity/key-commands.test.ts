import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openStore } from "../store/store.ts";
import { temporaryDirectory } from "../store/testing/temporary-store.ts";

const ISSUER = "https://chaperone.clinic.example";
const PEOPLE = "https://login.clinic.example";

describe("a second key of an agent", () => {
  it("isn't added in the words of another entry: with another sponsor or other groups than the agent has", async (t) => {
    const store = await openStore({ directory: temporaryDirectory(t), origin: "test.example/ledger", clock: () => 1 });
    t.after(() => store.close());
    const care = {
      issuer: ISSUER,
      subject: "care@chaperone.clinic.example",
      name: "care",
      sponsor: { issuer: PEOPLE, subject: "sam" },
      groups: ["a", "b"],
      registeredBy: `person:${PEOPLE}#avery`,
    };
    const add = (kid: string, more: Partial<typeof care> = {}) =>
      store.run("agent.add", { agent: { ...care, ...more }, key: { kid, jwk: "{}", expiresAt: 1000 } });
    await add("k1");
    for (const more of [
      { sponsor: { issuer: PEOPLE, subject: "rio" } },
      { sponsor: { issuer: "https://other.example", subject: "sam" } },
      { groups: ["a"] },
      { groups: [] },
      { groups: ["a", "b", "c"] },
    ])
      await assert.rejects(add("k2", more), { code: "agent_exists", message: /another sponsor or other groups/ });
    await add("k3", { groups: ["b", "a"] });
    const keys = await store.db.selectFrom("agent_keys").select("kid").orderBy("kid").execute();
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      ["k1", "k3"],
    );
  });
});
