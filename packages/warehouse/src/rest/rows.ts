/** Rows of a stored table as JSON text, piece by piece. */
import type { Engine } from "../engine.ts";
import type { Field } from "../sql/types.ts";
import { quoteIdentifier } from "../sql/types.ts";
import { cellWriter, type TimestampOutput } from "./cells.ts";

/** Characters gathered before a piece is handed on. */
const PIECE = 64 * 1024;

export interface RowRange {
  readonly duckName: string;
  readonly fields: readonly Field[];
  readonly start: number;
  readonly count: number;
  readonly timestamps: TimestampOutput;
  /** A table that rows were deleted from: positions are no longer `rowid`s, which are not given again. */
  readonly gaps?: boolean;
}

/** Calls `write` with `{"f":[…]},{"f":[…]}` in pieces, commas between rows included. `write` may wait (backpressure). */
export async function writeRows(
  engine: Engine,
  range: RowRange,
  write: (piece: string) => Promise<void>,
): Promise<void> {
  if (range.count <= 0) return;
  const columns = range.fields.map(selected).join(", ");
  const end = range.start + range.count;
  // A stored table keeps its insertion order, so rowid is the position, and finds it without passing those before.
  const sql =
    range.gaps === true
      ? `SELECT ${columns} FROM ${range.duckName} ORDER BY rowid LIMIT ${range.count} OFFSET ${range.start}`
      : `SELECT ${columns} FROM ${range.duckName} WHERE rowid >= ${range.start} AND rowid < ${end} ORDER BY rowid`;
  const writers = range.fields.map((field) => cellWriter(field, range.timestamps));
  await engine.stream(sql, async (result) => {
    let piece = "";
    let first = true;
    for await (const chunk of result) {
      const vectors = writers.map((_, i) => chunk.getColumnVector(i));
      const rowCount = chunk.rowCount;
      for (let row = 0; row < rowCount; row += 1) {
        piece += first ? '{"f":[' : ',{"f":[';
        first = false;
        for (let i = 0; i < writers.length; i += 1) {
          piece += `${i === 0 ? '{"v":' : ',{"v":'}${writers[i]?.(vectors[i]?.getItem(row) ?? null) ?? "null"}}`;
        }
        piece += "]}";
        if (piece.length >= PIECE) {
          await write(piece);
          piece = "";
        }
      }
    }
    if (piece !== "") await write(piece);
  });
}

/** GEOGRAPHY is answered as text, without DuckDB's space before the bracket. */
export function selected(field: Field): string {
  const name = quoteIdentifier(field.name);
  if (field.type !== "GEOGRAPHY" || field.mode === "REPEATED") return name;
  return `regexp_replace(CAST(${name} AS VARCHAR), ' \\(', '(') AS ${name}`;
}

/** Whether rows were deleted from a stored table, between or before others. */
export async function hasGaps(engine: Engine, duckName: string, rows: number): Promise<boolean> {
  const last = await (await engine.run(`SELECT max(rowid) FROM ${duckName}`)).getRows();
  return rows > 0 && Number(last[0]?.[0] ?? -1) + 1 !== rows;
}
