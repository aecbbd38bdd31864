import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { ConfigError } from "../config/index.ts";
import { cachedTokens } from "./access-tokens.ts";
import { UpstreamError } from "./error.ts";
import { checkCredentials, googleTokens } from "./google-tokens.ts";

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

  const other = "-----BEGIN PRIVATE KEY----- hunter2";
  for (const [what, content, fault] of [
    ["missing", undefined, /:1:1: credentials\.file: can't be read: there is no such file$/],
    ["not JSON", other, /:1:1: credentials\.file: is not JSON$/],
    [
      "of another kind",
      { ...external, private_key: pem },
      /:1:1: credentials\.file: is no file of type service_account_key: look at type, client_email, private_key_id$/,
    ],
  ] as const) {
    it(`(${what}) are an error that tells nothing of the file`, async () => {
      const credentials = {
        type: "service_account_key",
        file: content === undefined ? join(folder, "nowhere") : file(content),
      } as const;
      let failures = 0;
      const error: unknown = await googleTokens(credentials, { tokenMs: 2000, onFailure: () => failures++ })
        .get()
        .catch((thrown: unknown) => thrown);
      assert.equal(failures, 1);
      assert.throws(
        () => checkCredentials(credentials),
        (wrong: unknown) => {
          assert.ok(wrong instanceof ConfigError && wrong.message.startsWith(credentials.file));
          assert.match(wrong.message, fault);
          assert.doesNotMatch(inspect(wrong, { showHidden: true, depth: 9 }), /hunter2|BEGIN|sts\.google/);
          return true;
        },
      );
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

  it("of the kind that is said are taken", () => {
    checkCredentials({ type: "external_account", file: file(external) });
    const key = { type: "service_account", client_email: "a@b.example", private_key: pem, private_key_id: "1" };
    checkCredentials({ type: "service_account_key", file: file(key) });
    checkCredentials({ type: "application_default" });
    checkCredentials({ type: "none" });
  });

  it("of type none are no token at all", async () => {
    assert.equal(await googleTokens({ type: "none" }, { tokenMs: 1 }).get(), undefined);
  });
});
