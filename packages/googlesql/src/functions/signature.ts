/**
 * How the catalogue's lines are written, read and matched.
 *
 *   NAME(argument, …) RESULT
 *
 * argument: `TYPE`, `TYPE?` optional, `TYPE*` any number, `TYPE+` one or more, `name=>TYPE?` by name only, `name:TYPE?` by
 * name or by its place.
 * Before it `!` marks a condition (it decides which value is given: transformed into the result, and a predicate) and
 * `~` a key (it only decides which row or order counts: a predicate), `=` a value that is also compared (NULLIF gives
 * it or NULL, so its presence answers the comparison; GREATEST which is greater: a predicate too), `>` a value of which the
 * order of all decides which is given (MIN, as ORDER BY … LIMIT 1: a predicate of what it copies).
 *
 * Types are scalars, `ARRAY<…>`, `RANGE<…>`, in a result `STRUCT<name TYPE, …>`, and letters:
 *   T, U  any type, the same at each place      ANY  any type, each place its own
 *   O     any type that can be ordered          G    any type that can be grouped
 *   TEXT  any scalar that casts to STRING
 *   PROMPT  a STRING, or a STRUCT of STRING and ARRAY<STRING>: a text in parts, and never an object in Cloud Storage
 *   LABELS  ARRAY<STRING>, or an ARRAY of STRUCTs of two STRING: names, each with what it means
 *   PART  a date part                           MODE an identifier such as NFKC
 * Families stand for one signature per member:
 *   N  INT64 FLOAT64 NUMERIC BIGNUMERIC         R    FLOAT64 NUMERIC BIGNUMERIC
 *   I  INT64 NUMERIC BIGNUMERIC                 S    STRING BYTES
 *   D  DATE DATETIME TIMESTAMP
 */
import type { Via } from "../plan.ts";
import {
  arrayOf,
  casts,
  coercionDistance,
  FLOAT64,
  INT64,
  isCastParameter,
  isGroupable,
  isOrderable,
  type Literalness,
  rangeOf,
  STRING,
  type StructField,
  sameType,
  scalarType,
  structOf,
  supertype,
  type Type,
  type TypedValue,
} from "../types.ts";

export type FunctionKind = "scalar" | "aggregate" | "window";

/** How an argument reaches the result. */
export type ArgumentFlow = "value" | "condition" | "key" | "compared" | "ranked";

type Pattern =
  | { readonly kind: "type"; readonly type: Type }
  | { readonly kind: "letter"; readonly letter: "T" | "U" | "O" | "G" }
  | { readonly kind: "any" }
  | { readonly kind: "text" }
  | { readonly kind: "prompt" }
  | { readonly kind: "labels" }
  | { readonly kind: "part" }
  | { readonly kind: "mode" }
  | { readonly kind: "array"; readonly element: Pattern }
  | { readonly kind: "range"; readonly element: Pattern }
  | { readonly kind: "struct"; readonly fields: readonly { readonly name: string; readonly pattern: Pattern }[] };

interface SignatureArgument {
  readonly pattern: Pattern;
  readonly flow: ArgumentFlow;
  readonly optional: boolean;
  readonly repeated: boolean;
  /** Empty where it has none. */
  readonly name: string;
  /** Can be passed by its place. */
  readonly placed: boolean;
}

interface Signature {
  readonly arguments: readonly SignatureArgument[];
  readonly result: Pattern;
}

export interface FunctionEntry {
  /** Upper case, parts joined by dots: `NET.HOST`. */
  readonly name: string;
  readonly kind: FunctionKind;
  /** How a `value` argument reaches the result. */
  readonly via: Via;
  readonly signatures: readonly Signature[];
  /** The signatures as they are written here, families unexpanded. */
  readonly written: readonly string[];
}

/** What a call passes at one place. */
export type PassedArgument =
  | { readonly kind: "value"; readonly value: TypedValue; readonly name: string }
  | { readonly kind: "part" }
  | { readonly kind: "mode" };

