/** TLS at the gateway's own listeners: official clients with an authority of their own, and whom the handshake turns away. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { hasOpenssl, TestAuthority } from "../certificates.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const PYTHON = process.env.CHAPERONE_PYTHON ?? "python3";
const hasPython =
  spawnSync(PYTHON, ["-c", "import google.cloud.bigquery, google.cloud.bigquery_storage, pyarrow"]).status === 0;
const skip = !hasOpenssl && "no openssl, to make certificates";
const skipPython = skip || (!hasPython && "no Python with google-cloud-bigquery and its Storage client");

const NODE = `
import { BigQuery } from "@google-cloud/bigquery";
import { v1 } from "@google-cloud/bigquery-storage";
import { OAuth2Client } from "google-auth-library";
const [rest, storagePort, token, project] = process.argv.slice(1);
const authClient = new OAuth2Client();
authClient.setCredentials({ access_token: token });
const client = new BigQuery({ projectId: project, apiEndpoint: rest, authClient });
const [rows] = await client.query("SELECT * FROM \`" + project + ".ops.calendar\` LIMIT 3");
const storage = new v1.BigQueryReadClient({ projectId: project, apiEndpoint: "localhost", port: Number(storagePort), authClient });
const table = "projects/" + project + "/datasets/ops/tables/calendar";
const [session] = await storage.createReadSession({ parent: "projects/" + project, readSession: { table, dataFormat: "ARROW" }, maxStreamCount: 1 });
let count = 0;
for await (const { rowCount } of storage.readRows({ readStream: session.streams[0].name })) count += Number(rowCount);
console.log(rows.length, count);
await storage.close();
`;

const PYTHON_PROGRAM = `
import sys
from google.cloud import bigquery, bigquery_storage
from google.oauth2.credentials import Credentials
rest, port, token, project = sys.argv[1:5]
credentials = Credentials(token)
client = bigquery.Client(project=project, credentials=credentials, client_options={"api_endpoint": rest})
print(len(list(client.query("SELECT * FROM \`" + project + ".ops.calendar\` LIMIT 3").result())))
storage = bigquery_storage.BigQueryReadClient(credentials=credentials, client_options={"api_endpoint": "localhost:" + port})
print(client.list_rows(project + ".ops.calendar").to_arrow(bqstorage_client=storage).num_rows)
`;

describe("TLS at the gateway itself", { skip, timeout: 120_000 }, () => {
  let rig: Rig;
  let folder: string;
  let authority: TestAuthority;
  let others: TestAuthority;
  let files: { readonly cert: string; readonly key: string };
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "chaperone-tls-"));
    authority = new TestAuthority(folder);
    others = new TestAuthority(folder, "others");
    files = { cert: join(folder, "live.pem"), key: join(folder, "live.key") };
    use(authority.issue("first"));
    rig = await startRig({ patients: 12, config: { tls: { ...files, client_ca: authority.pair.cert } } });
  });
  after(async () => {
    await rig?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function use({ cert, key }: { readonly cert: string; readonly key: string }): void {
    copyFileSync(cert, files.cert);
    copyFileSync(key, files.key);
  }
  const portOf = (url = "") => Number(new URL(url).port);
  const rest = () => portOf(rig.url);
  const storage = () => portOf(rig.gateway.storageUrl);

  /** The handshake, and what comes after it: a server may turn a client's certificate away only then (RFC 8446, 4.4.3). */
  async function shake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = connect({ host: "localhost", port, ca: authority.pem, ...options });
    await new Promise<void>((done, failed) => {
      socket.once("error", failed);
      socket.once("close", () => failed(new Error("closed")));
      socket.once("secureConnect", () => setTimeout(done, 150));
    });
    return socket;
  }
  const pairOf = ({ cert, key }: { readonly cert: string; readonly key: string }) => ({
    cert: readFileSync(cert),
    key: readFileSync(key),
  });

  async function get(path: string, token?: string): Promise<number> {
    return new Promise((resolve, reject) => {
      request(
        {
          host: "localhost",
          port: rest(),
          path,
          ca: authority.pem,
          agent: false,
          headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        },
      )
        .on("error", reject)
        .end();
    });
  }

  async function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
    const child = spawn(
      command,
      [...args, `https://localhost:${rest()}`, String(storage()), await rig.token("care-summary-agent"), PROJECT],
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, METADATA_SERVER_DETECTION: "none", ...env },
        timeout: 30_000,
      },
    );
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    assert.notEqual(out, "", err.slice(-3000));
    return out.trim();
  }

  it("serves Node's clients, REST and Storage, that trust its authority", async () => {
    const trust = { NODE_EXTRA_CA_CERTS: authority.pair.cert, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: authority.pair.cert };
    const args = ["--input-type=module", "-e", NODE];
    assert.equal(await run(process.execPath, args, trust), "3 1095");
  });

  it("serves Python's clients, REST and Storage, that trust its authority", { skip: skipPython }, async () => {
    const bundle = { REQUESTS_CA_BUNDLE: authority.pair.cert, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: authority.pair.cert };
    assert.equal(await run(PYTHON, ["-c", PYTHON_PROGRAM], bundle), "3\n1095");
  });

  it("answers health and people at the same listener, and nothing in plain text", async () => {
    assert.equal(await get("/healthz"), 200);
    assert.equal(await get("/api/v1/approvals"), 401);
    assert.equal(await get("/bigquery/v2/projects", await rig.token("care-summary-agent")), 200);
    await assert.rejects(fetch(`http://localhost:${rest()}/healthz`));
    await assert.rejects(fetch(`http://localhost:${storage()}/`));
  });

  it("speaks TLS 1.3, or 1.2 with forward secrecy and authenticated encryption, and nothing older or weaker", async () => {
    for (const port of [rest(), storage()]) {
      const alpn = { ALPNProtocols: port === rest() ? ["http/1.1"] : ["h2"] };
      const best = await shake(port, alpn);
      assert.equal(best.getProtocol(), "TLSv1.3");
      best.destroy();
      const older = await shake(port, { ...alpn, maxVersion: "TLSv1.2" });
      assert.match(older.getCipher().name, /^ECDHE-.*(GCM|POLY1305)/);
      older.destroy();
      for (const version of ["TLSv1", "TLSv1.1"] as const)
        await assert.rejects(
          shake(port, { ...alpn, minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" }),
        );
      for (const ciphers of ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "AES256-SHA", "NULL"])
        await assert.rejects(
          shake(port, { ...alpn, maxVersion: "TLSv1.2", ciphers: `${ciphers}@SECLEVEL=0` }),
          ciphers,
        );
    }
  });

  it("agrees on h2 for Storage and on nothing else, on HTTP/1.1 for REST", async () => {
    const h2 = await shake(storage(), { ALPNProtocols: ["h2", "http/1.1"] });
    assert.equal(h2.alpnProtocol, "h2");
    h2.destroy();
    const h1 = await shake(rest(), { ALPNProtocols: ["h2", "http/1.1"] });
    assert.equal(h1.alpnProtocol, "http/1.1");
    h1.destroy();
    await assert.rejects(shake(storage(), { ALPNProtocols: ["http/1.1"] }));
    await assert.rejects(shake(storage()));
  });

  it("takes a client's certificate of client_ca, and turns one of any other away", async () => {
    for (const [port, ALPNProtocols] of [
      [rest(), ["http/1.1"]],
      [storage(), ["h2"]],
    ] as const) {
      const mine = pairOf(authority.issue("client"));
      (await shake(port, { ...mine, ALPNProtocols: [...ALPNProtocols] })).destroy();
      (await shake(port, { ALPNProtocols: [...ALPNProtocols] })).destroy();
      const foreign = pairOf(others.issue("client"));
      await assert.rejects(shake(port, { ...foreign, ALPNProtocols: [...ALPNProtocols] }));
    }
  });

  it("binds a token to the certificate it was fetched with (RFC 8705), and takes it with no other, nor without one", async () => {
    const [mine, another] = [pairOf(authority.issue("mine")), pairOf(authority.issue("another"))];
    const call = (path: string, headers: Record<string, string>, pair: object, body?: string) =>
      new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
        const method = body === undefined ? "GET" : "POST";
        const options = {
          host: "localhost",
          port: rest(),
          path,
          method,
          ca: authority.pem,
          agent: false as const,
          headers,
        };
        request({ ...options, ...pair }, async (answer) =>
          resolve({ status: answer.statusCode ?? 0, text: await text(answer) }),
        )
          .on("error", reject)
          .end(body);
      });
    const form = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: await rig.token("care-summary-agent"),
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    });
    const type = { "content-type": "application/x-www-form-urlencoded" };
    const given = JSON.parse((await call("/token", type, mine, form.toString())).text);
    assert.equal(given.token_type, "Bearer");
    const claims = JSON.parse(Buffer.from(given.access_token.split(".")[1], "base64url").toString());
    const der = new X509Certificate(mine.cert).raw;
    assert.deepEqual(claims.cnf, { "x5t#S256": createHash("sha256").update(der).digest("base64url") });
    const bearer = { authorization: `Bearer ${given.access_token}` };
    assert.equal((await call("/bigquery/v2/projects", bearer, mine)).status, 200);
    for (const pair of [another, {}]) {
      const refused = await call("/bigquery/v2/projects", bearer, pair);
      assert.equal(refused.status, 401);
      assert.match(refused.text, /bound to a client's certificate/);
    }
    const claimed = {
      ...bearer,
      "x-forwarded-client-cert": mine.cert.toString("base64"),
      "client-cert": `:${der.toString("base64")}:`,
    };
    assert.equal((await call("/bigquery/v2/projects", claimed, {})).status, 401, "a header counts for a certificate");
    const metadata = JSON.parse((await call("/.well-known/oauth-authorization-server", {}, {})).text);
    assert.equal(metadata.tls_client_certificate_bound_access_tokens, true);
  });

  it("takes a changed certificate without a restart, and keeps what it has when the files are broken", async () => {
    const shown = async (port: number) => {
      const socket = await shake(port, { ALPNProtocols: ["h2", "http/1.1"] });
      const name = socket.getPeerX509Certificate()?.subject;
      socket.destroy();
      return name;
    };
    assert.equal(await shown(rest()), "CN=first");
    use(authority.issue("second"));
    assert.equal(await rig.gateway.reloadCertificates(), true);
    assert.equal(await shown(rest()), "CN=second");
    assert.equal(await shown(storage()), "CN=second");
    copyFileSync(authority.issue("third").cert, files.cert);
    assert.equal(await rig.gateway.reloadCertificates(), false, "a certificate without its key");
    writeFileSync(files.cert, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert.equal(await rig.gateway.reloadCertificates(), false, "no certificate");
    rmSync(files.cert);
    assert.equal(await rig.gateway.reloadCertificates(), false, "no file");
    assert.equal(await shown(rest()), "CN=second");
    assert.equal(await shown(storage()), "CN=second");
    const rows = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select("bytes")
      .where("type", "=", "tls-certificate.used")
      .execute();
    const last = JSON.parse(Buffer.from(rows.at(-1)?.bytes ?? assert.fail()).toString()).data;
    assert.equal(rows.length, 2);
    const second = new X509Certificate(readFileSync(join(folder, "authority-second.pem")));
    assert.equal(last.fingerprint, second.fingerprint256.replaceAll(":", "").toLowerCase());
  });
});
