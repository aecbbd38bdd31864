import type { Expression, FrameBound, OrderItem, Window, WindowFrame, WindowSpecification } from "../tree.ts";
import { LiteralParser } from "./literals.ts";

/** ORDER BY and windows. */
export abstract class WindowParser extends LiteralParser {
  protected abstract expression(): Expression;

  /** A `binary` of operators of `level` and tighter; 0 takes them all. */
  protected abstract binary(level: number): Expression;

  /** `order_by: ["ORDER" "BY" order_item ("," order_item)*]` */
  protected orderBy(): OrderItem[] {
    if (!this.takeKeyword("ORDER")) return [];
    this.expectKeyword("BY");
    return this.list(() => this.orderItem());
  }

  /** `order_item: expression [collate] [order]` */
  protected orderItem(): OrderItem {
    const expression = this.expression();
    const collate = this.collate();
    const order = this.order();
    return { kind: "OrderItem", expression, collate, ...order, start: expression.start, end: this.previousEnd() };
  }

  /** `order: ["ASC" | "DESC"] ["NULLS" ("FIRST" | "LAST")]` */
  protected order(): Pick<OrderItem, "direction" | "nulls"> {
    const direction = this.takeKeyword("ASC") ? "ASC" : this.takeKeyword("DESC") ? "DESC" : null;
    let nulls: OrderItem["nulls"] = null;
    if (this.takeKeyword("NULLS")) {
      nulls = this.takeKeyword("FIRST") ? "FIRST" : "LAST";
      if (nulls === "LAST") this.expectKeyword("LAST");
    }
    return { direction, nulls };
  }

  /** `collate: ["COLLATE" (string | parameter | system_variable)]` */
  protected collate(): Expression | null {
    if (!this.takeKeyword("COLLATE")) return null;
    if (this.atSymbol("@") || this.atSymbol("@@") || this.atSymbol("?")) return this.parameterOrVariable();
    return this.stringLiteral();
  }

  /** `window: identifier | window_specification` */
  protected window(): Window {
    if (this.atSymbol("(")) return this.#windowSpecification();
    const name = this.identifier();
    return { kind: "WindowName", name, start: name.start, end: name.end };
  }

  /** `window_specification: "(" [identifier] ["PARTITION" "BY" expression ("," expression)*] [order_by] [frame] ")"` */
  #windowSpecification(): WindowSpecification {
    const { start } = this.expectSymbol("(");
    const base = this.atIdentifier() ? this.identifier() : null;
    let partitionBy: Expression[] = [];
    if (this.takeKeyword("PARTITION")) {
      this.expectKeyword("BY");
      partitionBy = this.list(() => this.expression());
    }
    const orderBy = this.orderBy();
    const frame = this.#frame();
    const { end } = this.expectSymbol(")");
    return { kind: "WindowSpecification", base, partitionBy, orderBy, frame, start, end };
  }

  /** `frame: ("ROWS" | "RANGE") (frame_bound | "BETWEEN" frame_bound "AND" frame_bound)` */
  #frame(): WindowFrame | null {
    const { keyword, start } = this.peek();
    if (keyword !== "ROWS" && keyword !== "RANGE") return null;
    this.advance();
    const between = this.takeKeyword("BETWEEN");
    const from = this.#frameBound();
    if (between) this.expectKeyword("AND");
    const to = between ? this.#frameBound() : null;
    return { kind: "WindowFrame", unit: keyword, from, to, start, end: this.previousEnd() };
  }

  /** `frame_bound: "UNBOUNDED" ("PRECEDING" | "FOLLOWING") | "CURRENT" "ROW" | binary ("PRECEDING" | "FOLLOWING")` */
  #frameBound(): FrameBound {
    const { start } = this.peek();
    if (this.takeKeyword("CURRENT")) {
      this.expectKeyword("ROW");
      return { kind: "FrameBound", bound: "CURRENT ROW", offset: null, start, end: this.previousEnd() };
    }
    // No AND may stand in an offset: it parts the two bounds.
    const offset = this.takeKeyword("UNBOUNDED") ? null : this.binary(0);
    const { keyword } = this.peek();
    if (keyword !== "PRECEDING" && keyword !== "FOLLOWING") throw this.unexpected("keyword PRECEDING or FOLLOWING");
    this.advance();
    const bound = offset === null ? (`UNBOUNDED ${keyword}` as const) : keyword;
    return { kind: "FrameBound", bound, offset, start, end: this.previousEnd() };
  }
}
