/** Every function this build understands. One that isn't here is refused (I1). */

import { once } from "../once.ts";
import { AGGREGATE_FUNCTIONS, WINDOW_FUNCTIONS } from "./aggregate.ts";
import { AI_FUNCTIONS } from "./ai.ts";
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
import { type EntryList, type FunctionEntry, readEntries } from "./signature.ts";
import { SKETCH_FUNCTIONS } from "./sketch.ts";
import { STRING_FUNCTIONS } from "./string.ts";

const THEMES: Readonly<Record<string, readonly EntryList[]>> = {
  Conditions: CONDITIONAL_FUNCTIONS,
  Conversion: CONVERSION_FUNCTIONS,
  "Strings and bytes": STRING_FUNCTIONS,
  "Numbers and bits": MATHEMATICAL_FUNCTIONS,
  "Dates and times": DATE_FUNCTIONS,
  Ranges: RANGE_FUNCTIONS,
  Arrays: ARRAY_FUNCTIONS,
  JSON: JSON_FUNCTIONS,
  Geography: GEOGRAPHY_FUNCTIONS,
  "Network addresses": NET_FUNCTIONS,
  "Hashes and encryption": HASH_FUNCTIONS,
  "Search and text": SEARCH_FUNCTIONS,
  "The run itself": ENVIRONMENT_FUNCTIONS,
  "BigQuery ML without a model": PREPROCESSING_FUNCTIONS,
  "Models of Google's": AI_FUNCTIONS,
  Sketches: SKETCH_FUNCTIONS,
  "Over the rows of a group": AGGREGATE_FUNCTIONS,
  "Over the rows of a window": WINDOW_FUNCTIONS,
};

/** The functions of each theme, in the order of the documentation. */
export const functionsByTheme = once(() =>
  Object.entries(THEMES).map(([theme, lists]) => [theme, lists.flatMap(readEntries)] as const),
);

export const everyFunction = once((): readonly FunctionEntry[] => functionsByTheme().flatMap(([, entries]) => entries));

const byName = once(() => new Map(everyFunction().map((entry) => [entry.name, entry])));

/** The entry of a name in any case, parts joined by dots (`net.host`). */
export function functionNamed(name: string): FunctionEntry | undefined {
  return byName().get(name.toUpperCase());
}
