import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServerProcess, startProcess } from "./processes.ts";

/** A gateway in a process of its own, with an agent that may ask it. */
export interface GatewayUnderTest extends ServerProcess {
  /** The agent's `Authorization` header. */
  readonly authorization: string;
}

const AUDIENCE = "bench";
const AGENT = "bench-agent";

/** Starts a gateway before the BigQuery at `endpoint`, under the benchmarks' policies or those of another folder. Its state, evidence included, is in the temporary directory. */
export async function startGatewayUnderTest(
  endpoint: string,
  project: string,
  storageEndpoint?: string,
  policies = join(import.meta.dirname, "config/policies"),
): Promise<GatewayUnderTest> {
  const issuer = await startIssuer();
  const state = mkdtempSync(join(tmpdir(), "chaperone-bench-"));
  const configuration = {
    listen: { port: 0 },
    ...(storageEndpoint === undefined ? {} : { storage_read: { port: 0 } }),
    state_directory: ".",
    connections: [
      {
        name: "bench",
        projects: [project],
        location: "US",
        endpoint,
        ...(storageEndpoint === undefined ? {} : { storage_endpoint: storageEndpoint }),
        credentials: { type: "none" },
        catalog: join(import.meta.dirname, "config/catalog.yaml"),
      },
    ],
    issuers: [
      {
        name: "bench",
        issuer: issuer.url,
        jwks_uri: `${issuer.url}/keys`,
        audiences: { agents: [AUDIENCE], people: ["bench-people"] },
      },
    ],
    agents: {
      registered: [
        {
          issuer: issuer.url,
          subject: AGENT,
          name: AGENT,
          sponsor: { issuer: issuer.url, subject: "bench-sponsor" },
          groups: ["bench-agents"],
        },
      ],
    },
    policies,
    // One agent asks as often as it can: that is what is measured.
    limits: { requests: { rate_per_agent: 1_000_000, burst_per_agent: 1_000_000 } },
    log: { level: "error" },
  };
  // JSON is YAML.
  const file = join(state, "chaperone.yaml");
  writeFileSync(file, JSON.stringify(configuration));
  const gateway = await startProcess("gateway", [file]);
  return {
    ...gateway,
    authorization: `Bearer ${issuer.token}`,
    async close() {
      await gateway.close();
      issuer.close();
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** An identity provider with one key and one token. */
async function startIssuer(): Promise<{ readonly url: string; readonly token: string; close(): void }> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "bench", alg: "ES256", use: "sig" };
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const now = Math.floor(Date.now() / 1000);
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: url, sub: AGENT, aud: AUDIENCE, iat: now, exp: now + 3600 };
  const signed = `${part({ alg: "ES256", kid: "bench", typ: "JWT" })}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return {
    url,
    token: `${signed}.${signature.toString("base64url")}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
