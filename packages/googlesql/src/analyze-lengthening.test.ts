/**
 * How much longer than what it is given each function's result is taken to be. Too long a text is an error, which tells of what it is made
 * of (analyze-long-values.test.ts): what lengthens and isn't counted, an agent repeats until it fails for some values. The lists were drafted
 * from the program's and reviewed.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { LONG } from "./flow/flow.ts";
import { DEFAULTS } from "./testing/clinic.ts";
import { WIDE_CATALOG } from "./testing/wide.ts";

/** Some hundred characters, however long what it is given is. */
const SHORT = `
  RANGE_START(rd1) | RANGE_END(rd1) | STRING(ts1, s1) | STRING(d1) | STRING(dt1) | STRING(tm1) | CHR(i1)
  SOUNDEX(s1) | RANGE_INTERSECT(rd1, rd2) | JSON_ARRAY(n1) | JSON_TYPE(j1) | TO_JSON(n1) | ST_GEOMETRYTYPE(g1)
  ST_CENTROID(g1) | ST_BOUNDINGBOX(g1) | ST_CLOSESTPOINT(g1, g2, b1) | ST_ENDPOINT(g1) | ST_STARTPOINT(g1)
  ST_GEOGPOINT(f1, f2) | ST_GEOGPOINTFROMGEOHASH(s1) | ST_GEOHASH(g1, i1) | ST_LINEINTERPOLATEPOINT(g1, f1)
  ST_POINTN(g1, i1) | NET.IP_FROM_STRING(s1) | NET.SAFE_IP_FROM_STRING(s1) | NET.IP_NET_MASK(i1, i2)
  NET.IP_TO_STRING(y1) | NET.IP_TRUNC(y1, i1) | NET.IPV4_FROM_INT64(i1) | MD5(s1) | SHA1(s1) | SHA256(s1) | SHA512(s1)
  ML.BUCKETIZE(f1, af1, b1, s1) | AI.COUNT_TOKENS(s1)
`;

/** No longer than one of what it is given, or so much. */
const AS_LONG = `
  COALESCE(s1, s2) | IF(b1, s1, s2) | IFNULL(s1, s2) | NULLIF(s1, s2) | GREATEST(s1, s2) | LEAST(s1, s2)
  ARRAY_FIRST(as1) | ARRAY_LAST(as1) | ARRAY_FIRST_N(as1, i1) | ARRAY_LAST_N(as1, i1) | ARRAY_MAX(as1) | ARRAY_MIN(as1)
  ARRAY_REVERSE(as1) | ARRAY_SLICE(as1, i1, i2) | CODE_POINTS_TO_BYTES(ai1) | CODE_POINTS_TO_STRING(ai1)
  COLLATE(s1, s2) | FROM_BASE32(s1) | FROM_BASE64(s1) | FROM_HEX(s1) | LEFT(s1, i1) | RIGHT(s1, i1) | REVERSE(s1)
  LTRIM(s1, s2) | LTRIM(y1, y2) | RTRIM(s1, s2) | RTRIM(y1, y2) | TRIM(s1, s2) | TRIM(y1, y2)
  REGEXP_EXTRACT(s1, s2, i1, i2) | REGEXP_SUBSTR(s1, s2, i1, i2) | REGEXP_EXTRACT_ALL(s1, s2) | TRANSLATE(s1, s2, 'e')
  SPLIT(s1, s2) | SPLIT(y1, y2) | SUBSTR(s1, i1, i2) | SUBSTRING(s1, i1, i2) | BOOL_ARRAY(j1) | STRING(j1) | LAX_BOOL_ARRAY(j1)
  FLOAT64_ARRAY(j1, wide_number_mode=>s1) | DOUBLE_ARRAY(j1, wide_number_mode=>s1) | LAX_FLOAT64_ARRAY(j1)
  LAX_DOUBLE_ARRAY(j1) | INT64_ARRAY(j1) | LAX_INT64_ARRAY(j1) | LAX_STRING(j1) | STRING_ARRAY(j1)
  LAX_STRING_ARRAY(j1) | JSON_EXTRACT(s1, s2) | JSON_EXTRACT(j1, s1) | JSON_QUERY(s1, s2) | JSON_QUERY(j1, s1)
  JSON_EXTRACT_ARRAY(s1, s2) | JSON_EXTRACT_ARRAY(j1, s1) | JSON_QUERY_ARRAY(s1, s2) | JSON_QUERY_ARRAY(j1, s1)
  JSON_EXTRACT_SCALAR(s1, s2) | JSON_EXTRACT_SCALAR(j1, s1) | JSON_VALUE(s1, s2) | JSON_VALUE(j1, s1)
  JSON_EXTRACT_STRING_ARRAY(s1, s2) | JSON_EXTRACT_STRING_ARRAY(j1, s1) | JSON_VALUE_ARRAY(s1, s2)
  JSON_VALUE_ARRAY(j1, s1) | JSON_FLATTEN(j1) | JSON_REMOVE(j1, s1, s2)
  JSON_STRIP_NULLS(j1, s1, include_arrays=>b1, remove_empty=>b2) | PARSE_JSON(s1, wide_number_mode=>s2)
  SAFE_TO_JSON(s1) | ST_BOUNDARY(g1) | ST_CONVEXHULL(g1) | ST_EXTERIORRING(g1) | ST_DUMP(g1, i1) | ST_INTERIORRINGS(g1)
  ST_SIMPLIFY(g1, f1) | ST_SNAPTOGRID(g1, f1) | ST_LINESUBSTRING(g1, f1, f2) | NET.HOST(s1) | NET.PUBLIC_SUFFIX(s1)
  NET.REG_DOMAIN(s1) | BAG_OF_WORDS(as1) | ML.NORMALIZER(af1, f1)
`;

