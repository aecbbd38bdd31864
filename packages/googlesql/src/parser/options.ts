import type { Connection, Option, OptionList } from "../tree.ts";
import { ExpressionParser } from "./expressions.ts";

/** OPTIONS and CONNECTION, which many clauses and statements take. */
export abstract class OptionsParser extends ExpressionParser {
  /** `options: ["OPTIONS" option_list]` */
  protected options(): OptionList | null {
    return this.takeKeyword("OPTIONS") ? this.optionList() : null;
  }

  /** `option_list: "(" [option ("," option)*] ")"` */
  protected optionList(): OptionList {
    const { start } = this.expectSymbol("(");
    const options = this.atSymbol(")") ? [] : this.list(() => this.#option());
    const { end } = this.expectSymbol(")");
    return { kind: "OptionList", options, start, end };
  }

  /** `option: identifier "=" expression` */
  #option(): Option {
    const name = this.identifier();
    if (this.atSymbol("+=") || this.atSymbol("-=")) throw this.unsupported("Adding to an option is");
    this.expectSymbol("=");
    const value = this.expression();
    return { kind: "Option", name, value, start: name.start, end: value.end };
  }

  /** `with_connection: ["WITH" "CONNECTION" (path | "DEFAULT")]` */
  protected withConnection(): Connection | null {
    if (!this.atKeyword("WITH") || !this.atKeyword("CONNECTION", 1)) return null;
    const { start } = this.advance();
    this.advance();
    const parts = this.takeKeyword("DEFAULT") ? [] : this.path();
    return { kind: "Connection", parts, start, end: this.previousEnd() };
  }
}
