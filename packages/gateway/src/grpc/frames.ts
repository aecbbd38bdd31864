/**
 * gRPC's messages on a byte stream: a byte that says whether it is compressed, four of length (big-endian), the message.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */

export type FrameFault = "compressed" | "oversized" | "truncated";

export class FrameError extends Error {
  override readonly name = "FrameError";
  readonly fault: FrameFault;
  constructor(fault: FrameFault) {
    super(`a gRPC message is ${fault}`);
    this.fault = fault;
  }
}

export const PREFIX_BYTES = 5;

/** Shorter pieces cost more to write by themselves than to copy. */
const WORTH_A_WRITE = 4096;

/** What is written of a message of these pieces: prefix and short pieces put together, long ones as they are. */
export function framed(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const out: Uint8Array[] = [];
  let short: Uint8Array[] = [prefix(pieces)];
  for (const piece of pieces) {
    if (piece.length < WORTH_A_WRITE) {
      short.push(piece);
      continue;
    }
    if (short.length > 0) out.push(Buffer.concat(short));
    short = [];
    out.push(piece);
  }
  if (short.length > 0) out.push(Buffer.concat(short));
  return out;
}

function prefix(pieces: readonly Uint8Array[]): Buffer {
  const out = Buffer.alloc(PREFIX_BYTES);
  out.writeUInt32BE(
    pieces.reduce((sum, piece) => sum + piece.length, 0),
    1,
  );
  return out;
}

/** A message's pieces with their prefix, in one buffer. */
export function frame(pieces: readonly Uint8Array[]): Buffer {
  return Buffer.concat([prefix(pieces), ...pieces]);
}
