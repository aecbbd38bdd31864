/** What a loop's round has to say anew for the loop to go on: whatever was forgotten here would be forgotten of every script that loops. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { columnFlow, NOTHING } from "../../flow/flow.ts";
import type { CreateProcedureStatement } from "../../tree.ts";
import { STRING } from "../../types.ts";
import type { TemporaryTable, Written } from "../statements/written.ts";
import { bothWritten, includes, START, type State, type Variable, withWritten } from "./state.ts";

const SSN = columnFlow("p.d.t", "ssn", STRING);
const KEYS = new Set(SSN.explicit.keys());
const at = (start: number) => ({ start, end: start }) as CreateProcedureStatement;
const [ONE, OTHER] = [at(1), at(2)];

const variable = (flow = NOTHING): Variable => {
  return { name: "x", type: STRING, written: "value", flow, id: 1, parameterized: false };
};

const written = (more: Partial<Written> = {}): Written => {
  return { table: "p.d.t", mode: "append", columns: [], implicit: new Set(), rows: NOTHING, repeated: false, ...more };
};
const column = (name: string, flow = NOTHING) => ({ name, type: STRING, flow });
const writing = (...list: Written[]): Partial<State> => ({ written: new Map([["p.d.t", list]]) });

const temporary = (more: Partial<TemporaryTable> = {}): Partial<State> => {
  const table = {
    columns: [column("s")],
    implicit: new Set<string>(),
    rows: NOTHING,
    repeated: false,
    certain: true,
    ...more,
  };
  return { temporary: new Map([["t", table]]) };
};

/** Of each two states the second says more. */
const MORE: readonly (readonly [what: string, less: Partial<State>, more: Partial<State>])[] = [
  ["of a variable", { variables: new Map([["x", variable()]]) }, { variables: new Map([["x", variable(SSN)]]) }],
  [
    "of one of two variables",
    {
      variables: new Map([
        ["x", variable(SSN)],
        ["y", variable()],
      ]),
    },
    {
      variables: new Map([
        ["x", variable(SSN)],
        ["y", variable(SSN)],
      ]),
    },
  ],
  ["that a variable is gone", { variables: new Map([["x", variable()]]) }, {}],
  ["of a temporary table's rows", temporary(), temporary({ rows: SSN })],
  ["of what decided over a temporary table", temporary(), temporary({ implicit: KEYS })],
  ["of a temporary table's column", temporary(), temporary({ columns: [column("s", SSN)] })],
  [
    "of a temporary table that may be missing",
    temporary({ certain: false }),
    temporary({ certain: false, columns: [column("s", SSN)] }),
  ],
  [
    "of one of two columns of a temporary table",
    temporary({ columns: [column("s", SSN), column("q")] }),
    temporary({ columns: [column("s", SSN), column("q", SSN)] }),
  ],
  ["that rows of a temporary table may be repeated", temporary(), temporary({ repeated: true })],
  [
    "that a temporary table is placed by its column",
    temporary(),
    temporary({ columns: [{ ...column("s"), places: true }] }),
  ],
  ["that a temporary table may have other columns", temporary(), temporary({ columns: [], certain: false })],
  [
    "that a temporary table that may be missing has another column",
    temporary({ certain: false }),
    temporary({ certain: false, columns: [column("q")] }),
  ],
  ["that a temporary table may be missing", temporary(), temporary({ certain: false })],
  ["that a routine is another", { routines: new Map([["r", ONE]]) }, { routines: new Map([["r", OTHER]]) }],
  ["that a routine may be another", { routines: new Map([["r", ONE]]) }, { routines: new Map([["r", null]]) }],
  ["that a routine was made", {}, { routines: new Map([["r", ONE]]) }],
  [
    "that one of two routines was dropped",
    {
      routines: new Map([
        ["q", null],
        ["r", ONE],
      ]),
    },
    { routines: new Map([["q", null]]) },
  ],
  ["of the count of rows", {}, { rowCount: SSN }],
  ["of an error", {}, { error: KEYS }],
  ["of an error that was told of something", { error: new Set(["p.d.t\nname"]) }, { error: KEYS }],
  ["of what an error will tell", {}, { told: KEYS }],
  ["of figures", {}, { cost: KEYS }],
  ["of what ran", {}, { ran: KEYS }],
  ["of what decided what was changed", {}, { changed: KEYS }],
  ["of what decided that control is here", {}, { branch: KEYS }],
  ["of what would have failed", {}, { survived: KEYS }],
  ["of what was last", {}, { last: new Set([null, ONE]) }],
  ["of what decided which was last", {}, { lastBy: KEYS }],
  ["of a table that was written", {}, writing(written())],
  ["of a mode of writing", writing(written({ mode: "update" })), writing(written())],
  ["of one of two modes", writing(written({ mode: "update" })), writing(written({ mode: "update" }), written())],
  ["of what decided over rows that are written", writing(written()), writing(written({ implicit: KEYS }))],
  ["of rows that are written", writing(written()), writing(written({ rows: SSN }))],
  ["that rows may be repeated", writing(written()), writing(written({ repeated: true }))],
  ["of a column that is written", writing(written()), writing(written({ columns: [column("a")] }))],
  [
    "of one of two columns that are written",
    writing(written({ columns: [column("b", SSN), column("a")] })),
    writing(written({ columns: [column("b", SSN), column("a", SSN)] })),
  ],
];

