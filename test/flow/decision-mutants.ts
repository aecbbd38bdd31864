/**
 * Files that decide by conditions, rather than by naming rules of flow.ts: what policy is asked of a plan and what follows from its answers,
 * what lets a query fail, and how a call's arguments are taken. Each condition is made to hold always and never, each side of `&&` and `||` left out, each item of a list, each
 * statement, each thing that a result says, each name of a `switch`.
 */
import { join } from "node:path";
import ts from "typescript";
import { isOfFile, type Place, placesOf, type Weaken } from "./mutants.ts";
import { SAME_DECISION } from "./same-decisions.ts";
import { SAME_FLOW } from "./same-flow.ts";
import { SAME_RESOLVER } from "./same-resolver.ts";
import type { Equivalent } from "./sweep.ts";

/** In packages/googlesql/src. */
const ANALYSIS = [
  "flow/flow.ts",
  "functions/array-length.ts",
  "functions/failing-as-written.ts",
  "functions/failure.ts",
  "functions/magnitude.ts",
  "functions/plain-argument.ts",
  "resolver/computed-if.ts",
  "resolver/constant.ts",
  "resolver/growth.ts",
  "resolver/never-null.ts",
  "resolver/operand-types.ts",
  "resolver/output-schema.ts",
  "resolver/passed-arguments.ts",
  "resolver/sizes.ts",
];

/** Of the resolver and of what makes plans of what it found, files in which a condition decides what is in a plan. */
const FLOW = [
  "plan-statement.ts",
  "resolver/call-over-rows.ts",
  "resolver/case-value.ts",
  "resolver/clauses.ts",
  "resolver/common-tables.ts",
  "resolver/each-row.ts",
  "resolver/effects.ts",
  "resolver/expression.ts",
  "resolver/from-clause.ts",
  "resolver/group-by.ts",
  "resolver/lambda-call.ts",
  "resolver/long-names.ts",
  "resolver/path.ts",
  "resolver/pipe-aggregate.ts",
  "resolver/pipe-columns.ts",
  "resolver/pipe-input.ts",
  "resolver/piped-rows.ts",
  "resolver/pipes.ts",
  "resolver/pivot.ts",
  "resolver/private-aggregate.ts",
  "resolver/query.ts",
  "resolver/recursion.ts",
  "resolver/reusable-aliases.ts",
  "resolver/routine-call.ts",
  "resolver/scope.ts",
  "resolver/script/blocks.ts",
  "resolver/script/branches.ts",
  "resolver/script/joining.ts",
  "resolver/script/loops.ts",
  "resolver/script/outcome.ts",
  "resolver/script/procedures.ts",
  "resolver/script/result.ts",
  "resolver/script/row-count.ts",
  "resolver/script/run.ts",
  "resolver/script/state.ts",
  "resolver/script/steps.ts",
  "resolver/script/temporary-tables.ts",
  "resolver/script/told.ts",
  "resolver/script/variables.ts",
  "resolver/select-list.ts",
  "resolver/select-mode.ts",
  "resolver/select.ts",
  "resolver/set-operation.ts",
  "resolver/statements/written.ts",
  "resolver/struct-and-array.ts",
  "resolver/subquery-value.ts",
  "resolver/terminal-pipes.ts",
  "resolver/unpivot.ts",
  "resolver/wildcard.ts",
  "resolver/window.ts",
];

/** Files of which conditions, items and statements are weakened, but none that does nothing but refuse. */
const SPARED =
  /^(resolver\/(?!computed-if|constant|growth|never-null|operand-types|output-schema|passed-arguments|sizes)|plan-)/;

/** In packages/gateway/src/policy. */
const POLICY = [
  "annotations.ts",
  "any-agent.ts",
  "cedar.ts",
  "check.ts",
  "decide.ts",
  "deny-message.ts",
  "effects.ts",
  "intersect.ts",
  "obligations.ts",
  "output-masks.ts",
  "policy-json.ts",
  "policy-set.ts",
  "read-size.ts",
  "record-subject.ts",
  "statements.ts",
  "uses.ts",
  "writes.ts",
];

const UNCHANGED = [...SAME_DECISION, ...SAME_FLOW, ...SAME_RESOLVER];

export const DECISION_EQUIVALENTS: readonly Equivalent[] = UNCHANGED.map(([file, from, to, why]) => {
  return { part: isOfAnalysis(file) ? file : `policy/${file}`, what: `${from} → ${to}`, why };
});

