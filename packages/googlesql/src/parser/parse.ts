import { LIMITS } from "../limits.ts";
import { SqlError } from "../sql-error.ts";
import type { Expression, Node, Script } from "../tree.ts";
import { childrenOf, wholeTree } from "../visitor.ts";
import { ScriptParser } from "./statements.ts";

/**
 * Reads GoogleSQL, strictly: every token must be understood, and what is outside the grammar is refused, never skipped (I1).
 * Takes one statement or a script of several, each with its `;`, the last with or without. Time and memory are linear in the length of the text.
 *
 * @param sql at most LIMITS.sqlLength UTF-16 units
 * @throws SqlError with code `syntax`, `unsupported` or `limit`
 * @see https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
 */
export function parse(sql: string): Script {
  return parseText(sql).script;
}

export interface ParsedText {
  readonly script: Script;
  /** All of its nodes, as `wholeTree` gives them. */
  readonly nodes: readonly Node[];
}

/** As `parse`, with all nodes in a list, for whoever looks at each. */
export function parseText(sql: string): ParsedText {
  const script = new ScriptParser(sql).script();
  return { script, nodes: refuseTallTrees(script, sql) };
}

/** Reads one expression alone: a function's body. Throws as `parse` does. */
export function parseExpression(sql: string): Expression {
  const expression = new ScriptParser(sql).lone();
  refuseTallTrees(expression, sql);
  return expression;
}

/** Left-associative operators and joins grow a tree without nesting the parser; whoever walks a tree recurses over its height. */
function refuseTallTrees(root: Node, sql: string): readonly Node[] {
  const { nodes, height: found } = wholeTree(root);
  if (found <= LIMITS.treeHeight) return nodes;
  let layer: Node[] = [root];
  for (let height = 1; layer.length > 0; height++) {
    const [first] = layer;
    if (height > LIMITS.treeHeight && first !== undefined) {
      throw SqlError.at(
        sql,
        first.start,
        "limit",
        `SQL is nested deeper than ${LIMITS.treeHeight} levels; flatten it.`,
      );
    }
    const below: Node[] = [];
    for (const node of layer) for (const child of childrenOf(node)) below.push(child);
    layer = below;
  }
  return nodes;
}