describe("a state doesn't include one that says more", () => {
  for (const [what, less, more] of MORE) {
    test(what, () => {
      assert.equal(includes({ ...START, ...less }, { ...START, ...more }), false);
      assert.equal(includes({ ...START, ...more }, { ...START, ...madeAnew(more) }), true);
    });
  }
});

/** The same, made anew, but for the statements that it names. */
function madeAnew({ written: tables, ...rest }: Partial<State>): Partial<State> {
  return tables === undefined
    ? rest
    : { written: new Map([...tables].map(([name, list]) => [name, list.map((one) => ({ ...one }))])) };
}

test("a state includes one of which it knows less for certain", () => {
  const knows = (known: Partial<State>, state: Partial<State>) =>
    includes({ ...START, ...known }, { ...START, ...state });
  assert.equal(knows({}, { variables: new Map([["x", variable(SSN)]]) }), true);
  assert.equal(knows(temporary({ certain: false }), {}), true);
  assert.equal(knows(temporary({ repeated: true }), temporary()), true);
  assert.equal(knows(temporary(), temporary()), true);
  const placed = () => temporary({ columns: [{ ...column("s"), places: true }] });
  assert.equal(knows(placed(), placed()), true);
  assert.equal(knows(placed(), temporary()), true);
});

test("a state includes one that says less", () => {
  const both = writing(written({ mode: "update" }), written({ repeated: true }));
  assert.equal(includes({ ...START, ...both }, { ...START, ...writing(written()) }), true);
  assert.equal(includes({ ...START, ...both }, START), true);
  assert.equal(includes({ ...START, error: KEYS }, START), true);
  const maybe = { ...START, routines: new Map([["r", null]]) };
  assert.equal(includes(maybe, { ...START, routines: new Map([["r", ONE]]) }), true);
  assert.equal(includes(maybe, START), true);
});

describe("tables that a script writes", () => {
  const tables = (...added: Written[]) => withWritten(new Map([["p.d.t", [written({ mode: "update" })]]]), added);

  test("have one entry for each mode", () => {
    const list = tables(written(), written({ mode: "update", implicit: KEYS }), written({ rows: SSN })).get("p.d.t");
    assert.deepEqual(
      list?.map(({ mode, implicit, rows }) => [mode, [...implicit], rows === NOTHING ? 0 : rows.explicit.size]),
      [
        ["update", [...KEYS], 0],
        ["append", [], 1],
      ],
    );
  });

  test("are none that end with it", () => {
    assert.equal(tables(written({ table: "p._SESSION.t" })).size, 1);
  });

  test("hold what either way wrote", () => {
    const a = written({ columns: [column("a", SSN), column("b")] });
    const b = written({ columns: [column("b", SSN)], implicit: KEYS, rows: SSN });
    for (const both of [bothWritten(a, b), bothWritten(b, a)]) {
      assert.deepEqual(
        new Set(both.columns.map(({ name, flow }) => `${name} ${[...flow.explicit.keys()]}`)),
        new Set([`a ${[...KEYS]}`, `b ${[...KEYS]}`]),
      );
      assert.deepEqual([both.implicit, both.rows.explicit], [KEYS, SSN.explicit]);
    }
  });

  test("may have rows that are repeated where either way repeats them", () => {
    const repeated = [true, false].flatMap((a) => [true, false].map((b) => [a, b] as const));
    for (const [a, b] of repeated) {
      assert.equal(bothWritten(written({ repeated: a }), written({ repeated: b })).repeated, a || b);
    }
  });
});
