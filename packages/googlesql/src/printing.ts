/** What every part of the printer needs: printing other nodes, joining words. */
import { PLAIN_IDENTIFIER } from "./keywords.ts";
import { escapeString } from "./string-escapes.ts";
import type { Expression, Identifier, Node } from "./tree.ts";

export interface Printing {
  node(node: Node): string;
  list(nodes: readonly Node[], separator?: string): string;
  /** What a statement names outside a table's path: in full where it is known, else as written. */
  name(node: Node, parts: readonly Identifier[]): string;
  /** A column or a field, perhaps behind the name of a table's rows. */
  column(parts: readonly Identifier[]): string;
  /** An expression where no comparison, NOT, AND or OR may stand without parentheses. */
  comparand(node: Expression): string;
}

/** The parts that are there, parted by spaces. */
export function words(...parts: (string | false | null)[]): string {
  let text = "";
  for (const part of parts) {
    if (typeof part === "string" && part !== "") text += text === "" ? part : ` ${part}`;
  }
  return text;
}

export function as(alias: Identifier | null, to: Printing): string {
  return alias === null ? "" : ` AS ${to.node(alias)}`;
}

export function backquote(name: string): string {
  return escapeString(name, "`");
}

export function path(parts: readonly Identifier[]): string {
  let text = "";
  for (const { name } of parts) text += text === "" ? backquote(name) : `.${backquote(name)}`;
  return text;
}

/** The name of a parameter or of a part of a system variable, which is no keyword behind its sign. */
export function parameterName(name: string): string {
  return PLAIN_IDENTIFIER.test(name) ? name : backquote(name);
}
