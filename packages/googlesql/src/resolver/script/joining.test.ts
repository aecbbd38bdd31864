/** What holds where ways of a script meet: all that holds on any of them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { columnFlow, type Flow, NOTHING } from "../../flow/flow.ts";
import type { CreateProcedureStatement } from "../../tree.ts";
import { STRING } from "../../types.ts";
import type { TemporaryTable } from "../statements/written.ts";
import { joinedAll, LeavingWays } from "./joining.ts";
import { branchesOf, type Exit, meeting, outside } from "./outcome.ts";
import { START, type State, type Variable } from "./state.ts";

const KEYS = ["a", "b", "c"].map((name) => `p.d.t\n${name}`);
const [A = "", B = "", C = ""] = KEYS;
const flow = (key: string): Flow => columnFlow("p.d.t", key.slice(-1), STRING);
const statement = (start: number) => ({ start, end: start }) as CreateProcedureStatement;
const [ONE, OTHER] = [statement(1), statement(2)];
const variable = (value: Flow): Variable => {
  return { name: "x", type: STRING, written: "value", flow: value, id: 1, parameterized: false };
};
const keysIn = (value: Flow | undefined): readonly string[] => [...(value?.explicit.keys() ?? [])].sort();

/** Each with a value of its own. */
const states = (of: (key: string) => Partial<State>): State[] => KEYS.map((key) => ({ ...START, ...of(key) }));

describe("of three ways", () => {
  test("a variable is of any of them", () => {
    const joined = joinedAll(states((key) => ({ variables: new Map([["x", variable(flow(key))]]) })));
    assert.deepEqual(keysIn(joined?.variables.get("x")?.flow), KEYS);
  });

  test("a variable that one of them doesn't know is gone", () => {
    const known = { variables: new Map([["x", variable(NOTHING)]]) };
    for (const ways of [
      [known, {}, known],
      [{}, known],
      [known, known, {}],
    ]) {
      assert.equal(joinedAll(ways.map((way) => ({ ...START, ...way })))?.variables.size, 0);
    }
  });

  test("what decided and what was told is of all of them", () => {
    const of = (key: string) => new Set([key]);
    const all = (key: string) => ({
      error: of(key),
      told: of(key),
      cost: of(key),
      ran: of(key),
      changed: of(key),
      branch: of(key),
      survived: of(key),
      lastBy: of(key),
      rowCount: flow(key),
    });
    const joined = joinedAll(states(all));
    for (const set of [
      joined?.error,
      joined?.told,
      joined?.cost,
      joined?.ran,
      joined?.changed,
      joined?.branch,
      joined?.survived,
      joined?.lastBy,
    ]) {
      assert.deepEqual([...(set ?? [])].sort(), KEYS);
    }
    assert.deepEqual(keysIn(joined?.rowCount), KEYS);
    assert.equal(joinedAll(states(() => ({})))?.error, null);
  });

  test("tables are written as any of them wrote them", () => {
    const written = (key: string) => ({
      table: "p.d.t",
      mode: "append" as const,
      columns: [],
      implicit: new Set([key]),
      rows: NOTHING,
      repeated: false,
    });
    const joined = joinedAll(states((key) => ({ written: new Map([["p.d.t", [written(key)]]]) })));
    assert.deepEqual(
      joined?.written.get("p.d.t")?.map(({ implicit }) => [...implicit].sort()),
      [KEYS],
    );
  });
});

describe("a temporary table", () => {
  const table = (more: Partial<TemporaryTable> = {}): Partial<State> => {
    const columns = [{ name: "s", type: STRING, flow: NOTHING }];
    return {
      temporary: new Map([
        ["t", { columns, implicit: new Set<string>(), rows: NOTHING, repeated: false, certain: true, ...more }],
      ]),
    };
  };
  const joined = (...ways: readonly Partial<State>[]) =>
    joinedAll(ways.map((way) => ({ ...START, ...way })))?.temporary.get("t");

  test("is there for certain where it is on each way", () => {
    assert.equal(joined(table(), table(), table())?.certain, true);
    assert.equal(joined(table(), {}, table())?.certain, false);
    assert.equal(joined({}, table())?.certain, false);
    assert.equal(joined(table({ certain: false }), table())?.certain, false);
    assert.equal(joined(table(), table({ certain: false }))?.certain, false);
  });

  test("holds what it does on any of them", () => {
    const [first, second] = [A, B].map((key) => table({ rows: flow(key) }));
    assert.deepEqual(keysIn(joined(first ?? {}, second ?? {}, {})?.rows), [A, B]);
  });
});

