import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TableFieldSchema } from "@chaperone/googlesql";
import { insertOfRows } from "./sent-rows.ts";
import { parseSentJson, type SentValue } from "./sent-value.ts";

const FIELDS: readonly TableFieldSchema[] = [
  { name: "id", type: "INTEGER", mode: "REQUIRED" },
  { name: "name", type: "STRING" },
  { name: "amount", type: "NUMERIC" },
  { name: "at", type: "TIMESTAMP" },
  { name: "tags", type: "STRING", mode: "REPEATED" },
  {
    name: "inner",
    type: "RECORD",
    fields: [
      { name: "a", type: "INTEGER" },
      { name: "j", type: "JSON" },
    ],
  },
  { name: "place", type: "GEOGRAPHY" },
  { name: "since", type: "DATE", defaultValueExpression: "CURRENT_DATE()" },
];

function rows(json: string, fields = FIELDS.slice(0, 6)) {
  return insertOfRows({
    target: "`p.d.t`",
    fields,
    rows: parseSentJson(json) as readonly SentValue[],
    ignoreUnknownValues: false,
    jsonTexts: true,
  });
}

describe("rows that an agent sends", () => {
  it("become one INSERT whose text holds none of their values", () => {
    const { statement, errors } = rows('[{"id":1,"NAME":"ann"},{"id":"2","tags":["x","y"]}]');
    assert.deepEqual(errors, []);
    assert.equal(
      statement?.sql,
      "INSERT INTO `p.d.t` (`id`, `name`, `tags`) SELECT r.c0, r.c1, r.c2 FROM UNNEST(@rows) AS r",
    );
    const [parameter] = (statement?.parameters ?? []) as unknown as { parameterValue: { arrayValues: unknown[] } }[];
    assert.deepEqual(parameter?.parameterValue.arrayValues, [
      { structValues: { c0: { value: "1" }, c1: { value: "ann" }, c2: { arrayValues: [] } } },
      {
        structValues: {
          c0: { value: "2" },
          c1: { value: null },
          c2: { arrayValues: [{ value: "x" }, { value: "y" }] },
        },
      },
    ]);
  });

  it("have each member once, at every depth, where one reader would take the first and another the last", () => {
    for (const twice of [
      '[{"id":1,"id":2}]',
      '[{"id":1,"inner":{"a":1,"\\u0061":2}}]',
      '[{"id":1,"inner":{"j":{"x":1,"y":2,"x":1}}}]',
    ])
      assert.throws(() => rows(twice), { name: "MemberTwice" });
    assert.deepEqual(rows('[{"id":1,"name":"a:b\\\\","inner":{"a":1}},{"id":2,"inner":{"a":1}}]').errors, []);
    assert.deepEqual(rows("[]").errors, []);
  });

  it("keep their numbers as they were written", () => {
    const { statement } = rows(
      '[{"id":9007199254740993,"amount":0.1234567890123456789,"at":1704067200.5,"inner":{"a":-1,"j":{"n":9007199254740993}}}]',
    );
    const text = JSON.stringify(statement?.parameters);
    for (const value of [
      "9007199254740993",
      "0.1234567890123456789",
      "2024-01-01T00:00:00.500000Z",
      '{\\"n\\":9007199254740993}',
    ])
      assert.ok(text.includes(`"${value}"`), `${value} in ${text}`);
    assert.match(
      JSON.stringify(rows('[{"id":1,"at":-0.000001}]').statement?.parameters),
      /1969-12-31T23:59:59\.999999Z/,
    );
  });

  it("that don't fit are named by place, never by value", () => {
    const cases: [string, string][] = [
      ['[{"id":"123-45-6789"}]', "id"],
      ['[{"id":null}]', "id"],
      ["[{}]", "id"],
      ['[{"id":1,"ID":2}]', "id"],
      ['[{"id":1,"123-45-6789":1}]', ""],
      ['[{"id":1,"__proto__":{"name":"x"}}]', ""],
      ['[{"id":1,"tags":"123-45-6789"}]', "tags"],
      ['[{"id":1,"tags":[null]}]', "tags"],
      ['[{"id":1,"name":["123-45-6789"]}]', "name"],
      ['[{"id":1,"inner":{"a":"123-45-6789"}}]', "inner.a"],
      ['[{"id":1,"inner":{"ssn":"123-45-6789"}}]', "inner"],
      ['[{"id":1,"at":"123-45-6789"}]', "at"],
      ['["123-45-6789"]', ""],
    ];
    for (const [json, location] of cases) {
      const { statement, errors } = rows(json);
      assert.equal(statement, undefined, json);
      assert.equal(errors[0]?.location, location, json);
      assert.doesNotMatch(JSON.stringify(errors), /123|6789/);
    }
  });

  it("that nest too deep are refused like others", () => {
    const deep: SentValue[] = [];
    let inner = deep;
    for (let n = 0; n < 100_000; n++) {
      const next: SentValue[] = [];
      inner.push(next);
      inner = next;
    }
    const fields = [{ name: "j", type: "JSON" }];
    const { statement, errors } = insertOfRows({
      target: "`p.d.t`",
      fields,
      rows: [{ j: deep }],
      ignoreUnknownValues: false,
      jsonTexts: true,
    });
    assert.equal(statement, undefined);
    assert.match(errors[0]?.message ?? "", /too deep/);
  });

  it("go where they can: a type that no parameter has, and a default that some rows would take, are refused", () => {
    assert.match(
      rows('[{"id":1,"place":"POINT(1 2)"}]', FIELDS.slice(0, 7)).errors[0]?.message ?? "",
      /INSERT statement/,
    );
    assert.equal(rows('[{"id":1}]', [...FIELDS]).errors[0]?.location, "since");
    assert.equal(rows('[{"id":1,"since":null}]', [...FIELDS]).errors.length, 0);
    const mixed = rows('[{"id":1},{"id":"x"}]');
    assert.equal(mixed.errors.length, 1);
    assert.ok(mixed.statement);
  });
});
