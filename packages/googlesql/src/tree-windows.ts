/** The syntax tree of windows. */

import type { At, Identifier } from "./tree.ts";
import type { Expression } from "./tree-expressions.ts";
import type { OrderItem } from "./tree-queries.ts";

export interface NamedWindow extends At {
  readonly kind: "NamedWindow";
  readonly name: Identifier;
  readonly window: Window;
}

export type Window = WindowName | WindowSpecification;

/** `OVER w` */
export interface WindowName extends At {
  readonly kind: "WindowName";
  readonly name: Identifier;
}

/** `OVER ([w] [PARTITION BY …] [ORDER BY …] [frame])` */
export interface WindowSpecification extends At {
  readonly kind: "WindowSpecification";
  readonly base: Identifier | null;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
  readonly frame: WindowFrame | null;
}

export interface WindowFrame extends At {
  readonly kind: "WindowFrame";
  readonly unit: "ROWS" | "RANGE";
  readonly from: FrameBound;
  /** Null for the short form `ROWS 1 PRECEDING`, whose end is CURRENT ROW. */
  readonly to: FrameBound | null;
}

export interface FrameBound extends At {
  readonly kind: "FrameBound";
  readonly bound: "UNBOUNDED PRECEDING" | "PRECEDING" | "CURRENT ROW" | "FOLLOWING" | "UNBOUNDED FOLLOWING";
  /** For PRECEDING and FOLLOWING only. */
  readonly offset: Expression | null;
}
