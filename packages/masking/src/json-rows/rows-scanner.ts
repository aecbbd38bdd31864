import { MaskingError } from "../masking-error.ts";
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  isHexDigit,
  isWhitespace,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  SIMPLE_ESCAPE,
  STOPS_STRING,
} from "./bytes.ts";
import { type CellPlan, COMPUTE, REPLACE, SHOW } from "./cell-plan.ts";
import { HeldBytes } from "./held-bytes.ts";
import type { PageOutput } from "./page-output.ts";
import type { MaskerLimits } from "./rows-masker.ts";

const F = 0x66;
const V = 0x76;
const U = 0x75;
const L = 0x6c;
const N = 0x6e;

// What must come next. Inside of a token, where no whitespace may be:
const IN_STRING = 0;
const IN_ESCAPE = 1;
const IN_HEX = 2;
const IN_NULL = 3;
const KEY_LETTER = 4;
const KEY_QUOTE = 5;
// Between tokens:
const VALUE = 6;
const CELL_END = 7;
const AFTER_CELL = 8;
const CELL = 9;
const KEY = 10;
const KEY_COLON = 11;
const CELLS = 12;
const FIRST_ELEMENT = 13;
const RECORD_END = 14;
const FIRST_ROW = 15;
const ROW = 16;
const AFTER_ROW = 17;

/** A row or STRUCT (`plan` has its fields, `index` is the one being read) or an array (`plan` is the repeated field). */
interface Frame {
  readonly plan: CellPlan;
  readonly isArray: boolean;
  index: number;
}

/**
 * The state machine over `{"f":[{"v":…},…]},…]`, from behind the opening bracket of `rows` to the closing one.
 *
 * What is shown is copied in ranges as long as they come: `from` is where the range that is yet to be copied begins, or
 * -1 while nothing may come out. A masked value's bytes are never in a range.
 */
export class RowsScanner {
  rows = 0;
  done = false;
  /** Of the row that is being read: the text of the column at a place, where masks ask for it. */
  subjectAt: ((place: number) => string | null) | undefined;
  readonly #row: CellPlan;
  readonly #limits: MaskerLimits;
  readonly #held = new HeldBytes();
  readonly #frames: Frame[] = [];
  #state = FIRST_ROW;
  #showing = false;
  /** How many frames there were when one began that is dropped whole; -1: none is. */
  #droppedAt = -1;
  #keyLetter = F;
  /** Letters of `null` or digits of `\u` still to come. */
  #left = 0;
  #action: CellPlan["action"] = SHOW;
  #hasEscape = false;

  constructor(row: CellPlan, limits: MaskerLimits) {
    this.#row = row;
    this.#limits = limits;
  }

  /** Nothing of a row was read that isn't whole: someone else may read the next ones. */
  get betweenRows(): boolean {
    return this.#state === FIRST_ROW || this.#state === AFTER_ROW;
  }

  /** Someone else has read so many rows, written them, and stopped behind the last one. */
  rowsTaken(rows: number): void {
    if (rows === 0) return;
    this.rows += rows;
    this.#state = AFTER_ROW;
    this.#showing = true;
  }

