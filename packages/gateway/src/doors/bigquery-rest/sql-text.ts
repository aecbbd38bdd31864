/** U+0000 by all digits of its escape: with fewer, digits behind it would be read as its own. */
const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\0": "\\x00" };

/** A string literal of GoogleSQL. https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#string_and_bytes_literals */
export function sqlText(value: string): string {
  return `'${value.replace(/[\\'\n\r\0]/g, (character) => ESCAPES[character] ?? "")}'`;
}
