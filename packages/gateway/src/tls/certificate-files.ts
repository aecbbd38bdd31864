import { createPrivateKey, X509Certificate } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import type { TlsConfig } from "../config/config.ts";
import { ConfigError, readingFault } from "../config/problem.ts";

/** What a listener needs of the files, and what of it can be told. */
export interface Certificates {
  /** PEM, the gateway's own certificate first. */
  readonly cert: Buffer;
  readonly key: Buffer;
  /** PEM of the authorities that clients' certificates must come from. */
  readonly ca: Buffer | undefined;
  /** SHA-256 of the gateway's own certificate, hex. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** Most bytes of one file (I10). */
const MOST_BYTES = 1_000_000;
const SMALLEST_RSA_BITS = 2048;

/**
 * Reads the files and checks that they are a certificate in force, its key, and authorities.
 * @throws ConfigError that names the file and what is wrong with it; never a part of a key.
 */
export function readCertificates(files: TlsConfig, now: number): Certificates {
  const cert = read("cert", files.cert);
  const [own] = certificatesOf("cert", files.cert, cert);
  if (own === undefined) throw problem("cert", files.cert, "holds no certificate in PEM form");
  const key = read("key", files.key);
  checkKey(files.key, key, own);
  const [begins, expires] = [Date.parse(own.validFrom), Date.parse(own.validTo)];
  if (!(begins <= now)) throw problem("cert", files.cert, `is not valid before ${own.validFrom}`);
  if (!(now < expires)) throw problem("cert", files.cert, `has expired (${own.validTo}); get a new one`);
  let ca: Buffer | undefined;
  if (files.clientCa !== undefined) {
    ca = read("client_ca", files.clientCa);
    const authorities = certificatesOf("client_ca", files.clientCa, ca);
    if (authorities.length === 0) throw problem("client_ca", files.clientCa, "holds no certificate in PEM form");
    if (!authorities.every((one) => one.ca))
      throw problem("client_ca", files.clientCa, "holds a certificate that is no authority's (CA:TRUE is missing)");
  }
  return { cert, key, ca, fingerprint: own.fingerprint256.replaceAll(":", "").toLowerCase(), expires };
}

/** Whoever can read the key can pass for the gateway, so others than its owner and group may not. */
function read(what: Part, path: string): Buffer {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    throw problem(what, path, `can't be read: ${readingFault(error)}`);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MOST_BYTES)
      throw problem(what, path, `is no file of at most ${MOST_BYTES} bytes`);
    if (what === "key" && process.platform !== "win32" && (stat.mode & 0o007) !== 0)
      throw problem(what, path, "can be read by everybody on this machine; make it mode 0600 or 0640");
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

function certificatesOf(what: Part, path: string, pem: Buffer): readonly X509Certificate[] {
  try {
    return (pem.toString("latin1").match(PEM) ?? []).map((one) => new X509Certificate(one));
  } catch {
    throw problem(what, path, "holds a certificate that can't be read");
  }
}

function checkKey(path: string, pem: Buffer, own: X509Certificate): void {
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw problem("key", path, "holds no private key in PEM form, or one under a passphrase");
  }
  if (!own.checkPrivateKey(key)) throw problem("key", path, "isn't the key of the certificate under tls.cert");
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < SMALLEST_RSA_BITS)
    throw problem("key", path, `is an RSA key of ${bits} bits; use ${SMALLEST_RSA_BITS} or more, or ECDSA`);
}

type Part = "cert" | "key" | "client_ca";

function problem(what: Part, path: string, message: string): ConfigError {
  return new ConfigError([{ file: path, line: 1, column: 1, path: `tls.${what}`, message }]);
}
