import { CredentialError } from "./principal.ts";

/** RFC 6750, section 2.1: one scheme, one space, one token; the token here is a JWS in compact form, three base64url parts. */
const BEARER = /^bearer ([^ ]+)$/i;
const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** As `IncomingMessage.headersDistinct.authorization` gives it: Node's `headers` would hide a second Authorization header. */
export type AuthorizationHeader = string | readonly string[] | undefined;

/** RFC 9449, 7.1: the same with another scheme. */
const DPOP = /^dpop ([^ ]+)$/i;

/** The token of an Authorization header, and by which scheme it came. @throws as `bearerToken` does */
export function presentedToken(
  header: AuthorizationHeader,
  maxLength: number,
): { readonly scheme: "bearer" | "dpop"; readonly token: string } {
  const values = typeof header === "string" ? [header] : (header ?? []);
  const [only] = values.length === 1 ? values : [];
  const token = only !== undefined && only.length <= maxLength ? DPOP.exec(only)?.[1] : undefined;
  if (token === undefined) return { scheme: "bearer", token: bearerToken(header, maxLength) };
  checkCompactJws(token, maxLength);
  return { scheme: "dpop", token };
}

/**
 * The token of an Authorization header.
 * @throws CredentialError `missing` without a header, `malformed` for anything but exactly one `Bearer <JWT>`.
 */
export function bearerToken(header: AuthorizationHeader, maxLength: number): string {
  const values = typeof header === "string" ? [header] : (header ?? []);
  const [value] = values;
  if (value === undefined || value === "") {
    throw new CredentialError("missing", "Authorization header is missing; send `Authorization: Bearer <token>`.");
  }
  if (values.length > 1) throw new CredentialError("malformed", "More than one Authorization header was sent.");
  if (value.length > maxLength)
    throw new CredentialError("malformed", `The token is longer than ${maxLength} characters.`);
  const token = BEARER.exec(value)?.[1];
  if (token === undefined) {
    throw new CredentialError("malformed", "The Authorization header must be `Bearer <token>` and nothing else.");
  }
  checkCompactJws(token, maxLength);
  return token;
}

/** @throws CredentialError `malformed` unless the text has the form of a signed JWT (RFC 7515, section 7.1) within the bound. */
export function checkCompactJws(token: string, maxLength: number): void {
  if (token.length > maxLength || !COMPACT_JWS.test(token)) {
    throw new CredentialError("malformed", "The token isn't a signed JWT in compact form.");
  }
}
