import {
  type AccessPlan,
  analyze,
  catalogNames,
  type NameDefaults,
  type NamedCatalog,
  type QueryParameter,
} from "@chaperone/googlesql";
import type { CatalogSnapshot } from "../catalog/catalog.ts";
import { AnalysisThread, LARGE_TEXT } from "./analysis-thread.ts";

/** What analysis makes of a statement; it follows from the text, the names' defaults, the parameters' types and the tables. */
export interface StatementAnalysis {
  readonly plan: AccessPlan;
  /** undefined when refused. */
  readonly redacted: { readonly sql: string; readonly literals: readonly string[] } | undefined;
}

/** The part of an analysis that needs no catalog. */
export interface Named {
  readonly names: NamedCatalog;
  /** The rest, with the tables as they are now. */
  analyze(snapshot: CatalogSnapshot): Promise<StatementAnalysis>;
}

interface Entry {
  readonly names: NamedCatalog;
  readonly version: string;
  readonly analysis: StatementAnalysis;
  readonly size: number;
}

/**
 * Analyses, remembered: a statement is judged again at each page of its result, and analysis is pure. What is remembered
 * counts only under the very same catalog version. In memory alone, for it holds literals (I5), and bounded (I10).
 */
export class AnalysisCache {
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #characters: number;
  #size = 0;
  readonly #thread = new AnalysisThread();

  /** @param characters kept in all, as JSON; 0 keeps nothing */
  constructor(characters: number) {
    this.#characters = characters;
  }

  /** @param agent whoever asks: large texts of one take turns with those of others */
  async named(
    agent: string,
    sql: string,
    defaults: NameDefaults,
    parameters: readonly QueryParameter[],
  ): Promise<Named> {
    const types = parameters.map(({ name, parameterType }) => [name, parameterType]);
    const key = JSON.stringify([sql, defaults.defaultProject, defaults.defaultDataset, types]);
    const known = this.#entries.get(key);
    const thread = sql.length > LARGE_TEXT ? this.#thread : undefined;
    const names =
      known?.names ??
      (thread === undefined ? catalogNames(sql, defaults) : await thread.names(agent, { sql, defaults }));
    return {
      names,
      analyze: async (snapshot) => {
        if (known?.version === snapshot.version) {
          this.#keep(key, known);
          return known.analysis;
        }
        const here = thread === undefined ? quickly(sql, defaults, parameters, snapshot) : undefined;
        const analysis =
          here ?? (await this.#thread.analyze(agent, { sql, defaults, parameters, catalog: snapshot.plain() }));
        const size = key.length + JSON.stringify([names, analysis]).length;
        this.#keep(key, { names, version: snapshot.version, analysis, size });
        return analysis;
      },
    };
  }

  /** Ends what runs beside this thread. */
  close(): Promise<void> {
    return this.#thread.close();
  }

  #keep(key: string, entry: Entry): void {
    this.#drop(key);
    if (entry.size > this.#characters) return;
    this.#entries.set(key, entry);
    this.#size += entry.size;
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.#characters) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#size -= this.#entries.get(key)?.size ?? 0;
    this.#entries.delete(key);
  }
}

/** undefined: it would take too long here, however short the text is. */
function quickly(
  sql: string,
  defaults: NameDefaults,
  parameters: readonly QueryParameter[],
  catalog: CatalogSnapshot,
): StatementAnalysis | undefined {
  const { plan, redacted } = analyze(sql, { catalog, ...defaults, parameters, quick: true });
  return !plan.understood && plan.refusal.code === "limit" ? undefined : { plan, redacted };
}
