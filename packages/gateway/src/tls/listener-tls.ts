import type { TlsOptions } from "node:tls";
import type { Certificates } from "./certificate-files.ts";

/**
 * TLS 1.3, and 1.2 with forward secrecy and authenticated encryption alone (NIST SP 800-52r2, 3.3.1; RFC 9325, 4.2), in the server's
 * order.
 */
const CIPHERS = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_AES_128_GCM_SHA256",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** How clients' certificates are taken: those of `client_ca` alone, from whoever has one or from everybody. */
export type ClientCertificates = "optional" | "required";

/** The part of a listener's TLS that changes with its files. */
export function contextOf({ cert, key, ca }: Certificates) {
  return {
    cert,
    key,
    ...(ca === undefined ? {} : { ca }),
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    ciphers: CIPHERS,
    honorCipherOrder: true,
  } as const;
}

/** The part of a listener's TLS that stays. A certificate that comes unasked, or of another authority, ends the handshake. */
export function handshakeOf(certificates: Certificates, clients: ClientCertificates, timeoutMs: number): TlsOptions {
  return {
    ...contextOf(certificates),
    handshakeTimeout: timeoutMs,
    ...(certificates.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: clients === "required" }),
  };
}
