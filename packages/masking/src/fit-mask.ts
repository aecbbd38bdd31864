import { type FieldType, MASK_RULES, type Mask } from "./mask-rule.ts";
import { MaskingError } from "./masking-error.ts";
import { RULES } from "./rules/index.ts";

/**
 * The mask that will really be applied to a value of this type: the one given where its rule fits, else `null`, which
 * fits every type; never a weaker one. A STRUCT can only be shown (its leaves carry masks of their own) or be NULL.
 *
 * @throws MaskingError `fields` for a rule this build doesn't know
 */
export function fitMask(mask: Mask, type: FieldType): Mask {
  if (!MASK_RULES.includes(mask.rule)) throw new MaskingError("fields", "Unknown mask rule");
  return RULES[mask.rule].fits.includes(type) ? mask : { rule: "null" };
}
