import { createServer, type RequestListener } from "node:http";
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, type JWK } from "jose";

export interface TestKey {
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
  readonly kid: string;
  readonly alg: string;
}

export async function testKey(kid: string, alg = "ES256"): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" }, kid, alg };
}

export interface TestIssuer {
  readonly issuer: string;
  readonly jwksUri: string;
  /** Paths asked for, in order. */
  readonly requests: string[];
  /** What the key set holds now. */
  keys: JWK[];
  /** Replaces the answers, to misbehave. */
  answer: RequestListener | undefined;
  close(): Promise<void>;
}

/** An identity provider on loopback that serves a discovery document and a key set, and misbehaves on demand. */
export async function startTestIssuer(keys: readonly TestKey[]): Promise<TestIssuer> {
  const server = createServer((request, response) => {
    self.requests.push(request.url ?? "");
    if (self.answer !== undefined) return self.answer(request, response);
    response.setHeader("content-type", "application/json");
    if (request.url === "/keys") response.end(JSON.stringify({ keys: self.keys }));
    else response.end(JSON.stringify({ issuer: self.issuer, jwks_uri: self.jwksUri }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const issuer = `http://127.0.0.1:${address.port}`;
  const self: TestIssuer = {
    issuer,
    jwksUri: `${issuer}/keys`,
    requests: [],
    keys: keys.map((key) => key.publicJwk),
    answer: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return self;
}

/** Signs exactly these claims; a value of undefined is left out. */
export async function sign(
  key: TestKey,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const payload = JSON.stringify(claims);
  return new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "JWT", ...header })
    .sign(key.privateKey);
}
