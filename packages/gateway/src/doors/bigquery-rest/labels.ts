import { z } from "zod";
import { sqlText } from "./sql-text.ts";

/** Labels of tables and datasets. https://cloud.google.com/bigquery/docs/labels-intro#requirements */
export const labels = z.record(
  z.string().regex(/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u),
  z
    .string()
    .regex(/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u)
    .nullable(),
);
type Given = z.output<typeof labels>;

/** As an option of ALTER; null takes one away. */
export function labelList(given: Given): string {
  const kept = Object.entries(given).flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]));
  return `[${kept.map(([key, value]) => `(${sqlText(key)}, ${sqlText(value)})`).join(", ")}]`;
}

/** Whether labels that aren't named would stay: an ALTER sets all of them, and the agent isn't shown them. */
export function otherLabels(given: Given | null | undefined, there: Readonly<Record<string, string>> = {}): boolean {
  if (given === undefined || given === null) return false;
  return Object.keys(there).some((key) => !Object.hasOwn(given, key));
}
