import { UpstreamError, type UpstreamKind } from "./error.ts";

/** Told of each call after all its tries; `outcome` is `ok`, `aborted` or an UpstreamKind. Rows count until their first byte. */
export type ObserveCall = (call: string, outcome: UpstreamKind | "ok" | "aborted", seconds: number) => void;

export async function observed<T>(observe: ObserveCall, name: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const tell = (outcome: Parameters<ObserveCall>[1]) => observe(name, outcome, (performance.now() - start) / 1000);
  try {
    const answer = await work();
    tell("ok");
    return answer;
  } catch (error) {
    tell(error instanceof UpstreamError ? error.kind : "aborted");
    throw error;
  }
}
