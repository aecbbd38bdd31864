export { ArrowMasker, type ArrowMaskerOptions } from "./arrow/arrow-masker.ts";
export { BatchMemory } from "./arrow/batch-memory.ts";
export { unfitForAvro } from "./avro/avro-column.ts";
export { AvroMasker } from "./avro/avro-masker.ts";
export { DETECTORS, detect, hitAt } from "./detectors/detect.ts";
export { type Detector, type Hit, IDENTIFIER_KINDS, type IdentifierKind, luhn } from "./detectors/detector.ts";
export { fastDetect } from "./detectors/fast-detect.ts";
export {
  MOST_SITE_PATTERNS,
  MOST_WORDS,
  type SitePattern,
  SitePatternError,
  sitePattern,
  type WrittenPattern,
} from "./detectors/site-pattern.ts";
export { fitMask } from "./fit-mask.ts";
export { JsonRowsMasker } from "./json-rows/json-rows-masker.ts";
export {
  DEFAULT_LIMITS,
  type Envelope,
  type MaskedCount,
  type MaskedPage,
  type MaskerLimits,
  type RowsMasker,
  type RowsMaskerOptions,
} from "./json-rows/rows-masker.ts";
export * from "./mask-rule.ts";
export { MaskingError, type MaskingErrorCode } from "./masking-error.ts";
export { DEFAULT_SHIFT_DAYS, type RuleSettings, ruleContext } from "./rule-context.ts";
export { RULES } from "./rules/index.ts";
export type { Rule, RuleContext, WireText } from "./rules/rule.ts";
export { CMS_SMALLEST_CELL } from "./rules/smallcell.ts";
export { RESTRICTED_ZIPS_2000_CENSUS } from "./rules/zip3.ts";
export { stricter } from "./stricter.ts";
export type { TokenKey } from "./token-key.ts";
export { deriveTokenKeys, type TokenKeys } from "./token-keys.ts";
