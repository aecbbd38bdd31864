import type { TlsConfig } from "../config/config.ts";
import type { Logger } from "../telemetry/index.ts";
import { type Certificates, readCertificates } from "./certificate-files.ts";
import { contextOf } from "./listener-tls.ts";

/** A TLS server, as far as this goes. */
export interface SecureListener {
  setSecureContext(options: ReturnType<typeof contextOf>): void;
}

export interface ReloadingOptions {
  readonly files: TlsConfig;
  readonly listeners: readonly SecureListener[];
  /** Those in force now. */
  readonly first: Certificates;
  readonly clock: () => number;
  readonly log: Logger;
  /** Records what is in force. */
  record(certificates: Certificates): Promise<unknown>;
}

/** How often the files are read again: certificates of an ACME client or of Kubernetes change by themselves, by links as well. */
const EVERY_MS = 30_000;

/** Takes changed files without a restart. Files that can't be taken leave in force what was, and are told at each try. */
export class ReloadingCertificates {
  readonly #o: ReloadingOptions;
  readonly #timer: NodeJS.Timeout;
  #now: Certificates;

  constructor(options: ReloadingOptions) {
    this.#o = options;
    this.#now = options.first;
    this.#timer = setInterval(() => void this.reload(), EVERY_MS);
    this.#timer.unref();
  }

  /** Reads the files; resolves to whether those in force are the files'. */
  async reload(): Promise<boolean> {
    const { files, listeners, clock, log, record } = this.#o;
    try {
      const next = readCertificates(files, clock());
      if (same(this.#now, next)) return true;
      const context = contextOf(next);
      // Both must take it before either does.
      for (const listener of listeners) listener.setSecureContext(context);
      this.#now = next;
      log.info({}, "a changed TLS certificate is in force");
      await record(next);
      return true;
    } catch (err) {
      log.error({ err }, "THE CHANGED TLS FILES CAN'T BE TAKEN; the certificate before stays in force");
      return false;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

function same(a: Certificates, b: Certificates): boolean {
  return (
    a.cert.equals(b.cert) &&
    a.key.equals(b.key) &&
    (a.ca === undefined ? b.ca === undefined : b.ca?.equals(a.ca) === true)
  );
}
