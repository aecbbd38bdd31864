import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonical, flows, planOf, reads, refusalOf, results, types } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

const predicates = (sql: string): string[] =>
  planOf(sql).reads.flatMap((r) => r.columns.filter((c) => c.uses.includes("predicate")).map((c) => c.path));

table("each kind of function shows what it is given", [
  ["SELECT SEARCH(ssn, '123') AS x FROM patients", "x = transform ssn"],
  ["SELECT SEARCH((name, ssn), '123') AS x FROM patients", "x = transform name, transform ssn"],
  ["SELECT SEARCH(p, '123') AS x FROM pair p", "x = transform pair.a, transform pair.b"],
  ["SELECT TEXT_ANALYZE(ssn)[OFFSET(0)] AS x FROM patients", "x = transform ssn"],
  ["SELECT BAG_OF_WORDS(tags)[OFFSET(0)].term AS x FROM patients", "x = transform tags"],
  ["SELECT TF_IDF(tags) OVER () AS x FROM patients", "x = transform tags"],
  ["SELECT JSON_FLATTEN(doc) AS x FROM patients", "x = transform doc"],
  ["SELECT SAFE_TO_JSON(address) AS x FROM patients", "x = transform address.city, transform address.zip"],
  ["SELECT LAX_STRING_ARRAY(doc) AS x FROM patients", "x = transform doc"],
  ["SELECT ARRAY_MAX(tags) AS x FROM patients", "x = copy tags ? tags"],
  ["SELECT ARRAY_MAX([ssn, '500']) AS x FROM patients", "x = copy ssn ? ssn"],
  ["SELECT ARRAY_INCLUDES_ANY(tags, [ssn]) AS x FROM patients", "x = transform ssn, transform tags"],
  ["SELECT ARRAY_FIRST_N(tags, id) AS x FROM patients", "x = transform id, copy tags ? id"],
  ["SELECT ARRAY_SUM([weight, 1.0]) AS x FROM patients", "x = transform weight"],
  ["SELECT ST_BOUNDINGBOX(ST_GEOGPOINT(weight, 1)).xmin AS x FROM patients", "x = transform weight"],
  ["SELECT ST_EXTENT(ST_GEOGPOINT(weight, 1)) AS x FROM patients", "x = transform weight"],
  [
    "SELECT ST_CLUSTERDBSCAN(ST_GEOGPOINT(weight, 1), 1, 1) OVER (PARTITION BY ssn) AS x FROM patients",
    "x = transform weight ? ssn",
  ],
  ["SELECT KLL_QUANTILES.INIT_FLOAT64(weight) AS x FROM patients", "x = transform weight"],
  ["SELECT DETERMINISTIC_ENCRYPT(b'k', ssn, name) AS x FROM patients", "x = transform name, transform ssn"],
  ["SELECT ML.NGRAMS(tags, [1, 2]) AS x FROM patients", "x = transform tags"],
  ["SELECT ML.MIN_MAX_SCALER(weight) OVER () AS x FROM patients", "x = transform weight"],
  ["SELECT ML.IMPUTER(ssn, 'most_frequent') OVER () AS x FROM patients", "x = transform ssn"],
  ["SELECT ML.TF_IDF(tags, 10) OVER () AS x FROM patients", "x = transform tags"],
]);

table("a value that is passed by name flows like any other", [
  ["SELECT SEARCH('a', 'b', json_scope => ssn) AS x FROM patients", "x = transform ssn"],
  ["SELECT CONTAINS_SUBSTR(doc, 'b', json_scope => ssn) AS x FROM patients", "x = transform doc, transform ssn"],
  ["SELECT TEXT_ANALYZE('a', analyzer_options => ssn) AS x FROM patients", "x = transform ssn"],
  ["SELECT PARSE_JSON('1', wide_number_mode => ssn) AS x FROM patients", "x = transform ssn"],
  ["SELECT MAKE_INTERVAL(1, day => id) AS x FROM patients", "x = transform id"],
  ["SELECT EDIT_DISTANCE('a', 'b', max_distance => id) AS x FROM patients", "x = transform id"],
]);

