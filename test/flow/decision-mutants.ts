/**
 * Files that decide by conditions, rather than by naming rules of flow.ts: what policy is asked of a plan and what follows from its answers,
 * what lets a query fail, and how a call's arguments are taken. Each condition is made to hold always and never, each side of `&&` and `||` left out, each item of a list, each
 * statement, each thing that a result says, each name of a `switch`.
 */
import { join } from "node:path";
import ts from "typescript";
import { isOfFile, type Place, placesOf, type Weaken } from "./mutants.ts";
import type { Equivalent } from "./sweep.ts";

/** In packages/googlesql/src. */
const ANALYSIS = [
  "functions/failing-as-written.ts",
  "functions/failure.ts",
  "functions/plain-argument.ts",
  "resolver/computed-if.ts",
  "resolver/constant.ts",
  "resolver/growth.ts",
  "resolver/never-null.ts",
  "resolver/operand-types.ts",
  "resolver/output-schema.ts",
  "resolver/passed-arguments.ts",
];

/** As well, but asked about only by name (`--only flow/flow.ts`): not all that survive of them were judged. */
const BY_NAME = [
  "flow/flow.ts",
  "plan-statement.ts",
  "resolver/effects.ts",
  "resolver/scope.ts",
  "resolver/script/joining.ts",
  "resolver/script/outcome.ts",
  "resolver/script/state.ts",
  "resolver/statements/written.ts",
];

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

/**
 * Mutants that change nothing, with why: the file, the text that is lost (`… in …`, where the same is lost elsewhere too), and what stands
 * there instead.
 */
