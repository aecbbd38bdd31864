import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CredentialKind, clientLines } from "./agent-credential.ts";

describe("how clients are pointed at the gateway", () => {
  const untried = (kind: CredentialKind): string[] =>
    clientLines("https://gateway.example", "agent.json", kind)
      .split("\n")
      .filter((line) => line.endsWith("(not tried with this kind)"))
      .map((line) => line.split(" ")[0] ?? "");

  it("says of each kind of credential with which clients nobody tried it", () => {
    assert.deepEqual(untried("key"), ["bq"]);
    assert.deepEqual(untried("self-signed"), ["Go", "Java", "bq", "dbt"]);
    assert.deepEqual(untried("token-file"), ["Go", "Java", "dbt"]);
  });

  it("has dbt read a key as a service account's, as it was seen to work", () => {
    assert.match(
      clientLines("https://gateway.example", "agent.json", "key"),
      /^dbt {5}api_endpoint: https:\/\/gateway\.example {3}\(in the profile, with method: service-account and keyfile: agent\.json\)$/m,
    );
  });
});
