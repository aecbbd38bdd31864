/** Every function this build understands. One that isn't here is refused (I1). */
import { AGGREGATE_FUNCTIONS, WINDOW_FUNCTIONS } from "./aggregate.ts";
import { SCALAR_FUNCTIONS } from "./scalar.ts";
import type { FunctionEntry } from "./signature.ts";

const CATALOGUE: ReadonlyMap<string, FunctionEntry> = new Map(
  [...SCALAR_FUNCTIONS, ...AGGREGATE_FUNCTIONS, ...WINDOW_FUNCTIONS].map((entry) => [entry.name, entry]),
);

/** The entry of a name in any case, parts joined by dots (`net.host`). */
export function functionNamed(name: string): FunctionEntry | undefined {
  return CATALOGUE.get(name.toUpperCase());
}
