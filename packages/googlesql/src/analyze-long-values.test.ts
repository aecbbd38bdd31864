/**
 * A text that becomes too long is an error: an agent that may neither see nor filter by an ssn would make one of it that is too long
 * where the ssn begins with 1, and look whether the query fails (threat-model row 7).
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LONG } from "./flow/flow.ts";
import { scriptOf } from "./testing/clinic.ts";
import { defining, routine } from "./testing/definitions.ts";

const infers = (sql: string): boolean =>
  scriptOf(sql).statements.some(({ reads }) =>
    reads.some(({ table, columns }) =>
      columns.some(({ path, uses }) => table.endsWith(".patients") && path === "ssn" && uses.includes("predicate")),
    ),
  );

const BEGIN = "REGEXP_EXTRACT(ssn, '^1')";
const rows = (value: string): string => `SELECT ssn, ${value} AS x FROM patients`;
/** `{}` of what it is of, again and again. */
const again = (made: string, times: number): string => {
  let from = rows(BEGIN);
  for (let i = 0; i < times; i++) from = `SELECT ssn, ${made.replaceAll("{}", "x")} AS x FROM (${from})`;
  return `SELECT ssn, COUNT(x) OVER () AS n FROM (${from})`;
};
/** The same within one expression. */
const wrapped = (made: string, times: number): string =>
  times === 0 ? BEGIN : made.replace("{}", wrapped(made, times - 1));
const CHARACTERS = 1000;
/** Of a literal so long, what stands for so many texts. */
const literal = (texts: number): string => `'${"x".repeat(texts * CHARACTERS)}'`;
/** What is long, and then a text of ssn. */
const beside = (long: string): string => rows(`CONCAT(${long}, ${BEGIN})`);
/** Powers of two, which with the first of them twice make the next. */
const POWERS = Array.from({ length: Math.log2(LONG) - 1 }, (_, i) => literal(2 ** (i + 1))).join(", ");
const many = (times: number, value: string): string => Array.from({ length: times }, () => value).join(", ");
const TEN = many(10, "{}");

/** So many columns, each as long as can be. */
const rowOf = (columns: number): string =>
  `SELECT ssn, ${Array.from({ length: columns }, (_, i) => `x AS a${i}`).join(", ")} FROM (${rows(`CONCAT(ssn, ${literal(LONG / 8)})`)})`;