test("what is passed by name can make a function fail, whatever its place", () => {
  assert.deepEqual(predicates("SELECT SEARCH('a', 'b', analyzer_options => ssn) AS x FROM patients"), ["ssn"]);
  assert.deepEqual(predicates("SELECT SEARCH(ssn, 'b') AS x FROM patients"), []);
  assert.deepEqual(predicates("SELECT SEARCH('b', ssn) AS x FROM patients"), ["ssn"]);
});

describe("whether a function can fail", () => {
  for (const [call, can] of [
    ["DATE(seen)", false],
    ["DATETIME(born)", false],
    ["STRING(seen)", false],
    ["STRING(doc)", true],
    ["DATE(2026, 1, EXTRACT(YEAR FROM seen))", true],
    ["DATE(TIMESTAMP '2026-01-01', ssn)", true],
    ["FLOOR(weight)", false],
    ["FLOOR(CAST(weight AS NUMERIC))", true],
    ["ABS(id)", true],
    ["JSON_FLATTEN(doc)", false],
    ["LAX_INT64_ARRAY(doc)", true],
    ["LAX_INT64(doc)", false],
    ["INT64_ARRAY(doc)", true],
    ["ST_GEOGPOINT(weight, 1)", true],
    ["ST_DWITHIN(ST_GEOGPOINT(1, 1), ST_GEOGPOINT(2, 2), weight)", true],
    ["ARRAY_MAX(tags)", false],
    ["ARRAY_SUM([weight, 1])", true],
    ["DETERMINISTIC_ENCRYPT(b'k', ssn, 'a')", true],
  ] as const)
    test(`${call}: ${can ? "it can" : "it can't"}`, () => {
      const from = call.includes("seen") ? "(SELECT visits[SAFE_OFFSET(0)].seen FROM patients)" : "patients";
      // Which of several is the greatest is a predicate without any failure.
      const compared = call.startsWith("ARRAY_MAX") ? ["tags"] : [];
      const failing = predicates(`SELECT ${call} AS x FROM ${from}`).filter((p) => p !== "*" && !compared.includes(p));
      assert.equal(failing.length > 0, can, failing.join());
    });
});

table("a chained call means what the nested call means", [
  ["SELECT (ssn).UPPER().SUBSTR(1, 2) AS x FROM patients", "x = transform ssn"],
  ["SELECT (ssn).IFNULL(name) AS x FROM patients", "x = copy name, copy ssn"],
  ["SELECT (ssn < '5').IF(name, state) AS x FROM patients", "x = copy name, transform ssn, copy state ? ssn"],
  ["SELECT (ssn).(SAFE.SUBSTR)(1) AS x FROM patients", "x = transform ssn"],
  ["SELECT (born).DATE_TRUNC(MONTH) AS x FROM patients", "x = transform born"],
  ["SELECT (weight).SUM() AS x FROM patients", "x = aggregate weight"],
  ["SELECT (ssn).MAX_BY(name) AS x FROM patients", "x = copy ssn ? name"],
  ["SELECT ('a').CONTAINS_SUBSTR('b', json_scope => ssn) AS x FROM patients", "x = transform ssn"],
  ["SELECT (ssn).LAG() OVER (ORDER BY name) AS x FROM patients", "x = copy ssn ? name"],
]);

describe("a chained call", () => {
  test("stays one in the canonical SQL", () => {
    assert.equal(
      canonical("SELECT (a).upper().substr(1) FROM pair"),
      "SELECT (`a`).upper().substr(1) FROM `clinic`.`ehr`.`pair`",
    );
  });
  test("hides no ERROR and nothing that is refused", () => {
    assert.deepEqual(
      planOf("SELECT (a).ERROR() AS x FROM pair").effects.map((e) => e.kind),
      ["error_value"],
    );
    assert.equal(refusalOf("SELECT (ssn).(AI.AGG)() FROM patients")?.code, "unsupported");
    assert.deepEqual(
      planOf("SELECT (ssn).(AI.GENERATE)() AS x FROM patients").effects.map((e) => e.kind),
      ["model"],
    );
    assert.equal(refusalOf("SELECT (ssn).(NOSUCH)() FROM patients")?.code, "name");
  });
  test("fails as the nested call does", () => {
    assert.deepEqual(predicates("SELECT ('%Y').PARSE_DATE(ssn) AS x FROM patients"), ["ssn"]);
    assert.deepEqual(predicates("SELECT ('%Y').(SAFE.PARSE_DATE)(ssn) AS x FROM patients"), []);
  });
});

