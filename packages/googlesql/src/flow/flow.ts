/**
 * What a value is made of, and the rules by which values combine. Each flow rule stands here once; the resolver names
 * the rule and never touches the sets.
 */
import type { TableName, Via } from "../plan.ts";
import type { Type } from "../types.ts";

/** A column of a table inside the analysis. Table and path stay apart, since a project's name may hold dots. */
export type SourceKey = string;

export function sourceKey(table: TableName, path: string): SourceKey {
  return `${table}\n${path}`;
}

export function splitSourceKey(key: SourceKey): { readonly table: TableName; readonly path: string } {
  const at = key.indexOf("\n");
  return { table: key.slice(0, at), path: key.slice(at + 1) };
}

/** The same as comparing the key's table, without taking it out. */
export function isColumnOf(key: SourceKey, table: TableName): boolean {
  return key.charCodeAt(table.length) === NEWLINE && key.startsWith(table);
}

const NEWLINE = 10;

const COPY = 1;
const TRANSFORM = 2;
const AGGREGATE = 4;
/** A count, as it is. Computed with, it is but an aggregate. */
const COUNT = 8;

/** The ways a source took, as a set of bits. */
type Ways = number;

export function viasOf(ways: Ways): { readonly via: Via; readonly statistic?: "count" }[] {
  const vias: { via: Via; statistic?: "count" }[] = [];
  if (ways & COPY) vias.push({ via: "copy" });
  if (ways & TRANSFORM) vias.push({ via: "transform" });
  // Where another statistic came the same way, the count's privileges don't hold.
  if (ways & AGGREGATE) vias.push({ via: "aggregate" });
  else if (ways & COUNT) vias.push({ via: "aggregate", statistic: "count" });
  return vias;
}

/** Unchanged, and by no other way. */
export function isCopy(ways: Ways | undefined): boolean {
  return ways === COPY;
}

/** Query depth of a value that depends on no row of an enclosing query. */
const OWN = Number.POSITIVE_INFINITY;
/** Of a value that a subquery may have picked from few rows: outside every query, so never a statistic's input. */
const PICKED = -1;
/** Of a routine's argument inside its body: one value there, whatever rows the call stands over. */
const ARGUMENT = -0.5;

export interface Flow {
  /**
   * What the value shows. With `fields`, only what decides whether the STRUCT is NULL or how long the ARRAY is: the rest
   * is in the fields.
   */
  readonly explicit: ReadonlyMap<SourceKey, Ways>;
  /** What decided which value, which rows or which order, without being part of the value. */
  readonly implicit: ReadonlySet<SourceKey>;
  /** The value can be, or hold, a literal, a parameter or a generated value. */
  readonly constant: boolean;
  /** For STRUCT and ARRAY<STRUCT>, one per field; null for all else, and where the fields are not told apart. */
  readonly fields: readonly Flow[] | null;
  /** Depth of the outermost enclosing query whose current row the value depends on; OWN or PICKED where there is none. */
  readonly level: number;
  /** Set where computing it can fail, which may happen wherever it is used. */
  readonly fails: boolean;
  /** Of how many texts as long as a column's it is put together at most: a power of two, up to LONG. */
  readonly pieces: number;
}

/** So long, or as long as somebody likes, that putting it together may fail. Powers of two are few, so that growing in a loop comes to an end. */
export const LONG = 256;

const NO_SOURCES: ReadonlyMap<SourceKey, Ways> = new Map();
export const NO_KEYS: ReadonlySet<SourceKey> = new Set();

/** NULL: shows nothing. */
export const NOTHING: Flow = {
  explicit: NO_SOURCES,
  implicit: NO_KEYS,
  constant: false,
  fields: null,
  level: OWN,
  fails: false,
  pieces: 1,
};
/** A literal, a parameter, a generated value. */
export const CONSTANT: Flow = { ...NOTHING, constant: true };

/** The field types of a STRUCT or an ARRAY<STRUCT>, else null. */
export function fieldTypes(type: Type): readonly { readonly name: string; readonly type: Type }[] | null {
  if (type.kind === "struct") return type.fields;
  return type.kind === "array" && type.element.kind === "struct" ? type.element.fields : null;
}

/** A table's column, or a field of one: `path` is `address` or `address.zip`. */
export function columnFlow(table: TableName, path: string, type: Type): Flow {
  const fields = fieldTypes(type);
  return {
    ...NOTHING,
    explicit: new Map([[sourceKey(table, path), COPY]]),
    fields: fields && fields.length > 0 ? fields.map((f) => columnFlow(table, `${path}.${f.name}`, f.type)) : null,
  };
}

/** That rows of a table exist: what COUNT(*), EXISTS and ROW_NUMBER show. */
export function rowsFlow(table: TableName): Flow {
  return { ...NOTHING, explicit: new Map([[sourceKey(table, "*"), COPY]]) };
}

