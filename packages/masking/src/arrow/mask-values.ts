import { type CellPlan, REPLACE, SHOW } from "../json-rows/cell-plan.ts";
import { MaskingError } from "../masking-error.ts";
import type { BatchMemory } from "./batch-memory.ts";
import { fixedCodec } from "./cell-text.ts";
import type { Column } from "./column.ts";
import { fastParts } from "./fast-parts.ts";
import { fastTokens } from "./fast-tokens.ts";
import { isSet, ones, type Values } from "./read-batch.ts";
import { ofElements, type Subjects } from "./subjects.ts";

/** What rules answer for a RANGE: no bound at all. */
const UNBOUNDED = "[UNBOUNDED, UNBOUNDED)";
const NOTHING = new Uint8Array(0);
const NO_OFFSETS = new Int32Array(0);

interface Context {
  /** Of one value that must be read to be masked. */
  readonly maxCellBytes: number;
  /** Of the rows that these values stand in. */
  readonly subjects: Subjects;
  readonly memory: BatchMemory;
}

/** The column's values under its masks; what is shown keeps its bytes. */
export function maskValues(column: Column, values: Values, context: Context): Values {
  const { memory } = context;
  const { plan, layout } = column;
  switch (layout.kind) {
    case "list": {
      const [item] = column.children;
      const [elements] = values.children;
      if (item === undefined || elements === undefined) throw new Error("a list without elements");
      if (plan.whole === "") {
        const subjects = ofElements(context.subjects, values);
        return { ...values, children: [maskValues(item, elements, { ...context, subjects })] };
      }
      for (let i = 0; i < values.length; i++) if (values.offsets[i] !== values.offsets[i + 1]) plan.count++;
      return {
        ...values,
        offsets: memory.integers(values.length + 1).fill(0),
        children: [nullValues(item, 0, memory)],
      };
    }
    case "struct": {
      if (column.type === "RANGE") return maskRange(column, values, memory);
      if (plan.whole === "null") {
        plan.count += values.length - values.nulls;
        return nullValues(column, values.length, memory);
      }
      return {
        ...values,
        children: column.children.map((child, i) => maskValues(child, values.children[i] as Values, context)),
      };
    }
    case "bits":
    case "fixed":
    case "bytes":
      if (plan.action === SHOW) return shown(column, values, memory);
      return layout.kind === "bytes"
        ? maskBytes(column, values, layout.utf8, context)
        : maskFixed(column, values, layout.kind === "bits" ? 0 : layout.width, context);
  }
}

/** So many NULLs; of a list, so many empty ones. */
export function nullValues(column: Column, length: number, memory: BatchMemory): Values {
  const { layout } = column;
  const isList = layout.kind === "list";
  const bits = Math.ceil(length / 8);
  return {
    length,
    nulls: isList ? 0 : length,
    valid: isList || length === 0 ? undefined : memory.zeros(bits),
    offsets: isList || layout.kind === "bytes" ? memory.integers(length + 1).fill(0) : NO_OFFSETS,
    data:
      layout.kind === "bits"
        ? memory.zeros(bits)
        : layout.kind === "fixed"
          ? memory.zeros(length * layout.width)
          : NOTHING,
    children: column.children.map((child) => nullValues(child, isList ? 0 : length, memory)),
  };
}

/** Bytes as they came, but for those under a NULL: nobody is to see what stood there. */
function shown(column: Column, values: Values, memory: BatchMemory): Values {
  const { valid, length } = values;
  const { layout } = column;
  if (layout.kind === "bits") {
    const data = memory.copy(values.data);
    if (length % 8 !== 0) data[data.length - 1] = (data[data.length - 1] as number) & ((1 << (length % 8)) - 1);
    if (valid !== undefined) for (let i = 0; i < data.length; i++) data[i] = (data[i] as number) & (valid[i] as number);
    return { ...values, data };
  }
  if (valid === undefined) return values;
  if (layout.kind === "fixed") {
    const data = memory.copy(values.data);
    for (let i = 0; i < length; i++) if (!isSet(valid, i)) data.fill(0, i * layout.width, (i + 1) * layout.width);
    return { ...values, data };
  }
  const { offsets } = values;
  let hidden = false;
  for (let i = 0; i < length && !hidden; i++) hidden = !isSet(valid, i) && offsets[i] !== offsets[i + 1];
  if (!hidden) return values;
  const parts = new Parts(length);
  for (let i = 0; i < length; i++)
    parts.add(isSet(valid, i) ? values.data.subarray(offsets[i], offsets[i + 1]) : NOTHING);
  return { ...values, ...parts.take() };
}

function maskRange(column: Column, values: Values, memory: BatchMemory): Values {
  const { plan } = column;
  const children = () => column.children.map((child, i) => shown(child, values.children[i] as Values, memory));
  if (plan.action === SHOW) return { ...values, children: children() };
  plan.count += values.length - values.nulls;
  const constant = plan.action === REPLACE ? constantOf(plan) : undefined;
  if (constant === null) return nullValues(column, values.length, memory);
  if (constant !== UNBOUNDED) throw unfit(plan);
  return { ...values, children: column.children.map((child) => nullValues(child, values.length, memory)) };
}

