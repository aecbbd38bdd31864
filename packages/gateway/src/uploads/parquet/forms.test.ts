import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TableFieldSchema } from "@chaperone/googlesql";
import { NumberText, type SentValue } from "../../sessions/sent-value.ts";
import { requireTypes } from "../file-types.ts";
import { ParquetRows } from "./rows.ts";
import {
  BYTE_ARRAY,
  type Element,
  INT32,
  int32,
  type MadeColumn,
  madeFile,
  OPTIONAL,
  REPEATED,
  REQUIRED,
  runs,
  texts,
} from "./testing/made-file.ts";

/** By their numbers among the older names of types. */
const [UTF8, MAP, MAP_KEY_VALUE, LIST] = [0, 1, 2, 3];

const group = (name: string, children: number, repetition: number, converted?: number): Element => ({
  3: repetition,
  4: name,
  5: children,
  6: converted,
});
const int = (name: string, repetition: number): Element => ({ 1: INT32, 3: repetition, 4: name });
const text = (name: string, repetition: number): Element => ({ 1: BYTE_ARRAY, 3: repetition, 4: name, 6: UTF8 });

const field = (name: string, type: string, mode = "NULLABLE", fields?: TableFieldSchema[]): TableFieldSchema => ({
  name,
  type,
  mode,
  ...(fields === undefined ? {} : { fields }),
});
const record = (name: string, mode: string, ...fields: TableFieldSchema[]) => field(name, "RECORD", mode, fields);

/** Its rows as the table has them. Throws UploadError. */
function rowsOf(file: Uint8Array, table: readonly TableFieldSchema[]): unknown[] {
  const rows = new ParquetRows(file, table, { values: 10_000, characters: 100_000 });
  requireTypes("Parquet", rows.fields, table);
  return [...rows.rows()].map(plain);
}

function plain(value: SentValue): unknown {
  if (value instanceof NumberText) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}

/** One column of whole numbers, in this path, with its levels. */
const numbers = (path: string[], repetitions: number[], definitions: number[], ...values: number[]): MadeColumn => ({
  path,
  type: INT32,
  pages: [
    { values: definitions.length, bytes: [...runs(...repetitions), ...runs(...definitions), ...int32(...values)] },
  ],
});

