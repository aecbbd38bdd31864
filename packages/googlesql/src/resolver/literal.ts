/** Literals, and parameters: values that no row holds. */
import { CONSTANT, type Flow, LONG, ofPieces } from "../flow/flow.ts";
import type * as Tree from "../tree.ts";
import { INT64, type Literalness, type Type, typeName } from "../types.ts";
import type { Context } from "./context.ts";
import { piecesOfLiteral } from "./growth.ts";
import type { Value } from "./scope.ts";

export function made(type: Type, flow: Flow, id: number, written: Literalness = "value"): Value {
  return { type, flow, id, written };
}

export function literal(context: Context, type: Type, text: string): Value {
  return made(type, CONSTANT, context.idOf("literal", [typeName(type), text]), "literal");
}

export function text(context: Context, type: Type, value: string): Value {
  const made = literal(context, type, value);
  return { ...made, flow: ofPieces(made.flow, piecesOfLiteral(value)) };
}

const MAX_INT64 = 2n ** 63n - 1n;
/** As BigInt would print it, and far from the bound. */
const SHORT_INTEGER = /^(?:0|[1-9][0-9]{0,17})$/;

export function integer(context: Context, node: Tree.IntegerLiteral, negated: boolean): Value {
  if (SHORT_INTEGER.test(node.text)) return literal(context, INT64, negated ? `-${node.text}` : node.text);
  const magnitude = BigInt(node.text);
  if (magnitude > (negated ? MAX_INT64 + 1n : MAX_INT64)) {
    return context.fail("type", "Integer literal is out of range of INT64", node);
  }
  return literal(context, INT64, negated ? `-${magnitude}` : String(magnitude));
}

/** As long as whoever asks makes it. */
const PARAMETER: Flow = { ...CONSTANT, pieces: LONG };

export function parameter(context: Context, node: Tree.Parameter): Value {
  if (node.name !== null) {
    const type = context.parameters.named.get(node.name.toLowerCase());
    if (type === undefined) return context.fail("name", `Query parameter @${node.name} is not declared`, node);
    context.usedParameters.add(node.name.toLowerCase());
    return made(type, PARAMETER, context.idOf("parameter", [node.name.toLowerCase()]), "parameter");
  }
  const position = node.position ?? -1;
  const type = context.parameters.positional[position];
  if (type === undefined)
    return context.fail("name", `Positional query parameter ${position + 1} is not declared`, node);
  context.usedPositions = Math.max(context.usedPositions, position + 1);
  return made(type, PARAMETER, context.idOf("parameter", [position]), "parameter");
}
