import { createHash } from "node:crypto";
import { calculateJwkThumbprint, decodeProtectedHeader, importJWK, type JWK, type JWTPayload, jwtVerify } from "jose";
import { isRecord } from "./claims.ts";
import { CredentialError } from "./principal.ts";
import type { ProofNonces } from "./proof-nonces.ts";

/** Proofs of possession (RFC 9449, section 4). */

/** Asymmetric ones alone; metadata and challenges name them. */
export const PROOF_ALGORITHMS: readonly string[] = ["ES256", "ES384", "ES512", "PS256", "RS256", "EdDSA", "Ed25519"];
/** How old a proof may be, and how far ahead its maker's clock, in seconds. */
const OLDEST_SECONDS = 60;
const AHEAD_SECONDS = 30;
const MOST_CHARACTERS = 4096;
/** Of a key's parameter in base64url: RSA of 4096 bits. */
const LONGEST_PARAMETER = 700;
const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
/** A header that brings anything but its key, or changes what the signature means (RFC 7515, 4.1; RFC 7797). */
const REFUSED_HEADERS = ["jku", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64", "zip"];

/** The request that a proof is for. */
export interface ProvedRequest {
  readonly method: string;
  /** As the client names it; its query counts for nothing. */
  readonly url: string;
  /** The access token that comes with the proof; undefined at the token endpoint. */
  readonly accessToken?: string | undefined;
  /** Which nonces a proof must carry one of; absent: none is asked for. */
  readonly nonces?: Pick<ProofNonces, "accepts"> | undefined;
}

export interface Proof {
  /** Thumbprint of its key (RFC 7638). */
  readonly jkt: string;
  /** A hash of its `jti`. */
  readonly jti: string;
  /** Until when it could be sent again, milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Checks the one proof of a request (RFC 9449, 4.3). That it is used once is for the store to say.
 * @param headers each DPoP header of the request
 * @throws CredentialError `proof`, or `nonce` for one that is right but for its nonce
 */
export async function verifyProof(headers: readonly string[], request: ProvedRequest, now: number): Promise<Proof> {
  const [text = ""] = headers;
  if (headers.length !== 1) throw refused("there must be exactly one DPoP header");
  if (text.length > MOST_CHARACTERS || !COMPACT_JWS.test(text)) throw refused("it isn't a signed JWT in compact form");
  const { jwk, alg } = readProofHeader(text);
  const payload = await verifySignature(text, jwk, alg, now);
  const { htm, htu, iat, jti, ath, nonce } = payload;
  if (typeof iat !== "number" || !Number.isFinite(iat)) throw refused("its `iat` is missing");
  const age = now / 1000 - iat;
  if (age > OLDEST_SECONDS || age < -AHEAD_SECONDS)
    throw refused("its `iat` isn't now; make one for each request, and set the clock");
  if (typeof jti !== "string" || jti === "" || jti.length > 256) throw refused("its `jti` is missing or too long");
  if (htm !== request.method) throw refused("its `htm` is another method");
  const asked = placeOf(request.url);
  if (asked === undefined || typeof htu !== "string" || placeOf(htu) !== asked)
    throw refused("its `htu` is another address than this one's by public_url");
  if (request.accessToken !== undefined && ath !== hash(request.accessToken))
    throw refused("its `ath` isn't the hash of the access token beside it");
  if (request.nonces?.accepts(nonce) === false)
    throw new CredentialError(
      "nonce",
      "The DPoP proof needs the gateway's nonce: make another with the one in this answer's DPoP-Nonce header.",
    );
  return {
    jkt: await calculateJwkThumbprint(jwk, "sha256"),
    jti: hash(jti),
    until: Math.ceil((iat + OLDEST_SECONDS + 1) * 1000),
  };
}

function readProofHeader(text: string): { readonly jwk: JWK; readonly alg: string } {
  let header: Readonly<Record<string, unknown>>;
  try {
    header = decodeProtectedHeader(text);
  } catch {
    throw refused("it isn't a well-formed JWT");
  }
  const { typ, alg, jwk } = header;
  if (typ !== "dpop+jwt") throw refused("its `typ` isn't dpop+jwt");
  if (typeof alg !== "string" || !PROOF_ALGORITHMS.includes(alg))
    throw refused(`its algorithm isn't one of ${PROOF_ALGORITHMS.join(", ")}`);
  if (REFUSED_HEADERS.some((name) => Object.hasOwn(header, name))) throw refused("its header says more than its key");
  return { jwk: publicKeyOf(jwk), alg };
}

const PUBLIC_PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  EC: ["crv", "x", "y"],
  OKP: ["crv", "x"],
  RSA: ["n", "e"],
};
const PRIVATE_PARAMETERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** Of the key only what its thumbprint is made of (RFC 7638, 3.2), so that nothing else in it counts. */
function publicKeyOf(jwk: unknown): JWK {
  if (!isRecord(jwk) || typeof jwk.kty !== "string" || !Object.hasOwn(PUBLIC_PARAMETERS, jwk.kty))
    throw refused("its header carries no public key");
  if (PRIVATE_PARAMETERS.some((name) => Object.hasOwn(jwk, name)))
    throw refused("its header carries a private key, which is no secret any more: make another");
  const taken: Record<string, string> = { kty: jwk.kty };
  for (const name of PUBLIC_PARAMETERS[jwk.kty] ?? []) {
    const value = jwk[name];
    if (typeof value !== "string" || value === "" || value.length > LONGEST_PARAMETER)
      throw refused("its public key is incomplete or too long");
    taken[name] = value;
  }
  // A long exponent makes each check as slow as its sender likes.
  if (jwk.kty === "RSA" && taken.e !== "AQAB") throw refused("its RSA key has an exponent other than 65537");
  return taken;
}

async function verifySignature(text: string, jwk: JWK, alg: string, now: number): Promise<JWTPayload> {
  try {
    const key = await importJWK(jwk, alg);
    const { payload } = await jwtVerify(text, key, { algorithms: [alg], typ: "dpop+jwt", currentDate: new Date(now) });
    return payload;
  } catch {
    throw refused("its signature doesn't verify with its key, or it isn't in its time");
  }
}

/** Scheme, host, port and path (RFC 9449, 4.3, by RFC 3986's normal form); undefined for what URL would read as another path. */
function placeOf(text: string): string | undefined {
  const url = text.length > 4096 ? undefined : (URL.parse(text) ?? undefined);
  if (url === undefined || url.username !== "" || url.password !== "") return undefined;
  const path = /^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(text)?.[1];
  return path === undefined || (path || "/") !== url.pathname ? undefined : `${url.origin}${url.pathname}`;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

function refused(why: string): CredentialError {
  return new CredentialError("proof", `The DPoP proof isn't taken: ${why}.`);
}
