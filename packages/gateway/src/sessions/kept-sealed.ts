import { hash } from "node:crypto";
import type { Sealer } from "../evidence/seal.ts";
import { sealForMany, tie } from "../evidence/shared-seal.ts";
import type { ReceiveInput } from "./commands/receive.ts";
import type { SealedStatement } from "./session-row.ts";
import type { Statement } from "./statement.ts";

/** What a session keeps sealed of what was sent. */
export interface KeptSealed {
  readonly input: Pick<ReceiveInput, "sealed" | "forMany">;
  /** Hex; of the sealed bytes, its own or those for many. */
  readonly sha256: string;
  /** To be told that they are stored. */
  stored(): void;
}

interface ForMany {
  readonly key: string;
  /** Base64. */
  readonly sealed: string;
  stored: boolean;
}

/** A statement that came, with all else that is sealed with it. */
interface Came {
  readonly sealer: Sealer;
  readonly of: readonly unknown[];
  /** Made when it came again. */
  forMany: ForMany | undefined;
}

/** A statement that comes often is the same object, and never changes. */
const came = new WeakMap<Statement, Came>();

/** Sealed for the session alone when it came first, then once for all (docs/adr/0023-small-queries.md). */
export function keptSealed(sealer: Sealer, id: string, sealed: SealedStatement): KeptSealed {
  const forMany = forManyOf(sealer, sealed);
  if (forMany === undefined) {
    const own = sealer.seal(JSON.stringify(sealed), id);
    return { input: { sealed: base64(own) }, sha256: hash("sha256", own, "hex"), stored: () => undefined };
  }
  const { key } = forMany;
  return {
    input: {
      sealed: base64(tie(sealer, key, id)),
      forMany: forMany.stored ? { key } : { key, sealed: forMany.sealed },
    },
    sha256: key,
    stored: () => {
      forMany.stored = true;
    },
  };
}

/** undefined: it didn't come before, or is a job's in other words than SQL, which comes once. */
function forManyOf(sealer: Sealer, sealed: SealedStatement): ForMany | undefined {
  const { statement, maximumBytesBilled, jobTimeoutMs, dryRun, asked } = sealed;
  if (asked !== undefined) return undefined;
  const of = [maximumBytesBilled, jobTimeoutMs, dryRun];
  const before = came.get(statement);
  if (before?.sealer !== sealer || !before.of.every((one, i) => one === of[i])) {
    came.set(statement, { sealer, of, forMany: undefined });
    return undefined;
  }
  if (before.forMany === undefined) {
    const made = sealForMany(sealer, JSON.stringify(sealed));
    before.forMany = { key: made.key, sealed: base64(made.sealed), stored: false };
  }
  return before.forMany;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}