describe("whether a value that can become too long is computed tells of", () => {
  for (const [what, sql] of Object.entries({
    "a text doubled by CONCAT": again("CONCAT({}, {})", 8),
    "a text put together ten times, thrice": again(`CONCAT(${TEN})`, 3),
    "a text doubled by ||": again("{} || {}", 8),
    "a text in hexadecimal digits, again and again": again("TO_HEX(CAST({} AS BYTES))", 8),
    "a text in base 64": again("TO_BASE64(CAST({} AS BYTES))", 8),
    "a text in base 32": again("TO_BASE32(CAST({} AS BYTES))", 8),
    "a text that JSON holds, doubled": again("SAFE.STRING(TO_JSON(CONCAT({}, {})))", 8),
    "a text in JSON": again("TO_JSON_STRING({})", 8),
    "a text before all that is just too long": rows(`CONCAT(ssn, name, ${POWERS})`),
    "a long literal in its places": rows(`REPLACE(ssn, '1', ${literal(LONG)})`),
    "a long literal where a pattern is": rows(`REGEXP_REPLACE(ssn, '^1', ${literal(LONG)})`),
    "a format that says how wide": beside("FORMAT('%1000d', 1)"),
    "a format that is given how wide": beside("FORMAT('%*d', 100, 1)"),
    "a format of a column": beside("FORMAT(name, 1)"),
    "a text as often as a column says": beside("REPEAT('a', id)"),
    "a text behind numbers in a row": beside("TO_JSON_STRING(GENERATE_ARRAY(1, 10))"),
    "a text behind days in a row": beside("TO_JSON_STRING(GENERATE_DATE_ARRAY('2020-01-01', '2021-01-01'))"),
    "a text behind times in a row": beside(
      "TO_JSON_STRING(GENERATE_TIMESTAMP_ARRAY(TIMESTAMP '2020-01-01', TIMESTAMP '2021-01-01', INTERVAL 1 DAY))",
    ),
    "a text behind ranges in a row": beside(
      "TO_JSON_STRING(GENERATE_RANGE_ARRAY(RANGE<DATE> '[2020-01-01, 2021-01-01)', INTERVAL 1 DAY))",
    ),
    "a text of many rows without a literal": `SELECT ssn FROM (SELECT STRING_AGG(ssn) OVER () AS x, ssn FROM patients, UNNEST(GENERATE_ARRAY(1, 1000000)))`,
    "arrays of many rows": `SELECT ARRAY_LENGTH(ARRAY_CONCAT_AGG(SPLIT(ssn))) AS n, ANY_VALUE(ssn) AS ssn FROM patients, UNNEST(GENERATE_ARRAY(1, 1000000))`,
    "a text behind arrays of many rows": `SELECT CONCAT(ARRAY_TO_STRING(ARRAY_CONCAT_AGG(tags), ''), ANY_VALUE(ssn)) AS x, ANY_VALUE(ssn) AS ssn FROM patients`,
    "a text of many rows with much between": `SELECT state, STRING_AGG(ssn, '12345678901') AS x FROM patients GROUP BY state`,
    "a text of many rows, each of many texts": `SELECT state, STRING_AGG(CONCAT(${Array.from({ length: 17 }, () => "ssn").join(", ")})) AS x FROM patients GROUP BY state`,
    "eight long columns of a row": rowOf(8),
    "a text in an array literal": again(`ARRAY_TO_STRING([${TEN}], '')`, 3),
    "arrays put together": rows(
      `ARRAY_LENGTH(ARRAY_CONCAT(${Array.from({ length: 300 }, () => "tags").join(", ")}, SPLIT(ssn)))`,
    ),
    "a long literal behind it": rows(`CONCAT(${BEGIN}, '${"x".repeat(300_000)}')`),
    "a long literal between elements": rows(`ARRAY_TO_STRING(SPLIT(ssn, ''), '${"x".repeat(500)}')`),
    "a column between elements": rows("ARRAY_TO_STRING(tags, ssn)"),
    "a text of many rows that a join repeats": `SELECT ssn FROM (SELECT STRING_AGG(${BEGIN}) OVER () AS x, ssn FROM patients, UNNEST(GENERATE_ARRAY(1, 1000000)))`,
    "a text of many rows, each of the query's own": `SELECT ssn FROM (SELECT STRING_AGG(IF(ssn = '1', 'xxxx', '')) OVER () AS x, ssn FROM patients)`,
    "an array of many rows without NULLs": `SELECT ANY_VALUE(ssn) AS ssn, ARRAY_LENGTH(ARRAY_AGG(${BEGIN} IGNORE NULLS)) AS n FROM patients, UNNEST(GENERATE_ARRAY(1, 1000000))`,
    "an array that is filtered, as text": rows(
      "ARRAY_TO_STRING(ARRAY_FILTER(SPLIT(REPEAT('a,', 1000000)), e -> ssn = '1'), '')",
    ),
    "a text that recursion makes": `WITH RECURSIVE r AS (SELECT ssn, ${BEGIN} AS x, 1 AS n FROM patients UNION ALL SELECT ssn, CONCAT(x, x), n + 1 FROM r WHERE n < 30) SELECT ssn, COUNT(x) OVER () AS n FROM r`,
    "a text that a loop makes": `DECLARE x STRING DEFAULT (SELECT MAX(${BEGIN}) FROM patients); DECLARE i INT64 DEFAULT 0; WHILE i < 30 DO SET x = CONCAT(x, 'a'); SET i = i + 1; END WHILE; SELECT 1 AS one`,
    "a text in a temporary table": `CREATE TEMP TABLE t AS ${rows(`CONCAT(${TEN.replaceAll("{}", BEGIN)})`)}; CREATE TEMP TABLE u AS SELECT CONCAT(${TEN.replaceAll("{}", "x")}) AS x FROM t; SELECT COUNT(CONCAT(${TEN.replaceAll("{}", "x")})) AS n FROM u`,
    "a field of a STRUCT": again("STRUCT(CONCAT({}, {}) AS f).f", 8),
    "an ARRAY of a STRUCT of an ARRAY": again(`[${TEN.replaceAll("{}", "STRUCT({} AS f)")}]`, 4),
    "a STRUCT of STRUCTs": again(`STRUCT(${TEN})`, 3),
    "JSON of a STRUCT": again("SAFE_TO_JSON(STRUCT({} AS a, {} AS b))", 8),
    "many long columns of a row": `SELECT ssn, ${Array.from({ length: 600 }, (_, i) => `x AS a${i}`).join(", ")} FROM (${rows(`CONCAT(${BEGIN}, REPEAT('${"a".repeat(1000)}', 60))`)})`,
    "one of two queries": again("CONCAT({}, {})", 7).replace(
      "SELECT ssn, COUNT(x) OVER () AS n FROM (",
      "SELECT ssn, COUNT(CONCAT(x, x)) OVER () AS n FROM (SELECT ssn, 'a' AS x FROM patients UNION ALL ",
    ),
    "what an argument is put together with": "CREATE TEMP FUNCTION f(a STRING) AS (CONCAT(a, a)); " + again("f({})", 8),
    "an array that a lambda makes long": rows(
      "ARRAY_TO_STRING(ARRAY_FILTER(ARRAY_TRANSFORM(GENERATE_ARRAY(1, 1000000), e -> 'x'), e -> ssn = '1'), '')",
    ),
    "an error's message with a text": `DECLARE m STRING; BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SET m = @@error.message; END; SELECT ssn, COUNT(CONCAT(m, ${BEGIN})) OVER () AS n FROM patients`,
    "a length that is said": rows("LPAD(ssn, 10000000)"),
    "a length that is said, at the right": rows("RPAD(ssn, 10000000)"),
    "a text in JSON, each character of it an escape": again("TO_JSON_STRING(REGEXP_REPLACE({}, '.', '\\x01'))", 4),
    "JSON that is laid out": again("TO_JSON_STRING(SAFE.PARSE_JSON({}), TRUE)", 2),
    "a text that is a value as SQL writes it": again("CONCAT(SAFE.FORMAT('%T', {}))", 4),
    "a text that a format makes wide": `${rows(`CONCAT(SAFE.FORMAT('%100000s', ${BEGIN}), 'a')`)}`,
    "a text in binary digits": again("SAFE_CAST(SAFE_CAST({} AS BYTES) AS STRING FORMAT 'BASE2')", 3).replace(
      "COUNT(x)",
      "COUNT(CONCAT(x, x, x, x))",
    ),
    "a text of characters that are taken apart": again("REGEXP_REPLACE(NORMALIZE({}, NFKD), '.', '\\ufdfa')", 3),
    "a text in capitals, of characters that have three": again("UPPER(REGEXP_REPLACE({}, '.', 'ΐ'))", 3),
    "bytes in digits, each a character of four bytes": again(
      "TRANSLATE(TO_HEX(CAST({} AS BYTES)), '0123456789abcdef', '😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀')",
      3,
    ),
    "a long literal of characters that have four bytes": rows(`CONCAT(${BEGIN}, '${"😀".repeat(64_000)}')`),
    "characters that have four bytes, up to a length": rows(`CONCAT(ssn, ${many(64, "LPAD(name, 1000, '😀')")})`),
    "JSON in JSON, laid out": rows("CONCAT(TO_JSON_STRING(SAFE.PARSE_JSON(ssn), TRUE), 'a')"),
    "JSON that a format lays out": rows("CONCAT(SAFE.FORMAT('%P', SAFE.PARSE_JSON(ssn)), 'a')"),
    "an array of escapes in JSON": again("TO_JSON_STRING(SPLIT(REGEXP_REPLACE({}, '.', '\\x01'), ''))", 3),
    "a text in small letters": again("TRANSLATE(LOWER({}), 'ab', 'İİ')", 8),
    "a text whose words have capitals": again("INITCAP({})", 8),
    "bytes that are no text": again("SAFE_CONVERT_BYTES_TO_STRING(SAFE_CAST({} AS BYTES))", 8),
    "a text with another between its characters": again("REGEXP_REPLACE({}, '', 'a')", 8),
    "a text with another at its borders": again("REGEXP_REPLACE({}, r'\\b', 'a')", 8),
    "a text whose characters are put together with a separator": again("ARRAY_TO_STRING(SPLIT({}, ''), 'a')", 8),
    "an array of NULLs that have a text": rows(`ARRAY_TO_STRING(SPLIT(ssn, ''), '', '${"x".repeat(300)}')`),
    "numbers of characters, as text": again("TO_JSON_STRING(TO_CODE_POINTS({}))", 2),
    "a date in a format that it is put in": again("CONCAT(SAFE.FORMAT_DATE({}, DATE '2026-01-01'))", 2),
    "paths of JSON": rows(`CONCAT(TO_JSON_STRING(SAFE.JSON_KEYS(SAFE.PARSE_JSON(${BEGIN}))), 'a')`),
    "JSON that is filled up to a place": rows(
      `CONCAT(TO_JSON_STRING(SAFE.JSON_SET(SAFE.PARSE_JSON(${BEGIN}), '$[10000000]', 1)), 'a')`,
    ),
    "JSON that is put in at a place": rows(
      `CONCAT(TO_JSON_STRING(SAFE.JSON_ARRAY_INSERT(SAFE.PARSE_JSON(${BEGIN}), '$[10000000]', 1)), 'a')`,
    ),
    "JSON of many values": again(`JSON_ARRAY(${TEN.replaceAll("{}", "TO_JSON_STRING({})")})`, 2).replaceAll(
      "TO_JSON_STRING(x)",
      "x",
    ),
    "a long literal of JSON behind it": rows(`CONCAT(${BEGIN}, TO_JSON_STRING(JSON '"${"x".repeat(100_000)}"'))`),
    "a type's name behind it": rows(`CONCAT(${BEGIN}, TYPEOF(patients))`),
    "a sketch in digits": `SELECT ANY_VALUE(ssn) AS ssn, TO_HEX(HLL_COUNT.INIT(${BEGIN}, 24)) AS x FROM patients`,
    "a sketch of sketches in digits": `SELECT ANY_VALUE(ssn) AS ssn, TO_HEX(HLL_COUNT.MERGE_PARTIAL(h)) AS x FROM (SELECT ssn, HLL_COUNT.INIT(${BEGIN}) AS h FROM patients GROUP BY ssn)`,
    "an array with a text for each character": rows(
      `CONCAT(ARRAY_TO_STRING(ARRAY_TRANSFORM(SPLIT(ssn, ''), e -> 'aaaaaaaa'), ''), 'a')`,
    ),
    "an array with a long text for each of many characters": rows(
      `ARRAY_LENGTH(ARRAY_TRANSFORM(SPLIT(CONCAT(${Array.from({ length: 20 }, () => "ssn").join(", ")}), ''), e -> 'aaaaaaaa'))`,
    ),
    "arrays beside each other, under long names": rows(
      "CONCAT(TO_JSON_STRING(SAFE.ARRAY_ZIP(SPLIT(ssn, ''), tags)), 'a')",
    ),
    "n-grams of words": rows("CONCAT(ARRAY_TO_STRING(SAFE.ML.NGRAMS(SPLIT(ssn, ''), [1, 100]), ''), 'a')"),
    "a shape with many corners": rows(
      "CONCAT(SAFE.ST_ASTEXT(SAFE.ST_BUFFER(SAFE.ST_GEOGFROMTEXT(ssn), 1, 100000)), 'a')",
    ),
    "a hash with a long literal behind it": rows(`CONCAT(SOUNDEX(ssn), ${literal(LONG)})`),
    "one of two texts with a long literal behind it": rows(`CONCAT(COALESCE(ssn, name), ${literal(LONG)})`),
    "JSON that is laid out now and then": again("TO_JSON_STRING(SAFE.PARSE_JSON({}), RAND() < 0.5)", 2),
    "many days, each in a long format": rows(`CONCAT(ssn, ${many(16, `FORMAT_DATE('${"-".repeat(81)}', born)`)})`),
    "many texts whose characters are taken apart": rows(
      `CONCAT(ssn, ${many(64, "ARRAY_TO_STRING(TEXT_ANALYZE(name, analyzer => 'LOG_ANALYZER'), '')")})`,
    ),
    "a text with another wherever a pattern isn't known to match": again("REGEXP_REPLACE({}, '(?i)x*', 'a')", 8),
    "an array of a long literal for each character": rows(
      `ARRAY_LENGTH(ARRAY_TRANSFORM(SPLIT(ssn, ''), e -> ${literal(17)}))`,
    ),
    "arrays of long texts beside each other": rows(
      `ARRAY_LENGTH(SAFE.ARRAY_ZIP([STRUCT(CONCAT(${many(17, "ssn")}) AS s)], ['a'], mode => 'PAD'))`,
    ),
    "a text of many rows that a join repeated before a model is asked":
      "SELECT STRING_AGG(ssn) AS x FROM AI.GENERATE_TEXT(MODEL far, (SELECT 'a' AS prompt, a.ssn FROM patients AS a, patients AS b))",
    "a length that a column says": rows("LPAD(ssn, 10000000)"),
    "a text of the row around, for each row of a table": rows("LENGTH((SELECT STRING_AGG(patients.ssn) FROM pair))"),
    "an array of the row around, for each row of a table": rows(
      "ARRAY_LENGTH((SELECT ARRAY_AGG(patients.ssn) FROM pair))",
    ),
    "a variable for each row of a table":
      "DECLARE v STRING DEFAULT (SELECT ssn FROM patients WHERE id = 1); SELECT LENGTH(STRING_AGG(v)) AS n FROM pair",
    "a variable for each of many rows that LIMIT leaves":
      "DECLARE v STRING DEFAULT (SELECT ssn FROM patients WHERE id = 1); SELECT LENGTH(STRING_AGG(v)) AS n FROM (SELECT id FROM patients LIMIT 1001)",
    "a variable for each of many rows that a pipe's LIMIT leaves":
      "DECLARE v STRING DEFAULT (SELECT ssn FROM patients WHERE id = 1); FROM patients |> LIMIT 1001 |> AGGREGATE LENGTH(STRING_AGG(v)) AS n",
    "a variable for each row of a sample":
      "DECLARE v STRING DEFAULT (SELECT ssn FROM patients WHERE id = 1); SELECT LENGTH(STRING_AGG(v)) AS n FROM patients TABLESAMPLE SYSTEM (99 PERCENT)",
    "a variable in a column of each row of a table":
      "DECLARE v STRING DEFAULT (SELECT ssn FROM patients WHERE id = 1); SELECT LENGTH(STRING_AGG(x)) AS n FROM (SELECT v AS x FROM pair)",
    "an array of a query's rows, each with a text of the row around": rows(
      "ARRAY_LENGTH(ARRAY(SELECT patients.ssn FROM pair))",
    ),
    "an array of rows that are one STRUCT each, which a join repeats":
      "SELECT ARRAY_LENGTH(ARRAY(SELECT s FROM (SELECT AS STRUCT name, ssn FROM patients, pair) AS s)) AS n",
    "an array of a query's rows within WITH(…)": rows(
      "WITH(x AS 1, ARRAY_LENGTH(ARRAY(SELECT patients.ssn FROM pair)))",
    ),
    "an array of a query's rows within a lambda": rows(
      "ARRAY_TRANSFORM([1], e -> ARRAY_LENGTH(ARRAY(SELECT patients.ssn FROM pair)))",
    ),
    "an array of rows that a join repeats": "SELECT ARRAY_LENGTH(ARRAY(SELECT ssn FROM patients, pair)) AS n",
    "an array of rows that a pipe's join repeats":
      "SELECT ARRAY_LENGTH(ARRAY(FROM UNNEST([1]) |> JOIN patients ON TRUE |> SELECT ssn)) AS n",
    "an array of a text for each of many numbers": rows(
      "ARRAY_LENGTH(ARRAY(SELECT patients.ssn FROM UNNEST(GENERATE_ARRAY(1, 1000000))))",
    ),
    "STRUCTs of a text for each of many numbers": rows(
      "ARRAY(SELECT AS STRUCT patients.ssn, n FROM UNNEST(GENERATE_ARRAY(1, 1000000)) AS n)",
    ),
    "an array of a text for each row of a table by its whole name": rows(
      "ARRAY_LENGTH(ARRAY(SELECT patients.ssn FROM clinic.ehr.pair))",
    ),
    "an array of a text for each row of a common table":
      "WITH w AS (SELECT a FROM pair) SELECT ARRAY_LENGTH(ARRAY(SELECT patients.ssn FROM w)) AS x FROM patients",
    "an array of a text for each of a thousand rows": rows(
      "ARRAY_LENGTH(ARRAY(SELECT patients.ssn FROM (SELECT a FROM pair LIMIT 1000)))",
    ),
    "an array of long texts, for each of an array's elements": rows(
      "ARRAY_LENGTH(ARRAY(SELECT LPAD(patients.ssn, 20000) FROM UNNEST(tags)))",
    ),
    "an argument for each row of a table":
      "CREATE TEMP FUNCTION f(s STRING) AS (ARRAY_LENGTH(ARRAY(SELECT s FROM pair))); " + rows("f(ssn)"),
    "a text with another between any two of its characters, by a pattern that isn't plain": rows(
      `LENGTH(CONCAT(${wrapped("SAFE.REGEXP_REPLACE({}, '(?P<n>)', 'x')", 8)}, 'a'))`,
    ),
    "a text of few rows that a join repeated":
      "SELECT LENGTH(STRING_AGG(ssn)) AS n FROM (SELECT ssn FROM patients, pair LIMIT 1000)",
    "a text of few rows that a pipe's join repeated":
      "FROM patients |> CROSS JOIN pair |> LIMIT 1000 |> AGGREGATE LENGTH(STRING_AGG(ssn)) AS n",
    "an argument for each of many numbers":
      "CREATE TEMP FUNCTION f(s STRING) AS (ARRAY_LENGTH(ARRAY(SELECT s FROM UNNEST(GENERATE_ARRAY(1, 1000000))))); " +
      rows("f(ssn)"),
    "an array of rows, each of the query's own":
      "SELECT ARRAY_LENGTH(ARRAY(SELECT IF(ssn = '1', 'xxxx', '') FROM patients)) AS n",
  }))
    test(`its columns: ${what}`, () => assert.ok(infers(sql)));
});

