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
  // A stored table keeps its insertion order, so rowid is the position.
  const sql = `SELECT ${columns} FROM ${range.duckName} WHERE rowid >= ${range.start} AND rowid < ${end} ORDER BY rowid`;
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
