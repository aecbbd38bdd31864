import { timingSafeEqual } from "node:crypto";
import type { KeyedDigest } from "../evidence/seal.ts";
import type { CountedRows } from "./statement.ts";

/** What is agreed to of rows that are kept nowhere: how many, and a keyed digest of the lines that BigQuery gets of them, however they are cut. */
export class CountedLines {
  readonly #digest: KeyedDigest;
  #bytes = 0;

  constructor(keys: { keyedDigest(): KeyedDigest }) {
    this.#digest = keys.keyedDigest();
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(lines: Uint8Array): void {
    this.#bytes += lines.length;
    this.#digest.update(lines);
  }

  /** Call it once, of so many rows. */
  all(rows: number): CountedRows {
    return { rows, bytes: this.#bytes, digest: this.#digest.hex() };
  }
}

/** The digests are compared in constant time. */
export function areSameRows(one: CountedRows, other: CountedRows): boolean {
  const [digest, agreed] = [Buffer.from(one.digest, "hex"), Buffer.from(other.digest, "hex")];
  const same = digest.length === agreed.length && timingSafeEqual(digest, agreed);
  return same && one.rows === other.rows && one.bytes === other.bytes;
}