export function analysisMutants(googlesql: string): Place[] {
  return [...ANALYSIS, ...FLOW].flatMap((name) => decisionsOf(join(googlesql, name), name));
}

export function policyMutants(policy: string): Place[] {
  return POLICY.flatMap((name) => decisionsOf(join(policy, name), name));
}

/** Entries of UNCHANGED of which there is not one mutant. */
export function unfoundDecisions(googlesql: string, policy: string): readonly string[] {
  return UNCHANGED.filter(([name, from, to]) => {
    const file = join(isOfAnalysis(name) ? googlesql : policy, name);
    return placesOf(file, weakenerOf(name)).filter((place) => isSame(place, from, to)).length !== 1;
  }).map(([name, from, to]) => `${name}: ${from} → ${to}`);
}

function isOfAnalysis(file: string): boolean {
  return [...ANALYSIS, ...FLOW].includes(file);
}

function isSame(place: Place, from: string, to: string): boolean {
  const { within, beyond } = place;
  const [lost = "", instead, ...around] = [place.from, place.to, within, beyond].map((text) =>
    text.replace(/\s+/g, " "),
  );
  return [lost, ...around.map((text) => `${lost} in ${text}`)].includes(from) && instead === to;
}

function decisionsOf(file: string, name: string): Place[] {
  const same = UNCHANGED.filter(([of]) => of === name);
  return placesOf(file, weakenerOf(name)).filter((place) => !same.some(([, from, to]) => isSame(place, from, to)));
}

function weakenerOf(name: string): typeof weakenDecisions {
  if (!SPARED.test(name)) return weakenDecisions;
  return (node, weaken) => !onlyRefuses(node, weaken.source) && weakenDecisions(node, sparing(weaken));
}

/** Conditions, items and statements: no text given to a call, which is for messages, no property by itself, and nothing that is there to refuse. */
function sparing(weaken: Weaken): Weaken {
  return {
    ...weaken,
    shorthand: () => undefined,
    instead: (node, to) => {
      const isProperty = ts.isPropertyAssignment(node.parent) && /^(undefined|"reads")$/.test(to);
      if (!isProperty && !(ts.isStringLiteral(node) && to === '"other"')) weaken.instead(node, to);
    },
    leftOut: (node) => {
      if (!isRefusing(node, weaken.source)) weaken.leftOut(node);
    },
    // By an id GROUP BY tells expressions that are the same from others, which it refuses.
    withoutItem: (node) => {
      const { parent: call } = node.parent;
      const isId = ts.isCallExpression(call) && /(^|\.)idOf$/.test(call.expression.getText(weaken.source));
      if (!isId) weaken.withoutItem(node);
    },
  };
}

const REFUSES = /^((this|run)\.)?(context\.)?(fail|refuse|(refuse|require|spend|check)[A-Z]\w*|noteName|expect)$/;

/** `context.fail(…)`, with `return` or without. */
function isRefusing(node: ts.Statement, source: ts.SourceFile): boolean {
  const expression = ts.isReturnStatement(node) || ts.isExpressionStatement(node) ? node.expression : undefined;
  return (
    expression !== undefined && ts.isCallExpression(expression) && REFUSES.test(expression.expression.getText(source))
  );
}

/** `if (…) context.fail(…)`. */
function onlyRefuses(node: ts.Node, source: ts.SourceFile): boolean {
  if (!ts.isIfStatement(node) || node.elseStatement !== undefined) return false;
  const { thenStatement } = node;
  const [last, ...before] = (ts.isBlock(thenStatement) ? [...thenStatement.statements] : [thenStatement]).reverse();
  return last !== undefined && isRefusing(last, source) && before.every(ts.isVariableStatement);
}

/** To each operator, one that differs where both sides are the same. */
const BESIDE: Readonly<Record<string, string>> = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };
const COMPARES = /^(===|!==|<|<=|>|>=)$/;
const ASKS = /^(some|every|includes|has|test|startsWith|endsWith)$/;
/** What makes texts alike, or gives some of a list: what it is given stands for what it gives. */
const SAME = /^foldPath$/;
const SOME_OF = /^(filter|sort|toLowerCase|slice)$/;

