/** From numbers to a query in both dialects. */
import { STORED } from "./catalog.ts";
import { Choices } from "./choices.ts";
import { Generation, type Stored } from "./generation.ts";
import { printQuery } from "./print.ts";
import { makeQuery } from "./queries.ts";

export interface Generated {
  readonly google: string;
  /** The same query with pipe operators wherever a SELECT can be written so. */
  readonly pipes: string;
  /** Base tables are `{{name}}`. */
  readonly duck: string;
  /** The result's rows come in a total order. */
  readonly ordered: boolean;
  readonly constructs: ReadonlySet<string>;
}

export function generate(numbers: readonly number[], stored: Stored = STORED): Generated {
  const g = new Generation(new Choices(numbers), makeQuery);
  g.stored = stored;
  const { query } = makeQuery(g, {
    parent: null,
    commonTables: [],
    types: null,
    names: null,
    rows: "any",
    as: "",
    top: true,
  });
  return {
    google: printQuery(query, "google"),
    pipes: printQuery(query, "pipes"),
    duck: printQuery(query, "duck"),
    ordered: query.orderBy.length > 0,
    constructs: g.notes,
  };
}
