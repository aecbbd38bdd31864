/** Function calls: which function, whether it may stand there, what it gives and shows. */
import { CONSTANT, chosenBy, decidedBy, either, shape, transformed } from "../flow/flow.ts";
import { functionNamed } from "../functions/catalogue.ts";
import { givesNulls } from "../functions/failure.ts";
import { refusalReason } from "../functions/refused.ts";
import type { FunctionEntry } from "../functions/signature.ts";
import type { FunctionCall, Identifier } from "../tree.ts";
import { coerces, INT64, STRING } from "../types.ts";
import { refuseModifiers } from "./call-modifiers.ts";
import { overRows } from "./call-over-rows.ts";
import { noteDeciders } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { grown } from "./growth.ts";
import { lambdaCall, takesLambda } from "./lambda-call.ts";
import { matchCall } from "./match-call.ts";
import { asksModel, generatedType, noteModelCall, refuseModelOptions } from "./model-call.ts";
import { consumedBy } from "./never-null.ts";
import { argumentFlows, callId, match, noteFailing, type Passed, passArguments } from "./passed-arguments.ts";
import { privateAggregate } from "./private-aggregate.ts";
import { namesRoutine, routineCall } from "./routine-call.ts";
import { frameOf, type Scope, type Value } from "./scope.ts";
import { temporaryCall, temporaryFunction } from "./temporary-function.ts";

const TOP: ReadonlySet<string> = new Set(["APPROX_TOP_COUNT", "APPROX_TOP_SUM"]);

export function resolveCall(context: Context, node: FunctionCall, scope: Scope): Value {
  const frame = frameOf(scope);
  const ofMatch = frame?.match ? matchCall(context, frame.match, node, scope, frame) : undefined;
  if (ofMatch !== undefined) return ofMatch;
  if (namesRoutine(node.name)) return routineCall(context, node, scope);
  const temporary = temporaryFunction(context, node);
  if (temporary !== undefined) return temporaryCall(context, temporary, node, scope);
  const [first, second, ...more] = node.name;
  const start = first?.name.toUpperCase() ?? "";
  const safe = second !== undefined && start === "SAFE";
  const name = second === undefined ? start : upperName(safe ? [second, ...more] : node.name);
  if (name === "ERROR") return errorCall(context, node, scope);
  if (takesLambda(name, node)) return lambdaCall(context, name, node, scope, safe);
  const entry = functionNamed(name);
  if (frame?.private && (entry === undefined ? TOP.has(name) : entry.kind !== "scalar")) {
    if (safe) return context.fail("unsupported", `SAFE is not supported with ${name}`, node);
    return privateAggregate(context, name, node, scope, frame);
  }
  if (entry === undefined && !TOP.has(name)) {
    const reason = refusalReason(name);
    if (reason !== undefined) return context.fail("unsupported", `${name} is not supported: ${reason}`, node);
    return context.fail("name", `Function not found: ${name}; only built-in functions the gateway knows can run`, node);
  }
  if (entry?.kind === "scalar") return scalarCall(context, entry, node, scope, safe);
  if (safe) return context.fail("unsupported", `SAFE is not supported with ${name}`, node);
  return overRows(context, name, entry, node, scope);
}

function upperName(parts: readonly Identifier[]): string {
  return parts.map((part) => part.name.toUpperCase()).join(".");
}

/** Arguments that decide whether others, in which something can fail, are computed. Any may be a parameter that is cast. */
function decidersOf(name: string, { values, fails }: Passed, casts: boolean): readonly (Value | null)[] {
  const last = casts ? values.length - 1 : fails.lastIndexOf(true);
  switch (name) {
    case "COALESCE":
    case "IFNULL":
      return values.slice(0, Math.max(0, last));
    case "IF":
      return last > 0 ? values.slice(0, 1) : [];
    default:
      return [];
  }
}

function scalarCall(context: Context, entry: FunctionEntry, node: FunctionCall, scope: Scope, safe: boolean): Value {
  const array = consumedBy(node);
  if (array !== null) context.consumed.add(array);
  refuseModifiers(context, entry.name, node, []);
  if (asksModel(entry.name)) refuseModelOptions(context, entry, node);
  const passed = passArguments(context, entry.name, node.arguments, scope);
  const found = match(context, entry, passed, node);
  noteDeciders(
    context,
    decidersOf(entry.name, passed, found.casts).filter((value) => value !== null),
  );
  if (!safe || givesNulls(entry.name))
    noteFailing(context, entry.name, passed, node, context.sizes.among(frameOf(scope)));
  const { values, conditions, keys } = argumentFlows(found, passed);
  if (asksModel(entry.name)) {
    if (safe) return context.fail("unsupported", `SAFE is not supported with ${entry.name}`, node);
    noteModelCall(context, entry.name, node, values);
  }
  const shown =
    entry.name === "ARRAY_LENGTH"
      ? transformed(values.map(shape))
      : entry.via === "copy"
        ? either(values)
        : values.length === 0
          ? CONSTANT
          : transformed(values);
  const made = grown(
    context,
    entry.name,
    node,
    found.result,
    shown,
    values,
    passed.values.map((value) => value?.type ?? null),
    safe,
  );
  const written = entry.via === "copy" && passed.values.every((v) => v?.written === "null") ? "null" : "value";
  return {
    type: asksModel(entry.name) ? generatedType(context, entry.name, node, found.result) : found.result,
    written,
    flow: decidedBy(chosenBy(made, conditions), keys),
    id: callId(context, safe ? `SAFE.${entry.name}` : entry.name, node, passed),
  };
}

/** ERROR(message): the message leaves by the error, wherever the value goes. */
function errorCall(context: Context, node: FunctionCall, scope: Scope): Value {
  refuseModifiers(context, "ERROR", node, []);
  const passed = passArguments(context, "ERROR", node.arguments, scope);
  const [message] = passed.values;
  if (passed.values.length !== 1 || !message || !coerces(message.type, STRING, message.written)) {
    return context.fail("type", "ERROR takes one STRING", node);
  }
  context.errors.push(message.flow);
  return { type: INT64, written: "null", flow: transformed([message.flow]), id: context.freshId() };
}
