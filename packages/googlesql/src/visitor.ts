import type { Node } from "./tree.ts";

/** The nodes directly below a node, in the order of its properties, which is the order of the text but for few clauses. */
export function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  pushChildren(node, children);
  return children;
}

function pushChildren(node: Node, to: Node[]): void {
  // Most nodes of any tree are these two.
  if (node.kind === "Identifier") return;
  if (node.kind === "PathExpression") {
    for (const part of node.parts) to.push(part);
    return;
  }
  for (const property in node) {
    const value: unknown = node[property as keyof Node];
    if (typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value)) {
      if (isNode(value)) to.push(value);
    } else for (const item of value) if (isNode(item)) to.push(item);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "kind" in value;
}

export interface WholeTree {
  /** Each node before those below it, of siblings the last one first. */
  readonly nodes: readonly Node[];
  /** Nodes on the longest way from the root to a leaf. */
  readonly height: number;
}

/** One walk, for all that is checked of a tree as a whole. */
export function wholeTree(root: Node): WholeTree {
  const nodes: Node[] = [];
  let height = 0;
  const open: Node[] = [root];
  const depths: number[] = [1];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const depth = depths.pop() ?? 1;
    if (depth > height) height = depth;
    nodes.push(node);
    pushChildren(node, open);
    while (depths.length < open.length) depths.push(depth + 1);
  }
  return { nodes, height };
}
