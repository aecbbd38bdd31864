/** Types as SQL writes them. */
import type { TypeName } from "../tree.ts";
import { arrayOf, isRangeElement, rangeOf, scalarType, structOf, type Type } from "../types.ts";
import type { Context } from "./context.ts";

export function resolveTypeName(context: Context, node: TypeName): Type {
  switch (node.kind) {
    case "SimpleType":
      return scalarType(node.name) ?? context.fail("name", `Type not found: ${node.name}`, node);
    case "ArrayType": {
      const element = resolveTypeName(context, node.element);
      if (element.kind === "array") return context.fail("type", "An ARRAY can't have ARRAY elements", node);
      return arrayOf(element);
    }
    case "RangeType": {
      const element = resolveTypeName(context, node.element);
      if (!isRangeElement(element)) return context.fail("type", "A RANGE is of DATE, DATETIME or TIMESTAMP", node);
      return rangeOf(element);
    }
    case "StructType":
      return context.bounded(
        structOf(node.fields.map((f) => ({ name: f.name?.name ?? "", type: resolveTypeName(context, f.type) }))),
        node,
      );
    default: {
      const unreachable: never = node;
      return unreachable;
    }
  }
}

/** `NUMERIC(10, 2)` and `STRING(5)` change the value even where the type stays. */
export function hasParameters(node: TypeName): boolean {
  switch (node.kind) {
    case "SimpleType":
      return node.parameters.length > 0;
    case "ArrayType":
    case "RangeType":
      return hasParameters(node.element);
    case "StructType":
      return node.fields.some((f) => hasParameters(f.type));
    default: {
      const unreachable: never = node;
      return unreachable;
    }
  }
}
