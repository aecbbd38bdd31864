import { readFileSync } from "node:fs";
import type { FieldType } from "../mask-rule.ts";
import type { TokenKey } from "../token-key.ts";
import { type CellPlan, COMPUTE, REPLACE } from "./cell-plan.ts";
import type { PageOutput } from "./page-output.ts";
import type { MaskerLimits } from "./rows-masker.ts";

/** What `assembly/rows.ts` exports. */
interface Scanner {
  readonly memory: WebAssembly.Memory;
  readonly planAt: WebAssembly.Global;
  readonly planBytes: WebAssembly.Global;
  readonly inAt: WebAssembly.Global;
  readonly inBytes: WebAssembly.Global;
  readonly inSlack: WebAssembly.Global;
  readonly outAt: WebAssembly.Global;
  readonly stoppedAt: WebAssembly.Global;
  readonly outEnd: WebAssembly.Global;
  scan(start: number, end: number, first: boolean, maxRows: number): number;
  isFull(): number;
  padKey(at: number): void;
}

interface Loaded {
  readonly scanner: Scanner;
  readonly memory: Buffer;
  readonly planAt: number;
  readonly planBytes: number;
  readonly inAt: number;
  readonly inBytes: number;
  readonly inSlack: number;
  readonly outAt: number;
}

// The actions of `assembly/node.ts`.
const SHOWN = 0;
const REPLACED = 1;
const DROPPED = 2;
const BY_HOST = 3;
const STRING_TOKEN = 4;
const INT64_TOKEN = 5;
const LAST_FOUR = 6;
const FIRST_FOUR = 7;

const NODE_BYTES = 48;
const COUNT = 32;
/** A constant is read as 32 bytes. */
const CONSTANT_BYTES = 32;
/** State behind the inner padded key, then behind the outer; hashed from blocks of 64 bytes. */
const KEY_BYTES = 64;
/** Most bytes the host writes for one value. */
const MOST_WRITTEN = 1024;
const MOST_ROWS = 2 ** 31 - 1;

/** One scanner for all responses: between two calls it holds nothing that matters. */
let loaded: Loaded | undefined | null = null;
/** Whose plan lies in its memory. */
let owner: FastRows | undefined;

function load(): Loaded | undefined {
  if (loaded !== null) return loaded;
  const bytes = readFileSync(new URL("../../assembly/rows.wasm", import.meta.url));
  // Processors without the instructions for it have the exact implementation alone.
  if (!WebAssembly.validate(bytes)) {
    loaded = undefined;
    return loaded;
  }
  const host = {
    mask: (node: number, start: number, end: number, hasEscape: number, out: number) =>
      owner?.mask(node, start, end, hasEscape !== 0, out) ?? 0,
  };
  // The shape of the module that is committed beside its source; fast-rows.test.ts builds it anew.
  const scanner = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host }).exports as Scanner;
  loaded = {
    scanner,
    memory: Buffer.from(scanner.memory.buffer),
    planAt: Number(scanner.planAt.value),
    planBytes: Number(scanner.planBytes.value),
    inAt: Number(scanner.inAt.value),
    inBytes: Number(scanner.inBytes.value),
    inSlack: Number(scanner.inSlack.value),
    outAt: Number(scanner.outAt.value),
  };
  return loaded;
}

/** A plan as it lies in the scanner's memory. */
export interface RowsImage {
  readonly scanner: Loaded;
  readonly bytes: Buffer;
}

/** What was read without the exact scanner. */
export interface Taken {
  readonly rows: number;
  /** Where it stopped in the chunk. */
  readonly at: number;
}

/**
 * The fast half of the masker: `assembly/rows.ts` over one response's rows. It takes whole rows in BigQuery's own form and leaves
 * everything else, errors too, to `RowsScanner`.
 */
export class FastRows {
  readonly #loaded: Loaded;
  readonly #limits: MaskerLimits;
  /** The plan as it lies in memory, and the plan of each node in it. */
  readonly #image: Buffer;
  readonly #nodes: readonly CellPlan[];
  /** Which part of the chunk lies in memory. */
  #windowStart = 0;
  #windowEnd = 0;

