/** Mutants of flow.ts and of the plan's making that change no plan, with why. */

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
      [
        "rows.explicit.size === 0 && !rows.constant",
        "rows.explicit.size === 0",
        "rows that are constant, as an array's elements are, are said to be repeated, which is asked before",
      ],
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
];
