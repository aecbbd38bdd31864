import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { LedgerError } from "./error.ts";

/**
 * Signed notes with Ed25519: a text, an empty line, and one line a signature.
 * Format: https://c2sp.org/signed-note; keys as text: golang.org/x/mod/sumdb/note.
 */

/** Key id and signature algorithm: the only signature type known here. */
const ED25519 = 0x01;
const ED25519_KEY_SIZE = 32;
const ED25519_SIGNATURE_SIZE = 64;
const KEY_ID_SIZE = 4;

/** What an attacker may make us read and check (I10): the specification asks for at least 16 signatures. */
const NOTE_LIMITS = { bytes: 1_000_000, signatures: 100 } as const;

export interface NoteVerifier {
  /** Name of the key; for a log's key, the log's origin. */
  readonly name: string;
  /** 32-bit key id: distinguishes keys of one name. */
  readonly id: number;
  verifySignature(text: Uint8Array, signature: Uint8Array): boolean;
}

export interface NoteSigner {
  readonly name: string;
  readonly id: number;
  /** The text others verify with: `name+id+base64(0x01 || public key)`. Public. */
  readonly vkey: string;
  signText(text: Uint8Array): Uint8Array;
}

export interface NoteSignature {
  readonly name: string;
  readonly id: number;
  readonly signature: Uint8Array;
}

export interface ParsedNote {
  /** Ends in a newline. Not to be believed before `openNote`. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** RFC 8410: what DER puts before the 32 bytes of an Ed25519 key. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/**
 * A new key pair: `skey` is `PRIVATE+KEY+name+id+base64(0x01 || seed)` and secret, `vkey` is public.
 * Throws LedgerError "key" for a name that is empty or has a space or a plus.
 */
export function generateNoteKey(name: string): { skey: string; vkey: string } {
  const der = generateKeyPairSync("ed25519").privateKey.export({ format: "der", type: "pkcs8" });
  const seed = der.subarray(PKCS8_PREFIX.length);
  const publicKey = publicKeyOf(privateKeyOf(seed));
  const id = keyId(checkName(name), publicKey);
  return { skey: `PRIVATE+KEY+${name}+${hex(id)}+${typed(seed)}`, vkey: encodeVkey(name, publicKey) };
}

/** Reads a secret key text. Throws LedgerError "key"; the message never holds the key. */
export function noteSigner(skey: string): NoteSigner {
  const [a, b, name, id, key, ...rest] = skey.split("+");
  // base64 may itself hold pluses.
  const seed = key === undefined ? undefined : untyped([key, ...rest].join("+"));
  if (a !== "PRIVATE" || b !== "KEY" || name === undefined || id === undefined || seed === undefined) {
    throw new LedgerError("key", "not a signer key of the form PRIVATE+KEY+name+id+base64");
  }
  const privateKey = privateKeyOf(seed);
  const publicKey = publicKeyOf(privateKey);
  if (hex(keyId(checkName(name), publicKey)) !== id) throw new LedgerError("key", "the signer key's id is not its own");
  return {
    name,
    id: keyId(name, publicKey),
    vkey: encodeVkey(name, publicKey),
    signText: (text) => sign(null, text, privateKey),
  };
}

/** Reads a verifier key. Throws LedgerError "key" when malformed, of another type, or when its id is not its own. */
export function noteVerifier(vkey: string): NoteVerifier {
  const [name, id, key, ...rest] = vkey.split("+");
  const publicKey = key === undefined ? undefined : untyped([key, ...rest].join("+"));
  if (name === undefined || id === undefined || publicKey === undefined) {
    throw new LedgerError("key", "not an Ed25519 verifier key of the form name+id+base64");
  }
  if (hex(keyId(checkName(name), publicKey)) !== id)
    throw new LedgerError("key", "the verifier key's id is not its own");
  const object = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: "der", type: "spki" });
  return {
    name,
    id: keyId(name, publicKey),
    verifySignature: (text, signature) =>
      signature.length === ED25519_SIGNATURE_SIZE && verify(null, text, object, signature),
  };
}