function weakenDecisions(node: ts.Node, weaken: Weaken): boolean {
  const { source, instead, leftOut, withoutItem, shorthand } = weaken;
  const text = (of: ts.Node): string => of.getText(source);
  if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return false;
  if (ts.isImportDeclaration(node) || isValue(node)) return false;
  // What the analysis says of an error is no rule; that there is one follows from a condition.
  if (ts.isCallExpression(node) && /^(this|context)\.fail$/.test(text(node.expression))) return false;
  if (ts.isIfStatement(node)) eitherWay(node.expression, weaken);
  if (ts.isConditionalExpression(node)) eitherWay(node.condition, weaken);
  if (ts.isBinaryExpression(node)) weakenOperator(node, weaken);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    if (!isCondition(node)) eitherWay(node, weaken);
  if (ts.isCallExpression(node)) weakenCall(node, weaken);
  if (ts.isArrayLiteralExpression(node)) {
    for (const item of node.elements) withoutItem(item);
  }
  if (ts.isExpressionStatement(node)) {
    if (ts.isCallExpression(node.expression)) leftOut(node);
    else instead(node.expression, "null");
  }
  if (ts.isReturnStatement(node) && node.expression !== undefined) {
    if (text(node.expression) === "[]") instead(node.expression, "null");
    if (text(node.expression) === "null") instead(node.expression, "[]");
  }
  if (ts.isPropertyAssignment(node)) {
    // Of a statement's rule: by what it reads alone. What it writes is asked whatever the rule is, which says so for a reader.
    const { initializer } = node;
    const isTold = ts.isStringLiteral(initializer) && !/^(reads|writes)$/.test(initializer.text);
    const to = isTold ? '"reads"' : "undefined";
    instead(initializer, to);
  }
  if (ts.isShorthandPropertyAssignment(node)) shorthand(node, "undefined");
  if (ts.isCaseClause(node)) instead(node.expression, "Symbol()");
  return true;
}

/** What a file reads when it is loaded, and a value that has a name; of a constant tables alone are weakened. */
function isValue(node: ts.Node): boolean {
  if (!isOfFile(node) || node.initializer === undefined) return false;
  const { initializer, type } = node;
  if (ts.isObjectLiteralExpression(initializer)) return type?.getText().startsWith("Readonly<Record<") !== true;
  return ts.isCallExpression(initializer);
}

/** Makes a condition hold always, and never. */
function eitherWay(node: ts.Expression, { instead }: Weaken): void {
  for (const to of ["true", "false"]) instead(node, to);
}

/** Of what stands here whoever asks it is weakened already. */
function isCondition(node: ts.Expression): boolean {
  const { parent } = node;
  return (
    (ts.isIfStatement(parent) && parent.expression === node) ||
    (ts.isConditionalExpression(parent) && parent.condition === node) ||
    (ts.isBinaryExpression(parent) && isLogical(parent))
  );
}

function isLogical({ operatorToken: { kind } }: ts.BinaryExpression): boolean {
  return kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken;
}

function weakenOperator(node: ts.BinaryExpression, weaken: Weaken): void {
  const { source, instead } = weaken;
  const [left, operator, right] = [node.left, node.operatorToken, node.right].map((part) => part.getText(source));
  if (isLogical(node) || operator === "??") {
    instead(node, `${left}`);
    instead(node, `${right}`);
  }
  if (operator === undefined || !COMPARES.test(operator)) return;
  const beside = BESIDE[operator];
  if (beside !== undefined) instead(node, `${left} ${beside} ${right}`);
  if (!isCondition(node)) eitherWay(node, weaken);
}

function weakenCall(node: ts.CallExpression, weaken: Weaken): void {
  const { source, instead } = weaken;
  const [first, second] = node.arguments.map((argument) => argument.getText(source));
  for (const argument of node.arguments) if (ts.isStringLiteral(argument)) instead(argument, '"other"');
  if (ts.isIdentifier(node.expression) && SAME.test(node.expression.text)) instead(node, `${first}`);
  if (!ts.isPropertyAccessExpression(node.expression)) return;
  const { name, expression } = node.expression;
  const of = expression.getText(source);
  if (name.text === "some") instead(node, `${of}.every(${first})`);
  if (name.text === "every") instead(node, `${of}.some(${first})`);
  if (name.text === "max") instead(node, `${of}.min(${node.arguments.map((a) => a.getText(source)).join(", ")})`);
  if (name.text === "min") instead(node, `${of}.max(${node.arguments.map((a) => a.getText(source)).join(", ")})`);
  if (name.text === "reduce") instead(node, `${second ?? of}`);
  if (SOME_OF.test(name.text)) instead(node, of);
  if (ASKS.test(name.text) && !isCondition(node)) eitherWay(node, weaken);
}
