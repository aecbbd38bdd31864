/** What a call passes: the arguments' values, which signature takes them, and which of them can make it fail. */
import { CONSTANT, copiesOf, type Flow, keysOf, NO_KEYS, piecesOf, type SourceKey, union } from "../flow/flow.ts";
import { failsBeside, mayFailAt, neverFails, readsDepth } from "../functions/failure.ts";
import { type Among, ANY_ROWS } from "../functions/magnitude.ts";
import { type FunctionEntry, type Match, matchSignature, type PassedArgument } from "../functions/signature.ts";
import type { Argument, Expression, FunctionCall, NamedArgument } from "../tree.ts";
import { typeName } from "../types.ts";
import type { Context } from "./context.ts";
import { checkDatePart } from "./date-part.ts";
import type { Scope, Value } from "./scope.ts";

const NORMALIZATION_MODES: ReadonlySet<string> = new Set(["NFC", "NFKC", "NFD", "NFKD"]);

/** Functions whose result depends on more than their arguments. */
const VOLATILE: ReadonlySet<string> = new Set(["RAND", "GENERATE_UUID", "AEAD.ENCRYPT"]);

export interface Passed {
  readonly arguments: readonly PassedArgument[];
  /** One for each argument; null for a date part or mode. */
  readonly values: readonly (Value | null)[];
  /** Whether something in the argument can fail. */
  readonly fails: readonly boolean[];
}

const NOTHING_PASSED: Passed = { arguments: [], values: [], fails: [] };
const PART: PassedArgument = { kind: "part" };
const MODE: PassedArgument = { kind: "mode" };

export function passArguments(context: Context, name: string, args: readonly Argument[], scope: Scope): Passed {
  if (args.length === 0) return NOTHING_PASSED;
  const values: (Value | null)[] = new Array(args.length).fill(null);
  const fails: boolean[] = new Array(args.length).fill(false);
  const passed = args.map((argument, place): PassedArgument => {
    if (argument.kind === "StarArgument") return context.fail("type", `${name} doesn't take *`, argument);
    const expression = argument.kind === "NamedArgument" ? argument.value : argument;
    if (expression.kind === "LambdaArgument") {
      return context.fail("type", `${name} doesn't take a lambda`, argument);
    }
    if (expression.kind === "TableArgument" || expression.kind === "ModelArgument") {
      return context.fail("unsupported", "Table and model arguments are not supported", argument);
    }
    if (expression.kind === "DatePart") {
      checkDatePart(context, expression);
      return PART;
    }
    if (isMode(name, expression, place)) return MODE;
    const before = context.failures;
    const value = context.expression(context, expression, scope);
    values[place] = value;
    fails[place] = context.failures > before;
    return { kind: "value", value, name: argument.kind === "NamedArgument" ? argument.name.name : "" };
  });
  return { arguments: passed, values, fails };
}

function isMode(name: string, argument: Expression, index: number): boolean {
  return (
    index === 1 &&
    name.startsWith("NORMALIZE") &&
    argument.kind === "PathExpression" &&
    argument.parts.length === 1 &&
    NORMALIZATION_MODES.has(argument.parts[0]?.name.toUpperCase() ?? "")
  );
}

export function match(context: Context, entry: FunctionEntry, passed: Passed, node: FunctionCall): Match {
  const found = matchSignature(entry, passed.arguments);
  if (found?.casts) context.failing.push(CONSTANT);
  if (found !== undefined) return found;
  const types = passed.values.map((v) =>
    v === null ? "a date part" : v.written === "null" ? "NULL" : typeName(v.type),
  );
  return context.fail("type", `No matching signature for function ${entry.name}(${types.join(", ")})`, node);
}

interface ArgumentFlows {
  readonly values: readonly Flow[];
  readonly conditions: readonly Flow[];
  readonly keys: ReadonlySet<SourceKey>;
}

function isValue(flow: Match["flows"][number]): boolean {
  return flow === "value";
}

function isPassed(value: Value | null): value is Value {
  return value !== null;
}

export function argumentFlows(found: Match, passed: Passed): ArgumentFlows {
  if (found.flows.every(isValue) && passed.values.every(isPassed)) {
    return { values: passed.values.map(({ flow }) => flow), conditions: [], keys: NO_KEYS };
  }
  const values: Flow[] = [];
  const conditions: Flow[] = [];
  const keys: ReadonlySet<SourceKey>[] = [];
  for (const [i, value] of passed.values.entries()) {
    if (value === null) continue;
    const flow = found.flows[i];
    if (flow === "key") keys.push(keysOf(value.flow));
    else if (flow === "condition") conditions.push(value.flow);
    else values.push(value.flow);
    if (flow === "compared") keys.push(keysOf(value.flow));
    else if (flow === "ranked") keys.push(copiesOf(value.flow));
  }
  return { values, conditions, keys: union(keys) };
}

export function callId(context: Context, name: string, node: FunctionCall, passed: Passed): number {
  if (VOLATILE.has(name)) return context.freshId();
  const operands = node.arguments.map((argument, i) => {
    const operand = argument.kind === "NamedArgument" ? argument.value : argument;
    const label = argument.kind === "NamedArgument" ? `${argument.name.name.toLowerCase()}=>` : "";
    if (operand.kind === "DatePart") return `${label}${operand.name} ${operand.weekday ?? ""}`;
    if (operand.kind === "PathExpression" && !passed.values[i]) return operand.parts[0]?.name.toUpperCase() ?? "";
    const id = passed.values[i]?.id ?? 0;
    return label === "" ? id : `${label}${id}`;
  });
  return context.idOf(`call ${name}`, operands);
}

export function noteFailing(
  context: Context,
  name: string,
  passed: Passed,
  node: FunctionCall,
  among: Among = ANY_ROWS,
): void {
  if (passed.values.length === 0 || neverFails(name)) return;
  const types = passed.values.map((value) => value?.type ?? null);
  const written = node.arguments.map((argument) => {
    const value = argument.kind === "NamedArgument" ? argument.value : argument;
    return isExpression(value) ? value : null;
  });
  const fails = mayFailAt(name, types, written, among);
  for (const [i, value] of passed.values.entries()) {
    const given = passed.arguments[i];
    const place = given?.kind === "value" && given.name !== "" ? -1 : i;
    if (value === null) continue;
    const deep = readsDepth(name, place, types, written[i] ?? null) && piecesOf([value.flow]) > 1;
    if (deep || fails(place) || failsBeside(name, place, written)) context.failing.push(value.flow);
  }
}

export function isExpression(argument: Argument | NamedArgument["value"]): argument is Expression {
  switch (argument.kind) {
    case "StarArgument":
    case "NamedArgument":
    case "LambdaArgument":
    case "TableArgument":
    case "ModelArgument":
      return false;
    default:
      return true;
  }
}
