/** The syntax tree of types by name. */

import type { At, Identifier } from "./tree.ts";
import type { Expression } from "./tree-expressions.ts";

export type TypeName = SimpleType | ArrayType | StructType | RangeType;

/** `INT64`, `STRING(10)`, `NUMERIC(10, 2)`. The name is upper case; whether it exists is the resolver's business. */
export interface SimpleType extends At {
  readonly kind: "SimpleType";
  readonly name: string;
  /** Integer literals, or MAX written as a path. */
  readonly parameters: readonly Expression[];
}

export interface ArrayType extends At {
  readonly kind: "ArrayType";
  readonly element: TypeName;
}

export interface StructType extends At {
  readonly kind: "StructType";
  readonly fields: readonly StructTypeField[];
}

export interface StructTypeField extends At {
  readonly kind: "StructTypeField";
  readonly name: Identifier | null;
  readonly type: TypeName;
}

export interface RangeType extends At {
  readonly kind: "RangeType";
  readonly element: TypeName;
}