/** Signs a text. It must end in a newline and hold no other control character (LedgerError "malformed"). */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  checkText(text);
  if (!text.endsWith("\n")) throw new LedgerError("malformed", "a note's text ends in a newline");
  const bytes = Buffer.from(text);
  const lines = signers.map((signer) => {
    const id = Buffer.alloc(KEY_ID_SIZE);
    id.writeUInt32BE(signer.id);
    return `— ${signer.name} ${Buffer.concat([id, signer.signText(bytes)]).toString("base64")}\n`;
  });
  return `${text}\n${lines.join("")}`;
}

/** Takes a note apart without judging its signatures. Throws LedgerError "malformed". */
export function parseNote(note: string): ParsedNote {
  if (note.length > NOTE_LIMITS.bytes) throw new LedgerError("malformed", "the note is too long");
  checkText(note);
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) throw new LedgerError("malformed", "the note has no signatures");
  const lines = note.slice(split + 2, -1).split("\n");
  if (lines.length > NOTE_LIMITS.signatures) throw new LedgerError("malformed", "the note has too many signatures");
  const signatures = lines.map((line): NoteSignature => {
    const [dash, name, base64, ...rest] = line.split(" ");
    const bytes = base64 === undefined ? undefined : decodeBase64(base64);
    if (dash !== "—" || name === undefined || bytes === undefined || bytes.length <= KEY_ID_SIZE || rest.length > 0) {
      throw new LedgerError("malformed", "a signature line is not of the form — name base64");
    }
    return { name: checkName(name), id: bytes.readUInt32BE(), signature: new Uint8Array(bytes.subarray(KEY_ID_SIZE)) };
  });
  return { text: note.slice(0, split + 1), signatures };
}

/**
 * The text of a note that at least one of these keys signed, and the keys that did. Signatures by unknown keys are
 * ignored; a wrong one by a known key refuses the whole note, as does none by a known key (LedgerError "signature").
 */
export function openNote(note: string, verifiers: readonly NoteVerifier[]): { text: string; signers: NoteVerifier[] } {
  const { text, signatures } = parseNote(note);
  const bytes = Buffer.from(text);
  const signers = new Set<NoteVerifier>();
  for (const { name, id, signature } of signatures) {
    const verifier = verifiers.find((known) => known.name === name && known.id === id);
    if (verifier === undefined) continue;
    if (!verifier.verifySignature(bytes, signature)) {
      throw new LedgerError("signature", `the signature by ${name} is wrong`);
    }
    signers.add(verifier);
  }
  if (signers.size === 0) throw new LedgerError("signature", "the note is signed by no trusted key");
  return { text, signers: [...signers] };
}

/** Standard base64 with its padding and nothing else; undefined for anything Node's lenient decoder would forgive. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

/** SHA-256(name || 0x0A || type || key)[:4]. */
function keyId(name: string, publicKey: Uint8Array): number {
  const input = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519), publicKey]);
  return hash("sha256", input, "buffer").readUInt32BE();
}

function encodeVkey(name: string, publicKey: Uint8Array): string {
  return `${name}+${hex(keyId(name, publicKey))}+${typed(publicKey)}`;
}

function hex(id: number): string {
  return id.toString(16).padStart(2 * KEY_ID_SIZE, "0");
}

function typed(key: Uint8Array): string {
  return Buffer.concat([Buffer.of(ED25519), key]).toString("base64");
}

function untyped(base64: string): Buffer | undefined {
  const bytes = decodeBase64(base64);
  return bytes?.length === 1 + ED25519_KEY_SIZE && bytes[0] === ED25519 ? bytes.subarray(1) : undefined;
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
}

function publicKeyOf(key: KeyObject): Uint8Array {
  const der = createPublicKey(key).export({ format: "der", type: "spki" });
  return new Uint8Array(der.subarray(SPKI_PREFIX.length));
}

function checkName(name: string): string {
  if (name === "" || /[\p{White_Space}+]/u.test(name) || !name.isWellFormed()) {
    throw new LedgerError("key", "a key's name is not empty and has no space and no plus");
  }
  return name;
}

function checkText(text: string): void {
  if (!text.isWellFormed() || /[\u0000-\u0009\u000b-\u001f]/.test(text)) {
    throw new LedgerError("malformed", "a note is UTF-8 and has no control character but the newline");
  }
}