test("a request's parameter is as long as whoever asks makes it", () => {
  const { statements } = scriptOf(rows(`CONCAT(${BEGIN}, @p)`), [{ name: "p", parameterType: { type: "STRING" } }]);
  const uses = statements[0]?.reads[0]?.columns.find(({ path }) => path === "ssn")?.uses;
  assert.deepEqual(uses, ["output", "predicate"]);
});

describe("JSON in a text that is put together tells of it, since it may be nested too deep", () => {
  const deep = `'${"[".repeat(1001)}'`;
  for (const sql of [
    rows(`JSON_VALUE(CONCAT(REPLACE(ssn, '123', ''), ${deep}), '$.a')`),
    rows(`JSON_EXTRACT_SCALAR(REPLACE(ssn, '123', '') || ${deep}, '$.a')`),
    rows(`JSON_QUERY(CONCAT(REGEXP_EXTRACT(ssn, '^123()'), ${deep}), '$.a')`),
    rows(`ARRAY_LENGTH(JSON_QUERY_ARRAY(CONCAT(REPLACE(ssn, '123', ''), ${deep})))`),
    rows(`JSON_EXTRACT(RPAD(REPLACE(ssn, '123', ''), 1001, '['), '$')`),
    rows(`ARRAY_LENGTH(JSON_EXTRACT_ARRAY(COALESCE(ssn, ${deep}), '$'))`),
    `SELECT ssn, JSON_VALUE(x, '$.a') AS v FROM (${rows(`CONCAT(REPLACE(ssn, '123', ''), ${deep})`)})`,
    `SELECT JSON_VALUE(STRING_AGG(REPLACE(ssn, '123', '['), ''), '$.a') AS v FROM patients`,
  ])
    test(sql.replace(deep, "deep"), () => assert.ok(infers(sql)));

  for (const sql of [
    rows("JSON_VALUE(ssn, '$.a')"),
    rows(`JSON_QUERY(REPLACE(ssn, "'", '"'), '$.a')`),
    rows("JSON_VALUE(JSON_EXTRACT(TRIM(ssn), '$.a'), '$.b')"),
    rows("JSON_VALUE(TO_JSON_STRING(STRUCT(ssn, name)), '$.ssn')"),
    rows("JSON_VALUE(SAFE_TO_JSON(CONCAT(ssn, name)), '$.a')"),
    rows(`SAFE.JSON_VALUE(CONCAT(REPLACE(ssn, '123', ''), ${deep}), '$.a')`),
  ])
    test(`but not ${sql.replace(deep, "deep")}`, () => assert.ok(!infers(sql)));

  test("also where a routine gives it whose dataset has the name of TO_JSON_STRING", () => {
    const routineReference = { projectId: "clinic", datasetId: "to_json_string", routineId: "f" };
    const clinic = defining([], [routine("f", "x STRING", "x", { routineReference })]);
    const sql = rows("JSON_VALUE(to_json_string.f(ssn || name), '$.a')");
    assert.deepEqual(clinic.reads(sql), ["name: output predicate", "ssn: output predicate"]);
  });
});