export const SAME_DECISION: readonly (readonly [file: string, from: string, to: string, why: string])[] = [
  ...["isFieldType(name)", "RULES.none.fits.some((known) => known === name)", "known === name"].map(
    (from) =>
      ["output-masks.ts", from, "true", "a type that no rule names fits none of them: NULL either way"] as const,
  ),
  ...(
    [
      [
        "first === undefined in if (first === undefined) return NOTHING;",
        "false",
        "whoever asks has one value at least",
      ],
      ["second === undefined in if (second === undefined) return first;", "false", "of one value each part is its own"],
      [
        "arity !== undefined && flows.every((f) => f.fields === null || f.fields.length === arity)",
        "arity !== undefined",
        "values of one type have as many fields",
      ],
      [
        "flows.every((f) => f.fields === null || f.fields.length === arity)",
        "flows.some((f) => f.fields === null || f.fields.length === arity)",
        "values of one type have as many fields",
      ],
      ["arity === undefined", "true", "values of one type have as many fields"],
      ["arity === undefined", "false", "one without fields is whole"],
      [
        "first !== undefined && second === undefined && first.fields === null",
        "false",
        "one value united is that value",
      ],
      [
        "first !== undefined && second === undefined && first.fields === null",
        "first !== undefined && second === undefined",
        "whoever unites one that has fields gives them to the result itself",
      ],
      ["explicit.get(key) ?? 0 in (explicit.get(key) ?? 0)", "explicit.get(key)", "what isn't there adds no bit"],
      ["flow.pieces > pieces", "flow.pieces >= pieces", "as many are as many"],
      [
        "{ ...flow, explicit: NO_SOURCES, fields: null } in [{ ...flow, explicit: NO_SOURCES, fields: null }]",
        "no item",
        "what decided over a STRUCT stands both at the STRUCT and in its fields",
      ],
      [
        "leaves.push({ ...field, explicit: NO_SOURCES, fields: null });",
        "nothing",
        "what decided over a STRUCT stands both at the STRUCT and in its fields",
      ],
      ["flow.fields === null || flow.explicit.size === 0", "flow.explicit.size === 0", "one without fields is whole"],
      ["power < pieces && power < LONG", "power < pieces", "growing in a loop comes to an end later"],
      ["power < LONG", "power <= LONG", "twice as long as LONG is as long"],
    ] as const
  ).map(([from, to, why]) => ["flow/flow.ts", from, to, why] as const),
  [
    "output-masks.ts",
    '/^[A-Z0-9]+/.exec(element)?.[0] ?? ""',
    "/^[A-Z0-9]+/.exec(element)?.[0]",
    "no rule names what isn't there either",
  ],
  ...(
    [
      [
        'part?.kind === "DatePart" && part.name !== "NANOSECOND"',
        'part.name !== "NANOSECOND"',
        "these functions take nothing else there",
      ],
      ["types.every((type) => is(type, INTEGER))", "types.some((type) => is(type, INTEGER))", "both have one type"],
      ["is(date, DATE) && is(time, TIME)", "is(date, DATE)", "nothing but a TIME stands beside a DATE"],
      ["atLeast(at, 0) && atMost(at, 1)", "atMost(at, 1)", "no literal is below zero"],
      ["atLeast(times, 0) && atMost(times, 1000)", "atMost(times, 1000)", "no literal is below zero"],
      ['""', '"other"', "there is no % in either"],
      ["type !== null && type !== undefined", "type !== null", "each specifier has an argument"],
      ["type !== null && type !== undefined", "type !== undefined", "FORMAT takes nothing but values"],
      [
        '(written?.kind === "IntegerLiteral" || written?.kind === "FloatLiteral") && Number(written.text) <= most',
        "Number(written.text) <= most",
        "asked of nothing but a number that is enough",
      ],
      [
        'written?.kind === "BinaryExpression" && written.operator === "*" && written.operands.length === 2',
        'written?.kind === "BinaryExpression" && written.operator === "*"',
        "a product of three is said to fail itself",
      ],
    ] as const
  ).map(([from, to, why]) => ["functions/failing-as-written.ts", from, to, why] as const),
  ...['["FORMAT_TIMESTAMP", 2]', '"FORMAT_TIMESTAMP" in ["FORMAT_TIMESTAMP", 2]', "2"].map(
    (from) =>
      [
        "functions/failure.ts",
        from,
        "no item",
        "a time zone isn't plain, so that the time beside it is asked anyhow (failsBeside)",
      ] as const,
  ),
  [
    "functions/failure.ts",
    "ZONE_AT.get(name) ?? types.length",
    "ZONE_AT.get(name)",
    "there is no argument at either place",
  ],
  ...["TOTAL_OF.get(name)?.includes(type.name) !== true", "place !== 0", 'type?.kind !== "scalar"'].map((to) => {
    const from = 'place !== 0 || type?.kind !== "scalar"';
    const whole = `${from} || TOTAL_OF.get(name)?.includes(type.name) !== true`;
    const why = "none of these takes such a type but first, and what is no scalar has no name";
    return ["functions/failure.ts", to.startsWith("TOTAL_OF") ? whole : from, to, why] as const;
  }),
  ...['from.kind !== "scalar"', 'to.kind !== "scalar"'].map(
    (to) =>
      [
        "functions/failure.ts",
        'from.kind !== "scalar" || to.kind !== "scalar"',
        to,
        "what is no scalar has no name, which no scalar casts to or from",
      ] as const,
  ),
  [
    "functions/plain-argument.ts",
    'written.kind !== "ArrayExpression" || written.type !== null',
    "written.type !== null",
    "what is no ARRAY and has no type is a STRUCT, which no function takes there",
  ],
  [
    "functions/plain-argument.ts",
    'of.kind !== "IntegerLiteral" && of.kind !== "FloatLiteral"',
    "false",
    "what is no number has no text that is one",
  ],
  [
    "functions/plain-argument.ts",
    "numbers[i - 1] ?? number",
    "numbers[i - 1]",
    "there is one before all but the first",
  ],
  ["functions/plain-argument.ts", 'textOf(written) ?? "none"', "textOf(written)", "a path begins with a $"],
  ...(
    [
      [
        'written.kind === "StringLiteral" in written.kind === "StringLiteral" ? written.value : ""',
        "true",
        "a pattern that is plain is a literal",
      ],
      [
        'written.kind !== "StringLiteral" || !plainPattern(written)',
        "!plainPattern(written)",
        "a plain one is a literal",
      ],
      ['"["', '"other"', "neither is what is looked for"],
    ] as const
  ).map(([from, to, why]) => ["functions/plain-argument.ts", from, to, why] as const),
  [
    "resolver/growth.ts",
    'pattern?.kind === "StringLiteral" && matchesNoEmpty(pattern)',
    "matchesNoEmpty(pattern)",
    "it asks that too",
  ],
  ...["Star", "Named", "Lambda", "Table", "Model"].map(
    (kind) =>
      ["resolver/passed-arguments.ts", `"${kind}Argument"`, "Symbol()", "such an argument is refused before"] as const,
  ),
  ["resolver/operand-types.ts", "type ?? BOOL", "type", "without one it is refused before"],
  ...(
    [
      [
        'expression.kind === "TableArgument" || expression.kind === "ModelArgument"',
        "false",
        "no call but of a table function is parsed with one",
      ],
      [
        'expression.kind === "TableArgument" || expression.kind === "ModelArgument"',
        'expression.kind === "TableArgument"',
        "no call but of a table function is parsed with one",
      ],
      [
        'expression.kind === "TableArgument" || expression.kind === "ModelArgument"',
        'expression.kind === "ModelArgument"',
        "no call but of a table function is parsed with one",
      ],
      ['passed.push({ kind: "mode" });', "nothing", "a mode may be left out, and decides nothing"],
      ['argument.parts[0]?.name.toUpperCase() ?? ""', "argument.parts[0]?.name.toUpperCase()", "a path has a part"],
      ['operand.parts[0]?.name.toUpperCase() ?? ""', "operand.parts[0]?.name.toUpperCase()", "a path has a part"],
      ['operand.weekday ?? ""', "operand.weekday", "no week begins on what isn't said"],
      ["passed.values[i]?.id ?? 0", "passed.values[i]?.id", "what has no value is a part of a date or a mode"],
      ['label === ""', "false", "whether a number or its text, each is a key of its own"],
      ["value?.type ?? null", "value?.type", "what has no type has none either way"],
      [
        'argument.kind === "NamedArgument" in value = argument.kind === "NamedArgument" ? argument.value : argument',
        "false",
        "nothing given by name is plain",
      ],
      ["isExpression(value)", "true", "all else is refused before"],
      [
        'argument.kind === "NamedArgument" in operand = argument.kind === "NamedArgument" ? argument.value : argument',
        "false",
        "no part of a date and no mode is given by name",
      ],
      [
        'operand.kind === "PathExpression" && !passed.values[i]',
        "!passed.values[i]",
        "what else has no value is a part of a date",
      ],
      ['given?.kind === "value" && given.name !== ""', 'given.name !== ""', "what has a value is one"],
      ['given?.kind === "value" && given.name !== ""', "false", "no place that never fails is taken by name"],
    ] as const
  ).map(([from, to, why]) => ["resolver/passed-arguments.ts", from, to, why] as const),
  ...(
    [
      ["types.slice(1)", "types", "a format has no parts"],
      ["types[0] ?? null", "types[0]", "what is in JSON is a value, which has a type"],
      ["type === null || holdsJson(type)", "holdsJson(type)", "what is in JSON is a value, which has a type"],
      ['type === null || type.kind === "array"', 'type.kind === "array"', "each value has a type"],
      ["value?.fields?.length ?? 0", "value?.fields?.length", "no number isn't as many as eight"],
      [
        'format?.kind !== "StringLiteral" || format.value.includes("P")',
        'format.value.includes("P")',
        "one that isn't a literal widens already",
      ],
    ] as const
  ).map(([from, to, why]) => ["resolver/growth.ts", from, to, why] as const),
  ["resolver/growth.ts", "repeated || value === undefined", "repeated", "each of these functions takes a value"],
  ["cedar.ts", "foldPath(use.path)", "use.path", "a question that is asked again is answered the same"],
  ["cedar.ts", "dataClass ?? null", "dataClass", "JSON says null of either"],
  ["cedar.ts", "context.purpose ?? null", "context.purpose", "JSON says null of either"],
  ["cedar.ts", "purpose === undefined", "false", "Cedar isn't sent what is undefined"],
  ["cedar.ts", "classes.slice(0, 1)", "classes", "a column in a class is in all that the class is in"],
  ...[
    ["memory.size >= MEMORY", "false"] as const,
    ["memory.size >= MEMORY", "memory.size > MEMORY"] as const,
    ["memory.clear();", "nothing"] as const,
    ["key.length <= LONGEST_REMEMBERED", "key.length < LONGEST_REMEMBERED"] as const,
  ].map(([from, to]) => ["cedar.ts", from, to, "how much is remembered changes no answer"] as const),
  ...[
    ["explicit.length > 0", "explicit.length >= 0"] as const,
    [
      'explicit.length > 0 && explicit.every(({ via }) => via === "copy")',
      'explicit.every(({ via }) => via === "copy")',
    ] as const,
  ].map(
    ([from, to]) =>
      [
        "record-subject.ts",
        from,
        to,
        "a date of no column isn't shifted, and a subject of none leaves the date's table",
      ] as const,
  ),
  [
    "decide.ts",
    `subject === undefined || mayBeWritten(policies, reading, \`\${tableName}.\${subject}\`)`,
    `mayBeWritten(policies, reading, \`\${tableName}.\${subject}\`)`,
    "a date without a subject is NULL in the end (record-subject.ts)",
  ],
  [
    "decide.ts",
    "useKey(a.table, a.path, a.action) < useKey(b.table, b.path, b.action)",
    "useKey(a.table, a.path, a.action) <= useKey(b.table, b.path, b.action)",
    "each key is one row's",
  ],
  [
    "annotations.ts",
    "/^(?:(\\d+) of )?(.*)$/s.exec(text) ?? []",
    "/^(?:(\\d+) of )?(.*)$/s.exec(text)",
    "every text is like that",
  ],
  ...(
    [
      ['parsed.type === "success"', "true"],
      ["json !== undefined && json.conditions.length > 0", "json.conditions.length > 0"],
      ["constraint === undefined", "false"],
    ] as const
  ).map(([from, to]) => ["check.ts", from, to, "a policy that is loaded was parsed before"] as const),
  ...(
    [
      ["cells[column]?.length ?? 0", "cells[column]?.length"],
      ["widths[column] ?? 0", "widths[column]"],
    ] as const
  ).map(([from, to]) => ["check.ts", from, to, "each row has each column"] as const),
  ...['"in" in constraint', "constraint.in"].map(
    (to) =>
      [
        "check.ts",
        '"in" in constraint && constraint.in',
        to,
        "Cedar writes `in` only where there is something",
      ] as const,
  ),
  [
    "check.ts",
    '"in" in constraint && constraint.in && "entity" in constraint.in',
    '"in" in constraint && constraint.in',
    "what is in no entity is in a template's, which isn't loaded",
  ],
  ["check.ts", '"__entity" in entity', "false", "Cedar names entities without it"],
  [
    "deny-message.ts",
    'effect !== "forbid" || (obligations.reason === undefined && obligations.advice === undefined)',
    "(obligations.reason === undefined && obligations.advice === undefined)",
    "a permit has neither",
  ],
  ["deny-message.ts", "through ?? []", "through", "no table has no name"],
  ["policy-json.ts", '"entity" in constraint', "true", "what is in no entity is in a template's, which isn't loaded"],
  [
    "policy-json.ts",
    '!isRecord(value) || !isRecord(value["."])',
    '!isRecord(value["."])',
    "no text has such a property",
  ],
  [
    "policy-json.ts",
    "attr === attribute && isRecord(left)",
    "attr === attribute",
    "what has an attribute is an expression, which is a record",
  ],
  ["policy-set.ts", 'parsed.type === "failure"', "false", "a part of a text that was parsed is parsed again"],
  [
    "policy-set.ts",
    "problems.push(wrong(file, line, messageOf(parsed.errors[0])));",
    "nothing",
    "a part of a text that was parsed is parsed again",
  ],
  ["policy-set.ts", "json.annotations ?? {}", "json.annotations", "one without @id was refused before"],
  ...[
    'answer.type === "failure" in answer.type === "failure" ? answer.errors : answer.otherWarnings',
    'answer.type === "failure" in answer.type === "failure" ? [] : [...answer.validationErrors, ...answer.validationWarnings]',
  ].map((from) => ["policy-set.ts", from, "false", "what is validated was parsed before"] as const),
  [
    "policy-set.ts",
    '...ofNone.map((error) => wrong("", 1, messageOf(error)))',
    "no item",
    "of policies that were parsed Cedar says nothing that is of none",
  ],
  [
    "policy-set.ts",
    '"" in wrong("", 1, messageOf(error))',
    '"other"',
    "of policies that were parsed Cedar says nothing that is of none",
  ],
  ["policy-set.ts", "policy === undefined", "false", "Cedar was asked of policies that are known"],
  ["policy-set.ts", 'policy?.file ?? ""', "policy?.file", "Cedar was asked of policies that are known"],
  ["policy-set.ts", "policy?.line ?? 1", "policy?.line", "Cedar was asked of policies that are known"],
  ["policy-set.ts", 'id.split(":").at(-1) ?? ""', 'id.split(":").at(-1)', "there is a last part"],
  ["policy-set.ts", "error === undefined", "false", "a failure has an error"],
  [
    "policy-set.ts",
    "error?.sourceLocations?.[0]?.start ?? 0",
    "error?.sourceLocations?.[0]?.start",
    "Cedar says where each error is",
  ],
  [
    "policy-set.ts",
    'readdirSync(directory) .filter((name) => name.endsWith(".cedar")) .sort()',
    'readdirSync(directory) .filter((name) => name.endsWith(".cedar"))',
    "Node lists names in order",
  ],
  ["decide.ts", "false", "undefined", "what isn't allowed by name is denied by no policy"],
  ["decide.ts", "policies.policies.get(id) ?? []", "policies.policies.get(id)", "answers name policies that there are"],
  ["decide.ts", "answers[0]?.classes ?? []", "answers[0]?.classes", "at least one question is asked"],
  ...['"external_query"', '"procedure"', '"session"', '"error_value"'].map(
    (from) => ["effects.ts", from, "Symbol()", "an effect that isn't known is refused as well"] as const,
  ),
  [
    "statements.ts",
    '"export" in EXPORT_DATA: "export"',
    '"reads"',
    "EXPORT DATA names no model, which alone is asked by this rule",
  ],
  ["effects.ts", "kind satisfies never", "null", "it is for whoever compiles"],
  ["intersect.ts", "first ?? decide(policies, request)", "first", "whoever asks is there"],
  ["intersect.ts", 'principal.kind === "person"', "false", "a person acts for nobody"],
  ["intersect.ts", "b === undefined", "false", "both decisions are made of the same outputs"],
  ["intersect.ts", "other === undefined", "false", "both decisions are made of the same uses"],
  ...['"inherited"', '"phi-default"', "undefined"].map(
    (from) => ["writes.ts", from, "Symbol()", "what no case answers is undefined, which is no as well"] as const,
  ),
];

