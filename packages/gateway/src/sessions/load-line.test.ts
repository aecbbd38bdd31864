import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TableFieldSchema } from "@chaperone/googlesql";
import { LoadLines } from "./load-line.ts";
import { parseSentJson, ValueCount } from "./sent-value.ts";

function line(field: Partial<TableFieldSchema>, row: string, jsonTexts = false): string {
  const lines = new LoadLines([{ name: "f", type: "STRING", ...field }], { ignoreUnknownValues: false, jsonTexts });
  return lines.lineOf(parseSentJson(row), new ValueCount());
}

describe("a row as a line of JSON", () => {
  it("has each value as BigQuery's own export writes it", () => {
    for (const [type, sent, written] of [
      ["STRING", '"a\\"\\n\\u2028"', '"a\\"\\n\u2028"'],
      ["STRING", "1.50", '"1.50"'],
      ["INTEGER", "-9223372036854775808", '"-9223372036854775808"'],
      ["INT64", '"007"', '"7"'],
      ["FLOAT", '"+Inf"', '"Infinity"'],
      ["FLOAT", '"-inf"', '"-Infinity"'],
      ["FLOAT", '"NaN"', '"NaN"'],
      ["FLOAT64", '"+.5"', "0.5"],
      ["NUMERIC", "0.10", '"0.10"'],
      ["BOOLEAN", '"TRUE"', "true"],
      ["BYTES", '"-_8="', '"+/8="'],
      ["DATE", '"2024-1-2"', '"2024-01-02"'],
      ["TIME", '"1:2:3.5"', '"01:02:03.5"'],
      ["DATETIME", '"2024-1-2t3:04:05"', '"2024-01-02 03:04:05"'],
      ["TIMESTAMP", '"2024-01-02T03:04:05.123456z"', '"2024-01-02 03:04:05.123456Z"'],
      ["TIMESTAMP", "1.5", '"1970-01-01 00:00:01.500000Z"'],
      ["JSON", '{"a":[1.0,null,"x"]}', '{"a":[1.0,null,"x"]}'],
      ["JSON", '"x"', '"x"'],
    ] as const)
      assert.equal(line({ type }, `{"f":${sent}}`), `{"f":${written}}\n`, `${type} ${sent}`);
  });

  it("holds no half of a pair of surrogates, and no member twice", () => {
    assert.throws(() => line({}, '{"f":"a\\ud800b"}'), /half of a pair of surrogates/);
    assert.equal(line({}, '{"f":"\\ud83d\\ude00"}'), '{"f":"😀"}\n');
    assert.throws(() => line({ type: "JSON" }, '{"f":"{\\"a\\":1,\\"a\\":2}"}', true), /Cannot convert value to json/);
    assert.equal(
      line({ type: "JSON" }, '{"f":"{\\"a\\":1,\\"b\\":[{\\"a\\":2}]}"}', true),
      '{"f":{"a":1,"b":[{"a":2}]}}\n',
    );
  });

  it("holds no number that its column can't", () => {
    assert.throws(() => line({ type: "INTEGER" }, '{"f":9223372036854775808}'), /Cannot convert value to int64/);
    assert.throws(() => line({ type: "FLOAT" }, '{"f":1e400}'), /Cannot convert value to float64/);
  });

  it("leaves out what is NULL, but where a default would come instead", () => {
    assert.equal(line({}, '{"f":null}'), "{}\n");
    assert.equal(line({ mode: "REPEATED" }, '{"f":[]}'), "{}\n");
    assert.equal(line({ mode: "REPEATED" }, '{"f":["a","b"]}'), '{"f":["a","b"]}\n');
    const fields = [
      { name: "a", type: "INTEGER" },
      { name: "b", type: "DATE", mode: "REPEATED" },
    ];
    assert.equal(line({ type: "RECORD", fields }, '{"f":{"B":["2024-01-02"]}}'), '{"f":{"b":["2024-01-02"]}}\n');
    assert.equal(line({ type: "RECORD", mode: "REPEATED", fields }, '{"f":[{},{"a":1}]}'), '{"f":[{},{"a":"1"}]}\n');
    assert.equal(line({ type: "RECORD", mode: "REQUIRED", fields }, '{"f":{}}'), '{"f":{}}\n');
    assert.equal(line({ defaultValueExpression: "'x'" }, '{"f":null}'), '{"f":null}\n');
    assert.throws(() => line({ defaultValueExpression: "'x'" }, "{}"), /has a default/);
    assert.throws(() => line({ mode: "REQUIRED" }, "{}"), /Missing required field/);
  });

  it("row 9: a JSON text is no way out of its field, nor out of its line", () => {
    for (const text of ['1},"ssn":"x"', '1}\n{"ssn":"x"}', "", "{'a':1}", "1 2"])
      assert.throws(() => line({ type: "JSON" }, JSON.stringify({ f: text }), true), /Cannot convert value to json/);
    assert.equal(line({ type: "JSON" }, JSON.stringify({ f: '{\n"a" : "\\n" }' }), true), '{"f":{"a":"\\n"}}\n');
    assert.equal(line({ name: "__proto__" }, '{"__proto__":"x"}'), '{"__proto__":"x"}\n');
  });
});