/** So many times as long, of columns that are as long as a table's can be. */
const TIMES: Readonly<Record<number, string>> = {
  2: `
  RANGE(d1, d2) | CONCAT(i1, i2) | ARRAY_CONCAT(as1, as2) | CONCAT(s1, s2) | CONCAT(s1, y1) | CONCAT(y1, y2)
  LOWER(s1) | TO_BASE32(y1) | TO_BASE64(y1) | TRANSLATE(s1, s2, 'é')
  TO_HEX(y1) | JSON_ARRAY(s1, s2) | JSON_OBJECT(s1, s2) | TO_JSON(s1, stringify_wide_numbers=>b1) | TO_JSON(s1, b1)
`,
  4: `
  INITCAP(s1, s2) | UPPER(s1) | SAFE_CONVERT_BYTES_TO_STRING(y1) | TRANSLATE(s1, s2, s3)
  JSON_ARRAY_APPEND(j1, s1, s2, append_each_element=>b1) | ST_ASBINARY(g1) | ST_ASTEXT(g1)
  ST_ASGEOJSON(g1) | AEAD.ENCRYPT(y1, s1, s2) | DETERMINISTIC_ENCRYPT(y1, s1, s2)
`,
  8: `
  TO_CODE_POINTS(s1) | TO_JSON_STRING(s1) | TO_JSON_STRING(STRUCT(s1 AS a)) | FORMAT('%s', s1)
`,
  16: `
  NORMALIZE(s1, NFC) | NORMALIZE_AND_CASEFOLD(s1, NFC) | TEXT_ANALYZE(s1, analyzer=>s2, analyzer_options=>s3)
  TO_JSON_STRING(as1) | TO_JSON_STRING(j1) | TO_JSON_STRING(STRUCT(as1 AS a)) | SAFE_CAST(y1 AS STRING FORMAT 'BASE2')
  FORMAT_DATE(s1, d1) | FORMAT_DATE(s1, dt1) | FORMAT_DATE(s1, ts1) | FORMAT_DATETIME(s1, dt1)
  FORMAT_DATETIME(s1, ts1) | FORMAT_TIME(s1, tm1) | FORMAT_TIMESTAMP(s1, ts1, s2) | TO_JSON_STRING(s1, b1)
`,
  // The format is put in as well.
  32: `
  FORMAT('%T', as1) | FORMAT('%T', j1)
`,
};

/** As long as somebody likes. */
const ANY = `
  TYPEOF(s1) | FORMAT(s1, s2, s3) | REPEAT(s1, i1) | LPAD(s1, i1, s2) | RPAD(s1, i1, s2) | REGEXP_REPLACE(s1, s2, s3)
  REPLACE(s1, s2, s3) | GENERATE_RANGE_ARRAY(rd1, v1, b1) | ARRAY_TO_STRING(as1, s1, s2) | GENERATE_ARRAY(i1, i2, i3)
  TO_JSON_STRING(j1, TRUE) | TO_JSON_STRING(aj1, b1) | TO_JSON_STRING(STRUCT(j1 AS a), b1) | FORMAT('%P', j1)
  GENERATE_DATE_ARRAY(d1, d2, v1) | GENERATE_TIMESTAMP_ARRAY(ts1, ts2, v1)
  JSON_ARRAY_INSERT(j1, s1, s2, insert_each_element=>b1) | JSON_KEYS(j1, i1, mode=>s1)
  JSON_SET(j1, s1, s2, create_if_missing=>b1) | ST_BUFFER(g1, f1, f2, b1, s1, s2)
  ST_BUFFERWITHTOLERANCE(g1, f1, f2, b1, s1, s2) | ST_DIFFERENCE(g1, g2) | ST_INTERSECTION(g1, g2) | ST_UNION(g1, g2)
  ST_UNION(ag1) | ST_GEOGFROM(s1) | ST_GEOGFROM(y1) | ST_GEOGFROMGEOJSON(s1, make_valid=>b1)
  ST_GEOGFROMTEXT(s1, b1, planar=>b2, make_valid=>b3) | ST_GEOGFROMWKB(y1, b1, planar=>b2, make_valid=>b3)
  ST_GEOGFROMWKB(s1, b1, planar=>b2, make_valid=>b3) | ST_MAKELINE(g1, g2) | ST_MAKELINE(ag1) | ST_MAKEPOLYGON(g1, ag1)
  ST_MAKEPOLYGONORIENTED(ag1) | S2_COVERINGCELLIDS(g1, min_level=>i1, max_level=>i2, max_cells=>i3, buffer=>f1)
  ML.NGRAMS(as1, ai1, s1) | KLL_QUANTILES.EXTRACT_INT64(y1, i1) | KLL_QUANTILES.EXTRACT_FLOAT64(y1, i1)
  AI.CLASSIFY(s1, as1) | AI.EMBED(s1, endpoint => 'e', title => s2) | AI.GENERATE(s1) | AI.GENERATE_BOOL((s1, as1))
  AI.GENERATE_DOUBLE(s1) | AI.GENERATE_INT(s1)
`;