table("a lambda sees the elements, and what it captures flows", [
  // As long as the longest, or the shortest, of them.
  ["SELECT ARRAY_ZIP(tags, ['a']) AS x FROM patients", "x = copy tags ? tags"],
  [
    "SELECT ARRAY_LENGTH(ARRAY_ZIP(visits, tags)) AS x FROM patients",
    "x = transform tags, transform visits ? tags, visits",
  ],
  ["SELECT ARRAY_FILTER(tags, e -> e LIKE 'a%') AS x FROM patients", "x = copy tags ? tags"],
  ["SELECT ARRAY_FILTER(tags, e -> e = ssn) AS x FROM patients", "x = transform ssn, copy tags ? ssn, tags"],
  ["SELECT ARRAY_FILTER([1, 2], e -> ssn = 'x') AS x FROM patients", "x = transform ssn ? ssn"],
  ["SELECT ARRAY_FILTER([name, ssn], e -> e = '5') AS x FROM patients", "x = copy name, copy ssn ? name, ssn"],
  ["SELECT ARRAY_LENGTH(ARRAY_FILTER([1, 2], e -> ssn = 'x')) AS x FROM patients", "x = transform ssn ? ssn"],
  ["SELECT ARRAY_FILTER([1, 2], e -> ssn = 'x')[SAFE_OFFSET(0)] IS NULL AS x FROM patients", "x = transform ssn ? ssn"],
  [
    "SELECT ARRAY_FILTER(visits, v -> v.note = 'x')[OFFSET(0)].code AS x FROM patients",
    "x = copy visits.code ? visits.note",
  ],
  [
    "SELECT ARRAY_LENGTH(ARRAY_FILTER(visits, v -> v.note = 'x')) AS x FROM patients",
    "x = transform visits, transform visits.note ? visits.note",
  ],
  ["SELECT ARRAY_FILTER(tags, (e, i) -> i < id) AS x FROM patients", "x = transform id, copy tags ? id"],
  ["SELECT ARRAY_INCLUDES(tags, e -> e = ssn) AS x FROM patients", "x = transform ssn, transform tags"],
  [
    "SELECT ARRAY_FILTER([n], e -> m = 'x') AS x FROM (SELECT COUNT(ssn) AS n, MAX(ssn) AS m FROM patients)",
    "x = aggregate ssn, transform ssn ? ssn",
  ],
  ["SELECT ARRAY_INCLUDES(tags, ssn) AS x FROM patients", "x = transform ssn, transform tags"],
  ["SELECT ARRAY_TRANSFORM(tags, e -> UPPER(e)) AS x FROM patients", "x = transform tags"],
  ["SELECT ARRAY_TRANSFORM(tags, e -> e) AS x FROM patients", "x = copy tags"],
  ["SELECT ARRAY_TRANSFORM(tags, e -> ssn) AS x FROM patients", "x = copy ssn, transform tags"],
  ["SELECT ARRAY_TRANSFORM([1], e -> ssn) AS x FROM patients", "x = copy ssn"],
  ["SELECT ARRAY_TRANSFORM(tags, e -> 1) AS x FROM patients", "x = transform tags"],
  ["SELECT ARRAY_TRANSFORM(tags, (e, i) -> i) AS x FROM patients", "x = transform tags"],
  ["SELECT ARRAY_TRANSFORM(tags, e -> IF(ssn < '5', e, '')) AS x FROM patients", "x = transform ssn, copy tags ? ssn"],
  ["SELECT ARRAY_TRANSFORM(visits, v -> v.code) AS x FROM patients", "x = transform visits, copy visits.code"],
  [
    "SELECT ARRAY_TRANSFORM(visits, v -> STRUCT(v.code AS c, v.note AS n))[OFFSET(0)].c FROM patients",
    "c = copy visits.code ? visits",
  ],
  ["SELECT ARRAY_TRANSFORM(tags, e -> STRUCT(1 AS a)) AS x FROM patients", "x = ? tags"],
  ["SELECT ARRAY_LENGTH(ARRAY_TRANSFORM(tags, e -> STRUCT(1 AS a))) AS x FROM patients", "x = transform tags ? tags"],
  ["SELECT ARRAY_ZIP(tags, [1])[OFFSET(0)] AS x FROM patients", "x = copy tags ? tags"],
  ["SELECT ARRAY_TRANSFORM(tags, tags -> tags || ssn) AS x FROM patients", "x = transform ssn, transform tags"],
  ["SELECT ARRAY_TRANSFORM(tags, ssn -> ssn) AS x FROM patients", "x = copy tags"],
  [
    "SELECT ARRAY_TRANSFORM(tags, a -> ARRAY_LENGTH(ARRAY_FILTER([ssn], b -> b = a))) AS x FROM patients",
    "x = transform ssn, transform tags ? ssn, tags",
  ],
  ["SELECT (tags).ARRAY_FILTER(e -> e = ssn) AS x FROM patients", "x = transform ssn, copy tags ? ssn, tags"],
  ["SELECT ARRAY_ZIP(tags, [ssn]) AS x FROM patients", "x = copy ssn, copy tags ? tags"],
  ["SELECT ARRAY_ZIP(tags, [ssn])[OFFSET(0)] AS x FROM patients", "x = copy ssn, copy tags ? tags"],
  ["SELECT ARRAY_ZIP([name], [ssn], mode => state) AS x FROM patients", "x = copy name, copy ssn ? state"],
  ["SELECT ARRAY_ZIP([name], [ssn], (a, b) -> b, mode => 'PAD') AS x FROM patients", "x = copy ssn"],
  ["SELECT ARRAY_ZIP(tags, [1], (a, b) -> b) AS x FROM patients", "x = transform tags ? tags"],
  ["SELECT ARRAY_ZIP(tags, [1], transformation => (a, b) -> b) AS x FROM patients", "x = transform tags ? tags"],
]);

