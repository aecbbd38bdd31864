import { isRecord } from "./claims.ts";
import { CredentialError } from "./principal.ts";

/** What a token is bound to (RFC 7800, `cnf`): whoever sends it must show each of these. */
export interface Confirmation {
  /** Thumbprint of the key that signs the proofs (RFC 9449, 6.1). */
  readonly jkt?: string;
  /** Thumbprint of the client's certificate (RFC 8705, 3.1). */
  readonly x5t?: string;
}

/** SHA-256 in base64url. */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

/** A token's `cnf`; undefined: it is a bearer token. What else it may be bound to can't be checked here. @throws CredentialError `claims` */
export function confirmationOf(cnf: unknown): Confirmation | undefined {
  if (cnf === undefined) return undefined;
  const wrong = new CredentialError(
    "claims",
    "The token is bound (`cnf`) to what isn't known here; known are jkt (DPoP) and x5t#S256 (mTLS).",
  );
  if (!isRecord(cnf)) throw wrong;
  const { jkt, "x5t#S256": x5t, ...others } = cnf;
  if (Object.keys(others).length > 0 || (jkt === undefined && x5t === undefined)) throw wrong;
  for (const one of [jkt, x5t])
    if (one !== undefined && !(typeof one === "string" && THUMBPRINT.test(one))) throw wrong;
  return {
    ...(typeof jkt === "string" ? { jkt } : {}),
    ...(typeof x5t === "string" ? { x5t } : {}),
  };
}

/** As a token and its introspection say it. */
export function cnfOf({ jkt, x5t }: Confirmation): Readonly<Record<string, string>> {
  return { ...(jkt === undefined ? {} : { jkt }), ...(x5t === undefined ? {} : { "x5t#S256": x5t }) };
}
