/** Every function this build understands. One that isn't here is refused (I1). */
import { AGGREGATE_FUNCTIONS, WINDOW_FUNCTIONS } from "./aggregate.ts";
import { ARRAY_FUNCTIONS } from "./array.ts";
import { CONDITIONAL_FUNCTIONS } from "./conditional.ts";
import { CONVERSION_FUNCTIONS } from "./conversion.ts";
import { DATE_FUNCTIONS } from "./date.ts";
import { ENVIRONMENT_FUNCTIONS } from "./environment.ts";
import { GEOGRAPHY_FUNCTIONS } from "./geography.ts";
import { HASH_FUNCTIONS } from "./hash.ts";
import { JSON_FUNCTIONS } from "./json.ts";
import { MATHEMATICAL_FUNCTIONS } from "./mathematical.ts";
import { NET_FUNCTIONS } from "./net.ts";
import { PREPROCESSING_FUNCTIONS } from "./preprocessing.ts";
import { RANGE_FUNCTIONS } from "./range.ts";
import { SEARCH_FUNCTIONS } from "./search.ts";
import type { FunctionEntry } from "./signature.ts";
import { SKETCH_FUNCTIONS } from "./sketch.ts";
import { STRING_FUNCTIONS } from "./string.ts";

export const FUNCTIONS: readonly FunctionEntry[] = [
  ...CONDITIONAL_FUNCTIONS,
  ...CONVERSION_FUNCTIONS,
  ...STRING_FUNCTIONS,
  ...MATHEMATICAL_FUNCTIONS,
  ...DATE_FUNCTIONS,
  ...RANGE_FUNCTIONS,
  ...ARRAY_FUNCTIONS,
  ...JSON_FUNCTIONS,
  ...GEOGRAPHY_FUNCTIONS,
  ...NET_FUNCTIONS,
  ...HASH_FUNCTIONS,
  ...SEARCH_FUNCTIONS,
  ...ENVIRONMENT_FUNCTIONS,
  ...PREPROCESSING_FUNCTIONS,
  ...SKETCH_FUNCTIONS,
  ...AGGREGATE_FUNCTIONS,
  ...WINDOW_FUNCTIONS,
];

const BY_NAME: ReadonlyMap<string, FunctionEntry> = new Map(FUNCTIONS.map((entry) => [entry.name, entry]));

/** The entry of a name in any case, parts joined by dots (`net.host`). */
export function functionNamed(name: string): FunctionEntry | undefined {
  return BY_NAME.get(name.toUpperCase());
}