describe("a lambda", () => {
  test("is no way to a statistic over one row", () => {
    for (const sql of [
      "SELECT ARRAY_TRANSFORM([weight], e -> (SELECT SUM(e) FROM UNNEST([1]))) AS x FROM patients",
      "SELECT ARRAY_TRANSFORM([1], e -> (SELECT SUM(weight) FROM UNNEST([1]))) AS x FROM patients",
      "SELECT WITH(w AS weight, (SELECT SUM(w) FROM UNNEST([1]))) AS x FROM patients",
    ])
      assert.deepEqual(flows(sql), ["x = transform weight"], sql);
  });
  test("hands out no literal of its condition, but those of the array it filters", () => {
    const constant = (array: string) => planOf(`SELECT ${array} AS x FROM patients`).outputs[0]?.constant;
    assert.equal(constant("ARRAY_FILTER(tags, t -> t = 'x')"), false);
    assert.equal(constant("ARRAY_FILTER(['x', ssn], t -> t = 'x')"), true);
  });
  test("reads what can fail inside it", () => {
    assert.deepEqual(predicates("SELECT ARRAY_FILTER([1], e -> CAST(ssn AS INT64) = e) AS x FROM patients"), ["ssn"]);
    assert.deepEqual(predicates("SELECT ARRAY_TRANSFORM(tags, e -> CAST(e AS INT64)) AS x FROM patients"), ["tags"]);
    assert.deepEqual(predicates("SELECT ARRAY_ZIP(tags, ['a']) AS x FROM patients"), ["tags"]);
    const plan = planOf("SELECT ARRAY_FILTER([1], e -> ERROR(ssn)) AS x FROM patients");
    assert.deepEqual(
      plan.effects.map((e) => e.kind),
      ["error_value"],
    );
  });
  test("needs each column it captures to be a grouping key", () => {
    const by = (key: string) =>
      refusalOf(`SELECT ARRAY_FILTER([1], e -> ssn = 'x') AS x FROM patients GROUP BY ${key}`)?.code;
    assert.equal(by("name"), "name");
    assert.equal(by("ssn"), undefined);
    assert.equal(
      refusalOf(
        "SELECT ARRAY_LENGTH(ARRAY_FILTER([ssn], e -> e = 'x')) AS x FROM patients GROUP BY ARRAY_LENGTH(ARRAY_FILTER([ssn], e -> e = 'x'))",
      ),
      undefined,
    );
    assert.equal(
      refusalOf(
        "SELECT ARRAY_LENGTH(ARRAY_FILTER([ssn], e -> e = 'x')) AS x FROM patients GROUP BY ARRAY_LENGTH(ARRAY_FILTER([name], e -> e = 'x'))",
      )?.code,
      "name",
    );
  });
  test("has types", () => {
    assert.deepEqual(
      types(
        `SELECT ARRAY_FILTER(visits, v -> TRUE) AS a, ARRAY_TRANSFORM(tags, (e, i) -> i) AS b, ARRAY_ZIP(tags, [1]) AS c,
        ARRAY_ZIP(tags, [1], (x, y) -> STRUCT(y AS n)) AS d, ARRAY_INCLUDES(tags, e -> TRUE) AS e FROM patients`,
      ),
      [
        "a ARRAY<STRUCT<code STRING, seen TIMESTAMP, note STRING>>",
        "b ARRAY<INT64>",
        "c ARRAY<STRUCT<tags STRING, _field_2 INT64>>",
        "d ARRAY<STRUCT<n INT64>>",
        "e BOOL",
      ],
    );
  });
  for (const [call, code] of [
    ["ARRAY_FILTER(tags, e -> 1)", "type"],
    ["ARRAY_FILTER(tags, tags)", "type"],
    ["ARRAY_FILTER(ssn, e -> TRUE)", "type"],
    ["ARRAY_FILTER(tags, (a, b, c) -> TRUE)", "type"],
    ["ARRAY_FILTER(tags, (a, a) -> TRUE)", "name"],
    ["ARRAY_FILTER(tags, e -> nothing)", "name"],
    ["ARRAY_FILTER(tags, e -> COUNT(*) = 1)", "type"],
    ["ARRAY_FILTER(tags, e -> RANK() OVER (ORDER BY id) = 1)", "type"],
    ["ARRAY_TRANSFORM(tags, e -> tags)", "type"],
    ["ARRAY_ZIP(tags)", "type"],
    ["ARRAY_ZIP(tags, tags, tags, tags, tags)", "type"],
    ["ARRAY_ZIP(tags, tags, a -> 1)", "type"],
    ["ARRAY_ZIP(tags, tags, nothing => 'x')", "type"],
    ["UPPER(e -> e)", "type"],
    ["ARRAY_FILTER(tags, e -> TRUE) OVER ()", "type"],
    ["COUNT(e -> e)", "type"],
  ] as const)
    test(`${call} is refused`, () => assert.equal(refusalOf(`SELECT ${call} FROM patients`)?.code, code));
  test("is printed as it was read", () => {
    assert.equal(
      canonical("SELECT array_filter(tags, (e, i) -> i > 1) FROM patients"),
      "SELECT array_filter(`tags`, (`e`, `i`) -> `i` > 1) FROM `clinic`.`ehr`.`patients`",
    );
  });
});