export const DECISION_EQUIVALENTS: readonly Equivalent[] = SAME_DECISION.map(([file, from, to, why]) => {
  return { part: isOfAnalysis(file) ? file : `policy/${file}`, what: `${from} → ${to}`, why };
});

/** `named`: files that are asked about. */
export function analysisMutants(googlesql: string, named: readonly string[]): Place[] {
  return [...ANALYSIS, ...BY_NAME.filter((file) => named.includes(file))].flatMap((name) =>
    decisionsOf(join(googlesql, name), name),
  );
}

export function policyMutants(policy: string): Place[] {
  return POLICY.flatMap((name) => decisionsOf(join(policy, name), name));
}

/** Entries of SAME_DECISION of which there is not one mutant. */
export function unfoundDecisions(googlesql: string, policy: string): readonly string[] {
  return SAME_DECISION.filter(([name, from, to]) => {
    const file = join(isOfAnalysis(name) ? googlesql : policy, name);
    return placesOf(file, weakenDecisions).filter((place) => isSame(place, from, to)).length !== 1;
  }).map(([name, from, to]) => `${name}: ${from} → ${to}`);
}

function isOfAnalysis(file: string): boolean {
  return [...ANALYSIS, ...BY_NAME].includes(file);
}

function isSame(place: Place, from: string, to: string): boolean {
  const { within, beyond } = place;
  const [lost = "", instead, ...around] = [place.from, place.to, within, beyond].map((text) =>
    text.replace(/\s+/g, " "),
  );
  return [lost, ...around.map((text) => `${lost} in ${text}`)].includes(from) && instead === to;
}

function decisionsOf(file: string, name: string): Place[] {
  const same = SAME_DECISION.filter(([of]) => of === name);
  return placesOf(file, weakenDecisions).filter((place) => !same.some(([, from, to]) => isSame(place, from, to)));
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