  /**
   * Reads from `start` on; returns where it stopped: behind the closing bracket, or at the chunk's end.
   * `oneRow`: it also stops behind a row.
   */
  read(chunk: Uint8Array, start: number, out: PageOutput, oneRow: boolean): number {
    let end = chunk.length;
    let i = start;
    let state = this.#state;
    let from = this.#showing ? start : -1;
    // Where in this chunk the string began that is being held.
    let heldFrom = start;

    while (i < end) {
      if (state === IN_STRING) {
        while (i < end && STOPS_STRING[chunk[i] as number] === 0) i++;
        if (i === end) break;
        const stop = chunk[i] as number;
        if (stop === QUOTE) {
          if (this.#action !== SHOW) {
            if (this.#droppedAt < 0) {
              this.#writeMasked(chunk, heldFrom, i, out);
              from = i + 1;
            }
          }
          i++;
          state = CELL_END;
        } else if (stop === BACKSLASH) {
          this.#hasEscape = true;
          state = IN_ESCAPE;
          i++;
        } else {
          throw this.#error("a control character in a string");
        }
        continue;
      }

      const byte = chunk[i] as number;
      if (state >= VALUE && byte <= 0x20) {
        if (!isWhitespace(byte)) throw this.#error("a control character");
        if (from >= 0) {
          out.copy(chunk, from, i);
          from = i + 1;
        }
        i++;
        continue;
      }

      switch (state) {
        case CELL_END: {
          if (byte !== CLOSE_OBJECT) throw this.#error("the end of the cell was expected");
          state = AFTER_CELL;
          i++;
          break;
        }

        case AFTER_CELL: {
          const frame = this.#top();
          if (frame.isArray) {
            if (byte === COMMA) {
              state = CELL;
            } else if (byte === CLOSE_ARRAY) {
              if (this.#endFrame(out, true)) from = i + 1;
              state = CELL_END;
            } else {
              throw this.#error("another element or the end of the array was expected");
            }
          } else if (frame.index + 1 < frame.plan.fields.length) {
            if (byte !== COMMA) throw this.#error("another cell was expected");
            frame.index++;
            state = CELL;
          } else {
            if (byte !== CLOSE_ARRAY) throw this.#error("no more cells were expected");
            state = RECORD_END;
          }
          i++;
          break;
        }

        case CELL: {
          if (byte !== OPEN_OBJECT) throw this.#error("a cell was expected");
          this.#keyLetter = V;
          // `{"v":` in one piece, as BigQuery writes it unless asked for pretty printing.
          if (
            i + 4 < end &&
            chunk[i + 1] === QUOTE &&
            chunk[i + 2] === V &&
            chunk[i + 3] === QUOTE &&
            chunk[i + 4] === COLON
          ) {
            state = VALUE;
            i += 5;
          } else {
            state = KEY;
            i++;
          }
          break;
        }

        case VALUE: {
          const frame = this.#top();
          const plan = frame.isArray ? frame.plan : (frame.plan.fields[frame.index] as CellPlan);
          const isArray = plan.repeated && !frame.isArray;
          if (byte === QUOTE && !isArray && plan.fields.length === 0) {
            this.#action = this.#droppedAt >= 0 ? REPLACE : plan.action;
            this.#hasEscape = false;
            if (this.#action !== SHOW && from >= 0) {
              out.copy(chunk, from, i);
              from = -1;
            }
            heldFrom = i + 1;
            state = IN_STRING;
          } else if (byte === N && !plan.repeated) {
            this.#left = 3;
            state = IN_NULL;
          } else if (isArray ? byte === OPEN_ARRAY : byte === OPEN_OBJECT && plan.fields.length > 0) {
            if (plan.whole !== "" && this.#droppedAt < 0) {
              out.copy(chunk, from, i);
              from = -1;
              this.#droppedAt = this.#frames.length;
            }
            this.#frames.push({ plan, isArray, index: 0 });
            this.#keyLetter = F;
            state = isArray ? FIRST_ELEMENT : KEY;
          } else {
            throw this.#error(isArray ? "an array was expected" : "a value of the column's type was expected");
          }
          i++;
          break;
        }

        case IN_ESCAPE: {
          if (byte === U) {
            this.#left = 4;
            state = IN_HEX;
          } else if (SIMPLE_ESCAPE[byte] === 1) {
            state = IN_STRING;
          } else {
            throw this.#error("an escape that JSON doesn't have");
          }
          i++;
          break;
        }

        case IN_HEX: {
          if (!isHexDigit(byte)) throw this.#error("an escape that JSON doesn't have");
          if (--this.#left === 0) state = IN_STRING;
          i++;
          break;
        }

        case IN_NULL: {
          if (byte !== (this.#left === 3 ? U : L)) throw this.#error("a value that is no string and not null");
          if (--this.#left === 0) state = CELL_END;
          i++;
          break;
        }

        case KEY: {
          if (byte !== QUOTE) throw this.#error("a key was expected");
          state = KEY_LETTER;
          i++;
          break;
        }

        case KEY_LETTER: {
          if (byte !== this.#keyLetter) throw this.#error("a key that rows don't have");
          state = KEY_QUOTE;
          i++;
          break;
        }

        case KEY_QUOTE: {
          if (byte !== QUOTE) throw this.#error("a key that rows don't have");
          state = KEY_COLON;
          i++;
          break;
        }

        case KEY_COLON: {
          if (byte !== COLON) throw this.#error("a colon was expected");
          state = this.#keyLetter === V ? VALUE : CELLS;
          i++;
          break;
        }

        case CELLS: {
          if (byte !== OPEN_ARRAY) throw this.#error("a list of cells was expected");
          state = CELL;
          i++;
          break;
        }

        case FIRST_ELEMENT: {
          if (byte === CLOSE_ARRAY) {
            if (this.#endFrame(out, false)) from = i + 1;
            state = CELL_END;
            i++;
          } else {
            state = CELL;
          }
          break;
        }

        case RECORD_END: {
          if (byte !== CLOSE_OBJECT) throw this.#error("the end of the row or STRUCT was expected");
          if (this.#endFrame(out, true)) from = i + 1;
          state = this.#frames.length === 0 ? AFTER_ROW : CELL_END;
          i++;
          if (oneRow && state === AFTER_ROW) end = i;
          break;
        }

        case FIRST_ROW:
        case AFTER_ROW: {
          if (byte === CLOSE_ARRAY) {
            if (from >= 0) out.copy(chunk, from, i);
            this.done = true;
            this.#showing = false;
            return i + 1;
          }
          if (state === AFTER_ROW) {
            if (byte !== COMMA) throw this.#error("another row or the end of the rows was expected");
            i++;
          }
          state = ROW;
          break;
        }

        case ROW: {
          if (byte !== OPEN_OBJECT) throw this.#error("a row was expected");
          if (this.rows >= this.#limits.maxRows) {
            throw new MaskingError("limit", `More than the ${this.#limits.maxRows} rows allowed`);
          }
          this.rows++;
          if (this.#row.fields.length === 0) throw this.#error("no rows were expected of a result without columns");
          if (from < 0) from = i;
          this.#frames.push({ plan: this.#row, isArray: false, index: 0 });
          this.#keyLetter = F;
          state = KEY;
          i++;
          break;
        }
      }
    }

    if (from >= 0) out.copy(chunk, from, end);
    if (state <= IN_HEX && this.#action === COMPUTE) this.#hold(chunk, heldFrom, end);
    this.#state = state;
    this.#showing = from >= 0;
    return end;
  }

  /** Writes what stands in for the string that ends at `end`; its beginning may be held from earlier chunks. */
  #writeMasked(chunk: Uint8Array, start: number, end: number, out: PageOutput): void {
    const frame = this.#top();
    const plan = frame.isArray ? frame.plan : (frame.plan.fields[frame.index] as CellPlan);
    plan.count++;
    if (this.#action === REPLACE) {
      out.text(plan.constant);
      return;
    }
    this.#checkHeld(end - start);
    const text = this.#held.takeTextWith(chunk, start, end);
    // The string was read to be JSON, so this can't fail; and it was UTF-8, so nothing was replaced.
    const value = this.#hasEscape ? (JSON.parse(`"${text}"`) as string) : text;
    out.json(
      plan.subject === undefined ? plan.compute(value) : plan.compute(value, this.subjectAt?.(plan.subject) ?? null),
    );
  }

  #hold(chunk: Uint8Array, start: number, end: number): void {
    this.#checkHeld(end - start);
    this.#held.append(chunk, start, end);
  }

  #checkHeld(more: number): void {
    if (this.#held.length + more > this.#limits.maxMaskedCellBytes) {
      throw new MaskingError("limit", `${this.#where()}: more than ${this.#limits.maxMaskedCellBytes} bytes to mask`);
    }
  }

  #top(): Frame {
    return this.#frames[this.#frames.length - 1] as Frame;
  }

  /** Leaves the innermost frame. True if it was dropped whole: what stands in for it is written, and showing goes on. */
  #endFrame(out: PageOutput, hadContent: boolean): boolean {
    const frame = this.#frames.pop() as Frame;
    if (this.#droppedAt !== this.#frames.length) return false;
    this.#droppedAt = -1;
    if (hadContent) frame.plan.count++;
    out.text(frame.plan.whole);
    return true;
  }

  #error(what: string): MaskingError {
    return new MaskingError("shape", `${this.#where()}: ${what}`);
  }

  /** Row number and column path; never a value. */
  #where(): string {
    const frame = this.#frames.at(-1);
    const plan = frame?.isArray ? frame.plan : frame?.plan.fields[frame.index];
    return plan ? `Row ${this.rows}, ${plan.path}` : `Row ${this.rows}`;
  }
}
