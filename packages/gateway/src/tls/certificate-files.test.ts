import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { hasOpenssl, TestAuthority } from "../../../../test/certificates.ts";
import { ConfigError } from "../config/index.ts";
import { readCertificates } from "./certificate-files.ts";

describe("the files of TLS", { skip: !hasOpenssl && "no openssl, to make certificates" }, () => {
  let folder: string;
  let authority: TestAuthority;
  let pair: { readonly cert: string; readonly key: string };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "chaperone-certificates-"));
    authority = new TestAuthority(folder);
    pair = authority.issue("server");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const DAY_MS = 24 * 3600 * 1000;
  const read = (files: { cert?: string; key?: string; clientCa?: string }, at = Date.now()) =>
    readCertificates({ ...pair, clientCertificates: "optional", ...files }, at);
  const written = (content: string, mode = 0o600) => {
    const path = join(folder, "written.pem");
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  };
  const refused = (files: Parameters<typeof read>[0], where: string, why: RegExp, at?: number) =>
    assert.throws(
      () => read(files, at),
      (error) => {
        assert.ok(error instanceof ConfigError, String(error));
        assert.match(error.message, new RegExp(`tls\\.${where}: `));
        assert.match(error.message, why);
        assert.doesNotMatch(error.message, /PRIVATE|MII/);
        return true;
      },
    );

  it("are a certificate, its key and authorities", () => {
    const read1 = read({ clientCa: authority.pair.cert });
    assert.match(read1.fingerprint, /^[0-9a-f]{64}$/);
    assert.ok(read1.expires > Date.now() && read1.ca !== undefined);
    assert.equal(read({}).ca, undefined);
  });

  it("are refused by name when one is missing, broken or of another", () => {
    refused({ cert: join(folder, "none") }, "cert", /there is no such file/);
    refused({ key: folder }, "key", /is no file/);
    refused({ cert: written("x") }, "cert", /no certificate/);
    refused({ cert: pair.key }, "cert", /no certificate/);
    refused({ key: written("x") }, "key", /no private key/);
    refused({ key: pair.cert.replace("server", "none") }, "key", /there is no such file/);
    refused({ key: authority.pair.key }, "key", /isn't the key/);
    refused({ clientCa: written("") }, "client_ca", /no certificate/);
    refused({ clientCa: pair.cert }, "client_ca", /no authority/);
    refused({ cert: written("x".repeat(1_000_001)) }, "cert", /at most/);
  });

  it("are refused before and after the certificate's time", () => {
    refused({}, "cert", /expired/, Date.now() + 3 * DAY_MS);
    refused({}, "cert", /not valid before/, Date.now() - DAY_MS);
  });

  it("are refused when everybody can read the key, or it is a weak one", () => {
    const open = join(folder, "open.key");
    copyFileSync(pair.key, open);
    chmodSync(open, 0o644);
    refused({ key: open }, "key", /by everybody/);
    const weak = authority.issue("weak", { key: "rsa:1024" });
    refused(weak, "key", /1024 bits/);
  });
});