  /** For all responses of such a plan. Undefined if this machine or this plan has none. */
  static imageOf(row: CellPlan, limits: MaskerLimits): RowsImage | undefined {
    const scanner = load();
    if (scanner === undefined || row.fields.length === 0) return undefined;
    const bytes = compile(row, limits, scanner);
    return bytes === undefined ? undefined : { scanner, bytes };
  }

  /** @param row a plan like the one that the image was made of */
  constructor({ scanner, bytes }: RowsImage, row: CellPlan, limits: MaskerLimits) {
    this.#loaded = scanner;
    this.#limits = limits;
    this.#image = bytes;
    this.#nodes = nodesOf(row);
  }

  /** A new chunk begins: nothing of it lies in memory. */
  begin(): void {
    this.#windowStart = 0;
    this.#windowEnd = 0;
  }

  /** Takes whole rows from `start` on, as many as it can; `rowsBefore` were there before. */
  read(chunk: Uint8Array, start: number, rowsBefore: number, out: PageOutput): Taken {
    const { scanner, memory, planAt, inAt, inBytes, outAt } = this.#loaded;
    if (owner !== this) {
      this.#image.copy(memory, planAt);
      owner = this;
    }
    let rows = 0;
    let at = start;
    while (at < chunk.length) {
      if (at >= this.#windowEnd) this.#fill(chunk, at);
      const place = inAt + at - this.#windowStart;
      const inEnd = inAt + this.#windowEnd - this.#windowStart;
      const before = rowsBefore + rows;
      const most = Math.min(this.#limits.maxRows - before, MOST_ROWS);
      const taken = scanner.scan(place, inEnd, before === 0, most);
      if (taken > 0) {
        out.copy(memory, outAt, Number(scanner.outEnd.value));
        at += Number(scanner.stoppedAt.value) - place;
        rows += taken;
        this.#collectCounts();
      }
      if (taken > 0 && scanner.isFull() !== 0) continue;
      // A row that the window's end cut, not the chunk's.
      const more = this.#windowEnd < chunk.length && at > this.#windowStart && this.#windowEnd - at < inBytes / 2;
      if (!more) break;
      this.#fill(chunk, at);
    }
    return { rows, at };
  }

  /** Called by the scanner for a value that it can't mask itself: writes what stands in for it; 0 if that must be left to the exact one. */
  mask(node: number, start: number, end: number, hasEscape: boolean, out: number): number {
    const plan = this.#nodes[(node - this.#loaded.planAt) / NODE_BYTES];
    if (plan === undefined || end - start > this.#limits.maxMaskedCellBytes) return 0;
    const { memory } = this.#loaded;
    const text = memory.toString("utf8", start, end);
    // The string was read to be JSON, so this can't fail.
    const masked = JSON.stringify(plan.compute(hasEscape ? (JSON.parse(`"${text}"`) as string) : text));
    if (masked.length * 3 > MOST_WRITTEN) return 0;
    return out + memory.write(masked, out, "utf8");
  }

  #fill(chunk: Uint8Array, start: number): void {
    const { memory, inAt, inBytes, inSlack } = this.#loaded;
    const end = Math.min(chunk.length, start + inBytes);
    memory.set(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end), inAt);
    memory.fill(0, inAt + end - start, inAt + end - start + inSlack);
    this.#windowStart = start;
    this.#windowEnd = end;
  }

  #collectCounts(): void {
    const { memory, planAt } = this.#loaded;
    for (let i = 0; i < this.#nodes.length; i++) {
      const plan = this.#nodes[i] as CellPlan;
      if (plan.rule === "none") continue;
      const at = planAt + i * NODE_BYTES + COUNT;
      plan.count += memory.readUInt32LE(at);
      memory.writeUInt32LE(0, at);
    }
  }
}

/** A row's plans in the order in which they lie in memory: children of one together. */
function nodesOf(row: CellPlan): CellPlan[] {
  const nodes = [row];
  for (let i = 0; i < nodes.length; i++) for (const child of (nodes[i] as CellPlan).fields) nodes.push(child);
  return nodes;
}

