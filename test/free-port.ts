import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * The first of so many ports in a row that nobody listens on. They are below those that systems give to connections (Linux from 32,768,
 * others from 49,152), so that none of another test takes one before it is listened on, or between two starts.
 */
export async function freePort(inARow = 1): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const ports = Array.from({ length: inARow }, (_, i) => port + i);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((told) => {
    probe.once("error", () => told(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => told(true)));
  });
}