describe("SAFE", () => {
  test("holds back no ERROR", () => {
    const plan = planOf("SELECT SAFE.ERROR(a) AS x FROM pair");
    assert.deepEqual(
      plan.effects.map((e) => e.kind),
      ["error_value"],
    );
  });
  test("covers the function and not its arguments", () => {
    assert.deepEqual(predicates("SELECT SAFE.SUBSTR(CAST(CAST(ssn AS INT64) AS STRING), 1) AS x FROM patients"), [
      "ssn",
    ]);
  });
  test("makes nothing of a function that is refused", () => {
    assert.equal(refusalOf("SELECT SAFE.SESSION_USER()")?.code, "unsupported");
    assert.equal(refusalOf("SELECT SAFE.SAFE.UPPER('a')")?.code, "name");
  });
});

describe("what encrypts and decrypts", () => {
  test("decryption and keys are refused", () => {
    for (const call of [
      "AEAD.DECRYPT_STRING(b'k', CAST(ssn AS BYTES), 'x')",
      "DETERMINISTIC_DECRYPT_STRING(b'k', CAST(ssn AS BYTES), 'x')",
      "KEYS.KEYSET_TO_JSON(b'k')",
      "AEAD.ENCRYPT(KEYS.KEYSET_CHAIN('gcp-kms://x', b'k'), ssn, 'x')",
      "DLP_DETERMINISTIC_ENCRYPT(DLP_KEY_CHAIN('gcp-kms://x', b'k'), ssn, 'x')",
    ])
      assert.equal(refusalOf(`SELECT ${call} FROM patients`)?.code, "unsupported", call);
  });
});

