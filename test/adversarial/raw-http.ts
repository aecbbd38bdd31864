import { connect } from "node:net";

/**
 * Writes bytes to a port and gives back all that comes until the other side closes, or falls silent for `silenceMs`.
 * `body`: chunks written one after the other as long as the other side takes them.
 */
export function rawExchange(
  url: string,
  head: string | Uint8Array,
  options: { readonly body?: Iterable<Uint8Array>; readonly silenceMs?: number; readonly end?: boolean } = {},
): Promise<{ readonly bytes: string; readonly closed: boolean; readonly sent: number }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let sent = 0;
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const done = (closed: boolean) => {
      socket.destroy();
      resolve({ bytes: Buffer.concat(chunks).toString("latin1"), closed, sent });
    };
    socket.setTimeout(options.silenceMs ?? 20_000, () => done(false));
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.once("end", () => done(true));
    socket.once("error", () => done(true));
    socket.once("connect", () => {
      socket.write(head);
      const body = options.body?.[Symbol.iterator]();
      const more = (): void => {
        for (;;) {
          const next = body?.next();
          if (next === undefined || next.done === true || socket.destroyed) break;
          sent += next.value.length;
          if (!socket.write(next.value)) {
            socket.once("drain", more);
            return;
          }
        }
        if (options.end === true) socket.end();
      };
      more();
    });
  });
}

/** The status codes of all answers in what came back, in order. */
export function statuses(bytes: string): number[] {
  return [...bytes.matchAll(/(?:^|(?<=[}\n]))HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
}