/** Any of several values: all their sources as they are. Fields stay apart where all have them. */
export function either(flows: readonly Flow[]): Flow {
  const [first, second] = flows;
  if (first === undefined) return NOTHING;
  if (second === undefined) return first;
  const arity = flows.find((f) => f.fields !== null)?.fields?.length;
  if (arity !== undefined && flows.every((f) => f.fields === null || f.fields.length === arity)) {
    // A value whose fields aren't told apart may be in each of them.
    const fields = Array.from({ length: arity }, (_, i) => either(flows.map((f) => f.fields?.[i] ?? f)));
    return { ...unite(flows), fields };
  }
  return unite(arity === undefined ? flows : flows.map(whole));
}

function unite(flows: readonly Flow[]): Flow {
  const [first, second] = flows;
  if (first !== undefined && second === undefined && first.fields === null) return first;
  // Of all but one there is often nothing, as of literals: then that one's sources are those of all.
  let explicit: ReadonlyMap<SourceKey, Ways> = NO_SOURCES;
  let implicit: ReadonlySet<SourceKey> = NO_KEYS;
  let explicits = 0;
  let implicits = 0;
  let constant = false;
  let level = OWN;
  let fails = false;
  let pieces = 1;
  for (const flow of flows) {
    if (flow.explicit.size > 0 && explicits++ === 0) explicit = flow.explicit;
    if (flow.implicit.size > 0 && implicits++ === 0) implicit = flow.implicit;
    constant ||= flow.constant;
    level = Math.min(level, flow.level);
    fails ||= flow.fails;
    if (flow.pieces > pieces) pieces = flow.pieces;
  }
  if (explicits > 1) explicit = explicitOf(flows);
  if (implicits > 1) implicit = union(flows.map((flow) => flow.implicit));
  return { explicit, implicit, constant, fields: null, level, fails, pieces };
}

function explicitOf(flows: readonly Flow[]): ReadonlyMap<SourceKey, Ways> {
  const explicit = new Map<SourceKey, Ways>();
  for (const flow of flows) for (const [key, ways] of flow.explicit) explicit.set(key, (explicit.get(key) ?? 0) | ways);
  return explicit;
}

/** The value as one: a STRUCT or ARRAY<STRUCT> shows all its fields. */
export function whole(flow: Flow): Flow {
  if (flow.fields === null) return flow;
  const leaves: Flow[] = [{ ...flow, explicit: NO_SOURCES, fields: null }];
  const collect = (fields: readonly Flow[]): void => {
    for (const field of fields) {
      if (field.fields === null) leaves.push(field);
      else {
        leaves.push({ ...field, explicit: NO_SOURCES, fields: null });
        collect(field.fields);
      }
    }
  };
  collect(flow.fields);
  return unite(leaves);
}

/** Whether a STRUCT is NULL, how long an ARRAY is. Where nothing narrower is known, the whole value. */
export function shape(flow: Flow): Flow {
  return flow.fields === null || flow.explicit.size === 0 ? whole(flow) : own(flow);
}

/** A value computed from others: its sources are changed, but a statistic stays one. Of no column, it is a constant. */
export function transformed(flows: readonly Flow[]): Flow {
  return ofPieces(
    computedOf(
      unite(flows.map(whole)),
      (ways) => (ways & (AGGREGATE | COUNT) ? AGGREGATE : 0) | (ways & (COPY | TRANSFORM) ? TRANSFORM : 0),
    ),
    piecesOf(flows),
  );
}

/** Of how many texts the values are put together, one behind the other. */
export function piecesOf(flows: readonly Flow[]): number {
  let pieces = 0;
  for (const { fields, pieces: own } of flows) pieces += fields === null ? own : piecesOf(fields);
  return pieces;
}

/** `value`, put together of so many texts. */
export function ofPieces(value: Flow, pieces: number): Flow {
  if (pieces <= 1) return value;
  let power = 2;
  while (power < pieces && power < LONG) power *= 2;
  return everywhere(value, (leaf) => (leaf.pieces === power ? leaf : { ...leaf, pieces: power }));
}

/** `value`, that is as short as a number, whatever it was made of. */
export function ofOnePiece(value: Flow): Flow {
  return piecesOf([value]) <= 1 ? value : everywhere(value, (leaf) => ({ ...leaf, pieces: 1 }));
}

/**
 * A statistic over the rows of the query at `depth`. Over what an enclosing query's row provides it is no statistic
 * (`(SELECT SUM(x) FROM UNNEST([p.ssn]) x)` is that row's ssn), nor over what a subquery picked
 * (`SELECT SUM(x) FROM (SELECT ssn AS x FROM p LIMIT 1)`): those stay transforms. It hands out no literal.
 * `statistic`: `count` for COUNT and its like, whose value is how many rows there are.
 */
