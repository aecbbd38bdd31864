import type { Output, TableFieldSchema } from "@chaperone/googlesql";
import { FIELD_TYPES, type FieldType, type Mask, type MaskedField } from "@chaperone/masking";
import type { OutputMask } from "../policy/decision.ts";

/** What a session's result looks like and what of it is hidden; kept with the session, so that it survives a restart. */
export interface MaskPlan {
  /** As clients get it: BigQuery's legacy spelling, without descriptions, tags or anything but shape. */
  readonly schema: readonly ResultField[];
  readonly fields: readonly MaskedField[];
}

export interface ResultField {
  readonly name: string;
  readonly type: string;
  readonly mode: "NULLABLE" | "REPEATED";
  readonly fields?: readonly ResultField[];
  readonly rangeElementType?: { readonly type: string };
}

const LEGACY: Readonly<Record<string, string>> = {
  INT64: "INTEGER",
  FLOAT64: "FLOAT",
  BOOL: "BOOLEAN",
  STRUCT: "RECORD",
};

const MASKED_TYPES: ReadonlySet<string> = new Set(FIELD_TYPES);

const NONE: Mask = { rule: "none" };

/**
 * Joins the analysed outputs with policy's masks, field by field. Both must have the same shape: a mask that is missing,
 * or an output of a type nobody can mask, throws (I1).
 */
export function maskPlan(outputs: readonly Output[], masks: readonly OutputMask[]): MaskPlan {
  const known = made.get(masks);
  if (known?.outputs === outputs) return known.plan;
  const plan = joined(outputs, masks);
  made.set(masks, { outputs, plan });
  return plan;
}

/** By the decision's masks, which are remembered with the decision. */
const made = new WeakMap<readonly OutputMask[], { readonly outputs: readonly Output[]; readonly plan: MaskPlan }>();

function joined(outputs: readonly Output[], masks: readonly OutputMask[]): MaskPlan {
  if (outputs.length !== masks.length) throw new Error("masks do not fit the outputs");
  const schema: ResultField[] = [];
  const fields: MaskedField[] = [];
  for (const [index, output] of outputs.entries()) {
    const mask = masks[index];
    if (mask === undefined || mask.name !== output.name) throw new Error("masks do not fit the outputs");
    const { type, repeated, range } = shape(output.type);
    const mode = repeated ? "REPEATED" : "NULLABLE";
    const name = output.name === "" ? `_field_${index + 1}` : output.name;
    if (type === "STRUCT") {
      const inner = joined(output.fields ?? [], mask.fields ?? []);
      schema.push({ name, type: "RECORD", mode, fields: inner.schema });
      fields.push({ name, type, repeated, mask: NONE, fields: inner.fields });
    } else {
      schema.push({
        name,
        type: LEGACY[type] ?? type,
        mode,
        ...(range === undefined ? {} : { rangeElementType: { type: range } }),
      });
      fields.push({ name, type, repeated, mask: mask.mask });
    }
  }
  return { schema, fields };
}

/** RANDOM_HASH has another salt for each query: here, for each session, so that all pages of one result fit together. */
export function ofSession(fields: readonly MaskedField[], session: string): readonly MaskedField[] {
  return hashesRandomly(fields) ? salted(fields, session) : fields;
}

function hashesRandomly(fields: readonly MaskedField[]): boolean {
  return fields.some(({ mask, fields: inner = [] }) => mask.rule === "RANDOM_HASH" || hashesRandomly(inner));
}

function salted(fields: readonly MaskedField[], session: string): readonly MaskedField[] {
  return fields.map((field) => {
    const { mask, fields: inner } = field;
    return {
      ...field,
      ...(mask.rule === "RANDOM_HASH" ? { mask: { ...mask, domain: `${mask.domain ?? ""} of ${session}` } } : {}),
      ...(inner === undefined ? {} : { fields: salted(inner, session) }),
    };
  });
}

function shape(canonical: string): { type: FieldType; repeated: boolean; range?: string } {
  const repeated = canonical.startsWith("ARRAY<");
  const element = repeated ? canonical.slice("ARRAY<".length, -1) : canonical;
  const name = /^[A-Z0-9]+/.exec(element)?.[0] ?? "";
  if (!MASKED_TYPES.has(name)) throw new Error(`no mask is known for type ${name}`);
  const type = name as FieldType;
  return type === "RANGE" ? { type, repeated, range: element.slice("RANGE<".length, -1) } : { type, repeated };
}

/** Answers' schemas and the plans with which they agreed: of answers with the same bytes it is the same object, and nobody changes it. */
const agreed = new WeakMap<readonly TableFieldSchema[], readonly ResultField[]>();

/** The first difference between the planned schema and the one an answer carries; undefined when they agree (I2, at the page). */
export function answerDisagreement(
  planned: readonly ResultField[],
  answered: readonly TableFieldSchema[],
): string | undefined {
  if (agreed.get(answered) === planned) return undefined;
  const difference = firstDifference(planned, answered);
  if (difference === undefined) agreed.set(answered, planned);
  return difference;
}

function firstDifference(planned: readonly ResultField[], answered: readonly TableFieldSchema[]): string | undefined {
  if (planned.length !== answered.length) return "another number of columns";
  for (const [index, field] of planned.entries()) {
    const other = answered[index];
    if (other === undefined || other.name !== field.name) return `column ${index + 1} has another name`;
    if ((LEGACY[other.type] ?? other.type) !== field.type) return `column ${index + 1} has another type`;
    if ((other.mode === "REPEATED") !== (field.mode === "REPEATED")) return `column ${index + 1} has another mode`;
    const inner = firstDifference(field.fields ?? [], other.fields ?? []);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
