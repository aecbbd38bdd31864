/**
 * Which texts EXECUTE IMMEDIATE is given for certain: what its expression is on every way there, where it is made of literals and of
 * variables that hold one known text. Found before names are resolved, so that the text's statement stands in the tree by then (I2).
 */
import type {
  ExecuteImmediateStatement,
  Expression,
  Identifier,
  Node,
  NodeKind,
  Script,
  Statement,
} from "../../tree.ts";
import { childrenOf } from "../../visitor.ts";

type Found = Map<ExecuteImmediateStatement, string>;
/** Names that got another text, or none, with what they hold now; undefined: they are no variables of STRING any more. */
type Changes = ReadonlyMap<string, string | null | undefined>;

/**
 * Variables of STRING in scope, by folded name: the text that each holds, or null where that isn't known. What a way changes is written down,
 * so that ways cost what they change and not what is known.
 */
class Texts {
  readonly #known = new Map<string, string | null>();
  readonly #before: { readonly name: string; readonly text: string | null | undefined }[] = [];
  readonly #assigned = new Map<Node, ReadonlySet<string>>();
  #formatted = 0;

  get(name: string): string | null | undefined {
    return this.#known.get(name);
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  set(name: string, text: string | null | undefined): void {
    const before = this.#known.get(name);
    if (before === text) return;
    this.#before.push({ name, text: before });
    if (text === undefined) this.#known.delete(name);
    else this.#known.set(name, text);
  }

  /** Any text may have been assigned to these. */
  forget(names: Iterable<string>): void {
    for (const name of names) if (this.has(name)) this.set(name, null);
  }

  /** Goes a way, and comes back with what it changed. */
  away(go: () => void): Changes {
    const begin = this.#before.length;
    go();
    const names = new Set(this.#before.slice(begin).map(({ name }) => name));
    const changes = new Map([...names].map((name) => [name, this.get(name)]));
    for (const { name, text } of this.#before.splice(begin).reverse()) {
      if (text === undefined) this.#known.delete(name);
      else this.#known.set(name, text);
    }
    return changes;
  }

  /** Takes what holds whichever of the ways was gone; of names that are known here alone, if `own`. */
  meet(ways: readonly Changes[], own: boolean): void {
    const [first, ...others] = ways;
    const changed = new Map<string, string | null | undefined>();
    for (const name of new Set(ways.flatMap((way) => [...way.keys()]))) {
      if (own && !this.has(name)) continue;
      const after = (way: Changes | undefined) => (way?.has(name) ? way.get(name) : this.get(name));
      const text = after(first);
      changed.set(name, text === undefined || others.every((other) => after(other) === text) ? text : null);
    }
    for (const [name, text] of changed) this.set(name, text);
  }

  /** The folded names of all variables that a statement, or one in it, may give another value. */
  assignedIn(node: Node): ReadonlySet<string> {
    const known = this.#assigned.get(node);
    if (known !== undefined) return known;
    let names = ownAssigned(node);
    let own = false;
    for (const child of childrenOf(node)) {
      const inner = this.assignedIn(child);
      if (inner.size === 0) continue;
      if (names.size === 0) {
        names = inner;
        continue;
      }
      const all: Set<string> = own ? (names as Set<string>) : new Set(names);
      own = true;
      for (const name of inner) all.add(name);
      names = all;
    }
    if (HOLDING_STATEMENTS.has(node.kind)) this.#assigned.set(node, names);
    return names;
  }

  /** Whether so many characters can be put together once more: a text that is put into another is copied. */
  spendFormatted(characters: number): boolean {
    this.#formatted += characters;
    return this.#formatted <= MOST_FORMATTED;
  }
}

const HOLDING_STATEMENTS: ReadonlySet<NodeKind> = new Set<NodeKind>([
  "BlockStatement",
  "IfStatement",
  "CaseStatement",
  "StatementBranch",
  "LoopStatement",
  "WhileStatement",
  "RepeatStatement",
  "ForStatement",
]);

const NO_NAMES: ReadonlySet<string> = new Set();

export function constantTexts(tree: Script): ReadonlyMap<ExecuteImmediateStatement, string> {
  const found: Found = new Map();
  walk(tree.statements, new Texts(), found);
  return found;
}

/** Leaves what is known behind the statements. A jump out of them is the loop's or the block's to see. */
function walk(statements: readonly Statement[], texts: Texts, found: Found): void {
  for (const statement of statements) goBehind(statement, texts, found);
}

function goBehind(node: Statement, texts: Texts, found: Found): void {
  switch (node.kind) {
    case "DeclareStatement": {
      const value = node.default === null ? null : constantText(node.default, texts);
      // A length could cut the text, and another type make it another.
      const plain =
        node.type === null
          ? value !== null
          : node.type.kind === "SimpleType" && node.type.name === "STRING" && node.type.parameters.length === 0;
      for (const { name } of node.names) texts.set(fold(name), plain ? value : undefined);
      return;
    }
    case "SetStatement": {
      const [target] = node.targets;
      const value = node.parenthesized ? null : constantText(node.value, texts);
      if (target?.kind === "Identifier" && value !== null && texts.has(fold(target.name))) {
        texts.set(fold(target.name), value);
      } else texts.forget(texts.assignedIn(node));
      return;
    }
    case "ExecuteImmediateStatement": {
      const value = constantText(node.sql, texts);
      if (value !== null) found.set(node, value);
      texts.forget(texts.assignedIn(node));
      return;
    }
    case "BlockStatement": {
      const { handler } = node;
      const ways = [texts.away(() => walk(node.statements, texts, found))];
      if (handler !== null) {
        const handled = texts.away(() => {
          for (const statement of node.statements) texts.forget(texts.assignedIn(statement));
          walk(handler, texts, found);
        });
        ways.push(handled);
      }
      texts.meet(ways, true);
      if (node.label !== null) texts.forget(texts.assignedIn(node));
      return;
    }
    case "IfStatement":
    case "CaseStatement": {
      const branches = [...node.branches.map(({ statements }) => statements), node.else ?? []];
      texts.meet(
        branches.map((statements) => texts.away(() => walk(statements, texts, found))),
        false,
      );
      return;
    }
    case "LoopStatement":
    case "WhileStatement":
    case "RepeatStatement":
    case "ForStatement": {
      // Of any round: what a round assigns isn't known where one begins, nor behind the last.
      texts.forget(texts.assignedIn(node));
      texts.away(() => {
        if (node.kind === "ForStatement") texts.set(fold(node.variable.name), undefined);
        walk(node.statements, texts, found);
      });
      return;
    }
    case "CreateProcedureStatement":
      if (node.body !== null) walk([node.body], new Texts(), found);
      return;
    default:
      texts.forget(texts.assignedIn(node));
  }
}

function ownAssigned(node: Node): ReadonlySet<string> {
  const identifiers = assignedIdentifiers(node);
  return identifiers.length === 0 ? NO_NAMES : new Set(identifiers.map(({ name }) => fold(name)));
}

function assignedIdentifiers(node: Node): readonly Identifier[] {
  switch (node.kind) {
    case "SetStatement":
      return node.targets.filter((target) => target.kind === "Identifier");
    case "ExecuteImmediateStatement":
      return node.into;
    case "DeclareStatement":
      return node.names;
    case "CallStatement":
      return node.arguments.flatMap((argument) => (argument.kind === "PathExpression" ? argument.parts : []));
    default:
      return [];
  }
}

const MOST_CHARACTERS = 1_000_000;
/** Of all texts that FORMAT makes. */
const MOST_FORMATTED = 30_000_000;

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
  const fits = text.length <= MOST_CHARACTERS && texts.spendFormatted(text.length);
  return known && next === given.length && fits ? text : null;
}

function fold(name: string): string {
  return name.toLowerCase();
}