const other = { name: "UploadError", message: /has another type than the table's/ };
const INTEGERS = field("a", "INTEGER", "REPEATED");

describe("lists of a Parquet file", () => {
  /** [1, NULL, 2], none, NULL. */
  const standard = (list: string, element: string) =>
    madeFile(
      [group("a", 1, OPTIONAL, LIST), group(list, 1, REPEATED), int(element, OPTIONAL)],
      [numbers(["a", list, element], [0, 1, 1, 0, 0], [3, 2, 3, 1, 0], 1, 2)],
      3,
      1,
    );
  /** [1, 2], none, NULL: the value itself is repeated. */
  const twoLevels = madeFile(
    [group("a", 1, OPTIONAL, LIST), int("array", REPEATED)],
    [numbers(["a", "array"], [0, 1, 0, 0], [2, 2, 1, 0], 1, 2)],
    3,
    1,
  );

  it("are arrays where the table has arrays, whatever older writers called their parts", () => {
    for (const [list, element] of [
      ["list", "element"],
      ["bag", "array_element"],
      ["element", "num"],
    ] as const)
      assert.deepEqual(rowsOf(standard(list, element), [INTEGERS]), [{ a: [1, null, 2] }, { a: [] }, { a: null }]);
    assert.deepEqual(rowsOf(twoLevels, [INTEGERS]), [{ a: [1, 2] }, { a: [] }, { a: null }]);
    const bare = madeFile([int("a", REPEATED)], [numbers(["a"], [0, 1, 0], [1, 1, 0], 1, 2)], 2);
    assert.deepEqual(rowsOf(bare, [INTEGERS]), [{ a: [1, 2] }, { a: [] }]);
  });

  it("are the records that the file has where the table has these, as BigQuery reads them without list inference", () => {
    const table = (list: string, element: string) => [
      record("a", "NULLABLE", record(list, "REPEATED", field(element, "INTEGER"))),
    ];
    for (const [list, element] of [
      ["list", "element"],
      ["bag", "array_element"],
    ] as const) {
      assert.deepEqual(rowsOf(standard(list, element), table(list, element)), [
        { a: { [list]: [{ [element]: 1 }, { [element]: null }, { [element]: 2 }] } },
        { a: { [list]: [] } },
        { a: null },
      ]);
    }
    assert.deepEqual(rowsOf(twoLevels, [record("a", "NULLABLE", field("array", "INTEGER", "REPEATED"))]), [
      { a: { array: [1, 2] } },
      { a: { array: [] } },
      { a: null },
    ]);
    assert.throws(() => rowsOf(standard("list", "element"), [field("a", "INTEGER")]), other);
    assert.throws(() => rowsOf(standard("list", "element"), [field("a", "STRING", "REPEATED")]), other);
  });

  it("whose repeated group is itself the value are arrays of records", () => {
    const file = (list: string, ...members: Element[]) =>
      madeFile(
        [group("a", 1, REQUIRED, LIST), group(list, members.length, REPEATED), ...members],
        members.map((member) => numbers(["a", list, String(member[4])], [0, 1], [1, 1], 1, 2)),
        1,
        1,
      );
    const rows = (one: Uint8Array, ...fields: TableFieldSchema[]) => rowsOf(one, [record("a", "REPEATED", ...fields)]);
    const n = field("n", "INTEGER");
    // One member, by the names that mean the value itself; two members, by whatever name.
    for (const list of ["array", "a_tuple"])
      assert.deepEqual(rows(file(list, int("n", REQUIRED)), n), [{ a: [{ n: 1 }, { n: 2 }] }]);
    assert.deepEqual(rows(file("list", int("n", REQUIRED), int("m", REQUIRED)), n, field("m", "INTEGER")), [
      {
        a: [
          { n: 1, m: 1 },
          { n: 2, m: 2 },
        ],
      },
    ]);
    assert.deepEqual(rowsOf(file("b_tuple", int("n", REQUIRED)), [INTEGERS]), [{ a: [1, 2] }]);
    // One member that is many.
    const many = madeFile(
      [group("a", 1, REQUIRED, LIST), group("list", 1, REPEATED), int("n", REPEATED)],
      [numbers(["a", "list", "n"], [0, 2, 1], [2, 2, 1], 1, 2)],
      1,
      1,
    );
    assert.deepEqual(rows(many, field("n", "INTEGER", "REPEATED")), [{ a: [{ n: [1, 2] }, { n: [] }] }]);
  });

  it("of lists are no arrays, but records with arrays where the table has these", () => {
    // [[1], [2, 3]]
    const nested = madeFile(
      [
        group("a", 1, OPTIONAL, LIST),
        group("list", 1, REPEATED),
        group("element", 1, OPTIONAL, LIST),
        group("list", 1, REPEATED),
        int("element", OPTIONAL),
      ],
      [numbers(["a", "list", "element", "list", "element"], [0, 1, 2], [5, 5, 5], 1, 2, 3)],
      1,
      1,
    );
    assert.throws(() => rowsOf(nested, [INTEGERS]), other);
    assert.throws(() => rowsOf(nested, []), { name: "UploadError", message: /list of lists/ });
    const inner = record("element", "NULLABLE", record("list", "REPEATED", field("element", "INTEGER")));
    assert.deepEqual(rowsOf(nested, [record("a", "NULLABLE", record("list", "REPEATED", inner))]), [
      {
        a: { list: [{ element: { list: [{ element: 1 }] } }, { element: { list: [{ element: 2 }, { element: 3 }] } }] },
      },
    ]);
    const arrays = record("list", "REPEATED", field("element", "INTEGER", "REPEATED"));
    assert.deepEqual(rowsOf(nested, [record("a", "NULLABLE", arrays)]), [
      { a: { list: [{ element: [1] }, { element: [2, 3] }] } },
    ]);
    // The oldest form of it.
    const old = madeFile(
      [group("a", 1, OPTIONAL, LIST), group("array", 1, REPEATED, LIST), int("array", REPEATED)],
      [numbers(["a", "array", "array"], [0, 1, 2], [3, 3, 3], 1, 2, 3)],
      1,
      1,
    );
    assert.deepEqual(rowsOf(old, [record("a", "REPEATED", field("array", "INTEGER", "REPEATED"))]), [
      { a: [{ array: [1] }, { array: [2, 3] }] },
    ]);
  });

  it("with levels deeper than declared, a first that goes on, or fewer than there are rows, are refused", () => {
    const schema = [group("a", 1, OPTIONAL, LIST), group("list", 1, REPEATED), int("element", OPTIONAL)];
    const path = ["a", "list", "element"];
    for (const [repetitions, definitions, rows] of [
      [[0, 2], [3, 3], 1],
      [[0, 3], [3, 3], 1],
      [[0, 1], [4, 3], 1],
      [[1, 0], [3, 3], 1],
      [[0, 1], [3, 3], 2],
      [[0, 0], [3, 3], 1],
      [[0], [3, 3], 1],
    ] as const)
      assert.throws(
        () => rowsOf(madeFile(schema, [numbers(path, [...repetitions], [...definitions], 1, 2)], rows, 1), [INTEGERS]),
        { name: "UploadError" },
        `${repetitions} ${definitions}`,
      );
  });
});

describe("maps of a Parquet file", () => {
  /** {k: 1, l: NULL}, none, NULL. */
  const map = (outer: number, inner: number | undefined, entry: string, key: string, value: string) =>
    madeFile(
      [group("m", 1, OPTIONAL, outer), group(entry, 2, REPEATED, inner), text(key, REQUIRED), int(value, OPTIONAL)],
      [
        {
          path: ["m", entry, key],
          type: BYTE_ARRAY,
          pages: [{ values: 4, bytes: [...runs(0, 1, 0, 0), ...runs(2, 2, 1, 0), ...texts("k", "l")] }],
        },
        numbers(["m", entry, value], [0, 1, 0, 0], [3, 2, 1, 0], 1),
      ],
      3,
      1,
    );
  const entries = (key: string, value: string, name: string) =>
    record(name, "REPEATED", field(key, "STRING"), field(value, "INTEGER"));

  it("are a record of repeated keys and values, or an array of these, as the table has them", () => {
    for (const [outer, inner, entry, key, value] of [
      [MAP, undefined, "key_value", "key", "value"],
      [MAP, MAP_KEY_VALUE, "key_value", "key", "value"],
      [MAP_KEY_VALUE, undefined, "map", "key", "value"],
      [MAP, undefined, "map", "str", "num"],
    ] as const) {
      const file = map(outer, inner, entry, key, value);
      const two = [
        { [key]: "k", [value]: 1 },
        { [key]: "l", [value]: null },
      ];
      assert.deepEqual(rowsOf(file, [record("m", "NULLABLE", entries(key, value, entry))]), [
        { m: { [entry]: two } },
        { m: { [entry]: [] } },
        { m: null },
      ]);
      assert.deepEqual(rowsOf(file, [entries(key, value, "m")]), [{ m: two }, { m: [] }, { m: null }]);
      assert.throws(() => rowsOf(file, [field("m", "STRING")]), other);
      assert.throws(() => rowsOf(file, [record("m", "REPEATED", field(key, "INTEGER"))]), /another type/);
    }
  });

  it("may have no values, and lists for values", () => {
    const keys = madeFile(
      [group("m", 1, REQUIRED, MAP), group("key_value", 1, REPEATED), int("key", REQUIRED)],
      [numbers(["m", "key_value", "key"], [0, 1], [1, 1], 1, 2)],
      1,
      1,
    );
    assert.deepEqual(rowsOf(keys, [record("m", "REPEATED", field("key", "INTEGER"))]), [
      { m: [{ key: 1 }, { key: 2 }] },
    ]);
    const lists = madeFile(
      [
        group("m", 1, REQUIRED, MAP),
        group("key_value", 2, REPEATED),
        int("key", REQUIRED),
        group("value", 1, OPTIONAL, LIST),
        group("list", 1, REPEATED),
        int("element", REQUIRED),
      ],
      [
        numbers(["m", "key_value", "key"], [0, 1], [1, 1], 7, 8),
        numbers(["m", "key_value", "value", "list", "element"], [0, 2, 1], [3, 3, 1], 1, 2),
      ],
      1,
      1,
    );
    const value = field("value", "INTEGER", "REPEATED");
    assert.deepEqual(rowsOf(lists, [record("m", "REPEATED", field("key", "INTEGER"), value)]), [
      {
        m: [
          { key: 7, value: [1, 2] },
          { key: 8, value: null },
        ],
      },
    ]);
  });

  it("whose keys and values disagree about how many there are, are refused", () => {
    const schema = [
      group("m", 1, REQUIRED, MAP),
      group("key_value", 2, REPEATED),
      int("key", REQUIRED),
      int("value", REQUIRED),
    ];
    const file = (repetitions: number[], definitions: number[]) =>
      madeFile(
        schema,
        [
          numbers(["m", "key_value", "key"], [0, 1], [1, 1], 1, 2),
          numbers(["m", "key_value", "value"], repetitions, definitions, 1, 2),
        ],
        1,
        1,
      );
    const table = [record("m", "REPEATED", field("key", "INTEGER"), field("value", "INTEGER"))];
    assert.deepEqual(rowsOf(file([0, 1], [1, 1]), table), [
      {
        m: [
          { key: 1, value: 1 },
          { key: 2, value: 2 },
        ],
      },
    ]);
    for (const [repetitions, definitions] of [
      [[0], [1]],
      [
        [0, 1],
        [1, 0],
      ],
      [[0], [0]],
      [
        [0, 1, 1],
        [1, 1, 1],
      ],
    ] as const)
      assert.throws(() => rowsOf(file([...repetitions], [...definitions]), table), { name: "UploadError" });
  });
});

describe("groups of a Parquet file", () => {
  it("that are of another kind, or whose kind isn't that of what they hold, are refused", () => {
    const one = numbers(["a", "x"], [], [], 1);
    const bytes = { ...one, pages: [{ values: 1, bytes: int32(1) }] };
    for (const kind of [
      group("a", 1, REQUIRED, LIST),
      group("a", 1, REQUIRED, MAP),
      group("a", 1, REQUIRED, MAP_KEY_VALUE),
      group("a", 1, REQUIRED, UTF8),
      // VARIANT, and one that nobody knows yet.
      { ...group("a", 1, REQUIRED), 10: { 16: {} } },
      { ...group("a", 1, REQUIRED), 10: { 99: {} } },
    ])
      assert.throws(
        () =>
          rowsOf(madeFile([kind, int("x", REQUIRED)], [bytes], 1, 1), [record("a", "NULLABLE", field("x", "INTEGER"))]),
        { name: "UploadError", message: /Field a of the Parquet file is neither a value, a record, a list nor a map/ },
      );
  });

  it("with two members of one name are refused, wherever they stand", () => {
    const member = (name: string) => ({ ...numbers(["a", name], [], [], 1), pages: [{ values: 1, bytes: int32(1) }] });
    for (const [x, y] of [
      ["x", "x"],
      ["x", "X"],
    ] as const) {
      const file = madeFile(
        [group("a", 2, REQUIRED), int(x, REQUIRED), int(y, REQUIRED)],
        [member(x), member(y)],
        1,
        1,
      );
      assert.throws(() => rowsOf(file, []), { name: "UploadError", message: /two fields of one name/ });
    }
  });
});
