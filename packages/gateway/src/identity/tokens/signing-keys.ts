import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { z } from "zod";
import { createKeyFile, readKeyFile } from "../../store/key-file.ts";

/** Access tokens are signed with Ed25519 (RFC 8037): no client reads them. */
export const ACCESS_TOKEN_ALGORITHM = "EdDSA";
/** A key signs for a day; then it only verifies, until the last token it signed has ended (an hour at most, and clocks differ). */
const SIGNS_MS = 24 * 3600 * 1000;
const VERIFIES_MS = SIGNS_MS + 2 * 3600 * 1000;

const keyFile = z.strictObject({
  keys: z.array(
    z.strictObject({
      madeAt: z.number(),
      jwk: z.looseObject({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string(), d: z.string() }),
    }),
  ),
});

interface SigningKey {
  readonly kid: string;
  readonly madeAt: number;
  readonly jwk: JWK;
  /** Without its private part. */
  readonly half: JWK;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

/** The keys that sign access tokens, in one file of mode 0600 beside the store's keys. They change every day, by themselves. */
export class SigningKeys {
  readonly #path: string;
  readonly #clock: () => number;
  readonly #made: (kid: string) => Promise<unknown>;
  #keys: readonly SigningKey[];
  #rotation: Promise<void> | undefined;

  private constructor(
    path: string,
    clock: () => number,
    made: (kid: string) => Promise<unknown>,
    keys: readonly SigningKey[],
  ) {
    this.#path = path;
    this.#clock = clock;
    this.#made = made;
    this.#keys = keys;
  }

  /**
   * `made` is told of every new key before it signs: it is evidence.
   * @throws StoreError `key` for a file that others may read; Error for one that isn't ours.
   */
  static async open(path: string, clock: () => number, made: (kid: string) => Promise<unknown>): Promise<SigningKeys> {
    const kept = readKeyFile(path);
    const keys = kept === undefined ? [] : await Promise.all(parsed(kept, path).map(imported));
    return new SigningKeys(path, clock, made, keys);
  }

  /** The key that signs now; a new one when the newest has signed for a day. */
  async signer(): Promise<{ readonly kid: string; readonly key: CryptoKey }> {
    if (this.#newest() === undefined) {
      this.#rotation ??= this.#rotate().finally(() => {
        this.#rotation = undefined;
      });
      await this.#rotation;
    }
    const key = this.#newest();
    if (key === undefined) throw new Error("no key could be made to sign access tokens");
    return { kid: key.kid, key: key.privateKey };
  }

  /** The key that verifies tokens of this key id; undefined when there is none, or it has ended. */
  verifier(kid: string): CryptoKey | undefined {
    return this.#usable().find((key) => key.kid === kid)?.publicKey;
  }

  /** Public halves (RFC 7517). */
  keySet(): { readonly keys: readonly JWK[] } {
    return {
      keys: this.#usable().map(({ kid, half }) => ({ ...half, kid, use: "sig", alg: ACCESS_TOKEN_ALGORITHM })),
    };
  }

  #usable(): readonly SigningKey[] {
    return this.#keys.filter(({ madeAt }) => this.#clock() - madeAt < VERIFIES_MS);
  }

  #newest(): SigningKey | undefined {
    return this.#keys.findLast(({ madeAt }) => this.#clock() - madeAt < SIGNS_MS);
  }

  async #rotate(): Promise<void> {
    const { privateKey } = await generateKeyPair(ACCESS_TOKEN_ALGORITHM, { extractable: true });
    const key = await imported({ madeAt: this.#clock(), jwk: await exportJWK(privateKey) });
    const keys = [...this.#usable(), key];
    await this.#made(key.kid);
    createKeyFile(this.#path, JSON.stringify({ keys: keys.map(({ madeAt, jwk }) => ({ madeAt, jwk })) }));
    this.#keys = keys;
  }
}

function parsed(content: Buffer, path: string): readonly { madeAt: number; jwk: JWK }[] {
  try {
    // zod's looseObject allows more than JWK names; jose reads what it needs.
    return keyFile.parse(JSON.parse(content.toString())).keys as readonly { madeAt: number; jwk: JWK }[];
  } catch {
    throw new Error(`${path} is not a file of access-token keys; restore it, or remove it and all access tokens end`);
  }
}

async function imported({ madeAt, jwk }: { madeAt: number; jwk: JWK }): Promise<SigningKey> {
  const half: JWK = { kty: "OKP", crv: "Ed25519", ...(jwk.x === undefined ? {} : { x: jwk.x }) };
  const [privateKey, publicKey] = await Promise.all([
    importJWK(jwk, ACCESS_TOKEN_ALGORITHM),
    importJWK(half, ACCESS_TOKEN_ALGORITHM),
  ]);
  if (privateKey instanceof Uint8Array || publicKey instanceof Uint8Array) throw new Error("not a key pair");
  return { kid: await calculateJwkThumbprint(half), madeAt, jwk, half, privateKey, publicKey };
}
