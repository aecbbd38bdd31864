import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { cachedTokens } from "./access-tokens.ts";
import { UpstreamError } from "./error.ts";
import { googleTokens } from "./google-tokens.ts";

/** Tokens t1, t2 … that live an hour, on a clock the test moves. */
function source() {
  const state = { now: 0, fetched: 0, broken: false };
  const tokens = cachedTokens({
    now: () => state.now,
    fetch: async () => {
      if (state.broken) throw new UpstreamError("credentialsUnavailable");
      state.fetched++;
      return { token: `t${state.fetched}`, expiresAt: state.now + 3_600_000 };
    },
  });
  return { state, tokens };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("access tokens", () => {
  it("are fetched once for many callers", async () => {
    const { state, tokens } = source();
    assert.deepEqual(await Promise.all([tokens.get(), tokens.get(), tokens.get()]), ["t1", "t1", "t1"]);
    assert.equal(state.fetched, 1);
  });

  it("are renewed ahead of their end while the old one still serves", async () => {
    const { state, tokens } = source();
    await tokens.get();
    state.now = 3_600_000 - 120_000;
    assert.equal(await tokens.get(), "t1");
    await settled();
    assert.equal(await tokens.get(), "t2");
  });

  it("outlive a failed renewal until their end", async () => {
    const { state, tokens } = source();
    await tokens.get();
    state.broken = true;
    state.now = 3_600_000 - 120_000;
    assert.equal(await tokens.get(), "t1");
    await settled();
    assert.equal(await tokens.get(), "t1");
    state.now = 3_600_000 - 10_000;
    await assert.rejects(tokens.get(), { reason: "credentialsUnavailable" });
    state.broken = false;
    assert.equal(await tokens.get(), "t2");
  });

  it("that were refused are replaced", async () => {
    const { tokens } = source();
    await tokens.get();
    tokens.discard("another");
    assert.equal(await tokens.get(), "t1");
    tokens.discard("t1");
    assert.equal(await tokens.get(), "t2");
  });
});

describe("credentials of a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "chaperone-credentials-"));
  const file = (content: unknown) => {
    const path = join(folder, "credentials.json");
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  };
  const pem = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
  const external = {
    type: "external_account",
    audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: "https://sts.googleapis.com/v1/token",
    credential_source: { file: join(folder, "missing") },
  };

  for (const [what, credentials] of [
    ["missing", { type: "service_account_key", file: join(folder, "nowhere") }],
    ["not JSON", { type: "service_account_key", file: file("-----BEGIN PRIVATE KEY----- hunter2") }],
    ["of another kind", { type: "service_account_key", file: file({ ...external, private_key: pem }) }],
  ] as const) {
    it(`(${what}) are an error that tells nothing of the file`, async () => {
      const error: unknown = await googleTokens(credentials, { tokenMs: 2000 })
        .get()
        .catch((thrown: unknown) => thrown);
      assert.ok(error instanceof UpstreamError);
      assert.equal(error.reason, "credentialsUnavailable");
      assert.doesNotMatch(inspect(error, { showHidden: true, depth: 9 }), /hunter2|PRIVATE|sts\.google/);
    });
  }

  it("never send the workload's token to an address that isn't Google's", async () => {
    for (const token_url of [
      "https://evil.example/token",
      "http://sts.googleapis.com/v1/token",
      "https://sts.googleapis.com.evil.example/t",
      "https://evilgoogleapis.com/t",
    ]) {
      const source = file({ ...external, token_url });
      await assert.rejects(googleTokens({ type: "external_account", file: source }, { tokenMs: 2000 }).get(), {
        reason: "credentialsUnavailable",
      });
    }
  });

  it("of type none are no token at all", async () => {
    assert.equal(await googleTokens({ type: "none" }, { tokenMs: 1 }).get(), undefined);
  });
});
