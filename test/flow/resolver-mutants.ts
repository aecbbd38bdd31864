/**
 * The places in the resolver where a flow rule is applied, each with a weaker text: a source dropped, a decision forgotten,
 * a failure not noted. Found by their syntax, so that whoever adds a rule adds its mutant.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

export interface Mutant {
  /** By which it is turned on. */
  readonly number: number;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly from: string;
  readonly to: string;
  /** A statement, left out where the mutant is on. */
  readonly statement: boolean;
}

const NOTHING =
  "({ explicit: new Map(), implicit: new Set(), constant: false, fields: null, level: Number.POSITIVE_INFINITY })";

/** What stands for a call of each rule when the rule is lost. `$` is its first argument, `@` its last. */
const WITHOUT: Readonly<Record<string, string>> = {
  keysOf: "new Set()",
  union: "new Set()",
  transformed: NOTHING,
  either: NOTHING,
  aggregated: NOTHING,
  decidedBy: "$",
  chosenBy: "$",
  picked: "$",
  closed: "$",
  seenFromWithin: "$",
  lengthOf: "$",
  filteredBy: "$",
  ofLength: "$",
  asArgument: "$",
  returned: "$",
  shape: "$",
  canFail: "$",
  lazily: "(@)()",
  lazilyNamed: "(@)()",
  decidedByRows: "(@)()",
  inAnyOrder: "(@).map((resolve) => resolve())",
};

/** Lists to which the resolver adds what it saw; each addition is a mutant without it. */
const NOTING = /^(noteUse|noteDeciders)$/;
const NOTED =
  /(^|\.)(failing|computed|errors|scanned|unseen|effects|flows|shapes|decided|keys|implicit|sets|conditions)$/;

/** All mutants of the resolver below `folder`, in the order of files and places. */
export function resolverMutants(folder: string): Mutant[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .sort()
    .flatMap((name) => mutantsOf(join(folder, name)))
    .map((mutant, number) => ({ ...mutant, number }));
}

/** The text of each file that has mutants, with all of them in it, each behind its switch (switch.ts). */
export function withSwitches(mutants: readonly Mutant[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [file, those] of Map.groupBy(mutants, (mutant) => mutant.file)) {
    let text = readFileSync(file, "utf8");
    // From the end, so that what comes before keeps its place. In one place what is put in last stands first: all that
    // closes, from the inside out, then all that opens, from the outside in.
    const pieces = those.flatMap(({ number, start, end, to, statement }) =>
      statement
        ? [{ at: start, order: end, piece: `globalThis.mutant(${number}) || ` }]
        : [
            { at: start, order: end, piece: `(globalThis.mutant(${number}) ? (${to}) : (` },
            { at: end, order: text.length + start, piece: "))" },
          ],
    );
    for (const { at, piece } of pieces.sort((a, b) => b.at - a.at || a.order - b.order)) {
      text = text.slice(0, at) + piece + text.slice(at);
    }
    texts.set(file, text);
  }
  return texts;
}

type Place = Omit<Mutant, "number">;

function mutantsOf(file: string): Place[] {
  const text = readFileSync(file, "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Place[] = [];
  const add = (node: ts.Node, to: string, statement: boolean): void => {
    const start = node.getStart(source);
    const line = source.getLineAndCharacterOfPosition(start).line + 1;
    found.push({ file, line, start, end: node.end, from: text.slice(start, node.end), to, statement });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression)) {
      const { expression: callee } = node.expression;
      if (
        ts.isPropertyAccessExpression(callee) &&
        callee.name.text === "push" &&
        NOTED.test(callee.expression.getText(source))
      )
        add(node, "", true);
      if (ts.isIdentifier(callee) && NOTING.test(callee.text)) add(node, "", true);
    }
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const without = WITHOUT[node.expression.text];
      const [first] = node.arguments;
      const last = node.arguments.at(-1);
      if (without !== undefined && first !== undefined && last !== undefined)
        add(
          node,
          without.replace("$", () => first.getText(source)).replace("@", () => last.getText(source)),
          false,
        );
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
