import {
  type AccessPlan,
  analyze,
  type NameDefaults,
  type QueryParameter,
  type TableNames,
  tableNames,
} from "@chaperone/googlesql";
import type { CatalogSnapshot } from "../catalog/catalog.ts";

/** What analysis makes of a statement; it follows from the text, the names' defaults, the parameters' types and the tables. */
export interface StatementAnalysis {
  readonly plan: AccessPlan;
  /** undefined when refused. */
  readonly redacted: { readonly sql: string; readonly literals: readonly string[] } | undefined;
}

/** The part of an analysis that needs no catalog. */
export interface Named {
  readonly tables: TableNames;
  /** The rest, with the tables as they are now. */
  analyze(snapshot: CatalogSnapshot): StatementAnalysis;
}

interface Entry {
  readonly tables: TableNames;
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

  /** @param characters kept in all, as JSON; 0 keeps nothing */
  constructor(characters: number) {
    this.#characters = characters;
  }

  named(sql: string, defaults: NameDefaults, parameters: readonly QueryParameter[]): Named {
    const types = parameters.map(({ name, parameterType }) => [name, parameterType]);
    const key = JSON.stringify([sql, defaults.defaultProject, defaults.defaultDataset, types]);
    const known = this.#entries.get(key);
    const tables = known?.tables ?? tableNames(sql, defaults);
    return {
      tables,
      analyze: (snapshot) => {
        if (known?.version === snapshot.version) {
          this.#keep(key, known);
          return known.analysis;
        }
        const { plan, redacted } = analyze(sql, { catalog: snapshot, ...defaults, parameters });
        const analysis = { plan, redacted };
        const size = key.length + JSON.stringify([tables, analysis]).length;
        this.#keep(key, { tables, version: snapshot.version, analysis, size });
        return analysis;
      },
    };
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
