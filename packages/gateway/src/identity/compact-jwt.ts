import { hash } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, errors } from "jose";
import { CredentialError } from "./principal.ts";

/** What every signed token that comes here must be, whoever issued it, and how it is refused. */

/** Header parameters that bring a key along, point to one, or change what the signature means (RFC 7515, 4.1; RFC 7797). */
const REFUSED_HEADERS = ["jku", "jwk", "x5u", "x5c", "crit", "b64", "zip"] as const;
/** RFC 7519, 5.1 and RFC 9068, 2.1. Kubernetes sends none; anything else (`dpop+jwt`, `logout+jwt`) is a token for another purpose. */
const TOKEN_TYPES: ReadonlySet<string> = new Set(["jwt", "at+jwt", "application/jwt", "application/at+jwt"]);
const MAX_KID_LENGTH = 256;

/** @throws CredentialError `malformed` */
export function readHeader(token: string): { alg: unknown; typ: string | undefined; kid: string | undefined } {
  const header = orMalformed(() => decodeProtectedHeader(token));
  if (REFUSED_HEADERS.some((name) => Object.hasOwn(header, name))) {
    throw new CredentialError(
      "malformed",
      "The token's header carries a key, a certificate, a key's address or an extension; none is accepted.",
    );
  }
  const { typ, kid }: { typ?: unknown; kid?: unknown } = header;
  if (typ !== undefined && !(typeof typ === "string" && TOKEN_TYPES.has(typ.toLowerCase()))) {
    throw new CredentialError(
      "malformed",
      "The token is of a type for another purpose; send an access token or an ID token.",
    );
  }
  const type = typ?.toLowerCase().replace(/^application\//, "");
  if (kid === undefined) return { alg: header.alg, typ: type, kid };
  if (typeof kid !== "string" || kid === "" || kid.length > MAX_KID_LENGTH) {
    throw new CredentialError("malformed", "The token's key id isn't a short text.");
  }
  return { alg: header.alg, typ: type, kid };
}

/** Read before the signature is checked, and used only to choose whose keys check it. */
export function readIssuer(token: string): string {
  const { iss } = orMalformed(() => decodeJwt(token));
  if (typeof iss !== "string") throw new CredentialError("unknown_issuer", "The token names no issuer.");
  return iss;
}

function orMalformed<T>(decode: () => T): T {
  try {
    return decode();
  } catch {
    // jose's errors carry the payload; they end here.
    throw new CredentialError("malformed", "The token isn't a well-formed JWT.");
  }
}

/** Without a `jti`, a hash of what is signed: the signature itself can be rewritten by its holder (ECDSA), what it signs can't. */
export function tokenIdOf(token: string, jti: unknown): string {
  if (typeof jti === "string" && /^[\x21-\x7e]{1,256}$/.test(jti)) return jti;
  return hash("sha256", token.slice(0, token.lastIndexOf(".")), "hex");
}

/** jose's errors in our words; they carry the payload, and end here. */
export function refusal(error: unknown): CredentialError {
  if (error instanceof errors.JWTExpired)
    return new CredentialError("expired", "The token has expired; get a new one.");
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "nbf" && error.reason === "check_failed") {
      return new CredentialError("not_yet_valid", "The token isn't valid yet.");
    }
    return new CredentialError("claims", `The token's claim "${error.claim}" is missing or wrong.`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new CredentialError("bad_signature", "The token's signature doesn't verify.");
  }
  return new CredentialError("malformed", "The token isn't a well-formed signed JWT.");
}