describe("types", () => {
  for (const [expression, type] of [
    ["BAG_OF_WORDS(tags)", "ARRAY<STRUCT<term STRING, count INT64>>"],
    ["ST_BOUNDINGBOX(ST_GEOGPOINT(1, 2))", "STRUCT<xmin FLOAT64, ymin FLOAT64, xmax FLOAT64, ymax FLOAT64>"],
    ["SEARCH(doc, 'a')", "BOOL"],
    ["JSON_FLATTEN(doc)", "ARRAY<JSON>"],
    ["STRING(doc)", "STRING"],
    ["STRING(born)", "STRING"],
    ["INT64_ARRAY(doc)", "ARRAY<INT64>"],
    ["ARRAY_SUM([1, 2])", "INT64"],
    ["ARRAY_AVG([1, 2])", "FLOAT64"],
    ["COSINE_DISTANCE([1, 2], [0.5, 1])", "FLOAT64"],
    ["KLL_QUANTILES.EXTRACT_INT64(b'x', 2)", "ARRAY<INT64>"],
    ["S2_COVERINGCELLIDS(ST_GEOGPOINT(1, 2), max_cells => 4)", "ARRAY<INT64>"],
    ["MAKE_INTERVAL(year => 1, day => 2)", "INTERVAL"],
    ["MAKE_INTERVAL(1, month => 2)", "INTERVAL"],
  ] as const)
    test(expression, () => assert.deepEqual(types(`SELECT ${expression} AS x FROM patients`), [`x ${type}`]));
  for (const call of [
    "MAKE_INTERVAL(1, year => 2)",
    "MAKE_INTERVAL(year => 1, 2)",
    "SEARCH('a', 'b', nothing => 'c')",
    "SEARCH('a', 'b', json_scope => 'c', JSON_SCOPE => 'd')",
    "SEARCH('a', 'b', 'c')",
    "ST_BOUNDINGBOX('x')",
    "ARRAY_MAX([doc])",
  ])
    test(`${call} has no such signature`, () => assert.equal(refusalOf(`SELECT ${call} FROM patients`)?.code, "type"));
});

table("a lambda leaves what stands beside it as it was", [
  [
    "SELECT ARRAY_TRANSFORM(tags, e -> e) AS x, RANK() OVER (ORDER BY id) AS r FROM patients",
    "x = copy tags",
    "r = transform * ? id",
  ],
  ["SELECT ARRAY_FILTER(NULL, e -> TRUE) AS x FROM patients", "x ="],
  [
    "SELECT ARRAY_ZIP(tags, SPLIT(ssn, '-'), (a, b) -> a, MODE => name) AS x FROM patients",
    "x = transform name, transform ssn, copy tags ? name, ssn",
  ],
  [
    "SELECT ARRAY_LENGTH(ARRAY_ZIP(tags, tags)) AS n FROM patients GROUP BY ARRAY_LENGTH(ARRAY_ZIP(tags, tags))",
    "n = transform tags ? tags",
  ],
]);

test("a lambda may stand where there are no rows", () => {
  assert.deepEqual(results(`DECLARE x ARRAY<STRING> DEFAULT ARRAY_FILTER(['a'], e -> TRUE); SELECT x`), ["x ="]);
});

