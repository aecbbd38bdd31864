/** Text for a terminal. Everything shown may come from an agent: control characters never reach the terminal (threat-model row 49). */

/**
 * Characters that a person doesn't see, or that change what is seen around them: controls, bidirectional marks, zero widths,
 * tags (which spell hidden text for an assistant that reads along), private and unassigned ones, variation selectors.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|\u034f|[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}]/gu;

/** Makes a text safe to show: what can't be seen becomes a visible escape. */
export function safe(text: string): string {
  return text.replace(UNSEEN, (c) => {
    const hex = (c.codePointAt(0) ?? 0).toString(16);
    return c === "\n" ? " " : hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
  });
}

/** Indented JSON of the same value for every reader of JSON, in which nothing is unseen. */
export function json(value: unknown): string {
  return seen(JSON.stringify(value, null, 2));
}

/** The same on one line. */
export function jsonLine(value: unknown): string {
  return seen(JSON.stringify(value));
}

function seen(text: string): string {
  return text.replace(UNSEEN, (c) =>
    c === "\n"
      ? c
      : [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""),
  );
}

/** Columns aligned by their widest cell; one header line, one line a row. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], indent = ""): string {
  const cells = [header, ...rows].map((row) => row.map(safe));
  // Row by row: as arguments of one call, those of many wide tables are too many.
  const widths = header.map((_, i) => cells.reduce((width, row) => Math.max(width, (row[i] ?? "").length), 0));
  return cells
    .map(
      (row) =>
        indent +
        row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd(),
    )
    .join("\n");
}

/**
 * What a spreadsheet takes for a formula, in the letters of East Asia too, at a cell's beginning or behind what separates cells where it was
 * set up for another language, whatever quotes stand around.
 */
const FORMULA = /(^|[;\t|])(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/** RFC 4180. What a spreadsheet would take for a formula gets an apostrophe before it. */
export function csv(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => {
    const shown = safe(text).replace(FORMULA, "$1$2'");
    const plain = /^[\t\r]/.test(text) ? `'${shown}` : shown;
    return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  };
  return [header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

export function bytes(n: number | null): string {
  if (n === null) return "unknown";
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  let value = n;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

export function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}
