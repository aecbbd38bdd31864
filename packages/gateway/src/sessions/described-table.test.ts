import assert from "node:assert/strict";
import { it } from "node:test";
import type { CatalogSnapshot } from "../catalog/catalog.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { parsePolicies } from "../policy/policy-set.ts";
import type { Connection } from "./connection.ts";
import { describedIn, describing } from "./described-table.ts";
import { Turns } from "./turns.ts";

const AGENT: AgentPrincipal = {
  kind: "agent",
  issuer: "https://idp.example",
  subject: "a",
  name: "a",
  groups: [],
  sponsor: { issuer: "https://idp.example", subject: "dr-a" },
  tokenId: "t",
  tokenExpires: 0,
};
const NAME = "p.ehr.wide";
const FIELDS = Array.from({ length: 4000 }, (_, i) => ({
  name: i % 2 === 0 ? `hidden_${i}` : `c${i}`,
  type: "STRING",
}));

it("of a table of thousands of columns the agent may know what policy says of each, and other work is done meanwhile", async () => {
  const text = `@id("names") permit (principal, action == Action::"describe", resource) unless { resource.path like "hidden_*" };`;
  // Only what is asked of each is here.
  const connection = { name: "main", policies: parsePolicies([{ file: "a.cedar", text }]) } as unknown as Connection;
  const snapshot = {
    table: () => ({
      tableReference: { projectId: "p", datasetId: "ehr", tableId: "wide" },
      schema: { fields: FIELDS },
    }),
    classes: (column: string) => ({ column, classes: [], source: "none" }),
  } as unknown as CatalogSnapshot;
  let turns = 0;
  const clock = setInterval(() => turns++, 1);
  try {
    const request = describing(AGENT, connection, snapshot, 0);
    const fields = await describedIn(connection, request, snapshot, NAME, true, new Turns());
    assert.equal(fields?.length, FIELDS.length / 2);
    assert.ok(fields.every(({ name }) => !name.startsWith("hidden")));
    assert.ok(turns > 10, `${turns} turns`);
  } finally {
    clearInterval(clock);
  }
});
