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

const PREFIX_BYTES = 5;

/** The messages of a stream, each whole; what isn't asked for isn't read. */
export async function* readFrames(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  /** Of the message being read, prefix included; 0: not known yet. */
  let wanted = 0;
  for await (const chunk of stream) {
    held.push(chunk);
    bytes += chunk.length;
    while (bytes >= (wanted === 0 ? PREFIX_BYTES : wanted)) {
      if (wanted === 0) {
        const prefix = first(held, PREFIX_BYTES);
        if (prefix[0] !== 0) throw new FrameError("compressed");
        const length = prefix.readUInt32BE(1);
        if (length > maxBytes) throw new FrameError("oversized");
        wanted = PREFIX_BYTES + length;
        continue;
      }
      const all = held.length === 1 ? (held[0] as Uint8Array) : Buffer.concat(held, bytes);
      const message = all.subarray(PREFIX_BYTES, wanted);
      held = bytes === wanted ? [] : [all.subarray(wanted)];
      bytes -= wanted;
      wanted = 0;
      yield message;
    }
  }
  if (bytes > 0) throw new FrameError("truncated");
}

function first(chunks: readonly Uint8Array[], bytes: number): Buffer {
  const out = Buffer.alloc(bytes);
  let end = 0;
  for (const chunk of chunks) {
    out.set(chunk.subarray(0, bytes - end), end);
    end += Math.min(chunk.length, bytes - end);
    if (end === bytes) break;
  }
  return out;
}

/** What stands before a message of these pieces. */
export function prefix(pieces: readonly Uint8Array[]): Buffer {
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
