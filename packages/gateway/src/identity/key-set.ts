import { type CryptoKey, importJWK, type JWK } from "jose";
import { isRecord } from "./claims.ts";
import { type IdentityLimits, type IssuerConfig, isTrustworthyUrl, type SignatureAlgorithm } from "./issuer-config.ts";
import { type Fetch, fetchDocument } from "./key-document.ts";
import { CredentialError } from "./principal.ts";

/** The public keys of one issuer. */
export interface KeySet {
  /**
   * The key for a token's header.
   * @throws CredentialError `bad_signature` if the issuer has no such key, `keys_unavailable` if its keys can't be had.
   */
  keyFor(algorithm: SignatureAlgorithm, kid: string | undefined): Promise<CryptoKey>;
  /** The same, where it was found before among keys that are still fresh. */
  keyAtHand(algorithm: SignatureAlgorithm, kid: string | undefined): CryptoKey | undefined;
}

/** RFC 7518, section 3.1 and RFC 8037: what a key must be to verify an algorithm. */
const KEY_TYPES: Readonly<Record<SignatureAlgorithm, { kty: string; crv?: string }>> = {
  RS256: { kty: "RSA" },
  RS384: { kty: "RSA" },
  RS512: { kty: "RSA" },
  PS256: { kty: "RSA" },
  PS384: { kty: "RSA" },
  PS512: { kty: "RSA" },
  ES256: { kty: "EC", crv: "P-256" },
  ES384: { kty: "EC", crv: "P-384" },
  ES512: { kty: "EC", crv: "P-521" },
  EdDSA: { kty: "OKP", crv: "Ed25519" },
  Ed25519: { kty: "OKP", crv: "Ed25519" },
};
/** Characters of base64url in the modulus of a 2048-bit RSA key, the least that RFC 7518 allows. */
const MIN_MODULUS_LENGTH = 342;

interface Fetched {
  readonly keys: readonly JWK[];
  readonly at: number;
  readonly imported: Map<string, CryptoKey>;
  /** By what tokens ask for and get: no made-up key id is kept. */
  readonly found: Map<string, CryptoKey>;
}

/**
 * Keys come only from the configured address. They are fetched when first needed, again when old, and when a token names an unknown key,
 * but never more often than the cooldown allows, and by one fetch at a time: a flood of made-up key ids is one request.
 */
export function createKeySet(config: IssuerConfig, fetch: Fetch, clock: () => number, limits: IdentityLimits): KeySet {
  let current: Fetched | undefined;
  let lastAttempt = Number.NEGATIVE_INFINITY;
  let flight: Promise<void> | undefined;

  async function load(): Promise<void> {
    const uri = config.jwksUri ?? (await discover(config.issuer, fetch, limits));
    const document = await fetchDocument(uri, fetch, limits);
    if (!Array.isArray(document.keys)) throw new Error("the key set has no `keys`");
    if (document.keys.length > limits.keys) throw new Error(`the key set has more than ${limits.keys} keys`);
    current = { keys: document.keys.filter(isPublicKey), at: clock(), imported: new Map(), found: new Map() };
  }

  /** Resolves when the keys are as new as they can be now. A failed fetch leaves the old ones, which age. */
  async function refresh(): Promise<void> {
    if (flight === undefined) {
      if (since(lastAttempt) < limits.refreshCooldownMs) return;
      lastAttempt = clock();
      flight = load()
        .catch(() => undefined)
        .finally(() => {
          flight = undefined;
        });
    }
    await flight;
  }

  /** A clock that was set back says of what lies ahead of it only that it isn't known how long ago it was. */
  function since(at: number): number {
    const passed = clock() - at;
    return passed < 0 ? Number.POSITIVE_INFINITY : passed;
  }

  const age = (): number => (current === undefined ? Number.POSITIVE_INFINITY : since(current.at));

  async function find(algorithm: SignatureAlgorithm, kid: string | undefined): Promise<CryptoKey | undefined> {
    if (current === undefined) return undefined;
    const { keys, imported, found } = current;
    const asked = askedFor(algorithm, kid);
    const foundBefore = found.get(asked);
    if (foundBefore !== undefined) return foundBefore;
    const matching = keys.filter((key) => isFor(key, algorithm) && (kid === undefined || key.kid === kid));
    const [key] = matching;
    // Two keys that fit leave it open which one is meant; guessing is not for us.
    if (key === undefined || matching.length > 1) return undefined;
    const id = `${algorithm} ${keys.indexOf(key)}`;
    const known = imported.get(id);
    const made = known ?? (await importJWK(key, algorithm).catch(() => undefined));
    if (made === undefined || made instanceof Uint8Array) return undefined;
    imported.set(id, made);
    found.set(asked, made);
    return made;
  }

  return {
    keyAtHand(algorithm, kid) {
      if (age() >= Math.min(limits.keysFreshMs, limits.keysUsableMs)) return undefined;
      return current?.found.get(askedFor(algorithm, kid));
    },

    async keyFor(algorithm, kid) {
      if (age() >= limits.keysFreshMs) await refresh();
      const usable = (): boolean => age() < limits.keysUsableMs;
      let key = usable() ? await find(algorithm, kid) : undefined;
      if (key === undefined) {
        await refresh();
        key = usable() ? await find(algorithm, kid) : undefined;
      }
      if (key !== undefined) return key;
      if (!usable()) {
        throw new CredentialError(
          "keys_unavailable",
          `The keys of identity provider "${config.name}" can't be fetched; try again later.`,
        );
      }
      throw new CredentialError(
        "bad_signature",
        `Identity provider "${config.name}" has no single key that fits the token's header.`,
      );
    },
  };
}

function askedFor(algorithm: SignatureAlgorithm, kid: string | undefined): string {
  return kid === undefined ? algorithm : `${algorithm} ${kid}`;
}

/** OpenID Connect Discovery 1.0, section 4; the document must speak for this very issuer. */
async function discover(issuer: string, fetch: Fetch, limits: IdentityLimits): Promise<string> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const document = await fetchDocument(url, fetch, limits);
  if (document.issuer !== issuer) throw new Error("the discovery document is of another issuer");
  const uri = document.jwks_uri;
  if (typeof uri !== "string" || !isTrustworthyUrl(uri))
    throw new Error("the discovery document has no usable `jwks_uri`");
  // A provider elsewhere has no business on this machine's loopback.
  if (new URL(uri).protocol === "http:" && new URL(issuer).protocol !== "http:")
    throw new Error("`jwks_uri` is less protected than the issuer");
  return uri;
}

/** Keeps what can verify: no symmetric key, and none whose private half was published, since anyone may hold it. */
function isPublicKey(key: unknown): key is JWK {
  if (!isRecord(key) || typeof key.kty !== "string" || key.kty === "oct" || "d" in key || "k" in key) return false;
  if (key.kty === "RSA") return typeof key.n === "string" && key.n.length >= MIN_MODULUS_LENGTH;
  return true;
}

function isFor(key: JWK, algorithm: SignatureAlgorithm): boolean {
  const type = KEY_TYPES[algorithm];
  return (
    key.kty === type.kty &&
    (type.crv === undefined || key.crv === type.crv) &&
    (key.use === undefined || key.use === "sig") &&
    (key.alg === undefined || key.alg === algorithm) &&
    (key.key_ops === undefined || (Array.isArray(key.key_ops) && key.key_ops.includes("verify")))
  );
}