describe("what is put together of few texts doesn't fail", () => {
  for (const sql of [
    rows("CONCAT(name, ' ', state, ', ', ssn)"),
    `SELECT CONCAT(name, ' ', state) AS n, ${Array.from({ length: 600 }, (_, i) => `ssn AS a${i}`).join(", ")} FROM patients`,
    rows("name || ', ' || ssn"),
    rows("TO_JSON_STRING(patients)"),
    rows("ARRAY_TO_STRING(tags, ', ')"),
    rows("ARRAY_LENGTH(ARRAY(SELECT ssn))"),
    rows("ARRAY_LENGTH(ARRAY(SELECT t || patients.ssn FROM UNNEST(tags) AS t))"),
    rows("ARRAY_LENGTH(ARRAY(SELECT patients.ssn FROM patients.tags AS t))"),
    rows("ARRAY_LENGTH(ARRAY(FROM UNNEST(tags) AS t |> EXTEND t || patients.ssn AS u |> SELECT u))"),
    rows("ARRAY_LENGTH(ARRAY(FROM UNNEST(tags) AS t |> EXTEND t AS u |> SET u = u || patients.ssn |> SELECT u))"),
    rows("ARRAY_LENGTH(ARRAY(FROM UNNEST(tags) AS t |> SELECT t || patients.ssn AS u |> RENAME u AS v))"),
    rows("ARRAY_LENGTH(ARRAY(FROM UNNEST(tags) AS t |> WINDOW ROW_NUMBER() OVER () AS n |> SELECT patients.ssn))"),
    rows("ARRAY_LENGTH(ARRAY(FROM UNNEST(tags) AS t |> SELECT t || patients.ssn AS u, t AS v |> DROP v))"),
    rows("ARRAY_LENGTH(ARRAY(FROM UNNEST(tags) AS t |> SELECT t || patients.ssn AS u |> AS r |> SELECT r.u))"),
    rows("ARRAY_LENGTH(ARRAY(FROM UNNEST(tags) AS t |> AGGREGATE COUNT(*) AS n |> SELECT patients.ssn))"),
    rows("ARRAY_LENGTH(ARRAY(FROM UNNEST(tags) AS t |> WHERE t > 'a' |> SELECT t || patients.ssn AS u))"),
    rows("ARRAY_LENGTH(ARRAY(FROM UNNEST(tags) AS t |> ORDER BY t |> SELECT t || patients.ssn AS u))"),
    rows("ARRAY_LENGTH(ARRAY(FROM UNNEST(tags) AS t |> SELECT t || patients.ssn AS u |> LIMIT 2000))"),
    rows("ARRAY_LENGTH(ARRAY(FROM UNNEST(tags) AS t |> SELECT t |> DISTINCT |> SELECT t || patients.ssn AS u))"),
    rows(
      "ARRAY_LENGTH(ARRAY(FROM UNNEST(tags) AS t |> AGGREGATE COUNT(*) AS n GROUP BY t |> SELECT t || patients.ssn AS u))",
    ),
    rows("ARRAY_LENGTH(ARRAY(SELECT LPAD(patients.ssn, 16000) FROM UNNEST(tags)))"),
    rows("ARRAY(SELECT AS STRUCT patients.ssn, v.code FROM UNNEST(visits) AS v)"),
    // What a subquery says of the row itself is a value of that row.
    "SELECT STRING_AGG(IF(EXISTS(SELECT 1 FROM UNNEST(tags) AS t WHERE t = patients.name), ssn, name)) AS s FROM patients",
    "SELECT ARRAY_LENGTH(ARRAY(SELECT ssn FROM patients)) AS n",
    "SELECT ARRAY_LENGTH(ARRAY(FROM patients |> ORDER BY id |> SELECT AS STRUCT name, ssn)) AS n",
    "SELECT ARRAY_LENGTH(ARRAY(SELECT s FROM (SELECT AS STRUCT name, ssn FROM patients) AS s)) AS n",
    "SELECT STRING_AGG(ssn) AS s FROM (SELECT ssn FROM patients LIMIT 1000)",
    "FROM patients |> LIMIT 1000 |> AGGREGATE STRING_AGG(ssn) AS s",
    "SELECT ARRAY_LENGTH(ARRAY(SELECT ssn FROM patients LIMIT 5)) AS n",
    rows("LPAD(ssn, 12, '0')"),
    rows("REPLACE(ssn, '-', '')"),
    again("REPLACE({}, '-', '')", 20),
    again("REGEXP_REPLACE({}, r'\\s+', ' ')", 20),
    again("REGEXP_REPLACE({}, r'[^0-9]', '')", 20),
    again("TRIM(SUBSTR({}, 1, 100))", 20),
    rows("TO_HEX(SHA256(CONCAT(UPPER(TRIM(name)), '|', LOWER(ssn), '|', CAST(born AS STRING))))"),
    rows("CONCAT(ssn, CAST(LENGTH(CONCAT(name, @p)) AS STRING))").replaceAll("@p", "STRING_AGG(name) OVER ()"),
    rows("CONCAT(ssn, FORMAT_DATE('%B %d, %Y', born), CAST(born AS STRING FORMAT 'MON YYYY'))"),
    rows("JSON_VALUE(TO_JSON_STRING(JSON_OBJECT('a', ssn)), '$.a')"),
    again("CONCAT({}, {})", 5),
    rows(`CONCAT(ssn, ${POWERS})`),
    rowOf(7),
    beside("FORMAT('%d', 1)"),
    beside("TO_JSON_STRING([1, 2])"),
    rows(`CONCAT(TRIM(ssn, ${literal(LONG)}), name)`),
    rows("LEFT(SAFE.REPEAT(ssn, 1000), 3)"),
    again("TO_JSON_STRING({})", 2),
    again("TO_JSON_STRING({}, FALSE)", 2),
    // A row of fifty columns, whichever way it is told from others.
    `SELECT ssn, TO_HEX(MD5(TO_JSON_STRING(STRUCT(${Array.from({ length: 50 }, (_, i) => `name AS a${i}`).join(", ")})))) AS x FROM patients`,
    rows("CONCAT(ssn, FORMAT_DATETIME('%F', DATETIME '2026-01-01'))"),
    rows("CONCAT(ssn, FORMAT_TIME('%H', TIME '12:00:00'))"),
    rows("CONCAT(ssn, FORMAT_TIMESTAMP('%F', CURRENT_TIMESTAMP()))"),
    rows(`CONCAT(ssn, ${many(16, `FORMAT_DATE('${"-".repeat(80)}', born)`)})`),
    rows(`CONCAT(ssn, ${many(64, "ARRAY_TO_STRING(TEXT_ANALYZE(name), '')")})`),
    again("REGEXP_REPLACE({}, r'[^0-9]', 'a')", 20),
    again("REGEXP_REPLACE({}, 'o', 'a')", 20),
    rows(`ARRAY_LENGTH(ARRAY_TRANSFORM(SPLIT(CONCAT(${many(16, "ssn")}), ''), e -> 'a'))`),
    rows("CONCAT(ssn, MAX(name) OVER ())"),
    "SELECT state, STRING_AGG(ssn, '1234567890') AS x FROM patients GROUP BY state",
    `SELECT state, STRING_AGG(CONCAT(${Array.from({ length: 16 }, () => "ssn").join(", ")})) AS x FROM patients GROUP BY state`,
    "SELECT state, STRUCT(STRING_AGG(ssn) AS a, STRING_AGG(name) AS b) AS x FROM patients GROUP BY state",
    "SELECT state, STRING_AGG(ssn, ', ') AS x FROM patients GROUP BY state",
    "SELECT state, ARRAY_AGG(ssn IGNORE NULLS) AS x FROM patients GROUP BY state",
    rows(
      `CASE WHEN state IN (${Array.from({ length: 300 }, (_, i) => `'${i}'`).join(", ")}) THEN CONCAT(ssn, 'a') ELSE ssn END`,
    ),
  ])
    test(sql.slice(0, 150), () => assert.ok(!infers(sql)));
});