export interface Match {
  readonly result: Type;
  /** One for each passed argument, in order. */
  readonly flows: readonly ArgumentFlow[];
  /** Whether a request's parameter is cast to what the function takes. */
  readonly casts: boolean;
}

const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  N: ["INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC"],
  R: ["FLOAT64", "NUMERIC", "BIGNUMERIC"],
  I: ["INT64", "NUMERIC", "BIGNUMERIC"],
  S: ["STRING", "BYTES"],
  D: ["DATE", "DATETIME", "TIMESTAMP"],
};

/** Lines of the catalogue as they are written, whose functions are of one kind and one flow. */
export interface EntryList {
  readonly kind: FunctionKind;
  readonly via: Via;
  readonly lines: string;
}

/** One list, for a theme to join with others: a process that starts reads none of them. */
export function entries(kind: FunctionKind, via: Via, lines: string): readonly EntryList[] {
  return [{ kind, via, lines }];
}

/** Lines of one name are its overloads, in order. What a line says of its arguments is read when the function is first called. */
export function readEntries({ kind, via, lines }: EntryList): FunctionEntry[] {
  const byName = new Map<string, WrittenSignature[]>();
  for (const line of lines.split("\n")) {
    const text = line.trim();
    if (text === "") continue;
    const open = text.indexOf("(");
    const close = text.lastIndexOf(") ");
    if (open < 1 || close < open) throw new Error(`not a signature: ${text}`);
    const written = { args: text.slice(open + 1, close), result: text.slice(close + 2) };
    for (const name of text.slice(0, open).split(",")) {
      const known = byName.get(name.trim());
      if (known === undefined) byName.set(name.trim(), [written]);
      else known.push(written);
    }
  }
  return [...byName].map(([name, written]) => new WrittenEntry(name, kind, via, written));
}

interface WrittenSignature {
  readonly args: string;
  readonly result: string;
}

class WrittenEntry implements FunctionEntry {
  readonly name: string;
  readonly kind: FunctionKind;
  readonly via: Via;
  readonly #written: readonly WrittenSignature[];
  #signatures: readonly Signature[] | null = null;

  constructor(name: string, kind: FunctionKind, via: Via, written: readonly WrittenSignature[]) {
    this.name = name;
    this.kind = kind;
    this.via = via;
    this.#written = written;
  }

  get signatures(): readonly Signature[] {
    this.#signatures ??= this.#written.flatMap(({ args, result }) =>
      expandFamilies(args, result).map(([a, r]) => ({
        arguments: a === "" ? [] : a.split(/,\s*/).map(parseArgument),
        result: parsePattern(r),
      })),
    );
    return this.#signatures;
  }

  get written(): readonly string[] {
    return this.#written.map(({ args, result }) => `(${args}) ${result}`);
  }
}

function expandFamilies(args: string, result: string): [string, string][] {
  const family = /\b([NRISD])\b/.exec(`${args} ${result}`)?.[1];
  if (family === undefined) return [[args, result]];
  const pattern = new RegExp(`\\b${family}\\b`, "g");
  return (FAMILIES[family] ?? []).map((member) => [args.replace(pattern, member), result.replace(pattern, member)]);
}

const FLOWS: Readonly<Record<string, ArgumentFlow>> = { "!": "condition", "~": "key", "=": "compared", ">": "ranked" };

function parseArgument(text: string): SignatureArgument {
  const shape = /^([!~=>]?)(?:([a-z_0-9]+)(=>|:))?(.*?)([?*+]?)$/.exec(text);
  if (!shape) throw new Error(`not an argument: ${text}`);
  const [, mark = "", name = "", by = "", type = "", suffix = ""] = shape;
  return {
    pattern: parsePattern(type),
    flow: FLOWS[mark] ?? "value",
    optional: suffix === "?" || suffix === "*",
    repeated: suffix === "*" || suffix === "+",
    name,
    placed: by !== "=>",
  };
}

