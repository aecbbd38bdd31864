/** Mutants of flow.ts, of the plan's making and of the resolver's conditions that change no plan, with why. */

/**
 * The file, the text that is lost (`… in …`, where the same is lost elsewhere too), and what stands
 * there instead.
 */
export type Same = readonly [file: string, from: string, to: string, why: string];

export const SAME_FLOW: readonly Same[] = [
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
      ...["explicit", "implicit"].flatMap((part) =>
        (
          [
            [`flow.${part}.size > 0 && ${part}s++ === 0`, `${part}s++ === 0`],
            [`flow.${part}.size > 0`, `flow.${part}.size >= 0`],
            [`${part}s > 1`, "true"],
            [`${part}s > 1`, `${part}s >= 1`],
          ] as const
        ).map(([from, to]) => [from, to, "one united with what has none is that one"] as const),
      ),
      ...["flow", "field"].map(
        (of) =>
          [
            `null in { ...${of}, explicit: NO_SOURCES, fields: null }`,
            "undefined",
            "of what is united with others nobody asks for the fields",
          ] as const,
      ),
      ...(
        [
          ["leaf.pieces === power", "false"],
          ["piecesOf([value]) <= 1", "false"],
          ["piecesOf([value]) <= 1", "piecesOf([value]) < 1"],
          ["route(ways) !== ways", "true"],
          ["!changes", "false"],
          ["conditions.length === 0", "false"],
          ["keys.size === 0", "false"],
          ["value.fields === null && value.level <= depth", "false"],
          ["value.level <= depth", "value.level < depth"],
          ["flow.implicit.size === 0", "false"],
          ["value.explicit.size === 0", "false"],
        ] as const
      ).map(([from, to]) => [from, to, "made anew it is the same"] as const),
      [
        "1 in { ...shown, pieces: 1, implicit: keysOf(shown), constant: false }",
        "undefined",
        "of those united the longest counts, and each is as long as one",
      ],
      ...["known", "flow"].map(
        (of) => [`${of}.explicit.get(key) ?? 0`, `${of}.explicit.get(key)`, "what isn't there has no bit"] as const,
      ),
      ["flow.implicit.size === 0", "true", "what decided over a STRUCT stands both at the STRUCT and in its fields"],
      ...(
        [
          ["set.size > largest.size", "true"],
          ["set.size > largest.size", "false"],
          ["set.size > largest.size", "set.size >= largest.size"],
          ["largest = set", "null"],
          ["set === largest", "false"],
          ["all === null && !largest.has(key)", "all === null"],
          ["largest.has(key)", "false"],
        ] as const
      ).map(([from, to]) => [from, to, "whichever the others are added to, all are there"] as const),
    ] as const
  ).map(([from, to, why]) => ["flow/flow.ts", from, to, why] as const),
  ...(
    [
      ['distinct[i] ?? ""', "distinct[i]", "each column has a name"],
      ["relation.valueTable", "false", "rows that are values have one column, and no other is of its row"],
      ["!relation.valueTable || row === undefined", "!relation.valueTable", "rows that are values have a column"],
      ...["scalar", "range"].map(
        (kind) => [`"${kind}"`, "Symbol()", "a type that no case names is given back as well"] as const,
      ),
      [
        "flow.implicit in [flow.implicit, rows]",
        "no item",
        "what decided over a STRUCT stands both at the STRUCT and in its fields",
      ],
      ...["true", "list.length >= 1"].map((to) => ["list.length > 1", to, "one alone is in order"] as const),
      ["USES[uses - 1] ?? []", "USES[uses - 1]", "each set of uses has its list"],
      ["usesOf.get(key) ?? 0", "usesOf.get(key)", "what isn't there has no bit"],
      ["(known & use) === 0", "true", "noted again it is the same"],
      ["last === null || !isColumnOf(key, last)", "true", "looked up again they are the same"],
      ["effects.some(leaves)", "true", "what decides over calls is told to none that isn't one"],
      [
        "decided.length === 0",
        "false",
        "sources are sorted, and what is told its own result is decided by that, as a call's value",
      ],
      ...["remote_function", "python", "model"].map(
        (kind) => [`"${kind}"`, "Symbol()", "a kind that no case names is given back, which holds"] as const,
      ),
      ...["load", "grant"].map(
        (kind) => [`"${kind}"`, "Symbol()", "such a statement reads nothing but what decided over its branch"] as const,
      ),
      ...["external_query", "procedure", "session"].map(
        (kind) => [`"${kind}"`, "Symbol()", "no statement that is understood has such an effect"] as const,
      ),
    ] as const
  ).map(([from, to, why]) => ["plan-statement.ts", from, to, why] as const),
  ...(
    [
      [
        "joining.ts",
        "state === null || state === this.#last",
        "state === null",
        "a way that comes again says what it said",
      ],
      ["joining.ts", "this.#ways === 1 && before !== null", "this.#ways === 1", "where there was a way it is known"],
      ["joining.ts", "first === undefined", "false", "a name that is there has a table"],
      ["joining.ts", "[] in return [];", "null", "a name that is there has a table"],
      ["joining.ts", "state.written !== before?.written", "true", "what is there is added again"],
      ["joining.ts", "variables === before?.variables", "false", "the same says the same"],
      ["joining.ts", "routines === before?.routines", "false", "the same says the same"],
      ["joining.ts", "joining.state() ?? exit.state", "joining.state()", "a state was added"],
      ["state.ts", "keys.size === 0", "false", "made anew the state is the same"],
      ["state.ts", "variables.size === state.variables.size", "false", "made anew the state is the same"],
      ["state.ts", "added.length === 0", "false", "made anew the tables are the same"],
      ["temporary-tables.ts", "undone && known !== undefined", "undone", "what isn't known isn't dropped by its name"],
      ["temporary-tables.ts", '"alter"', "Symbol()", "ALTER of a temporary table is refused before"],
      [
        "temporary-tables.ts",
        "a.length > UNLIKE.length && a.length === b.length",
        "a.length === b.length",
        "of two that are like none, what meets is like none",
      ],
      [
        "temporary-tables.ts",
        "a.length > UNLIKE.length",
        "a.length >= UNLIKE.length",
        "of two that are like none, what meets is like none",
      ],
      ["temporary-tables.ts", "b.columns[i]?.flow ?? column.flow", "b.columns[i]?.flow", "both have as many columns"],
      [
        "temporary-tables.ts",
        "other !== undefined && covers(column.flow, other.flow)",
        "covers(column.flow, other.flow)",
        "both have as many columns",
      ],
    ] as const
  ).map(([file, from, to, why]) => [`resolver/script/${file}`, from, to, why] as const),
  ...(
    [
      ["branches.ts", "state.error ?? NO_KEYS", "state.error", "RAISE alone stands in a handler, which has an error"],
      ["loops.ts", "joinedAll([head, made.again]) ?? head", "joinedAll([head, made.again])", "both are there"],
      [
        "procedures.ts",
        "target === null || last === undefined",
        "target === null",
        "an argument is in scope to the procedure's end",
      ],
      ["procedures.ts", "joinedAll([open.entry, start]) ?? start", "joinedAll([open.entry, start])", "both are there"],
      [
        "procedures.ts",
        "!activation.recursive || (!activation.grown && says(activation.outcome, made))",
        "(!activation.grown && says(activation.outcome, made))",
        "analysed again it says the same",
      ],
      [
        "procedures.ts",
        'p.type ?? context.fail("type", "ANY TYPE", node)',
        "p.type",
        "what is made takes no ANY TYPE, which is refused before",
      ],
      ["result.ts", "first === undefined", "false", "there is a last statement, or null for none"],
      ["result.ts", "[] in return [];", "null", "there is a last statement, or null for none"],
      ["result.ts", "by.length === 0", "false", "what nothing decided is as it was"],
      ["result.ts", "outputs[i] ?? []", "outputs[i]", "all have as many columns"],
      ["result.ts", "list ?? []", "list", "of one type all have fields or none has"],
      ["run.ts", "...context.errors", "no item", "what an error says is computed, or decides"],
      ["run.ts", "known.ran", "no item", "what is told of those that ran holds what decided over the ones before"],
      [
        "run.ts",
        'context.scanned.length > 0 || plan.kind !== "SELECT" || plan.effects.length > 0',
        'context.scanned.length > 0 || plan.kind !== "SELECT"',
        "a query that has an effect can fail by its values, or goes over rows",
      ],
      ["steps.ts", "!caught", "false", "where nothing handles it nobody asks where a failure left off"],
      [
        "steps.ts",
        'statement.kind !== "CreateFunctionStatement" || !statement.temporary',
        "!statement.temporary",
        "LOAD DATA alone is temporary too, which is refused before",
      ],
      ["steps.ts", "changed.length === 0", "false", "made anew the routines are the same"],
      [
        "steps.ts",
        'statement.kind !== "CreateTableStatement"',
        "false",
        "no other statement that writes a temporary table says OR REPLACE or IF NOT EXISTS",
      ],
      [
        "told.ts",
        'kind === "external_table" && through !== undefined',
        'kind === "external_table"',
        "an external table has a name",
      ],
      ["variables.ts", "first === undefined", "false", "SET has a target"],
      ["variables.ts", 'target.kind === "Identifier"', "true", "the parser takes no system variable among several"],
    ] as const
  ).map(([file, from, to, why]) => [`resolver/script/${file}`, from, to, why] as const),
  ...(
    [
      [
        "clauses.ts",
        'limit.count.kind === "IntegerLiteral" && Number(limit.count.text) === 0',
        "Number(limit.count.text) === 0",
        "no other has a text",
      ],
      ["common-tables.ts", "ordered.has(first)", "false", "what it is behind was found before"],
      ["common-tables.ts", "more === undefined", "false", "of one query the union is that query"],
      [
        "common-tables.ts",
        "done === true in done === true ? undefined : entries.get(other)",
        "false",
        "no table has no name",
      ],
      ["from-clause.ts", "a === NO_FROM", "false", "beside nothing the names are the same"],
      [
        "from-clause.ts",
        "both.values ?? [] in (both.values ?? [])",
        "both.values",
        "two side by side have a list of them",
      ],
      [
        "group-by.ts",
        "first === undefined || named.length === 0",
        "named.length === 0",
        "what has no name is no item's",
      ],
      [
        "group-by.ts",
        'aggregated || expression === null || expression.kind === "PathExpression"',
        "aggregated || expression === null",
        "what stands in a path is the path, which is a key",
      ],
      [
        "lambda-call.ts",
        "value !== undefined in if (value !== undefined) addName(names, { ...value, name });",
        "true",
        "there are as many values",
      ],
      [
        "expression.ts",
        "frame?.references.length ?? 0",
        "frame?.references.length",
        "where there is no frame there is no key",
      ],
      ["expression.ts", '"DatePart"', "Symbol()", "a part of a date stands in the call alone that takes it"],
      ["expression.ts", "node.operands[0] ?? null", "node.operands[0]", "it has two operands at least"],
      ["expression.ts", "node.operands[i] ?? null", "node.operands[i]", "each value is an operand's"],
      [
        "expression.ts",
        'operand.type.kind === "scalar" && operand.type.name === "JSON"',
        'operand.type.name === "JSON"',
        "what is no scalar has no name",
      ],
      [
        "expression.ts",
        'from.kind === "struct" && to.kind === "struct" && operand.flow.fields !== null',
        'from.kind === "struct" && to.kind === "struct"',
        "a STRUCT whose fields aren't told apart is computed already, or of no column",
      ],
      ...['from.kind === "struct"', 'to.kind === "struct"'].map(
        (to) =>
          [
            "expression.ts",
            'from.kind === "struct" && to.kind === "struct"',
            to,
            "a STRUCT is cast to a STRUCT, and nothing else is",
          ] as const,
      ),
      [
        "expression.ts",
        "to.fields[i]?.type ?? field.type",
        "to.fields[i]?.type",
        "a STRUCT is cast to one of as many fields",
      ],
      ["never-null.ts", "first === undefined || more !== undefined", "more !== undefined", "a name has a part"],
      ["never-null.ts", "null in return null;", "[]", "nothing asks whether that is taken apart"],
      [
        "never-null.ts",
        'array?.kind === "FunctionCall" || array?.kind === "ArrayExpression" || array?.kind === "SubqueryExpression"',
        "true",
        "nothing asks of another expression whether it is taken apart",
      ],
      ["path.ts", "known !== undefined", "false", "made again they are the same"],
      ["path.ts", "FIELDS.set(fields, placed);", "nothing", "made again they are the same"],
      ["piped-rows.ts", "valueTable && value !== undefined", "valueTable", "rows that are values have a column"],
      ["piped-rows.ts", "rows.valueTable && only?.row", "rows.valueTable", "rows that are values are one value each"],
      ...["Log", "Fork", "Tee", "Insert", "ExportData", "CreateTable"].map(
        (kind) => ["pipes.ts", `"Pipe${kind}"`, "Symbol()", "such an operator is refused before"] as const,
      ),
      ["pivot.ts", "pivot.aggregates[i] ?? { alias: null }", "pivot.aggregates[i]", "each has one"],
      ["private-aggregate.ts", "flow in [flow, frame.rows]", "no item", "what is of no column shows nothing"],
      ["private-aggregate.ts", '"StarArgument"', "Symbol()", "a * stands first alone, and is taken before"],
      ["private-aggregate.ts", '"NamedArgument"', "Symbol()", "what has a name isn't among these"],
      [
        "query.ts",
        '"FromQuery" in case "FromQuery": return relationOf(context, fromRows(context, body, parent, tables), body);',
        "Symbol()",
        "a query that starts with FROM is resolved with its names",
      ],
      [
        "recursion.ts",
        "before !== undefined && covers(before.flow, column.flow)",
        "covers(before.flow, column.flow)",
        "both have as many columns",
      ],
      ["scope.ts", "!CAPITAL.test(name)", "false", "without a capital it is the same"],
      ["scope.ts", "CAPITAL.test(name)", "true", "without a capital it is the same"],
      ["scope.ts", "ASCII.test(name)", "false", "of ASCII alone, both ways give the same"],
      ["scope.ts", "s.aliases && s.frame !== null", "s.aliases", "aliases are those of a SELECT"],
      [
        "select.ts",
        'item.kind !== "SelectExpression" || item.alias !== null',
        "item.alias !== null",
        "a star has no alias",
      ],
      [
        "routine-call.ts",
        "frame !== null && parameters[i]?.aggregate === true",
        "parameters[i]?.aggregate === true",
        "only an aggregate function has such parameters",
      ],
      ["routine-call.ts", '"DatePart"', "no item", "in a routine's call it is a name, or a call"],
      ["routine-call.ts", "known !== undefined", "false", "read again the body is the same"],
      ["routine-call.ts", "BODIES.set(resource, body);", "nothing", "read again the body is the same"],
      ["set-operation.ts", "input.columns[i] ?? named", "input.columns[i]", "each has as many columns"],
      ["struct-and-array.ts", 'names[i] ?? ""', "names[i]", "each value has a name, be it empty"],
      ["subquery-value.ts", 'last.kind === "PipeLimit"', "true", "nothing else has a limit"],
      ["subquery-value.ts", '"0" in ["0", "1"]', "no item", "of no rows it has none that are too many"],
      ...(
        [
          ["false", '!sql.includes("|>") || !/insert|export|create/i.test(sql)'],
          ['!sql.includes("|>")', '!sql.includes("|>") || !/insert|export|create/i.test(sql)'],
          ["!/insert|export|create/i.test(sql)", '!sql.includes("|>") || !/insert|export|create/i.test(sql)'],
          ["true", 'sql.includes("|>")'],
          ["true", "/insert|export|create/i.test(sql)"],
        ] as const
      ).map(
        ([to, from]) => ["terminal-pipes.ts", from, to, "a shortcut, which the way for all texts agrees with"] as const,
      ),
      ["unpivot.ts", "group[place] ?? []", "group[place]", "each group has as many"],
      ["unpivot.ts", "second ?? first", "first", "the name in a message"],
      [
        "wildcard.ts",
        "resource.schema?.fields ?? []",
        "resource.schema?.fields",
        "a table without a schema is refused",
      ],
      ["wildcard.ts", "table[i]?.flow ?? []", "table[i]?.flow", "each has as many columns"],
      ["window.ts", "entry.keys === null", "true", "resolved again it is the same"],
    ] as const
  ).map(([file, from, to, why]) => [`resolver/${file}`, from, to, why] as const),
];
