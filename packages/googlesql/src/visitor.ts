import type { Node } from "./tree.ts";

/** The nodes directly below a node, in the order of its properties, which is the order of the text but for few clauses. */
export function childrenOf(node: Node): Node[] {
  // Most nodes of any tree are these two.
  if (node.kind === "Identifier") return [];
  if (node.kind === "PathExpression") return [...node.parts];
  const children: Node[] = [];
  // Every analysis walks every tree several times: no list is made but the answer.
  for (const property in node) {
    const value: unknown = node[property as keyof Node];
    if (typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value)) {
      if (isNode(value)) children.push(value);
    } else for (const item of value) if (isNode(item)) children.push(item);
  }
  return children;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "kind" in value;
}