/** The plan as `assembly/node.ts` reads it: nodes, then constants and keys. Undefined if it is too large. */
function compile(row: CellPlan, limits: MaskerLimits, scanner: Loaded): Buffer | undefined {
  const { planAt, planBytes } = scanner;
  // A longer value is an error, and errors are the exact scanner's: with a bound that can be passed it must see each.
  const byHostAlone = limits.maxMaskedCellBytes < scanner.inBytes;
  const nodes = nodesOf(row);
  if (nodes.length * (NODE_BYTES + CONSTANT_BYTES) > planBytes) return undefined;
  const dropped: boolean[] = [false];
  const firstChildren: number[] = [];
  for (const [i, plan] of nodes.entries()) {
    firstChildren.push(dropped.length);
    for (const _ of plan.fields) dropped.push(dropped[i] === true || plan.whole !== "");
  }
  const keys = new Map<TokenKey, number>();
  /** Leaves that are neither masked nor repeated. */
  const plain = new Set<CellPlan>();
  const most = nodes.length * (NODE_BYTES + CONSTANT_BYTES + KEY_BYTES) + KEY_BYTES;
  const image = Buffer.alloc(Math.min(most, planBytes));
  const at = (node: number) => node * NODE_BYTES;
  let free = nodes.length * NODE_BYTES;
  for (const [i, plan] of nodes.entries()) {
    const action = dropped[i] === true || plan.whole !== "" ? DROPPED : actionOf(plan, byHostAlone);
    const { fields } = plan;
    const isWhole = dropped[i] !== true && plan.whole !== "";
    const constant = isWhole ? plan.whole : plan.constant;
    if (constant.length > CONSTANT_BYTES) return undefined;
    let key = 0;
    if (action === STRING_TOKEN || action === INT64_TOKEN || action === LAST_FOUR || action === FIRST_FOUR) {
      const known = keys.get(plan.tokenKey);
      key = known ?? free + CONSTANT_BYTES;
      keys.set(plan.tokenKey, key);
    }
    if (free + CONSTANT_BYTES + KEY_BYTES > image.length) return undefined;
    image.write(constant, free, "latin1");
    const words = [
      0,
      plan.repeated ? 1 : 0,
      plan.fields.length,
      planAt + at(firstChildren[i] as number),
      action,
      isWhole ? 1 : 0,
      planAt + free,
      constant.length,
      0,
      planAt + key,
    ];
    for (const [j, word] of words.entries()) image.writeUInt32LE(word, at(i) + j * 4);
    if (fields.length === 0 && !plan.repeated && action === SHOWN) plain.add(plan);
    free += CONSTANT_BYTES;
    if (key === free) {
      writeKey(plan.tokenKey, image, key, scanner);
      free += KEY_BYTES;
    }
  }
  // How many such leaves follow each other, told from the last one on.
  for (const [i, { fields }] of nodes.entries()) {
    const first = firstChildren[i] as number;
    let inARow = 0;
    for (let j = fields.length - 1; j >= 0; j--) {
      inARow = plain.has(fields[j] as CellPlan) ? inARow + 1 : 0;
      image.writeUInt32LE(inARow, at(first + j));
    }
  }
  return image.subarray(0, free);
}

/** Both states behind the padded key, 32 bytes each. */
function writeKey(key: TokenKey, image: Buffer, at: number, { scanner, memory, planAt }: Loaded): void {
  const { inner, outer } = key.padded();
  owner = undefined;
  for (const [i, block] of [inner, outer].entries()) {
    memory.set(block, planAt);
    scanner.padKey(planAt);
    image.set(memory.subarray(planAt, planAt + 32), at + i * 32);
  }
  memory.fill(0, planAt, planAt + 64);
}

function actionOf(plan: CellPlan, byHostAlone: boolean): number {
  if (plan.action === REPLACE) return REPLACED;
  if (plan.action !== COMPUTE) return SHOWN;
  if (byHostAlone) return BY_HOST;
  switch (plan.rule) {
    case "token":
      return tokenAction(plan.type);
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

function tokenAction(type: FieldType): number {
  return type === "STRING" ? STRING_TOKEN : type === "INT64" ? INT64_TOKEN : BY_HOST;
}
