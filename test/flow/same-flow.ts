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
    ] as const
  ).map(([from, to, why]) => ["flow/flow.ts", from, to, why] as const),
];
