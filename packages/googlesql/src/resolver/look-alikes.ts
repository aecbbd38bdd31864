import type { TableFieldSchema } from "../table-resource.ts";
import type { Context } from "./context.ts";
import { fold } from "./scope.ts";

const ASCII = /^[\0-\x7f]*$/;

/** By schema, for as long as the catalog keeps it. */
const ASCII_SCHEMAS = new WeakMap<readonly TableFieldSchema[], boolean>();

/** Of the fields themselves, not of those in them. */
function namesAreAscii(fields: readonly TableFieldSchema[]): boolean {
  const known = ASCII_SCHEMAS.get(fields);
  if (known !== undefined) return known;
  const all = fields.every(({ name }) => ASCII.test(name));
  ASCII_SCHEMAS.set(fields, all);
  return all;
}

type At = { readonly start: number };

/**
 * Two names that are apart here but might be one name to BigQuery, such as `k` and the Kelvin sign, are refused: which of them
 * a column is taken for must not depend on whose folding is right.
 */
export class LookAlikes {
  readonly #context: Pick<Context, "fail">;
  readonly #names = new Set<string>();
  readonly #schemas = new Set<readonly TableFieldSchema[]>();
  /** Made at the first name that isn't ASCII: of two that are, none is taken for the other. */
  #byWideName: Map<string, string> | null = null;

  constructor(context: Pick<Context, "fail">) {
    this.#context = context;
  }

  noteName(name: string, node: At): void {
    if (this.#names.has(name)) return;
    if (this.#byWideName === null && !ASCII.test(name)) {
      this.#byWideName = new Map();
      for (const schema of this.#schemas) for (const field of schema) this.#names.add(field.name);
      for (const known of this.#names) this.#noteLookAlike(known, node, this.#byWideName);
    }
    if (this.#byWideName !== null) this.#noteLookAlike(name, node, this.#byWideName);
    this.#names.add(name);
  }

  #noteLookAlike(name: string, node: At, lookAlikes: Map<string, string>): void {
    const folded = fold(name);
    const wide = ASCII.test(name) ? folded : name.normalize("NFKC").toUpperCase().toLowerCase();
    const known = lookAlikes.get(wide);
    if (known === undefined) lookAlikes.set(wide, folded);
    else if (known !== folded)
      this.#context.fail("name", `${name} looks like another name in the query; rename it`, node);
  }

  /** The same for all names of a table's schema, its fields' included. Whether it is the first time for this schema. */
  noteSchema(fields: readonly TableFieldSchema[], node: At): boolean {
    if (this.#schemas.has(fields)) return false;
    this.#schemas.add(fields);
    const plain = this.#byWideName === null && namesAreAscii(fields);
    for (const field of fields) {
      if (!plain) this.noteName(field.name, node);
      if (field.fields !== undefined) this.noteSchema(field.fields, node);
    }
    return true;
  }
}
