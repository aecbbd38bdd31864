/** Rendered pages kept in memory, so that a benchmark measures the reader and not this warehouse. */
import type { Engine } from "../engine.ts";
import { type RowRange, writeRows } from "./rows.ts";

export class PageCache {
  readonly #limit: number;
  readonly #pages = new Map<string, string[]>();
  #size = 0;

  /** `limit` in characters; 0 keeps nothing. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  readonly write = async (engine: Engine, range: RowRange, write: (piece: string) => Promise<void>): Promise<void> => {
    if (this.#limit === 0) return writeRows(engine, range, write);
    const key = JSON.stringify([
      range.duckName,
      range.start,
      range.count,
      range.timestamps,
      range.fields.map((f) => f.name),
    ]);
    const known = this.#pages.get(key);
    if (known) {
      for (const piece of known) await write(piece);
      return;
    }
    const pieces: string[] = [];
    await writeRows(engine, range, async (piece) => {
      pieces.push(piece);
      await write(piece);
    });
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (this.#size + size > this.#limit) return;
    this.#size += size;
    this.#pages.set(key, pieces);
  };
}
