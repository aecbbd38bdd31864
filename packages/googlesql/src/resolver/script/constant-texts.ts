/**
 * Which texts EXECUTE IMMEDIATE is given for certain: what its expression is on every way there, where it is made of literals and of
 * variables that hold one known text. Found before names are resolved, so that the text's statement stands in the tree by then (I2).
 */
import type { ExecuteImmediateStatement, Expression, Identifier, Node, Script, Statement } from "../../tree.ts";
import { childrenOf } from "../../visitor.ts";

/** Variables of STRING in scope, by folded name: the text that each holds, or null where that isn't known. */
type Texts = ReadonlyMap<string, string | null>;

export function constantTexts(tree: Script): ReadonlyMap<ExecuteImmediateStatement, string> {
  const found = new Map<ExecuteImmediateStatement, string>();
  walk(tree.statements, new Map(), found);
  return found;
}

/** What is known behind the statements. A jump out of them is the loop's or the block's to see. */
function walk(statements: readonly Statement[], texts: Texts, found: Map<ExecuteImmediateStatement, string>): Texts {
  let known = texts;
  for (const statement of statements) known = behind(statement, known, found);
  return known;
}

function behind(node: Statement, texts: Texts, found: Map<ExecuteImmediateStatement, string>): Texts {
  switch (node.kind) {
    case "DeclareStatement": {
      const value = node.default === null ? null : constantText(node.default, texts);
      // A length could cut the text, and another type make it another.
      const plain =
        node.type === null
          ? value !== null
          : node.type.kind === "SimpleType" && node.type.name === "STRING" && node.type.parameters.length === 0;
      const declared = new Map(texts);
      for (const { name } of node.names) {
        if (plain) declared.set(fold(name), value);
        else declared.delete(fold(name));
      }
      return declared;
    }
    case "SetStatement": {
      const [target] = node.targets;
      const value = node.parenthesized ? null : constantText(node.value, texts);
      if (target?.kind === "Identifier" && value !== null && texts.has(fold(target.name))) {
        return new Map(texts).set(fold(target.name), value);
      }
      return without(texts, assignedIn(node));
    }
    case "ExecuteImmediateStatement": {
      const value = constantText(node.sql, texts);
      if (value !== null) found.set(node, value);
      return without(texts, assignedIn(node));
    }
    case "BlockStatement": {
      const inner = walk(node.statements, texts, found);
      const start = without(texts, node.statements.flatMap(assignedIn));
      const ways = node.handler === null ? [inner] : [inner, walk(node.handler, start, found)];
      const met = new Map([...joined(ways)].filter(([name]) => texts.has(name)));
      return node.label === null ? met : without(met, assignedIn(node));
    }
    case "IfStatement":
    case "CaseStatement": {
      const branches = node.branches.map((branch) => walk(branch.statements, texts, found));
      return joined([...branches, walk(node.else ?? [], texts, found)]);
    }
    case "LoopStatement":
    case "WhileStatement":
    case "RepeatStatement":
    case "ForStatement": {
      // Of any round: what a round assigns isn't known where one begins, nor behind the last.
      const start = without(texts, assignedIn(node));
      const inner = new Map(start);
      if (node.kind === "ForStatement") inner.delete(fold(node.variable.name));
      walk(node.statements, inner, found);
      return start;
    }
    case "CreateProcedureStatement":
      if (node.body !== null) walk([node.body], new Map(), found);
      return texts;
    default:
      return without(texts, assignedIn(node));
  }
}

function without(texts: Texts, names: readonly string[]): Texts {
  const known = names.filter((name) => texts.has(name));
  return known.length === 0 ? texts : new Map([...texts, ...known.map((name) => [name, null] as const)]);
}

function joined(ways: readonly Texts[]): Texts {
  const [first, ...others] = ways;
  if (first === undefined) return new Map();
  return new Map([...first].map(([name, text]) => [name, others.every((o) => o.get(name) === text) ? text : null]));
}

/** The folded names of all variables that a statement, or one in it, may give another value. */
function assignedIn(root: Node): string[] {
  const names: Identifier[] = [];
  const open: Node[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === "SetStatement") names.push(...node.targets.filter((target) => target.kind === "Identifier"));
    if (node.kind === "ExecuteImmediateStatement") names.push(...node.into);
    if (node.kind === "DeclareStatement") names.push(...node.names);
    if (node.kind === "CallStatement") {
      for (const argument of node.arguments) if (argument.kind === "PathExpression") names.push(...argument.parts);
    }
    open.push(...childrenOf(node));
  }
  return names.map(({ name }) => fold(name));
}

const MOST_CHARACTERS = 1_000_000;

/** The text that an expression is whatever is in any table, or null. */
function constantText(node: Expression, texts: Texts): string | null {
  switch (node.kind) {
    case "StringLiteral":
      return node.value;
    case "PathExpression": {
      const [name, more] = node.parts;
      return name === undefined || more !== undefined ? null : (texts.get(fold(name.name)) ?? null);
    }
    case "BinaryExpression":
      return node.operator === "||" ? concatenated(node.operands, texts) : null;
    case "FunctionCall": {
      const [name, more] = node.name;
      const plain = node.orderBy.length === 0 && !node.distinct && node.nulls === null && node.limit === null;
      const overRows = node.input !== null || node.having !== null || node.over !== null;
      if (name === undefined || more !== undefined || !plain || overRows) return null;
      const written = name.name.toUpperCase();
      if (written === "CONCAT") return concatenated(node.arguments, texts);
      return written === "FORMAT" ? formatted(node.arguments, texts) : null;
    }
    default:
      return null;
  }
}

function concatenated(nodes: readonly Node[], texts: Texts): string | null {
  let text = "";
  for (const node of nodes) {
    const part = constantText(node as Expression, texts);
    if (part === null || text.length + part.length > MOST_CHARACTERS) return null;
    text += part;
  }
  return text;
}

/**
 * `%s` of a text, `%d` and `%i` of an integer as it is written, `%%`; a pattern with anything else isn't known.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#format_string
 */
function formatted(nodes: readonly Node[], texts: Texts): string | null {
  const [first, ...given] = nodes;
  const pattern = first === undefined ? null : constantText(first as Expression, texts);
  if (pattern === null) return null;
  let next = 0;
  let known = true;
  const text = pattern.replace(/%(.?)/gsu, (_, letter: string) => {
    if (letter === "%") return "%";
    const argument = given[next++];
    if (argument === undefined) known = false;
    else if (letter === "s") {
      const part = constantText(argument as Expression, texts);
      if (part !== null) return part;
    } else if (
      (letter === "d" || letter === "i") &&
      argument.kind === "IntegerLiteral" &&
      /^(0|[1-9]\d{0,17})$/.test(argument.text)
    ) {
      return argument.text;
    }
    known = false;
    return "";
  });
  return known && next === given.length && text.length <= MOST_CHARACTERS ? text : null;
}

function fold(name: string): string {
  return name.toLowerCase();
}