function parsePattern(text: string): Pattern {
  switch (text) {
    case "T":
    case "U":
    case "O":
    case "G":
      return { kind: "letter", letter: text };
    case "ANY":
      return { kind: "any" };
    case "TEXT":
      return { kind: "text" };
    case "PROMPT":
      return { kind: "prompt" };
    case "LABELS":
      return { kind: "labels" };
    case "PART":
      return { kind: "part" };
    case "MODE":
      return { kind: "mode" };
  }
  const struct = /^STRUCT<(.*)>$/.exec(text)?.[1];
  if (struct !== undefined) {
    const fields = struct.split(", ").map((field) => {
      const [name = "", type = ""] = field.split(" ");
      return { name, pattern: parsePattern(type) };
    });
    return { kind: "struct", fields };
  }
  const nested = /^(ARRAY|RANGE)<(.*)>$/.exec(text);
  if (nested) {
    const element = parsePattern(nested[2] ?? "");
    return nested[1] === "ARRAY" ? { kind: "array", element } : { kind: "range", element };
  }
  const type = scalarType(text);
  if (type === undefined) throw new Error(`not a type: ${text}`);
  return { kind: "type", type };
}

/** The nearest signature of `entry` for what a call passes; undefined when none fits. */
export function matchSignature(entry: FunctionEntry, passed: readonly PassedArgument[]): Match | undefined {
  let best: { readonly match: Match; readonly cost: number } | undefined;
  for (const signature of entry.signatures) {
    const found = matchOne(signature, passed);
    if (found && (best === undefined || found.cost < best.cost)) best = found;
    // None is nearer.
    if (best?.cost === 0) break;
  }
  return best?.match;
}

interface Bindings {
  /** Of each letter, what the call passes for it; null as long as there is none. */
  values: Map<string, TypedValue[]> | null;
  cost: number;
  casts: boolean;
}

function matchOne(
  signature: Signature,
  passed: readonly PassedArgument[],
): { readonly match: Match; readonly cost: number } | undefined {
  const taken = takenBy(signature, passed);
  if (taken === undefined) return undefined;
  const bindings: Bindings = { values: null, cost: 0, casts: false };
  for (let i = 0; i < taken.length; i++) {
    const argument = taken[i];
    const given = passed[i];
    if (argument === undefined || given === undefined || !accept(argument.pattern, given, bindings)) return undefined;
  }
  const bound = bindings.values === null ? NOTHING_BOUND : boundBy(bindings.values, bindings);
  if (bound === undefined) return undefined;
  const result = instantiate(signature.result, bound);
  if (result === undefined) return undefined;
  const flows = taken.map((argument) => argument.flow);
  return { match: { result, flows, casts: bindings.casts }, cost: bindings.cost };
}

const NOTHING_BOUND: ReadonlyMap<string, Type> = new Map();

/** The type that each letter stands for; undefined where there is none. */
function boundBy(values: ReadonlyMap<string, TypedValue[]>, bindings: Bindings): Map<string, Type> | undefined {
  const bound = new Map<string, Type>();
  for (const [letter, given] of values) {
    const type = supertype(given);
    if (type === undefined) return undefined;
    if (letter === "O" && !isOrderable(type)) return undefined;
    if (letter === "G" && !isGroupable(type)) return undefined;
    bound.set(letter, type);
    bindings.casts ||= given.some((value) => isCastParameter(value, type));
  }
  return bound;
}

/** For each argument passed, in their order, the one of the signature that takes it. */
function takenBy(signature: Signature, passed: readonly PassedArgument[]): SignatureArgument[] | undefined {
  const taken: SignatureArgument[] = new Array(passed.length);
  let count = 0;
  let byName = false;
  let at = 0;
  for (const given of passed) {
    let argument: SignatureArgument | undefined;
    if (given.kind === "value" && given.name !== "") {
      byName = true;
      argument = signature.arguments.find((a) => a.name === given.name.toLowerCase());
      if (argument === undefined || taken.includes(argument)) return undefined;
    } else {
      while (signature.arguments[at]?.placed === false) at++;
      argument = signature.arguments[at];
      if (argument === undefined || byName) return undefined;
      if (!argument.repeated) at++;
    }
    taken[count++] = argument;
  }
  for (const argument of signature.arguments) if (!argument.optional && !taken.includes(argument)) return undefined;
  return taken;
}

