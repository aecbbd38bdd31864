import type { Refusal } from "./plan.ts";

/**
 * SQL that was not understood. Has the shape of a `Refusal`; `line` and `column` are 1-based, column in UTF-16 units.
 * The message names kinds of tokens and names from the SQL, never a literal's value (I9).
 */
export class SqlError extends Error implements Refusal {
  override readonly name = "SqlError";
  readonly code: Refusal["code"];
  readonly line: number;
  readonly column: number;

  constructor(code: Refusal["code"], message: string, line: number, column: number) {
    super(message);
    this.code = code;
    this.line = line;
    this.column = column;
  }

  /** An error at a UTF-16 offset of `sql`. */
  static at(sql: string, offset: number, code: Refusal["code"], message: string): SqlError {
    // What was made from the text, rather than found in it, stands behind its end.
    const { line, column } = positionAt(sql, Math.min(offset, sql.length));
    return new SqlError(code, message, line, column);
  }

  toRefusal(): Refusal {
    return { code: this.code, message: this.message, line: this.line, column: this.column };
  }
}

/** 1-based line and column of a UTF-16 offset. CR, LF and CRLF each end one line. */
export function positionAt(sql: string, offset: number): { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < offset && i < sql.length; i++) {
    const unit = sql.charCodeAt(i);
    if (unit === 0x0a || (unit === 0x0d && sql.charCodeAt(i + 1) !== 0x0a)) {
      line++;
      lineStart = i + 1;
    }
  }
  return { line, column: offset - lineStart + 1 };
}
