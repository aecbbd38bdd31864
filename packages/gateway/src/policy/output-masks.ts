import type { ExplicitSource, Output } from "@chaperone/googlesql";
import { type FieldType, fitMask, type Mask, RULES } from "@chaperone/masking";
import type { OutputMask } from "./decision.ts";

/** The mask policy put on a source: on a value shown (`copy`, `transform`) or on a statistic (`aggregate`). */
export type SourceMask = (source: ExplicitSource) => Mask;

const NONE: Mask = { rule: "none" };
const NULL: Mask = { rule: "null" };

/** Rules that a statistic can carry. Those made for values (last4, year, token …) say nothing about a sum: NULL. */
const OF_STATISTICS = new Set(["none", "smallcell", "default"]);

/** The mask of one output column, field by field. Columns that only steered the result (implicit) don't mask it. */
export function outputMask(output: Output, sourceMask: SourceMask): OutputMask {
  const { name, type } = output;
  if (output.fields === undefined) return { name, type, mask: leafMask(output, sourceMask) };
  // A parent's sources are its fields'. If one isn't, some field shows it and says nothing about it: all fields are hidden (I1).
  const known = new Set(output.fields.flatMap(({ explicit }) => explicit.map(sourceKey)));
  const whole = output.explicit.every((source) => known.has(sourceKey(source)));
  const fields = output.fields.map((field) => outputMask(field, sourceMask));
  return { name, type, mask: NONE, fields: whole ? fields : fields.map(hidden) };
}

function sourceKey({ column, via }: ExplicitSource): string {
  return `${column} ${via}`;
}

function hidden({ name, type, fields }: OutputMask): OutputMask {
  return fields === undefined ? { name, type, mask: NULL } : { name, type, mask: NONE, fields: fields.map(hidden) };
}

function leafMask({ type, explicit, constant }: Output, sourceMask: SourceMask): Mask {
  const masks = explicit.map(sourceMask);
  if (masks.every(({ rule }) => rule === "none")) return NONE;
  const mask = mergedMask(explicit, masks, type);
  // Beside a constant every mask tells: a guess comes back as a token that can be compared (threat 43), a count is lifted
  // over the smallest cell, and of GREATEST(zip, '60500') even the form of what is hidden says which of the two it was.
  if (constant) return NULL;
  return fitted(mask, type);
}

/** The mask where it fits the type (on an array: that of its elements), else `null`. */
function fitted(mask: Mask, type: string): Mask {
  const element = type.startsWith("ARRAY<") ? type.slice("ARRAY<".length) : type;
  const name = /^[A-Z0-9]+/.exec(element)?.[0] ?? "";
  return isFieldType(name) ? fitMask(mask, name) : NULL;
}

function isFieldType(name: string): name is FieldType {
  return RULES.none.fits.some((known) => known === name);
}

function mergedMask(explicit: readonly ExplicitSource[], masks: readonly Mask[], type: string): Mask {
  const [first = NULL] = masks;
  const same = masks.every(({ rule, domain }) => rule === first.rule && domain === first.domain);
  if (explicit.every(({ via }) => via === "copy")) return same ? first : NULL;
  if (explicit.some(({ via }) => via !== "aggregate")) return NULL;
  // `none` beside `smallcell` (COUNT(*) over a public and a protected table): the statistic is as small as its smallest part.
  const rules = new Set(masks.map(({ rule }) => rule));
  if ([...rules].some((rule) => !OF_STATISTICS.has(rule))) return NULL;
  rules.delete("none");
  const [rule = "null", ...more] = rules;
  if (more.length > 0) return NULL;
  return rule === "smallcell" && !isCount(explicit, type) ? NULL : { rule };
}

/**
 * `smallcell` compares the number shown with k, so it protects an unchanged count and nothing else: the sum or average
 * over one row is that row's value, however large, and COUNT(*) * 1000 would lift any count over k.
 */
function isCount(explicit: readonly ExplicitSource[], type: string): boolean {
  return type === "INT64" && explicit.every(({ statistic }) => statistic === "count");
}
