/** Mutants of what can fail, of how a call's arguments are taken and of policy that change nothing, with why. */
import type { Same } from "./same-flow.ts";

export const SAME_DECISION: readonly Same[] = [
  ...["isFieldType(name)", "RULES.none.fits.some((known) => known === name)", "known === name"].map(
    (from) =>
      ["output-masks.ts", from, "true", "a type that no rule names fits none of them: NULL either way"] as const,
  ),
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
        'written?.kind === "BinaryExpression" && written.operator === "*" && written.operands.length === 2',
        'written?.kind === "BinaryExpression" && written.operator === "*"',
        "a product of three is said to fail itself",
      ],
      ["by ?? null", "by", "what isn't there is no number either way"],
      ["!is(a, NUMBER) || !is(b, NUMBER)", "false", "of what is no number no bits are known"],
      ["!is(a, NUMBER) || !is(b, NUMBER)", "!is(a, NUMBER)", "of what is no number no bits are known"],
      ["!is(a, NUMBER) || !is(b, NUMBER)", "!is(b, NUMBER)", "of what is no number no bits are known"],
    ] as const
  ).map(([from, to, why]) => ["functions/failing-as-written.ts", from, to, why] as const),
  ...(
    [
      ["known !== undefined", "false", "it is made again"],
      ["FIELDS.set(fields, found);", "nothing", "it is made again"],
      [
        "this.#named.get(written) ?? null",
        "this.#named.get(written)",
        "of what isn't there nothing is known either way",
      ],
      [
        "this.#named.get(written) ?? null",
        "null",
        "a name that has a size stands for what has it under the same id, which isn't noted again",
      ],
      ["column !== undefined", "true", "each field has a column"],
      ['written.kind === "PathExpression"', "false", "asked of the expression it is the same"],
      ["bits === null", "false", "what isn't known needn't be kept"],
      ["false", "undefined", "neither is true"],
      ["size in if (size) this.#ofId.set(to.id, size);", "true", "of what isn't known nothing is known either way"],
      [
        "size in if (size) this.#named.set(node, size); else this.#named.delete(node);",
        "true",
        "of what isn't known nothing is known either way",
      ],
      [
        "frame.private || this.#ofId.has(id)",
        "frame.private",
        "what recursion made of it is put together of ever more, so that it is asked about again under other ids",
      ],
      ["this.#ofId.set(id, null);", "nothing", "likewise"],
    ] as const
  ).map(([from, to, why]) => ["resolver/sizes.ts", from, to, why] as const),
  ["resolver/query.ts", "orderBy.length === 0", "false", "nothing is sorted by no keys"],
  [
    "functions/array-length.ts",
    'limit.kind === "IntegerLiteral" && Number(limit.text) > 0',
    "Number(limit.text) > 0",
    "a limit that isn't written is a parameter, which has no text that is a number",
  ],
  ...(
    [
      ["written.else ?? null", "written.else", "of what isn't there nothing is known either way"],
      ["bits !== null && bits <= MOST_BITS", "bits <= MOST_BITS", "what is given then is null"],
      ["sum !== null && sum <= most", "sum <= most", "what is given then is null"],
      ["value && !among.repeated", "!among.repeated", "what isn't there has no size"],
      [
        'name === null || written.arguments.some((argument) => argument.kind === "NamedArgument")',
        'written.arguments.some((argument) => argument.kind === "NamedArgument")',
        "no function is known that has no name",
      ],
      ['nameOf(written) ?? ""', "nameOf(written)", "no count has either name"],
      [
        'window.kind === "WindowSpecification" && window.base === null',
        "window.base === null",
        "a window's name has no base, not even null",
      ],
      ["first === undefined || more !== undefined", "more !== undefined", "a name has a part"],
      ...["Star", "Named", "Lambda"].map(
        (kind) => [`"${kind}Argument"`, "Symbol()", "nothing is known of how large such an argument is"] as const,
      ),
      ['null in case "LambdaArgument": return null;', "[]", "nothing is known of either"],
      ["argument ?? null", "argument", "of what isn't there nothing is known either way"],
    ] as const
  ).map(([from, to, why]) => ["functions/magnitude.ts", from, to, why] as const),
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
  [
    "functions/failure.ts",
    'place !== 0 || !READING.has(name) || type?.kind !== "scalar"',
    "place !== 0 || !READING.has(name)",
    "what is no scalar has no name",
  ],
  [
    "functions/failure.ts",
    "place !== 0 || !READING.has(name)",
    "!READING.has(name)",
    "a path that isn't plain is asked about anyhow, and one that is shows nothing",
  ],
  ...["TOTAL_OF.get(name)?.includes(type.name) !== true", "place !== 0", 'type?.kind !== "scalar"'].map((to) => {
    const from = 'place !== 0 || type?.kind !== "scalar"';
    const whole = `${from} || TOTAL_OF.get(name)?.includes(type.name) !== true`;
    const why = "none of these takes such a type but first, and what is no scalar has no name";
    return ["functions/failure.ts", to.startsWith("TOTAL_OF") ? whole : from, to, why] as const;
  }),
  ...["ZONE_AT", "FAILS_AT", "TOTAL_AT"].flatMap((list, i, lists) => {
    const before = ["TOTAL.has(name)", ...lists.slice(0, i).map((other) => `!${other}.has(name)`)].join(" && ");
    const why = "nothing that never fails stands in one of the other lists";
    return [
      ["functions/failure.ts", `${before} && !${list}.has(name)`, before, why] as const,
      ["functions/failure.ts", `${list}.has(name)`, "false", why] as const,
      [
        "functions/failure.ts",
        `${list}.has(name)`,
        "true",
        "a shortcut, which agrees with what each argument does",
      ] as const,
    ];
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
      ['argument.parts[0]?.name.toUpperCase() ?? ""', "argument.parts[0]?.name.toUpperCase()", "a path has a part"],
      ['operand.parts[0]?.name.toUpperCase() ?? ""', "operand.parts[0]?.name.toUpperCase()", "a path has a part"],
      ['operand.weekday ?? ""', "operand.weekday", "no week begins on what isn't said"],
      ["passed.values[i]?.id ?? 0", "passed.values[i]?.id", "what has no value is a part of a date or a mode"],
      ["args.length === 0", "false", "a shortcut: of no arguments nothing is passed either way"],
      ['flow === "value"', "false", "a shortcut, which the way for all arguments agrees with"],
      ["value !== null", "false", "a shortcut, which the way for all arguments agrees with"],
      [
        "found.flows.every(isValue) && passed.values.every(isPassed)",
        "false",
        "a shortcut, which the way for all arguments agrees with",
      ],
      ...["false", "passed.values.length === 0", "neverFails(name)"].map(
        (to) =>
          [
            "passed.values.length === 0 || neverFails(name)",
            to,
            "a shortcut: each argument is asked about afterwards, with the same answer",
          ] as const,
      ),
      ['label === ""', "false", "whether a number or its text, each is a key of its own"],
      ["value?.type ?? null", "value?.type", "what has no type has none either way"],
      ["written[i] ?? null", "written[i]", "of what isn't there nothing is known either way"],
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
  ["resolver/growth.ts", "text.length <= TEXT / 3", "false", "a shortcut: so few characters are no more than one text"],
  ["resolver/growth.ts", "text.length <= TEXT / 3", "text.length < TEXT / 3", "no length is a third of that"],
  ...["true", "false"].map((to) => ["resolver/growth.ts", 'text === ""', to, "a text of none is kept as one"] as const),
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
