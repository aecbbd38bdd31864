import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { readHeader, refusal } from "../compact-jwt.ts";
import { type Confirmation, cnfOf, confirmationOf } from "../confirmation.ts";
import { type Credential, CredentialError, type PersonId } from "../principal.ts";
import { ACCESS_TOKEN_ALGORITHM, type SigningKeys } from "./signing-keys.ts";

/** Our own tokens (RFC 9068): whom they stand for is written in one claim that only we read. */

/** Agents, and the person at its end, in one chain: who acts, and for whom. A deeper one is more than a reviewer can judge. */
export const LONGEST_CHAIN = 4;
/** Tokens that one agent's part of a token may be made from, one after the other. */
export const MOST_TOKENS = 8;

/** A credential, as an access token carries it. Claims are those that the rules of agents look at: they are asked at each request. */
const carried = z.strictObject({
  /** Absent: an agent. */
  kind: z.literal("person").optional(),
  iss: z.string(),
  sub: z.string(),
  name: z.string().optional(),
  groups: z.array(z.string()),
  claims: z.record(z.string(), z.unknown()),
  /** Ids of the tokens it was made from, the first first. */
  tids: z.array(z.string()).min(1).max(MOST_TOKENS),
  kid: z.string().optional(),
});
const ownClaims = z.looseObject({
  jti: z.string().regex(/^[A-Za-z0-9_-]{16,64}$/),
  exp: z.number(),
  cnf: z.unknown().optional(),
  /** Who acts first, then for whom, nearest first. A person acts for nobody: there is one at most, at the end. */
  chaperone: z
    .array(carried)
    .min(1)
    .max(LONGEST_CHAIN)
    .refine((chain) => chain.every(({ kind }, i) => kind === undefined || (i > 0 && i === chain.length - 1))),
});

export interface AccessTokenOptions {
  /** The gateway's public URL: issuer and audience at once. */
  readonly issuer: string;
  readonly keys: SigningKeys;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly newId: () => string;
  /** Names of the claims that rules read. */
  readonly claims: readonly string[];
}

export interface IssuedToken {
  readonly token: string;
  readonly jti: string;
  /** Seconds since the epoch. */
  readonly expires: number;
}

export class AccessTokens {
  readonly #o: AccessTokenOptions;

  constructor(options: AccessTokenOptions) {
    this.#o = options;
  }

  /** `confirmation`: what whoever sends it must show; undefined: a bearer token. */
  async issue(credential: Credential, expires: number, confirmation: Confirmation | undefined): Promise<IssuedToken> {
    const { issuer, keys, clock, newId } = this.#o;
    const jti = newId();
    const { kid, key } = await keys.signer();
    const chain = [credential, ...(credential.onBehalfOf ?? [])];
    const subject = chain.at(-1) ?? credential;
    const token = await new SignJWT({
      client_id: credential.subject,
      ...(confirmation === undefined ? {} : { cnf: cnfOf(confirmation) }),
      ...actOf(chain.slice(0, -1)),
      chaperone: chain.map((one) => this.#carried(one)),
    })
      .setProtectedHeader({ alg: ACCESS_TOKEN_ALGORITHM, kid, typ: "at+jwt" })
      .setIssuer(issuer)
      .setAudience(issuer)
      .setSubject(subject.subject)
      .setIssuedAt(Math.floor(clock() / 1000))
      .setExpirationTime(expires)
      .setJti(jti)
      .sign(key);
    return { token, jti, expires };
  }

  /** @throws CredentialError */
  async verify(token: string): Promise<Credential> {
    const { issuer, keys, clock } = this.#o;
    const { alg, typ, kid } = readHeader(token);
    if (alg !== ACCESS_TOKEN_ALGORITHM)
      throw new CredentialError("algorithm", "The token's signature algorithm isn't allowed.");
    if (typ !== "at+jwt") throw new CredentialError("malformed", "The token isn't an access token of this gateway.");
    const key = kid === undefined ? undefined : keys.verifier(kid);
    if (key === undefined)
      throw new CredentialError("bad_signature", "This gateway has no key that fits the token's header.");
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      issuer,
      audience: issuer,
      currentDate: new Date(clock()),
      requiredClaims: ["exp", "iat", "sub", "aud", "jti"],
    }).catch((error: unknown) => {
      throw refusal(error);
    });
    const claims = ownClaims.safeParse(payload);
    if (!claims.success) throw new CredentialError("claims", "The token isn't one of this version of the gateway.");
    const { jti, exp, cnf, chaperone } = claims.data;
    const confirmation = confirmationOf(cnf);
    const [carriedFirst, ...others] = chaperone.map((one): Credential => credentialOf(one, jti, exp));
    if (carriedFirst === undefined) throw new CredentialError("claims", "The token names nobody.");
    const first = { ...carriedFirst, ...(confirmation === undefined ? {} : { confirmation }) };
    return others.length === 0 ? first : { ...first, onBehalfOf: others };
  }

  #carried({
    audience,
    issuer,
    subject,
    name,
    groups,
    claims,
    tokenId,
    exchangedFor,
    keyId,
  }: Credential): z.input<typeof carried> {
    return {
      ...(audience === "agents" ? {} : { kind: "person" }),
      iss: issuer,
      sub: subject,
      ...(name === undefined ? {} : { name }),
      groups: [...groups],
      claims: Object.fromEntries(
        this.#o.claims.flatMap((claim) => (Object.hasOwn(claims, claim) ? [[claim, claims[claim]]] : [])),
      ),
      tids: [...(exchangedFor ?? []), tokenId],
      ...(keyId === undefined ? {} : { kid: keyId }),
    };
  }
}

function credentialOf(one: z.output<typeof carried>, tokenId: string, expires: number): Credential {
  return {
    issuer: one.iss,
    subject: one.sub,
    audience: one.kind === "person" ? "delegation" : "agents",
    name: one.name,
    groups: one.groups,
    claims: one.claims,
    tokenId,
    expires,
    exchangedFor: one.tids,
    ...(one.kid === undefined ? {} : { keyId: one.kid }),
  };
}

/** RFC 8693, 4.1: the outermost actor is the current one. Empty when the subject acts itself. */
export function actOf(actors: readonly PersonId[]): { act?: object } {
  const act = actors.reduceRight<object | undefined>(
    (inner, { issuer, subject }) => ({ iss: issuer, sub: subject, ...(inner === undefined ? {} : { act: inner }) }),
    undefined,
  );
  return act === undefined ? {} : { act };
}