test("of a field that ARRAY_ZIP gives the other arrays decide", () => {
  const [tags] = planOf("SELECT ARRAY_ZIP(tags, [ssn]) AS z FROM patients").outputs[0]?.fields ?? [];
  assert.deepEqual(tags?.implicit, ["clinic.ehr.patients.tags"]);
  const [, second] = planOf("SELECT ARRAY_ZIP([ssn], SPLIT(name, '-')) AS z FROM patients").outputs[0]?.fields ?? [];
  assert.deepEqual(second?.implicit, ["clinic.ehr.patients.name"]);
});

test("ARRAY_INCLUDES reads what its lambda asks as a value, and as what decides only where it can fail", () => {
  assert.deepEqual(reads("SELECT ARRAY_INCLUDES(tags, e -> e = ssn) AS x FROM patients"), [
    "ssn: output",
    "tags: output",
  ]);
  assert.deepEqual(reads("SELECT ARRAY_INCLUDES(tags, e -> CAST(e AS INT64) = id) AS x FROM patients"), [
    "id: output predicate",
    "tags: output predicate",
  ]);
});

describe("a lambda is refused", () => {
  const refused: Readonly<Record<string, RegExp>> = {
    "ARRAY_REVERSE(tags, e -> TRUE)": /ARRAY_REVERSE doesn't take a lambda/,
    "ARRAY_ZIP(tags, tags, (a, b) -> a, mode => 1)": /mode is a STRING/,
    "ARRAY_ZIP(tags, tags, mode => (a, b) -> a)": /mode is a STRING/,
    "ARRAY_ZIP(tags, tags, mode => 'PAD', mode => 'PAD')": /takes ARRAYs, then a lambda/,
    "ARRAY_ZIP(tags, tags, (a, b) -> a, (a, b) -> b)": /takes ARRAYs, then a lambda/,
    "ARRAY_ZIP(tags, tags, other => (a, b) -> a)": /takes ARRAYs, then a lambda/,
    "ARRAY_ZIP(tags, tags, other => tags)": /takes ARRAYs, then a lambda/,
    "ARRAY_ZIP(tags, tags, (a, b) -> a, tags)": /takes ARRAYs, then a lambda/,
  };
  for (const [call, message] of Object.entries(refused))
    test(call, () => assert.match(refusalOf(`SELECT ${call} AS x FROM patients`)?.message ?? "", message));

  const length = (of: string): string => `ARRAY_LENGTH(${of})`;
  const others: readonly (readonly [string, string])[] = [
    ["ARRAY_ZIP(tags, tags)", "ARRAY_ZIP(tags, SPLIT(ssn))"],
    ["ARRAY_ZIP(tags, tags, (a, b) -> a)", "ARRAY_ZIP(tags, tags, (a, b) -> b)"],
    ["ARRAY_ZIP(tags, tags, (a, b) -> a, mode => 'PAD')", "ARRAY_ZIP(tags, tags, (a, b) -> a, mode => 'TRUNCATE')"],
    ["ARRAY_ZIP(tags, tags, (a, b) -> a, mode => 'PAD')", "ARRAY_ZIP(tags, tags, (a, b) -> a)"],
    ["ARRAY_FILTER(tags, e -> e = 'x')", "ARRAY_FILTER(SPLIT(ssn), e -> e = 'x')"],
    ["ARRAY_FILTER(tags, e -> e = 'x')", "ARRAY_FILTER(tags, e -> e = 'y')"],
    ["ARRAY_FILTER(tags, (e, i) -> e = 'x')", "ARRAY_FILTER(tags, (i, e) -> e = 1)"],
    [
      "ARRAY_FILTER(tags, e -> ARRAY_INCLUDES(tags, f -> e = f))",
      "ARRAY_FILTER(tags, e -> ARRAY_INCLUDES(tags, f -> f = f))",
    ],
  ];
  for (const [shown, grouped] of others) {
    test(`beside GROUP BY of another: ${shown}`, () => {
      const sql = `SELECT ${length(shown)} AS n FROM patients GROUP BY ${length(grouped)}`;
      assert.match(refusalOf(sql)?.message ?? "", /neither grouped nor aggregated/);
    });
  }
});
