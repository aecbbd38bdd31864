import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * node:http2 makes a buffer of each read, so that a stream leaves its whole length in dead buffers. V8 lets go of them by a collection of
 * the young, which takes a millisecond, but runs it by itself only once they are 64 MB; and 64 MB are also what makes it mark the whole
 * heap, again and again, which cost more than all that was done with the bytes. So the young are collected before.
 * https://nodejs.org/api/v8.html#v8setflagsfromstringflags
 */
const BYTES = 8 * 1024 * 1024;
/**
 * After each marking V8 lets the heap grow by some part of what lives, those buffers included, before it marks again. The part that it
 * chooses by itself can be less than what comes between two collections of the young: once it marks, it then marks without end.
 */
const GROWING_PERCENT = 150;

type Collect = (options: { readonly type: "minor" }) => void;

const collect = collection();
let came = 0;

/** So many bytes came in buffers of their own. */
export function countFreshBytes(bytes: number): void {
  came += bytes;
  if (came < BYTES) return;
  came = 0;
  collect?.({ type: "minor" });
}

/** undefined: V8 has none to offer, which costs time and nothing else. */
function collection(): Collect | undefined {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("globalThis.gc");
  setFlagsFromString("--no-expose-gc");
  return typeof gc === "function" ? (gc as Collect) : undefined;
}
