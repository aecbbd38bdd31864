import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** A key of an agent's own and proofs by it (RFC 9449), made by hand so that each part can be wrong. */
export class ProofKey {
  readonly #private: KeyObject;
  readonly jwk: Readonly<Record<string, string>>;
  readonly jkt: string;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#private = privateKey;
    const { crv = "", kty = "", x = "", y = "" } = publicKey.export({ format: "jwk" });
    this.jwk = { crv, kty, x, y };
    this.jkt = createHash("sha256").update(JSON.stringify(this.jwk)).digest("base64url");
  }

  get privateJwk(): Readonly<Record<string, unknown>> {
    return { ...this.#private.export({ format: "jwk" }) };
  }

  proof(
    method: string,
    url: string,
    token: string | undefined,
    claims: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = {},
  ): string {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const ath = token === undefined ? undefined : createHash("sha256").update(token).digest("base64url");
    const body = `${encode({ typ: "dpop+jwt", alg: "ES256", jwk: this.jwk, ...header })}.${encode({
      jti: `${Math.random()}`,
      htm: method,
      htu: url,
      iat: Math.floor(Date.now() / 1000),
      ath,
      ...claims,
    })}`;
    const signature = sign("sha256", Buffer.from(body), { key: this.#private, dsaEncoding: "ieee-p1363" });
    return `${body}.${signature.toString("base64url")}`;
  }
}