function accept(pattern: Pattern, given: PassedArgument, bindings: Bindings): boolean {
  if (pattern.kind === "part") return given.kind === "part";
  if (pattern.kind === "mode") return given.kind === "mode";
  if (given.kind !== "value") return false;
  return acceptType(pattern, given.value, bindings);
}

function acceptType(pattern: Pattern, value: TypedValue, bindings: Bindings): boolean {
  switch (pattern.kind) {
    case "any":
      bindings.cost += 50;
      return true;
    case "text":
      bindings.cost += 200;
      return value.type.kind === "scalar" && casts(value.type, STRING, value.written);
    case "prompt":
      return isPrompt(value);
    case "labels":
      return isLabels(value);
    case "letter": {
      bindings.values ??= new Map();
      const known = bindings.values.get(pattern.letter);
      if (known === undefined) bindings.values.set(pattern.letter, [value]);
      else known.push(value);
      return true;
    }
    case "type": {
      const distance = coercionDistance(value.type, pattern.type, value.written);
      if (distance === undefined) return false;
      bindings.cost += coercionCost(distance, value.written);
      bindings.casts ||= isCastParameter(value, pattern.type);
      return true;
    }
    case "array":
    case "range": {
      if (value.written === "null") {
        return pattern.element.kind !== "letter" || acceptType(pattern.element, value, bindings);
      }
      if (value.type.kind !== pattern.kind) return false;
      return acceptType(pattern.element, { type: value.type.element, written: value.written }, bindings);
    }
    case "struct":
    case "part":
    case "mode":
      return false;
    default: {
      const unreachable: never = pattern;
      return unreachable;
    }
  }
}

function isText({ type, written }: TypedValue): boolean {
  return coercionDistance(type, STRING, written) !== undefined;
}

function isPrompt(value: TypedValue): boolean {
  if (value.type.kind !== "struct") return isText(value);
  const { fields } = value.type;
  return fields.length > 0 && fields.every(({ type }) => sameType(type.kind === "array" ? type.element : type, STRING));
}

function isLabels({ type }: TypedValue): boolean {
  if (type.kind !== "array") return false;
  const { element } = type;
  if (element.kind !== "struct") return sameType(element, STRING);
  return element.fields.length === 2 && element.fields.every((field) => sameType(field.type, STRING));
}

/** A column that must widen weighs more than a literal, whatever the distances. */
function coercionCost(distance: number, written: Literalness): number {
  if (distance === 0) return 0;
  return written === "value" ? 1000 + distance * 10 : 100 + distance;
}

function instantiate(pattern: Pattern, bound: ReadonlyMap<string, Type>): Type | undefined {
  switch (pattern.kind) {
    case "type":
      return pattern.type;
    case "letter":
      return bound.get(pattern.letter) ?? INT64;
    case "array": {
      const element = instantiate(pattern.element, bound);
      return element && element.kind !== "array" ? arrayOf(element) : undefined;
    }
    case "range": {
      const element = instantiate(pattern.element, bound);
      return element?.kind === "scalar" ? rangeOf(element) : undefined;
    }
    case "struct": {
      const fields: StructField[] = [];
      for (const { name, pattern: of } of pattern.fields) {
        const type = instantiate(of, bound);
        if (type === undefined) return undefined;
        fields.push({ name, type });
      }
      return structOf(fields);
    }
    case "any":
    case "text":
    case "prompt":
    case "labels":
    case "part":
    case "mode":
      return FLOAT64;
    default: {
      const unreachable: never = pattern;
      return unreachable;
    }
  }
}