const COLUMN = /\b((?:a|r)?(?:bn|dt|ts|tm|[sifnybdvgj]))[1-5]\b/g;
const LITERAL = "x".repeat((LONG / 2) * 1000);
/** A column of this type, made long, so that it doesn't fail by that. */
const MADE_LONG: Readonly<Record<string, (column: string) => string>> = {
  s: (column) => `CONCAT(${column}, '${LITERAL}')`,
  y: (column) => `CONCAT(${column}, b'${LITERAL}')`,
  j: (column) => `SAFE.JSON_SET(${column}, '$.a', 1)`,
  g: (column) => `SAFE.ST_BUFFER(${column}, 1.0)`,
};

function madeLong(call: string): string {
  const columns = new Map([...call.matchAll(COLUMN)].map(([column, letter = ""]) => [column, letter]));
  const made = [...columns].flatMap(([column, letter]) => {
    const long = letter.startsWith("a") ? `ARRAY_TRANSFORM(${column}, e -> e)` : MADE_LONG[letter]?.(column);
    return long === undefined ? [] : [`${long} AS ${column}`];
  });
  return made.length === 0 ? "wide" : `(SELECT * REPLACE (${made.join(", ")}) FROM wide)`;
}

/** So often what a row of many columns holds is counted in JSON; LONG of that fail. */
const IN_JSON = 4;
/** Columns that make a row one of many. */
const OTHERS = Array.from({ length: 7 }, (_, i) => `1 AS b${i}`).join(", ");

/** Whether JSON of so many times what the call gives, and of a column beside it, can fail. */
function canFail(call: string, times: number, from = "wide"): boolean {
  const given = Array.from({ length: times }, (_, i) => `x AS a${i}`).join(", ");
  const safe = /^AI\.|^SAFE_CAST/.test(call) ? call : `SAFE.${call}`;
  const sql = `SELECT TO_JSON_STRING(STRUCT(${given}, i6, ${OTHERS})) AS y FROM (SELECT ${safe} AS x, i6 FROM ${from})`;
  const { plan } = analyze(sql, { catalog: WIDE_CATALOG, ...DEFAULTS });
  if (!plan.understood) throw new Error(`${sql.slice(0, 200)}: ${plan.refusal.message}`);
  return plan.statements.some(({ reads }) =>
    reads.some(({ columns }) => columns.some(({ path, uses }) => path === "i6" && uses.includes("predicate"))),
  );
}

const FAILS = LONG / IN_JSON;
const calls = (text: string): string[] => text.trim().split(/ \| |\n\s*/);

describe("of what is long it gives what is short:", () => {
  for (const call of calls(SHORT))
    test(call, () => {
      assert.equal(canFail(call, FAILS / 2), false);
      assert.equal(canFail(call, 1, madeLong(call)), false);
    });
});

describe("of what is long it gives what is long:", () => {
  for (const call of calls(AS_LONG))
    test(call, () => {
      assert.equal(canFail(call, FAILS / 2), false);
      assert.equal(canFail(call, 1, madeLong(call)), true);
    });
});

for (const [times, text] of Object.entries(TIMES))
  describe(`${times} times as long:`, () => {
    for (const call of calls(text))
      test(call, () => {
        assert.equal(canFail(call, FAILS / Number(times)), true);
        assert.equal(canFail(call, FAILS / Number(times) / 2), false);
      });
  });

describe("as long as somebody likes:", () => {
  for (const call of calls(ANY)) test(call, () => assert.equal(canFail(call, 1), true));
});
