import type { MaskRule } from "../mask-rule.ts";
import { age90 } from "./age90.ts";
import {
  DATE_YEAR_MASK,
  EMAIL_MASK,
  FIRST_FOUR_CHARACTERS,
  LAST_FOUR_CHARACTERS,
  RANDOM_HASH,
  SHA256,
} from "./bigquery.ts";
import { dateshift } from "./dateshift.ts";
import { defaultRule } from "./default.ts";
import { email } from "./email.ts";
import { first4 } from "./first4.ts";
import { fpe } from "./fpe.ts";
import { last4 } from "./last4.ts";
import { none } from "./none.ts";
import { nullRule } from "./null.ts";
import { redact } from "./redact.ts";
import type { Rule } from "./rule.ts";
import { smallcell } from "./smallcell.ts";
import { token } from "./token.ts";
import { year } from "./year.ts";
import { zip3 } from "./zip3.ts";

/** Every rule by its name. */
export const RULES: Readonly<Record<MaskRule, Rule>> = {
  none,
  redact,
  age90,
  smallcell,
  year,
  dateshift,
  zip3,
  email,
  last4,
  first4,
  fpe,
  DATE_YEAR_MASK,
  EMAIL_MASK,
  LAST_FOUR_CHARACTERS,
  FIRST_FOUR_CHARACTERS,
  SHA256,
  token,
  RANDOM_HASH,
  default: defaultRule,
  null: nullRule,
};
