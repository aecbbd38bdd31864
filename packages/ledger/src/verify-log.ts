import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { LedgerError } from "./error.ts";
import { EMPTY_TREE_HASH, type Hash, leafHash, nodeHash, sameHash } from "./hash.ts";
import type { NoteVerifier } from "./note.ts";

/** A hash of the tree: level L's n-th covers entries [n·2^L, (n+1)·2^L). */
export interface NodePosition {
  readonly level: number;
  readonly n: number;
}

/** A log to audit, wherever it is kept. What it throws becomes a problem of the audit. */
export interface LogSource {
  /** Signed checkpoints, oldest first. */
  checkpoints(): AsyncIterable<string> | Iterable<string>;
  /** All entries from index 0 on. */
  entries(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** The hashes that are stored for these nodes; undefined where this kind of source stores none. Throws when one that it should have is missing. */
  hashes(nodes: readonly NodePosition[]): Promise<readonly (Hash | undefined)[]> | readonly (Hash | undefined)[];
}

export type LogProblemCode =
  /** A checkpoint's format, signature or origin is wrong, or checkpoints are out of order. */
  | "checkpoint"
  /** A checkpoint's root is not the root of the entries. */
  | "root"
  /** A stored hash is not the hash of the entries below it. */
  | "hash"
  /** Entries after the newest checkpoint: nobody vouched for them. */
  | "uncovered"
  /** A checkpoint speaks of entries that are not there. */
  | "truncated"
  /** The source can't be read on. */
  | "unreadable";

export interface LogProblem {
  readonly code: LogProblemCode;
  /** Tree size or entry index it was found at. */
  readonly at: number;
  readonly message: string;
}

export interface LogAudit {
  /** True only when everything was walked and nothing was wrong. */
  readonly ok: boolean;
  /** Entries walked. */
  readonly size: number;
  /** The root of the entries walked, recomputed. */
  readonly root: Hash;
  readonly checkpoints: number;
  /** In the order found, at most 100. */
  readonly problems: readonly LogProblem[];
}

export interface LogAuditOptions {
  /** The log's public keys, from somewhere other than the log. */
  readonly verifiers: readonly NoteVerifier[];
  /** Signed checkpoints kept elsewhere (an earlier audit, a witness). Only they can show that the newest entries were cut and the rest left whole. */
  readonly known?: readonly string[];
  /** Called with each entry, in order. */
  readonly visit?: (index: number, entry: Uint8Array) => void;
}

const MAX_PROBLEMS = 100;
/** Nodes whose stored hashes are asked for at once. */
const CHUNK = 512;

/**
 * A full audit: every entry is hashed, every node recomputed and compared with what is stored, every checkpoint's signature
 * verified and its root compared with the entries before it. A sample would not do: a tile outside it may be altered.
 *
 * All checkpoints being roots of prefixes of the same entries, any two of them are consistent; nothing more is to be proved.
 */
export async function verifyLog(source: LogSource, options: LogAuditOptions): Promise<LogAudit> {
  const problems: LogProblem[] = [];
  const report = (code: LogProblemCode, at: number, message: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push({ code, at, message });
  };

  const claims = new Map<number, Checkpoint[]>();
  const claim = (note: string, previous: number): number => {
    const checkpoint = openCheckpoint(note, options.verifiers);
    claims.set(checkpoint.size, [...(claims.get(checkpoint.size) ?? []), checkpoint]);
    if (checkpoint.size <= previous)
      report("checkpoint", checkpoint.size, `a checkpoint of size ${checkpoint.size} follows one of size ${previous}`);
    return checkpoint.size;
  };
  let count = 0;
  let newest = -1;
  try {
    for await (const note of source.checkpoints()) {
      count++;
      try {
        newest = claim(note, newest);
      } catch (error) {
        report("checkpoint", Math.max(newest, 0), `checkpoint ${count} of the log: ${textOf(error)}`);
      }
    }
  } catch (error) {
    report("unreadable", 0, `the checkpoints: ${textOf(error)}`);
  }
  for (const note of options.known ?? []) {
    try {
      claim(note, -1);
    } catch (error) {
      report("checkpoint", 0, `a checkpoint given to compare with: ${textOf(error)}`);
    }
  }

  const frontier = new Frontier();
  const judge = (): void => {
    for (const { size, root } of claims.get(frontier.size) ?? []) {
      if (!sameHash(root, frontier.root()))
        report("root", size, `the checkpoint of size ${size} is not of these entries`);
    }
    claims.delete(frontier.size);
  };
  let nodes: (NodePosition & { readonly hash: Hash })[] = [];
  const compare = async (): Promise<void> => {
    const stored = await source.hashes(nodes);
    for (const [position, { level, n, hash }] of nodes.entries()) {
      const other = stored[position];
      if (other !== undefined && !sameHash(other, hash)) {
        report("hash", n * 2 ** level, `the stored hash ${n} of level ${level} is not that of its entries`);
      }
    }
    nodes = [];
  };
  judge();
  try {
    for await (const entry of source.entries()) {
      options.visit?.(frontier.size, entry);
      nodes.push(...frontier.push(leafHash(entry)));
      if (nodes.length >= CHUNK) await compare();
      judge();
    }
    await compare();
  } catch (error) {
    report("unreadable", frontier.size, textOf(error));
  }

  if (frontier.size > Math.max(newest, 0)) {
    report(
      "uncovered",
      Math.max(newest, 0),
      `${frontier.size - Math.max(newest, 0)} entries follow the newest checkpoint`,
    );
  }
  for (const size of claims.keys()) {
    report("truncated", frontier.size, `a checkpoint is of ${size} entries, the log has ${frontier.size}`);
  }
  return { ok: problems.length === 0, size: frontier.size, root: frontier.root(), checkpoints: count, problems };
}

/**
 * The right edge of a growing tree: the root of each largest complete subtree, leftmost first. Their sizes are the powers
 * of two in the tree's size, so there are never more than its bits.
 */
class Frontier {
  readonly #edge: (NodePosition & { readonly hash: Hash })[] = [];
  size = 0;

  /** Appends a leaf; returns it and every node it completes. */
  push(leaf: Hash): (NodePosition & { readonly hash: Hash })[] {
    let node = { level: 0, n: this.size, hash: leaf };
    const completed = [node];
    for (let left = this.#edge.at(-1); left?.level === node.level; left = this.#edge.at(-1)) {
      this.#edge.pop();
      node = { level: node.level + 1, n: left.n / 2, hash: nodeHash(left.hash, node.hash) };
      completed.push(node);
    }
    this.#edge.push(node);
    this.size++;
    return completed;
  }

  root(): Hash {
    if (this.size === 0) return EMPTY_TREE_HASH;
    return this.#edge.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right));
  }
}

/** A foreign error's message might quote an entry. */
function textOf(error: unknown): string {
  return error instanceof LedgerError
    ? error.message
    : `it can't be read (${error instanceof Error ? error.name : "unknown"})`;
}