export function aggregated(flows: readonly Flow[], depth: number, statistic: "count" | "other"): Flow {
  const value = unite(flows.map(whole));
  if (value.level < depth) return handedOut(transformed([value]));
  // A count of counts, or of what was computed of them, is a count of nothing that has a smallest cell.
  const counted = statistic === "count" && [...value.explicit.values()].every((ways) => !(ways & (AGGREGATE | COUNT)));
  return handedOut(rerouted(value, () => (counted ? COUNT : AGGREGATE)));
}

/** What is computed and shows no column is of the query's own making: a guess can be built of it (threat-model row 43). */
function computedOf(flow: Flow, route: (ways: Ways) => Ways): Flow {
  const made = rerouted(flow, route);
  return made.explicit.size === 0 ? { ...made, constant: true } : made;
}

/** A statistic over columns hands out no literal that went into it; one over no column is nothing else. */
function handedOut(flow: Flow): Flow {
  return { ...flow, constant: flow.explicit.size === 0 };
}

function rerouted(flow: Flow, route: (ways: Ways) => Ways): Flow {
  let changes = false;
  for (const ways of flow.explicit.values()) changes ||= route(ways) !== ways;
  if (!changes) return flow;
  const explicit = new Map<SourceKey, Ways>();
  for (const [key, ways] of flow.explicit) explicit.set(key, route(ways));
  return { ...flow, explicit };
}

/** `value`, chosen by conditions: they are part of what it shows, and predicates. */
export function chosenBy(value: Flow, conditions: readonly Flow[]): Flow {
  if (conditions.length === 0) return value;
  const shown = transformed(conditions);
  const added: Flow = { ...shown, pieces: 1, implicit: keysOf(shown), constant: false };
  return everywhere(value, (leaf) => unite([leaf, added]));
}

/** `value`, with keys that decided over it (rows, order, partition). */
export function decidedBy(value: Flow, keys: ReadonlySet<SourceKey>): Flow {
  if (keys.size === 0) return value;
  return everywhere(value, (leaf) => ({ ...leaf, implicit: union([leaf.implicit, keys]) }));
}

/** `value`, seen from a query nested in the one at `depth` that provides it. */
export function seenFromWithin(value: Flow, depth: number): Flow {
  return value.fields === null && value.level <= depth
    ? value
    : everywhere(value, (leaf) => ({ ...leaf, level: Math.min(leaf.level, depth) }));
}

/** `value` of a single row, or of as few as LIMIT leaves: its sum would be no statistic either. */
export function picked(value: Flow): Flow {
  return everywhere(value, (leaf) => ({ ...leaf, level: PICKED }));
}

/**
 * Whether `value` is not made of the `rows` of the query at `depth`, so that it stands beside each of them: one of a row around, or one that was picked
 * where these weren't. A query that gives one row of all shows no row.
 */
export function standsBeside(value: Flow, rows: Flow, depth: number): boolean {
  const one = rows.explicit.size === 0 && !rows.constant;
  return value.level < depth && !one && (value.level !== PICKED || rows.level !== PICKED);
}

/** `value`, whose computation can fail: so it may wherever it, or a part of it, is used. */
export function canFail(value: Flow): Flow {
  return everywhere(value, (leaf) => ({ ...leaf, fails: true }));
}

/** An ARRAY whose length tells how many `rows` there are; one that shows no column shows at least that. */
export function lengthOf(elements: Flow, rows: Flow): Flow {
  if (elements.fields !== null) return { ...elements, explicit: unite([elements, rows].map(own)).explicit };
  return elements.explicit.size === 0 ? unite([elements, rows]) : elements;
}

/** Whether `known` says all that `flow` says. */
export function covers(known: Flow, flow: Flow): boolean {
  if (known.fields === null) return coversOwn(known, whole(flow));
  if (!coversOwn(known, own(flow))) return false;
  return known.fields.every((field, i) => covers(field, flow.fields?.[i] ?? own(flow)));
}

function coversOwn(known: Flow, flow: Flow): boolean {
  for (const [key, ways] of flow.explicit) if ((ways & ~(known.explicit.get(key) ?? 0)) !== 0) return false;
  for (const key of flow.implicit) if (!known.implicit.has(key)) return false;
  if (flow.pieces > known.pieces) return false;
  return flow.level >= known.level && (known.constant || !flow.constant);
}

/** The elements of an ARRAY that meet a condition: which of them remain tells of it, and so does how many. */
export function filteredBy(elements: Flow, condition: Flow): Flow {
  return decidedBy(showing(elements, transformed([condition])), keysOf(condition));
}