/** `width` 0: bits. */
function maskFixed(column: Column, values: Values, width: number, { subjects, memory }: Context): Values {
  const { plan } = column;
  const { length } = values;
  plan.count += length - values.nulls;
  const constant = plan.action === REPLACE ? constantOf(plan) : undefined;
  if (constant === null) return nullValues(column, length, memory);
  if (width === 0) {
    // BOOL: no rule reads it, and its one constant is FALSE.
    if (constant !== "false") throw unfit(plan);
    return { ...values, data: memory.zeros(values.data.length) };
  }
  const codec = fixedCodec(plan.type);
  if (codec === undefined) throw unfit(plan);
  const from = new DataView(values.data.buffer, values.data.byteOffset, values.data.byteLength);
  const data = memory.zeros(length * width);
  const to = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const left = new Validity(values, memory);
  for (let i = 0; i < length; i++) {
    if (!left.has(i)) continue;
    const at = i * width;
    const text = constant ?? codec.read(from, at);
    const subject = plan.subject === undefined ? undefined : subjects(plan.subject, i);
    const masked = constant ?? plan.compute(text, subject);
    if (masked === null) left.clear(i);
    else if (constant === undefined && masked === text) data.set(values.data.subarray(at, at + width), at);
    else if (!codec.write(to, at, masked)) throw unfit(plan);
  }
  return { ...values, ...left.take(), data };
}

function maskBytes(column: Column, values: Values, utf8: boolean, { maxCellBytes, memory }: Context): Values {
  const { plan } = column;
  const { length, offsets } = values;
  plan.count += length - values.nulls;
  const constant = plan.action === REPLACE ? constantOf(plan) : undefined;
  if (constant === null) return nullValues(column, length, memory);
  const fast = constant === undefined && utf8 ? fastValues(plan, values, maxCellBytes, memory) : undefined;
  if (fast !== undefined) return { ...values, ...fast };
  const encoding = utf8 ? "utf8" : "base64";
  const source = Buffer.from(values.data.buffer, values.data.byteOffset, values.data.byteLength);
  const left = new Validity(values, memory);
  const parts = new Parts(length);
  for (let i = 0; i < length; i++) {
    if (!left.has(i)) {
      parts.add(NOTHING);
      continue;
    }
    const [start, end] = [offsets[i] as number, offsets[i + 1] as number];
    if (constant === undefined && end - start > maxCellBytes)
      throw new MaskingError("limit", `${plan.path}: more than ${maxCellBytes} bytes to mask`);
    const masked = constant ?? plan.compute(source.toString(encoding, start, end));
    if (masked === null) left.clear(i);
    parts.text(masked ?? "", encoding);
  }
  return { ...values, ...left.take(), ...parts.take() };
}

/** All of a column's texts at once, where its rule and its values allow it; the same as one by one. */
function fastValues(
  plan: CellPlan,
  values: Values,
  maxCellBytes: number,
  memory: BatchMemory,
): Pick<Values, "offsets" | "data"> | undefined {
  if (plan.type !== "STRING") return undefined;
  return plan.rule === "token"
    ? fastTokens(values, plan.tokenKey, maxCellBytes, memory)
    : fastParts(values, plan.rule, maxCellBytes, memory);
}

function constantOf(plan: CellPlan): string | null {
  return JSON.parse(plan.constant) as string | null;
}

/** Which values of a column that is being masked are not NULL. */
class Validity {
  readonly #length: number;
  readonly #memory: BatchMemory;
  #bits: Uint8Array | undefined;
  #own = false;

  constructor({ length, valid }: Values, memory: BatchMemory) {
    this.#memory = memory;
    this.#length = length;
    this.#bits = valid;
  }

  has(i: number): boolean {
    return this.#bits === undefined || isSet(this.#bits, i);
  }

  clear(i: number): void {
    if (this.#bits === undefined) {
      this.#bits = this.#memory.bytes(Math.ceil(this.#length / 8)).fill(0xff);
      if (this.#length % 8 !== 0) this.#bits[this.#bits.length - 1] = (1 << (this.#length % 8)) - 1;
    } else if (!this.#own) {
      this.#bits = this.#memory.copy(this.#bits);
    }
    this.#own = true;
    this.#bits[i >> 3] = (this.#bits[i >> 3] as number) & ~(1 << (i & 7));
  }

  take(): Pick<Values, "nulls" | "valid"> {
    return { nulls: this.#bits === undefined ? 0 : this.#length - ones(this.#bits), valid: this.#bits };
  }
}

/** Texts or bytes one after the other, with their offsets. */
class Parts {
  readonly #offsets: Int32Array;
  #data = Buffer.alloc(4096);
  #end = 0;
  #count = 0;

  constructor(length: number) {
    this.#offsets = new Int32Array(length + 1);
  }

  add(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#data.set(bytes, this.#end);
    this.#end += bytes.length;
    this.#offsets[++this.#count] = this.#end;
  }

  text(text: string, encoding: "utf8" | "base64"): void {
    this.#room(text.length * 3);
    this.#end += this.#data.write(text, this.#end, encoding);
    this.#offsets[++this.#count] = this.#end;
  }

  take(): Pick<Values, "offsets" | "data"> {
    return { offsets: this.#offsets, data: this.#data.subarray(0, this.#end) };
  }

  #room(bytes: number): void {
    if (this.#end + bytes > 0x7fffffff) throw new MaskingError("limit", "A column grows over two gigabytes");
    if (this.#end + bytes <= this.#data.length) return;
    const grown = Buffer.alloc((this.#end + bytes) * 2);
    this.#data.copy(grown, 0, 0, this.#end);
    this.#data = grown;
  }
}

/** A rule gave what its type doesn't have: a fault of ours, and nothing is shown. */
function unfit(plan: CellPlan): MaskingError {
  return new MaskingError("fields", `${plan.path}: rule ${plan.rule} gives no value of type ${plan.type}`);
}
