import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";

/** A proxy before the gateway that ends TLS for gRPC, as an operator has one. */
export interface TlsFront {
  readonly port: number;
  /** PEM file of its certificate, which is its own authority. */
  readonly certificate: string;
  close(): Promise<void>;
}

export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** For `localhost`, before what listens on the URL's port; its key and certificate are made in the folder. */
export async function startTlsFront(url: string, folder: string): Promise<TlsFront> {
  const [key, certificate] = [join(folder, "tls.key"), join(folder, "tls.pem")];
  const made = spawnSync(
    "openssl",
    [
      ..."req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost".split(
        " ",
      ),
      ...["-keyout", key, "-out", certificate],
    ],
    { encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr.slice(-500)}`);
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(certificate), ALPNProtocols: ["h2"] },
    (socket) => {
      const behind = connect(Number(new URL(url).port), "127.0.0.1");
      socket.on("error", () => behind.destroy());
      behind.on("error", () => socket.destroy());
      socket.pipe(behind).pipe(socket);
    },
  );
  server.listen(0, "localhost");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    certificate,
    async close() {
      server.close();
    },
  };
}
