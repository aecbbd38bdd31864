import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/**
 * Whether the handshake may stand: a client that came with a certificate must have one of `client_ca`, in force. Without one it may
 * come where certificates are optional.
 */
export function mayStay(socket: TLSSocket): boolean {
  return socket.authorized || socket.getPeerX509Certificate() === undefined;
}

/** `x5t#S256` (RFC 8705, 3.1) of the certificate that the client proved to have, on a connection whose TLS ends here. */
export function certificateThumbprint(socket: Socket | undefined): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const raw = socket.getPeerX509Certificate()?.raw;
  return raw === undefined ? undefined : createHash("sha256").update(raw).digest("base64url");
}