describe("how much longer a text is in JSON or a format follows from what stands beside it", () => {
  const fields = (names: string): string => [...names].map((name) => `, 'y' AS ${name}`).join("");
  for (const [made, times, tells] of [
    ["TO_JSON_STRING(STRUCT({} AS a, ['y'] AS b))", 2, true],
    ["TO_JSON_STRING(STRUCT({} AS a, 'y' AS b))", 2, false],
    [`TO_JSON_STRING(STRUCT({} AS a${fields("bcdefg")}))`, 2, true],
    // Of eight and more few characters are escapes.
    [`TO_JSON_STRING(STRUCT({} AS a${fields("bcdefgh")}))`, 2, false],
    ["TO_JSON_STRING(STRUCT({} AS a, JSON '1' AS b), TRUE)", 1, true],
    ["TO_JSON_STRING(STRUCT({} AS a, 'y' AS b), TRUE)", 1, false],
    ["FORMAT('%P%s', JSON '1', {})", 1, true],
    ["FORMAT('P%s', {})", 1, false],
    ["FORMAT('%t%s', ['y'], {})", 2, true],
    ["FORMAT('%t%s', 'y', {})", 2, false],
  ] as const)
    test(`${made}, ${times} times`, () => assert.equal(infers(again(made, times)), tells));
});