describe("a routine", () => {
  const made = (...ways: readonly (readonly (readonly [string, CreateProcedureStatement | null])[])[]) =>
    new Map(joinedAll(ways.map((routines) => ({ ...START, routines: new Map(routines) })))?.routines);

  test("is known where each way made the same", () => {
    assert.deepEqual(made([["r", ONE]], [["r", ONE]], [["r", ONE]]), new Map([["r", ONE]]));
    for (const ways of [
      [[["r", ONE]], [["r", OTHER]]],
      [[["r", ONE]], []],
      [[], [["r", ONE]]],
      [[["r", ONE]], [], [["r", ONE]]],
      [[["r", ONE]], [["r", null]]],
    ] as const)
      assert.deepEqual(made(...ways), new Map([["r", null]]));
  });

  test("is told from others", () => {
    assert.deepEqual(
      made(
        [
          ["q", ONE],
          ["r", ONE],
        ],
        [["q", ONE]],
      ),
      new Map([
        ["q", ONE],
        ["r", null],
      ]),
    );
  });
});

describe("which of two was the last", () => {
  const lastBy = (
    ...ways: readonly (readonly [last: CreateProcedureStatement, branch: string, also?: CreateProcedureStatement])[]
  ) => {
    const all = ways.map(([last, key, also = last]) => ({
      ...START,
      last: new Set([last, also]),
      branch: new Set([key]),
    }));
    return [...(joinedAll(all)?.lastBy ?? [])].sort();
  };

  test("is decided by what decided between them", () => {
    assert.deepEqual(lastBy([ONE, A], [OTHER, B]), [A, B]);
    assert.deepEqual(lastBy([ONE, A], [ONE, B], [OTHER, C]), [A, B, C]);
    assert.deepEqual(lastBy([ONE, A], [ONE, B, OTHER]), [A, B]);
    assert.deepEqual(lastBy([ONE, A, OTHER], [ONE, B]), [A, B]);
    assert.deepEqual(lastBy([ONE, A], [OTHER, B], [OTHER, C]), [A, B, C]);
  });

  test("is no question where there is but one", () => {
    assert.deepEqual(lastBy([ONE, A], [ONE, B]), []);
    assert.deepEqual(lastBy([ONE, A]), []);
  });
});

describe("ways that leave", () => {
  const exit = (kind: Exit["kind"], label: string | null, key: string): Exit => {
    return { kind, label, state: { ...START, branch: new Set([key]) } };
  };
  const left = (...exits: readonly Exit[]) => {
    const ways = new LeavingWays();
    ways.add(exits);
    return ways.exits().map(({ kind, label, state }) => [kind, label, [...state.branch].sort()]);
  };

  test("for one place meet there", () => {
    assert.deepEqual(left(exit("break", "l", A), exit("break", "l", B)), [["break", "l", [A, B]]]);
  });

  test("for other places don't", () => {
    const exits = [exit("break", null, A), exit("break", "null", B), exit("continue", null, C)];
    assert.deepEqual(left(...exits), [
      ["break", null, [A]],
      ["break", "null", [B]],
      ["continue", null, [C]],
    ]);
  });

  test("tell what decided that they do", () => {
    assert.deepEqual([...branchesOf([exit("break", null, A), exit("return", null, B)])].sort(), [A, B]);
    assert.deepEqual([...branchesOf([])], []);
  });
});

test("where all ways meet again, nothing between decided that control is there", () => {
  const way = { ...START, branch: new Set([A]) };
  assert.deepEqual(meeting(START, [way, null], [])?.branch, START.branch);
  assert.deepEqual(meeting(START, [way], [{ kind: "break", label: null, state: way }])?.branch, way.branch);
  assert.equal(meeting(START, [null], []), null);
});

test("outside of a block its variables are gone, however it ends", () => {
  const inner = { ...START, variables: new Map([["x", variable(NOTHING)]]) };
  const seen = outside(
    { next: inner, exits: [{ kind: "break", label: null, state: inner }], interrupted: inner },
    START,
  );
  for (const state of [seen.next, seen.exits[0]?.state, seen.interrupted]) assert.equal(state?.variables.size, 0);
  assert.deepEqual(outside({ next: null, exits: [], interrupted: null }, START), {
    next: null,
    exits: [],
    interrupted: null,
  });
});
