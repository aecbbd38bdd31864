import { BatchMemory } from "../arrow/batch-memory.ts";
import { REPLACE, SHOW } from "../json-rows/cell-plan.ts";
import type { TokenKey } from "../token-key.ts";
import type { AvroColumn, Encoding } from "./avro-column.ts";
import type { AvroScanner } from "./avro-scanner.ts";
import { AvroWriter } from "./avro-writer.ts";
import { writeMasked } from "./mask-rows.ts";

/** A plan as it lies in the scanner's memory: the row's node, those of the columns, then constants and keys. */
export type AvroImage = Buffer;

// The words of `assembly/avro-node.ts`.
export const NODE_BYTES = 48;
const ENCODINGS: Readonly<Record<Encoding, number>> = {
  boolean: 0,
  int: 1,
  long: 2,
  double: 3,
  string: 4,
  bytes: 5,
  decimal: 6,
  record: 8,
  range: 8,
};
const BIGNUMERIC = 7;
const RECORD = 8;
const MASK = 9;
const NULLED = 10;
const ARRAY = 11;
const EMPTIED = 12;
const NO_UNION = 0xff;

const REPLACED = 1;
const BY_HOST = 2;
const STRING_TOKEN = 3;
const INT64_TOKEN = 4;
const BYTES_TOKEN = 5;
const LAST_FOUR = 6;
const FIRST_FOUR = 7;

/** A constant is read as 32 bytes. */
const CONSTANT_BYTES = 32;
/** State behind the inner padded key, then behind the outer; hashed from blocks of 64 bytes. */
const KEY_BYTES = 64;

/** Columns in the order in which they lie in memory, behind the row's node: children of one together. */
export function nodesOf(columns: readonly AvroColumn[]): readonly AvroColumn[] {
  const nodes = [...columns];
  for (let i = 0; i < nodes.length; i++) for (const child of (nodes[i] as AvroColumn).children) nodes.push(child);
  return nodes;
}

/** Undefined if the plan is too large. */
export function imageOf(
  columns: readonly AvroColumn[],
  maxCellBytes: number,
  scanner: AvroScanner,
): AvroImage | undefined {
  const { planAt, planBytes, inBytes } = scanner;
  // A longer value is an error, and errors are the exact one's: with a bound that can be passed the host must see each.
  const byHostAlone = maxCellBytes < inBytes;
  const nodes = nodesOf(columns);
  let free = (nodes.length + 1) * NODE_BYTES;
  if (free > planBytes) return undefined;
  const image = Buffer.alloc(Math.min(planBytes, free + nodes.length * (CONSTANT_BYTES + KEY_BYTES)));
  const keys = new Map<TokenKey, number>();
  let children = 1;
  const childrenOf = (count: number): readonly [number, number] => {
    const first = planAt + children * NODE_BYTES;
    children += count;
    return [first, planAt + children * NODE_BYTES];
  };
  const put = (node: number, words: readonly number[]) => {
    for (const [i, word] of words.entries()) image.writeUInt32LE(word, node * NODE_BYTES + i * 4);
  };
  put(0, [RECORD, RECORD, RECORD, NO_UNION, 0, ...childrenOf(columns.length)]);
  for (const [i, column] of nodes.entries()) {
    const { plan, repeated } = column;
    const action = actionOf(column, byHostAlone);
    const encoding = plan.type === "BIGNUMERIC" ? BIGNUMERIC : ENCODINGS[column.encoding];
    const one = plan.whole === "null" ? NULLED : isMasked(column) ? MASK : encoding;
    const work = repeated ? (plan.whole === "" ? ARRAY : EMPTIED) : one;
    const constant = action === REPLACED ? constantOf(column) : NOTHING;
    if (constant.length > CONSTANT_BYTES) return undefined;
    if (free + CONSTANT_BYTES + KEY_BYTES > image.length && action !== 0) return undefined;
    const constantAt = free;
    let key = 0;
    if (action === REPLACED) {
      image.set(constant, constantAt);
      free += CONSTANT_BYTES;
    }
    if (action > BY_HOST) {
      key = keys.get(plan.tokenKey) ?? free;
      if (key === free) {
        image.set(keyOf(plan.tokenKey, scanner), key);
        keys.set(plan.tokenKey, key);
        free += KEY_BYTES;
      }
    }
    put(i + 1, [
      work,
      one,
      encoding,
      valueBranch(repeated ? column.elementNullBranch : column.nullBranch),
      repeated ? 1 : 0,
      ...childrenOf(column.children.length),
      action,
      planAt + constantAt,
      constant.length,
      0,
      planAt + key,
    ]);
  }
  return image.subarray(0, free);
}

const NOTHING = new Uint8Array(0);

/** STRUCTs are masked by their fields, or become NULL whole. */
function isMasked({ encoding, plan }: AvroColumn): boolean {
  return encoding !== "record" && plan.action !== SHOW;
}

function actionOf(column: AvroColumn, byHostAlone: boolean): number {
  const { plan } = column;
  if (!isMasked(column)) return 0;
  if (plan.action === REPLACE) return REPLACED;
  if (byHostAlone) return BY_HOST;
  switch (plan.rule) {
    case "token":
      if (plan.type === "STRING") return STRING_TOKEN;
      if (plan.type === "INT64") return INT64_TOKEN;
      return plan.type === "BYTES" ? BYTES_TOKEN : BY_HOST;
    case "last4":
    case "LAST_FOUR_CHARACTERS":
      return LAST_FOUR;
    case "first4":
    case "FIRST_FOUR_CHARACTERS":
      return FIRST_FOUR;
    default:
      return BY_HOST;
  }
}

/** As the exact one writes it; no bytes: NULL. */
function constantOf(column: AvroColumn): Uint8Array {
  const text = JSON.parse(column.plan.constant) as string | null;
  if (text === null) return NOTHING;
  const writer = new AvroWriter(new BatchMemory("fresh"), CONSTANT_BYTES);
  writeMasked(column, text, writer);
  return writer.take();
}

/** As it is written: 0 and 1 in zig-zag. */
function valueBranch(nullBranch: 0 | 1 | undefined): number {
  return nullBranch === undefined ? NO_UNION : (1 - nullBranch) * 2;
}

/** Both states behind the padded key, 32 bytes each. */
function keyOf(key: TokenKey, { scanner, memory, inAt }: AvroScanner): Uint8Array {
  const { inner, outer } = key.padded();
  const states = Buffer.alloc(KEY_BYTES);
  for (const [i, block] of [inner, outer].entries()) {
    memory.set(block, inAt);
    scanner.padKey(inAt);
    memory.copy(states, i * 32, inAt, inAt + 32);
  }
  memory.fill(0, inAt, inAt + KEY_BYTES);
  return states;
}
