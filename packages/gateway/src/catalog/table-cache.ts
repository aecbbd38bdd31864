import type { ModelResource, RoutineName, RoutineResource, TableName, TableResource } from "@chaperone/googlesql";
import type { DatasetResource } from "./classify.ts";
import { tableParts } from "./names.ts";

/** Where schemas and labels come from: BigQuery. */
export interface TableSource {
  /** undefined: no such table. `not-modified`: still what `etag` named. */
  getTable(name: TableName, etag?: string): Promise<TableResource | "not-modified" | undefined>;
  /** undefined: no such dataset, or it isn't shown. */
  getDataset(project: string, dataset: string): Promise<DatasetResource | undefined>;
  /** undefined: no such routine. */
  getRoutine(name: RoutineName): Promise<RoutineResource | undefined>;
  /** undefined: no such model. */
  getModel(name: string): Promise<ModelResource | undefined>;
  /** A page of a dataset's tables. undefined: no such dataset. */
  listTables(
    project: string,
    dataset: string,
    page: { readonly pageToken?: string; readonly maxResults: number },
  ): Promise<
    { readonly tables: readonly { readonly name: TableName }[]; readonly nextPageToken: string | undefined } | undefined
  >;
}

export interface TableCacheOptions {
  /** Most tables and datasets kept. */
  readonly entries: number;
  /** Most characters of schemas kept, as JSON. */
  readonly bytes: number;
  /** How long an answer is used before it is asked for again. */
  readonly ttlMs: number;
  /** The same for "there is no such table". */
  readonly absentTtlMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Pages of a dataset's list of tables that are read for one wildcard. */
const MOST_PAGES = 50;

type Cached = TableResource | DatasetResource;

interface Entry {
  readonly value: Cached | undefined;
  readonly expires: number;
  readonly size: number;
}

/**
 * Schemas, kept for a short while and within bounds (I10). One question is asked once, however many wait for it.
 * A failed question is not remembered, and never answered by what was known before: an old schema could lack a
 * policy tag (I1).
 */
export class TableCache {
  readonly #source: TableSource;
  readonly #options: TableCacheOptions;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #asking = new Map<string, Promise<Cached | undefined>>();
  #size = 0;
  /** How often anything was. */
  #forgotten = 0;

  constructor(source: TableSource, options: TableCacheOptions) {
    this.#source = source;
    this.#options = options;
  }

  /**
   * undefined: no such table. Rejects as the source does. A view's definition is what BigQuery answered after this call,
   * never a remembered one: whoever can replace it could else have another analysed than runs (I2).
   */
  async table(name: TableName): Promise<TableResource | undefined> {
    const key = `table ${name}`;
    const ask = async (known: TableResource | undefined) => {
      const answer = await this.#source.getTable(name, known?.etag);
      if (answer !== "not-modified") return answer;
      if (known === undefined) throw new Error(`BigQuery answered "not modified" for ${name}, which nobody had`);
      return known;
    };
    let own = false;
    const value = await this.#get(key, (known: TableResource | undefined) => {
      own = true;
      return ask(known);
    });
    if (own || (value?.view === undefined && value?.materializedView === undefined)) return value;
    const forgotten = this.#forgotten;
    const now = await ask(value);
    if (forgotten === this.#forgotten) this.#keep(key, now);
    return now;
  }

  /** undefined: no such routine. Asked for each time, as a view is. */
  routine(name: RoutineName): Promise<RoutineResource | undefined> {
    return this.#source.getRoutine(name);
  }

  /** undefined: no such model. Asked for each time, as a routine is. */
  model(name: string): Promise<ModelResource | undefined> {
    return this.#source.getModel(name);
  }

  /** Names of the tables that begin with `prefix` (`project.dataset.begin`), as they are now; undefined for more than `most`. */
  async tablesLike(prefix: TableName, most: number): Promise<readonly TableName[] | undefined> {
    const { project, dataset } = tableParts(`${prefix}0`);
    const found: TableName[] = [];
    let pageToken: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const list = await this.#source.listTables(project, dataset, {
        maxResults: 1000,
        ...(pageToken === undefined ? {} : { pageToken }),
      });
      found.push(...(list?.tables ?? []).map(({ name }) => name).filter((name) => name.startsWith(prefix)));
      if (found.length > most) return undefined;
      pageToken = list?.nextPageToken;
      if (pageToken === undefined) return found;
    }
    return undefined;
  }

  /** undefined: no such dataset, or it isn't shown. */
  dataset(project: string, dataset: string): Promise<DatasetResource | undefined> {
    return this.#get(`dataset ${project}.${dataset}`, () => this.#source.getDataset(project, dataset));
  }

  /** Whether this is what `table` would answer now, without asking anybody. Of views nobody knows that. */
  holdsTable(name: TableName, value: TableResource): boolean {
    return value.view === undefined && value.materializedView === undefined && this.#holds(`table ${name}`, value);
  }

  /** The same of `dataset`. */
  holdsDataset(project: string, dataset: string, value: DatasetResource | undefined): boolean {
    return this.#holds(`dataset ${project}.${dataset}`, value);
  }

  #holds(key: string, value: Cached | undefined): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.value === value && this.#isFresh(entry);
  }

  /** Where the clock was set back since, nobody knows how old it is. */
  #isFresh({ expires }: Entry): boolean {
    const left = expires - this.#options.now();
    return left > 0 && left <= this.#options.ttlMs;
  }

  /** Drops what is known of a table, or of a dataset (`project.dataset.*`); the next question goes to the source, and the answer to one that was asked before isn't remembered. */
  forget(name: TableName): void {
    const key = name.endsWith(".*") ? `dataset ${name.slice(0, -".*".length)}` : `table ${name}`;
    this.#drop(key);
    this.#asking.delete(key);
    this.#forgotten++;
  }

  async #get<T extends Cached>(
    key: string,
    ask: (known: T | undefined) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    // A key says by its first word what its values are.
    const entry = this.#entries.get(key) as (Entry & { readonly value: T | undefined }) | undefined;
    if (entry !== undefined && this.#isFresh(entry)) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      return entry.value;
    }
    const asking = this.#asking.get(key) as Promise<T | undefined> | undefined;
    if (asking !== undefined) return asking;
    const isCurrent = () => this.#asking.get(key) === question;
    const question = ask(entry?.value)
      .then((value) => {
        if (isCurrent()) this.#keep(key, value);
        return value;
      })
      .finally(() => {
        if (isCurrent()) this.#asking.delete(key);
      });
    this.#asking.set(key, question);
    return question;
  }

  #keep(key: string, value: Cached | undefined): void {
    const { entries, bytes, ttlMs, absentTtlMs, now } = this.#options;
    this.#drop(key);
    const size = key.length + JSON.stringify(value ?? null).length;
    if (size > bytes) return;
    const expires = now() + (value === undefined ? Math.min(absentTtlMs, ttlMs) : ttlMs);
    this.#entries.set(key, { value, expires, size });
    this.#size += size;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= entries && this.#size <= bytes) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#size -= this.#entries.get(key)?.size ?? 0;
    this.#entries.delete(key);
  }
}
