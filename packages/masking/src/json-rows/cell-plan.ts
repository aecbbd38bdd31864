import { fitMask } from "../fit-mask.ts";
import type { FieldType, MaskedField, MaskRule } from "../mask-rule.ts";
import { MaskingError } from "../masking-error.ts";
import { ruleContext } from "../rule-context.ts";
import { defaultRule } from "../rules/default.ts";
import { RULES } from "../rules/index.ts";
import type { TokenKey } from "../token-key.ts";
import type { RowsMaskerOptions } from "./rows-masker.ts";

/** What becomes of a string that is a cell's value (or, in a repeated field, of an element's). */
export const SHOW = 0;
/** Passed over without being kept: a constant stands in its place. */
export const REPLACE = 1;
/** Kept until it is complete, then masked. */
export const COMPUTE = 2;

/** What to do with one field's cells; made once from a `MaskedField`. */
export interface CellPlan {
  readonly path: string;
  readonly type: FieldType;
  readonly repeated: boolean;
  /** Fields of a STRUCT (never empty); empty for every other type. */
  readonly fields: readonly CellPlan[];
  /** The rule that is applied: the field's own or the one it fell to. */
  readonly rule: MaskRule;
  readonly action: typeof SHOW | typeof REPLACE | typeof COMPUTE;
  /** `REPLACE`: JSON that stands in for the value. */
  readonly constant: string;
  /** JSON that stands in for the whole array or STRUCT; what is inside is checked and dropped. Empty: look inside. */
  readonly whole: string;
  /** `COMPUTE`: the masked value of one that is not NULL; `subject`: of the row, where the mask names its column. */
  readonly compute: (text: string, subject?: string | null) => string | null;
  /** Place of the column that holds the row's record subject; undefined: the mask needs none. */
  readonly subject: number | undefined;
  /** Of the mask's domain. */
  readonly tokenKey: TokenKey;
  /** Values masked so far. */
  count: number;
}

/** The plans of a row: a STRUCT of the columns. */
export interface RowPlan {
  readonly row: CellPlan;
  /** Every plan whose rule isn't `none`, but those inside of one that is dropped whole. */
  readonly masked: readonly CellPlan[];
  /** Some mask needs the record subject of its row. */
  readonly needsSubjects: boolean;
}

/** @throws MaskingError `fields`: no columns of a result could look like this */
export function planRow(options: RowsMaskerOptions): RowPlan {
  const paths = new Set<string>();
  const masked: CellPlan[] = [];
  const keys = new Map<string, TokenKey>();
  const keyOf = (domain: string): TokenKey => {
    const key = keys.get(domain) ?? options.keys.keyOf(domain);
    keys.set(domain, key);
    return key;
  };
  const plan = (field: MaskedField, parent: string, dropped: boolean): CellPlan => {
    const path = parent + field.name;
    if (paths.has(path)) throw new MaskingError("fields", `Two fields are named ${path}`);
    paths.add(path);
    const isStruct = field.type === "STRUCT";
    if (isStruct !== (field.fields ?? []).length > 0) {
      throw new MaskingError("fields", `${path}: a STRUCT has fields, and nothing else has`);
    }
    const { rule, domain, subject } = fitMask(field.mask, field.type);
    if (rule === "dateshift" && subject !== undefined) requireSubject(options.fields[subject], path);
    const emptied = field.repeated && (rule === "null" || rule === "default");
    const whole = emptied ? "[]" : isStruct && rule === "null" ? "null" : "";
    const context = ruleContext({ rule, domain: domain ?? "" }, { ...options, keys: { keyOf } });
    // Of all default values only a TIMESTAMP's depends on the value, for it must be written in the same form.
    const isConstant = rule === "null" || (rule === "default" && field.type !== "TIMESTAMP");
    const result: CellPlan = {
      path,
      type: field.type,
      repeated: field.repeated,
      fields: (field.fields ?? []).map((child) => plan(child, `${path}.`, dropped || whole !== "")),
      rule,
      action: rule === "none" ? SHOW : isConstant ? REPLACE : COMPUTE,
      constant: isConstant ? JSON.stringify(RULES[rule].apply("", field.type, context)) : "",
      whole,
      subject: rule === "dateshift" ? subject : undefined,
      compute: (text, ofRow) => {
        const value = RULES[rule].apply(
          text,
          field.type,
          ofRow === undefined ? context : { ...context, subject: ofRow },
        );
        // BigQuery's arrays hold no NULL.
        return value === null && field.repeated ? defaultRule.apply(text, field.type, context) : value;
      },
      tokenKey: context.tokenKey,
      count: 0,
    };
    if (rule !== "none" && !dropped) masked.push(result);
    return result;
  };
  const row: CellPlan = {
    path: "",
    type: "STRUCT",
    repeated: false,
    fields: options.fields.map((field) => plan(field, "", false)),
    rule: "none",
    action: SHOW,
    constant: "",
    whole: "",
    compute: (text) => text,
    subject: undefined,
    tokenKey: keyOf(""),
    count: 0,
  };
  return { row, masked, needsSubjects: masked.some(({ subject }) => subject !== undefined) };
}

/** What names a subject is one text of the row. */
function requireSubject(field: MaskedField | undefined, path: string): void {
  if (field === undefined || field.repeated || (field.type !== "STRING" && field.type !== "INT64"))
    throw new MaskingError("fields", `${path}: the column of its record subject is none, or no STRING or INT64`);
}
