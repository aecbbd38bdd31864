import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** Paths of PEM files. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** An authority of a test's own, in its folder. */
export class TestAuthority {
  readonly #folder: string;
  readonly #name: string;
  readonly pair: CertificatePair;

  constructor(folder: string, name = "authority") {
    this.#folder = folder;
    this.#name = name;
    this.pair = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
    openssl(
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=${name} -addext keyUsage=critical,keyCertSign -keyout ${this.pair.key} -out ${this.pair.cert}`,
    );
  }

  get pem(): Buffer {
    return readFileSync(this.pair.cert);
  }

  /** A certificate for `localhost` and 127.0.0.1, of use to servers and clients. */
  issue(name: string, options: { readonly days?: number; readonly key?: string } = {}): CertificatePair {
    const file = (ending: string) => join(this.#folder, `${this.#name}-${name}.${ending}`);
    const [cert, key, request, more] = [file("pem"), file("key"), file("csr"), file("ext")];
    const newKey = options.key ?? "ec -pkeyopt ec_paramgen_curve:P-256";
    openssl(`req -newkey ${newKey} -nodes -subj /CN=${name} -keyout ${key} -out ${request}`);
    writeFileSync(more, "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
    openssl(
      `x509 -req -in ${request} -CA ${this.pair.cert} -CAkey ${this.pair.key} -CAcreateserial -days ${options.days ?? 2} -extfile ${more} -out ${cert}`,
    );
    return { cert, key };
  }
}

function openssl(command: string): void {
  const made = spawnSync("openssl", command.split(" "), { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr.slice(-500)}`);
}
