import type { Refusal } from "./plan.ts";
import { SqlError } from "./sql-error.ts";

/** An error that isn't the SQL's is refused all the same, without its text: that could hold a literal (I9). */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof SqlError) return error.toRefusal();
  if (error instanceof RangeError) {
    return { code: "limit", message: "The query is too large or too deeply nested to analyse", line: 1, column: 1 };
  }
  return { code: "unsupported", message: "The query could not be analysed", line: 1, column: 1 };
}