/** An ARRAY with an element for each one of others, whose shapes are given: it is as long as they are. */
export function ofLength(elements: Flow, shapes: readonly Flow[]): Flow {
  const length = transformed(shapes);
  const shown = showing(elements, length);
  // Where fields are told apart the shape is in none of them.
  return elements.fields === null ? shown : decidedBy(shown, keysOf(length));
}

/** `flow`, whose shape shows what `added` does and `flow` doesn't anyhow; no literal of it, since none is handed out. */
function showing(flow: Flow, added: Flow): Flow {
  // A statistic alone shows less than a value does.
  const shown = (key: SourceKey): boolean => ((flow.explicit.get(key) ?? 0) & (COPY | TRANSFORM)) !== 0;
  const explicit = new Map([...added.explicit].filter(([key]) => !shown(key)));
  return { ...unite([own(flow), { ...added, explicit, constant: false }]), fields: flow.fields };
}

function own(flow: Flow): Flow {
  return { ...flow, fields: null };
}

/** A text or a figure that somebody else makes, of which no more is known than that it may tell of `keys`: an error's message, bytes read. */
export function telling(keys: ReadonlySet<SourceKey>): Flow {
  return { ...CONSTANT, explicit: new Map([...keys].map((key) => [key, TRANSFORM])), level: PICKED, pieces: LONG };
}

/** `value`, where it leaves the scope that could depend on enclosing rows. */
export function closed(value: Flow): Flow {
  return everywhere(value, (leaf) => (leaf.level <= ARGUMENT ? leaf : { ...leaf, level: OWN }));
}

/**
 * `value`, as the argument of a routine inside its body. There it is one value: a sum over it (`SELECT SUM(x) FROM
 * UNNEST([argument]) x`) is no statistic, in a common table neither.
 */
export function asArgument(value: Flow): Flow {
  return everywhere(value, (leaf) =>
    leaf.explicit.size === 0 ? leaf : { ...leaf, level: Math.min(leaf.level, ARGUMENT) },
  );
}

/** `value`, a column of a table that a routine is given: of its rows a sum is a statistic, unless they are of a row of the query around the call. */
export function asTableArgument(value: Flow): Flow {
  return everywhere(value, (leaf) => (leaf.level === OWN ? leaf : { ...leaf, level: Math.min(leaf.level, ARGUMENT) }));
}

/** What a routine gave, back where it was called with `given`: again of the rows that its arguments are of. */
export function returned(value: Flow, given: readonly Flow[]): Flow {
  const level = outermost(given.map((flow) => whole(flow).level).filter((l) => l !== PICKED));
  return everywhere(value, (leaf) => (leaf.level === ARGUMENT ? { ...leaf, level } : leaf));
}

function outermost(levels: readonly number[]): number {
  return levels.reduce((a, b) => Math.min(a, b), OWN);
}

function everywhere(flow: Flow, change: (leaf: Flow) => Flow): Flow {
  if (flow.fields === null) return change(flow);
  return { ...change(own(flow)), fields: flow.fields.map((field) => everywhere(field, change)) };
}

/** A STRUCT of values. */
export function structFlow(fields: readonly Flow[]): Flow {
  if (fields.length === 0) return CONSTANT;
  return { ...NOTHING, fields, level: outermost(fields.map((f) => whole(f).level)) };
}

/** One field of a STRUCT, or of each element. */
export function fieldFlow(flow: Flow, index: number): Flow {
  const field = flow.fields?.[index];
  if (field === undefined) return flow;
  return flow.implicit.size === 0 ? field : decidedBy(field, flow.implicit);
}

/** Every source of a value, however it is used: what a predicate on it depends on. */
export function keysOf(flow: Flow): ReadonlySet<SourceKey> {
  const value = whole(flow);
  if (value.explicit.size === 0) return value.implicit;
  const keys = new Set(value.explicit.keys());
  for (const key of value.implicit) keys.add(key);
  return keys;
}

/**
 * The sources that the value may be an unchanged copy of. Which of several values is the greatest tells of these alone: of a changed value a mask shows
 * nothing (docs/adr/0002), and of one that is shown whole, whoever sees all of them knows the order.
 */
export function copiesOf(flow: Flow): ReadonlySet<SourceKey> {
  const keys = new Set<SourceKey>();
  for (const [key, ways] of whole(flow).explicit) if (ways & COPY) keys.add(key);
  return keys;
}

export function union(sets: readonly ReadonlySet<SourceKey>[]): ReadonlySet<SourceKey> {
  let largest = NO_KEYS;
  for (const set of sets) if (set.size > largest.size) largest = set;
  let all: Set<SourceKey> | null = null;
  for (const set of sets) {
    if (set === largest) continue;
    for (const key of set) {
      if (all === null && !largest.has(key)) all = new Set(largest);
      all?.add(key);
    }
  }
  return all ?? largest;
}
