/**
 * The places in the resolver where a flow rule is applied, each with a weaker text: a source dropped, a decision forgotten,
 * a failure not noted. Found by their syntax, so that whoever adds a rule adds its mutant.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { type Place, placesOf, type Weaken } from "./mutants.ts";
import type { Equivalent } from "./sweep.ts";

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
  telling: NOTHING,
  rowsFlow: NOTHING,
  structFlow: NOTHING,
  asTableArgument: "$",
  under: "$",
  withWritten: "$",
  bothWritten: "$",
  joinedTable: "$",
  joinedAll: "[...($)][0] ?? null",
  earliest: "null",
};

/** Rules that take a list; each of its items is a mutant without it. */
const OF_SEVERAL = /^(keysOf|union|transformed|either|aggregated|decidedBy|chosenBy|ofLength|returned|joinedAll)$/;

/** What a relation, a state or an outcome says, and what stands there when it is lost. */
const SAID: Readonly<Record<string, string>> = {
  implicit: "new Set()",
  anyRow: "new Set()",
  branch: "new Set()",
  cost: "new Set()",
  ran: "new Set()",
  told: "new Set()",
  survived: "new Set()",
  lastBy: "new Set()",
  rows: NOTHING,
  rowCount: NOTHING,
  repeated: "false",
  interrupted: "null",
};
const SAYS_NOTHING = /^(NO_KEYS|NOTHING|CONSTANT|false|true|null|new Set\(\)|".*")$/;

/** Lists to which the resolver adds what it saw; each addition is a mutant without it. */
const NOTING = /^(noteUse|noteDeciders|noteEffect|recordWrite|writeInto|forgetRows)$/;
const NOTED =
  /(^|\.)(failing|computed|errors|scanned|unseen|effects|deciding|written|writes|changes|tables|historical|routines|metadata|flows|shapes|decided|keys|implicit|sets|conditions)$/;
const ADDING = /^(push|add)$/;

/**
 * Mutants that change no plan, with why: the file below the resolver's folder, and the text that is lost (`… in …`, where the same is lost
 * elsewhere too).
 */
export const EQUIVALENT: readonly (readonly [file: string, from: string, why: string])[] = [
  [
    "subquery-value.ts",
    "decidedBy(relation.rows, relation.implicit)",
    "the value that the subquery gives is noted as computed, and holds what decided over its rows",
  ],
  [
    "script/joining.ts",
    "this.#error ?? NO_KEYS",
    "ways that meet in a handler have that handler's error: out of one it is again that of the handler around",
  ],
  [
    "script/run.ts",
    "known.ran",
    "what a statement tells of those that ran holds what decided over the ones before it; what branches tell, their statements leave too",
  ],
  [
    "table-functions/generating-model.ts",
    'noteEffect(context, "model", model, [...sent, input.rows, decidedBy(NOTHING, input.implicit)]);',
    "what it is sent can make it fail, and its rows are gone over: an effect's sources hold that anyhow",
  ],
  [
    "table-functions/generating-model.ts",
    "decidedBy(NOTHING, input.implicit)",
    "what decides is a predicate, and these are among an effect's sources anyhow",
  ],
  alsoCounted("script/state.ts: a.repeated || b.repeated"),
  alsoCounted("statements/insert.ts: relation.repeated"),
  alsoCounted("statements/merge.ts: source.repeated"),
  [
    "statements/target.ts",
    "implicit in { implicit, rows, repeated }",
    "its columns and its rows hold what decided, and no statement asks for more",
  ],
  [
    "statements/written.ts",
    "implicit in { table: written.table, implicit }",
    "says how long the plan is, which has a bound",
  ],
  ["statements/target.ts", "repeated", "no statement counts its target's rows as a statistic"],
];

function alsoCounted(place: string): readonly [string, string, string] {
  const [file = "", from = ""] = place.split(": ");
  return [file, from, "counting a table that the script wrote into is no count of one table, however it was written"];
}

export const RESOLVER_EQUIVALENTS: readonly Equivalent[] = EQUIVALENT.map(([file, what, why]) => {
  return { part: `resolver/${file}`, what, why };
});

/** All places in the resolver below `folder`, in the order of files and places. */
export function resolverMutants(folder: string): Place[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .sort()
    .flatMap((name) => mutantsOf(join(folder, name)).filter((place) => !isEquivalent(name, place)));
}

function isEquivalent(name: string, place: Place): boolean {
  return EQUIVALENT.some(([file, from]) => file === name && isOf(place, from));
}

function isOf({ from, within }: Place, lost: string): boolean {
  return lost === from || lost === `${from} in ${within}`;
}

/** Entries of EQUIVALENT of which there is not one mutant. */
export function unfoundEquivalents(folder: string): readonly string[] {
  return EQUIVALENT.filter(
    ([file, from]) => mutantsOf(join(folder, file)).filter((mutant) => isOf(mutant, from)).length !== 1,
  ).map(([file, from]) => `${file}: ${from}`);
}

function mutantsOf(file: string): Place[] {
  return placesOf(file, (node, weaken) => {
    const { source, instead, leftOut, shorthand } = weaken;
    if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression)) {
      const { expression: callee } = node.expression;
      if (
        ts.isPropertyAccessExpression(callee) &&
        ADDING.test(callee.name.text) &&
        NOTED.test(callee.expression.getText(source))
      )
        leftOut(node);
      if (ts.isIdentifier(callee) && NOTING.test(callee.text)) leftOut(node);
      if (ts.isPropertyAccessExpression(callee) && NOTING.test(callee.name.text)) leftOut(node);
    }
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) weakenCall(node, node.expression.text, weaken);
    if (ts.isPropertyAssignment(node)) {
      const lost = SAID[node.name.getText(source)];
      const { initializer } = node;
      const rule = ts.isCallExpression(initializer) && WITHOUT[initializer.expression.getText(source)];
      if (lost !== undefined && rule !== lost && !SAYS_NOTHING.test(initializer.getText(source)))
        instead(initializer, lost);
    }
    if (ts.isShorthandPropertyAssignment(node)) {
      const lost = SAID[node.name.text];
      if (lost !== undefined) shorthand(node, lost);
    }
    return true;
  });
}

function weakenCall(node: ts.CallExpression, callee: string, { source, instead, withoutItem }: Weaken): void {
  const without = WITHOUT[callee];
  const [first] = node.arguments;
  const last = node.arguments.at(-1);
  if (without !== undefined && first !== undefined && last !== undefined) {
    const to = without.replace("$", () => first.getText(source)).replace("@", () => last.getText(source));
    instead(node, to);
  }
  if (!OF_SEVERAL.test(callee)) return;
  for (const { elements } of node.arguments.filter(ts.isArrayLiteralExpression)) {
    if (elements.length > 1) for (const item of elements) withoutItem(item);
  }
}
