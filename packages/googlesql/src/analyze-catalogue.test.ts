/**
 * Every function and operator of the catalogue, each overload called with a column of its own at each place: what the call
 * shows of each, what each decides, and which of them can make it fail. The expectations were drafted from the
 * catalogue and reviewed; beside Google's reference were read those of functions that give a value on, count, read JSON or hash.
 * None of the catalogue's lines can be weakened unseen.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { everyFunction } from "./functions/catalogue.ts";
import { castMayFail } from "./functions/failure.ts";
import type { PlanStatement, Via } from "./plan.ts";
import { DEFAULTS } from "./testing/clinic.ts";
import { WIDE_CATALOG } from "./testing/wide.ts";
import { scalarType } from "./types.ts";

/*
 * A column is a letter for its type and a number. What stands before it:
 *   ^  it can make the call fail                 !  the same, and with SAFE. it gives what no result may hold
 *                                                ?  it decides which value is given, and shows by that
 *   ~  it only decides which row counts          =  its value is given, and compared with the others
 */
const COPIES = `
  COALESCE(s1, s2) | IF(?b1, s1, s2) | IFNULL(s1, s2) | NULLIF(=s1, ?s2) | GREATEST(=s1, =s2) | LEAST(=s1, =s2)
  RANGE(^d1, ^d2) | RANGE_START(rd1) | RANGE_END(rd1) | ARRAY_CONCAT(as1, as2) | ARRAY_FIRST(^as1) | ARRAY_LAST(^as1)
  ARRAY_FIRST_N(^as1, ^?i1) | ARRAY_LAST_N(^as1, ^?i1) | ARRAY_MAX(=as1) | ARRAY_MIN(=as1) | ARRAY_REVERSE(as1)
  ARRAY_SLICE(^as1, ^?i1, ^?i2)
`;

const TRANSFORMS = `
  STRING(^ts1, ^s1) | STRING(d1) | STRING(dt1) | STRING(tm1) | STRING(^j1) | TYPEOF(s1) | ASCII(^s1)
  CHAR_LENGTH(s1) | CHARACTER_LENGTH(s1) | UNICODE(s1) | BYTE_LENGTH(s1) | LENGTH(s1) | OCTET_LENGTH(s1) | CHR(^i1)
  CODE_POINTS_TO_BYTES(^ai1) | CODE_POINTS_TO_STRING(^ai1) | COLLATE(^s1, ^s2) | CONCAT(s1, s2) | CONCAT(i1, i2)
  CONCAT(^s1, ^y1) | CONCAT(y1, y2)
  CONTAINS_SUBSTR(^s1, ^s2, json_scope=>^s3) | EDIT_DISTANCE(^s1, ^s2, max_distance=>^i1) | ENDS_WITH(s1, s2)
  STARTS_WITH(s1, s2) | REGEXP_CONTAINS(^s1, ^s2) | FORMAT(^s1, ^s2, ^s3) | FROM_BASE32(^s1) | FROM_BASE64(^s1)
  FROM_HEX(^s1) | INITCAP(s1, s2) | INSTR(^s1, ^s2, ^i1, ^i2) | LEFT(^s1, ^i1) | RIGHT(^s1, ^i1) | REPEAT(^s1, ^i1)
  LOWER(s1) | UPPER(s1) | REVERSE(s1) | LPAD(^s1, ^i1, ^s2) | RPAD(^s1, ^i1, ^s2) | LTRIM(s1, s2) | LTRIM(y1, y2)
  RTRIM(s1, s2) | RTRIM(y1, y2) | TRIM(s1, s2) | TRIM(y1, y2) | NORMALIZE(s1, NFC) | NORMALIZE_AND_CASEFOLD(s1, NFC)
  REGEXP_EXTRACT(^s1, ^s2, ^i1, ^i2) | REGEXP_SUBSTR(^s1, ^s2, ^i1, ^i2) | REGEXP_EXTRACT_ALL(!s1, !s2)
  REGEXP_INSTR(^s1, ^s2, ^i1, ^i2, ^i3) | REGEXP_REPLACE(^s1, ^s2, ^s3) | REPLACE(^s1, ^s2, ^s3)
  TRANSLATE(^s1, ^s2, ^s3) | SAFE_CONVERT_BYTES_TO_STRING(y1) | SOUNDEX(s1) | SPLIT(s1, s2) | SPLIT(y1, y2)
  STRPOS(s1, s2) | SUBSTR(^s1, ^i1, ^i2) | SUBSTRING(^s1, ^i1, ^i2) | TO_BASE32(y1) | TO_BASE64(y1) | TO_HEX(y1)
  TO_CODE_POINTS(s1) | ABS(^i1) | SIGN(i1) | SAFE_NEGATE(i1) | ACOS(^f1) | ACOSH(^f1) | ASIN(^f1) | ASINH(f1)
  ATAN(f1) | ATANH(^f1) | COS(f1) | COSH(^f1) | SIN(f1) | SINH(^f1) | TAN(^f1) | TANH(f1) | CBRT(f1) | COT(^f1)
  COTH(^f1) | CSC(^f1) | CSCH(^f1) | SEC(^f1) | SECH(^f1) | ATAN2(f1, f2) | IEEE_DIVIDE(f1, f2) | CEIL(f1)
  CEILING(f1) | FLOOR(f1) | EXP(^f1) | LN(^f1) | LOG10(^f1) | SQRT(^f1) | LOG(^f1, ^f2) | POW(^f1, ^f2)
  POWER(^f1, ^f2) | SAFE_DIVIDE(f1, f2) | ROUND(^f1, ^i1) | ROUND(^n1, ^i1, ^s1) | ROUND(^bn1, ^i1, ^s1)
  TRUNC(f1, i1) | TRUNC(n1, i1) | CEIL(^n1) | CEILING(^n1) | FLOOR(^n1) | DIV(^i1, ^i2) | MOD(^i1, ^i2) | SAFE_ADD(i1, i2) | SAFE_MULTIPLY(i1, i2) | SAFE_SUBTRACT(i1, i2)
  IS_INF(f1) | IS_NAN(f1) | BIT_COUNT(i1) | BIT_COUNT(y1) | RANGE_BUCKET(^s1, ^as1) | PARSE_NUMERIC(^s1)
  PARSE_BIGNUMERIC(^s1) | COSINE_DISTANCE(^af1, ^af2) | EUCLIDEAN_DISTANCE(^af1, ^af2)
  COSINE_DISTANCE(^ai1, ^ai2) | EUCLIDEAN_DISTANCE(^ai1, ^ai2) | DATE(^i1, ^i2, ^i3)
  DATE(d1) | DATE(dt1) | DATE(^ts1, ^s1) | DATETIME(^i1, ^i2, ^i3, ^i4, ^i5, ^i6) | DATETIME(d1, tm1)
  DATETIME(dt1) | DATETIME(^ts1, ^s1) | TIME(^i1, ^i2, ^i3) | TIME(tm1) | TIME(dt1) | TIME(^ts1, ^s1)
  TIMESTAMP(^s1, ^s2) | TIMESTAMP(^d1, ^s1) | TIMESTAMP(^dt1, ^s1) | TIMESTAMP(ts1) | DATE_ADD(^d1, ^v1)
  DATE_ADD(^dt1, ^v1) | DATE_ADD(^ts1, ^v1) | DATE_SUB(^d1, ^v1) | DATE_SUB(^dt1, ^v1) | DATE_SUB(^ts1, ^v1)
  DATETIME_ADD(^dt1, ^v1) | DATETIME_ADD(^ts1, ^v1) | DATETIME_SUB(^dt1, ^v1) | DATETIME_SUB(^ts1, ^v1)
  TIMESTAMP_ADD(^ts1, ^v1) | TIMESTAMP_ADD(^dt1, ^v1) | TIMESTAMP_SUB(^ts1, ^v1) | TIMESTAMP_SUB(^dt1, ^v1)
  TIME_ADD(tm1, v1) | TIME_SUB(tm1, v1) | DATE_DIFF(d1, d2, DAY) | DATE_DIFF(^ts1, ^ts2, NANOSECOND) | DATETIME_DIFF(d1, d2, DAY)
  DATETIME_DIFF(^dt1, ^dt2, NANOSECOND)
  TIMESTAMP_DIFF(d1, d2, DAY) | TIMESTAMP_DIFF(^ts1, ^ts2, NANOSECOND) | TIME_DIFF(tm1, tm2, HOUR) | DATE_TRUNC(d1, DAY) | DATE_TRUNC(dt1, DAY)
  DATE_TRUNC(^ts1, DAY, ^s1) | DATETIME_TRUNC(dt1, DAY) | DATETIME_TRUNC(d1, DAY) | DATETIME_TRUNC(^ts1, DAY, ^s1)
  TIMESTAMP_TRUNC(^ts1, DAY, ^s1) | TIMESTAMP_TRUNC(d1, DAY) | TIMESTAMP_TRUNC(dt1, DAY) | TIME_TRUNC(tm1, HOUR)
  DATE_BUCKET(^d1, ^v1, ^d2) | DATETIME_BUCKET(^dt1, ^v1, ^dt2) | TIMESTAMP_BUCKET(^ts1, ^v1, ^ts2)
  LAST_DAY(d1, DAY) | LAST_DAY(dt1, DAY) | DATE_FROM_UNIX_DATE(^i1) | UNIX_DATE(d1) | UNIX_MICROS(ts1)
  UNIX_MILLIS(ts1) | UNIX_SECONDS(ts1) | TIMESTAMP_MICROS(^i1) | TIMESTAMP_MILLIS(^i1) | TIMESTAMP_SECONDS(^i1)
  FORMAT_DATE(^s1, ^d1) | FORMAT_DATE(^s1, ^dt1) | FORMAT_DATE(^s1, ^ts1) | FORMAT_DATETIME(^s1, ^dt1)
  FORMAT_DATETIME(^s1, ^ts1) | FORMAT_TIME(^s1, ^tm1) | FORMAT_TIMESTAMP(^s1, ^ts1, ^s2) | PARSE_DATE(^s1, ^s2)
  PARSE_DATETIME(^s1, ^s2) | PARSE_TIME(^s1, ^s2) | PARSE_TIMESTAMP(^s1, ^s2, ^s3) | JUSTIFY_DAYS(^v1)
  JUSTIFY_HOURS(^v1) | JUSTIFY_INTERVAL(^v1) | TIMESTAMP_FROM_UNIX_MICROS(^i1) | TIMESTAMP_FROM_UNIX_MICROS(^ts1)
  TIMESTAMP_FROM_UNIX_MILLIS(^i1) | TIMESTAMP_FROM_UNIX_MILLIS(^ts1) | TIMESTAMP_FROM_UNIX_SECONDS(^i1)
  TIMESTAMP_FROM_UNIX_SECONDS(^ts1) | MAKE_INTERVAL(^i1, ^i2, ^i3, ^i4, ^i5, ^i6)
  GENERATE_RANGE_ARRAY(^rd1, ^v1, ^b1) | RANGE_CONTAINS(rd1, rd2) | RANGE_CONTAINS(rd1, d1)
  RANGE_OVERLAPS(rd1, rd2) | RANGE_INTERSECT(^rd1, ^rd2) | ARRAY_LENGTH(as1) | ARRAY_TO_STRING(^as1, ^s1, ^s2)
  ARRAY_INCLUDES(as1, s1) | ARRAY_IS_DISTINCT(as1) | ARRAY_INCLUDES_ALL(as1, as2) | ARRAY_INCLUDES_ANY(as1, as2)
  ARRAY_SUM(^ai1) | ARRAY_AVG(^af1) | GENERATE_ARRAY(^i1, ^i2, ^i3) | GENERATE_DATE_ARRAY(^d1, ^d2, ^v1)
  GENERATE_TIMESTAMP_ARRAY(^ts1, ^ts2, ^v1) | BOOL(^j1) | LAX_BOOL(j1) | BOOL_ARRAY(^j1) | LAX_BOOL_ARRAY(!j1)
  FLOAT64(^j1, wide_number_mode=>^s1) | DOUBLE(^j1, wide_number_mode=>^s1)
  FLOAT64_ARRAY(^j1, wide_number_mode=>^s1) | DOUBLE_ARRAY(^j1, wide_number_mode=>^s1) | LAX_FLOAT64(j1)
  LAX_DOUBLE(j1) | LAX_FLOAT64_ARRAY(!j1) | LAX_DOUBLE_ARRAY(!j1) | INT64(^j1) | LAX_INT64(j1) | INT64_ARRAY(^j1)
  LAX_INT64_ARRAY(!j1) | LAX_STRING(j1) | STRING_ARRAY(^j1) | LAX_STRING_ARRAY(!j1) | JSON_ARRAY(s1, s2) | JSON_ARRAY(^n1)
  JSON_ARRAY_APPEND(^j1, ^s1, ^s2, append_each_element=>^b1)
  JSON_ARRAY_INSERT(^j1, ^s1, ^s2, insert_each_element=>^b1) | JSON_CONTAINS(^j1, ^j2) | JSON_EXTRACT(^s1, ^s2)
  JSON_EXTRACT(^j1, ^s1) | JSON_QUERY(^s1, ^s2) | JSON_QUERY(^j1, ^s1) | JSON_EXTRACT_ARRAY(^s1, ^s2)
  JSON_EXTRACT_ARRAY(^j1, ^s1) | JSON_QUERY_ARRAY(^s1, ^s2) | JSON_QUERY_ARRAY(^j1, ^s1) | JSON_EXTRACT_SCALAR(^s1, ^s2)
  JSON_EXTRACT_SCALAR(^j1, ^s1) | JSON_VALUE(^s1, ^s2) | JSON_VALUE(^j1, ^s1) | JSON_EXTRACT_STRING_ARRAY(!s1, !s2)
  JSON_EXTRACT_STRING_ARRAY(!j1, !s1) | JSON_VALUE_ARRAY(!s1, !s2) | JSON_VALUE_ARRAY(!j1, !s1) | JSON_FLATTEN(j1)
  JSON_KEYS(^j1, ^i1, mode=>^s1) | JSON_OBJECT(^s1, ^s2) | JSON_REMOVE(^j1, ^s1, ^s2)
  JSON_SET(^j1, ^s1, ^s2, create_if_missing=>^b1)
  JSON_STRIP_NULLS(^j1, ^s1, include_arrays=>^b1, remove_empty=>^b2) | JSON_TYPE(j1)
  PARSE_JSON(^s1, wide_number_mode=>^s2) | SAFE_TO_JSON(s1) | TO_JSON(s1, stringify_wide_numbers=>b1)
  TO_JSON(s1, b1) | TO_JSON(^n1) | TO_JSON_STRING(s1, b1) | ST_ANGLE(^g1, ^g2, ^g3) | ST_AREA(^g1, ^b1) | ST_LENGTH(^g1, ^b1)
  ST_PERIMETER(^g1, ^b1) | ST_ASBINARY(g1) | ST_ASTEXT(g1) | ST_ASGEOJSON(g1) | ST_GEOMETRYTYPE(g1)
  ST_AZIMUTH(^g1, ^g2) | ST_BOUNDARY(^g1) | ST_CENTROID(^g1) | ST_CONVEXHULL(^g1) | ST_EXTERIORRING(^g1)
  ST_BOUNDINGBOX(g1) | ST_BUFFER(^g1, ^f1, ^f2, ^b1, ^s1, ^s2) | ST_BUFFERWITHTOLERANCE(^g1, ^f1, ^f2, ^b1, ^s1, ^s2)
  ST_CLOSESTPOINT(^g1, ^g2, ^b1) | ST_CONTAINS(^g1, ^g2) | ST_COVERS(^g1, ^g2) | ST_COVEREDBY(^g1, ^g2)
  ST_DISJOINT(^g1, ^g2) | ST_EQUALS(^g1, ^g2) | ST_INTERSECTS(^g1, ^g2) | ST_TOUCHES(^g1, ^g2) | ST_WITHIN(^g1, ^g2)
  ST_INTERSECTSBOX(^g1, ^f1, ^f2, ^f3, ^f4) | ST_DIFFERENCE(^g1, ^g2) | ST_INTERSECTION(^g1, ^g2)
  ST_UNION(^g1, ^g2) | ST_UNION(^ag1) | ST_DIMENSION(g1) | ST_NPOINTS(g1) | ST_NUMPOINTS(g1) | ST_NUMGEOMETRIES(g1)
  ST_DISTANCE(^g1, ^g2, ^b1) | ST_MAXDISTANCE(^g1, ^g2, ^b1) | ST_DUMP(^g1, ^i1) | ST_DWITHIN(^g1, ^g2, ^f1, ^b1)
  ST_ENDPOINT(^g1) | ST_STARTPOINT(^g1) | ST_GEOGFROM(^s1) | ST_GEOGFROM(^y1)
  ST_GEOGFROMGEOJSON(^s1, make_valid=>^b1) | ST_GEOGFROMTEXT(^s1, ^b1, planar=>^b2, make_valid=>^b3)
  ST_GEOGFROMWKB(^y1, ^b1, planar=>^b2, make_valid=>^b3) | ST_GEOGFROMWKB(^s1, ^b1, planar=>^b2, make_valid=>^b3)
  ST_GEOGPOINT(^f1, ^f2) | ST_GEOGPOINTFROMGEOHASH(^s1) | ST_GEOHASH(^g1, ^i1)
  ST_HAUSDORFFDISTANCE(^g1, ^g2, directed=>^b1) | ST_HAUSDORFFDWITHIN(^g1, ^g2, ^f1, directed=>^b1)
  ST_INTERIORRINGS(^g1) | ST_ISCLOSED(g1) | ST_ISCOLLECTION(g1) | ST_ISEMPTY(g1) | ST_ISRING(g1)
  ST_LINEINTERPOLATEPOINT(^g1, ^f1) | ST_SIMPLIFY(^g1, ^f1) | ST_SNAPTOGRID(^g1, ^f1) | ST_LINELOCATEPOINT(^g1, ^g2)
  ST_LINESUBSTRING(^g1, ^f1, ^f2) | ST_MAKELINE(^g1, ^g2) | ST_MAKELINE(^ag1) | ST_MAKEPOLYGON(^g1, ^ag1)
  ST_MAKEPOLYGONORIENTED(^ag1) | ST_POINTN(^g1, ^i1) | ST_X(^g1) | ST_Y(^g1) | S2_CELLIDFROMPOINT(^g1, level=>^i1)
  S2_COVERINGCELLIDS(^g1, min_level=>^i1, max_level=>^i2, max_cells=>^i3, buffer=>^f1) | NET.HOST(s1)
  NET.PUBLIC_SUFFIX(s1) | NET.REG_DOMAIN(s1) | NET.IP_FROM_STRING(^s1) | NET.SAFE_IP_FROM_STRING(s1)
  NET.IP_NET_MASK(^i1, ^i2) | NET.IP_TO_STRING(^y1) | NET.IP_TRUNC(^y1, ^i1) | NET.IPV4_FROM_INT64(^i1)
  NET.IPV4_TO_INT64(^y1) | FARM_FINGERPRINT(s1) | MD5(s1) | SHA1(s1) | SHA256(s1) | SHA512(s1)
  AEAD.ENCRYPT(^y1, ^s1, ^s2) | DETERMINISTIC_ENCRYPT(^y1, ^s1, ^s2)
  SEARCH(^s1, ^s2, json_scope=>^s3, analyzer=>^s4, analyzer_options=>^s5)
  TEXT_ANALYZE(^s1, analyzer=>^s2, analyzer_options=>^s3) | BAG_OF_WORDS(as1) | CURRENT_DATE(^s1)
  CURRENT_DATETIME(^s1) | CURRENT_TIME(^s1) | ML.BUCKETIZE(^f1, ^af1, ^b1, ^s1) | ML.DISTANCE(^af1, ^af2, ^s1)
  ML.HASH_BUCKETIZE(^s1, ^i1) | ML.LP_NORM(^af1, ^f1) | ML.NGRAMS(^as1, ^ai1, ^s1) | ML.NORMALIZER(^af1, ^f1)
  HLL_COUNT.EXTRACT(^y1) | KLL_QUANTILES.EXTRACT_INT64(^y1, ^i1) | KLL_QUANTILES.EXTRACT_FLOAT64(^y1, ^i1)
  KLL_QUANTILES.EXTRACT_POINT_INT64(^y1, ^f1) | KLL_QUANTILES.EXTRACT_POINT_FLOAT64(^y1, ^f1)
`;

const AGGREGATE_COPIES = `
  MIN(=s1) | MAX(=s1) | MIN_BY(s1, ~s2) | MAX_BY(s1, ~s2) | ANY_VALUE(s1) | ARRAY_AGG(^s1) | ARRAY_CONCAT_AGG(^as1)
  APPROX_QUANTILES(^=s1, ^?i1)
`;

const AGGREGATE_TRANSFORMS = `
  HLL_COUNT.INIT(^i1, ^i2) | HLL_COUNT.INIT(^n1, ^i1) | HLL_COUNT.INIT(^bn1, ^i1) | HLL_COUNT.INIT(^s1, ^i1)
  HLL_COUNT.MERGE_PARTIAL(^y1) | KLL_QUANTILES.INIT_INT64(^i1, ^i2, weight=>^i3)
  KLL_QUANTILES.INIT_FLOAT64(^f1, ^i1, weight=>^i2) | KLL_QUANTILES.MERGE_PARTIAL(^y1)
  KLL_QUANTILES.MERGE_INT64(^y1, ^i1) | KLL_QUANTILES.MERGE_FLOAT64(^y1, ^i1)
  KLL_QUANTILES.MERGE_POINT_INT64(^y1, ^f1) | KLL_QUANTILES.MERGE_POINT_FLOAT64(^y1, ^f1) | STRING_AGG(^s1, ^s2)
  BIT_AND(i1) | BIT_OR(i1) | BIT_XOR(i1) | LOGICAL_AND(b1) | LOGICAL_OR(b1) | ST_UNION_AGG(^g1)
  ST_CENTROID_AGG(^g1) | ST_EXTENT(^g1)
`;

const STATISTICS = `
  COUNT(s1) | COUNTIF(b1) | APPROX_COUNT_DISTINCT(s1) | SUM(^i1) | SUM(^v1) | AVG(^f1) | AVG(^v1) | STDDEV(^f1)
  STDDEV_POP(^f1) | STDDEV_SAMP(^f1) | VARIANCE(^f1) | VAR_POP(^f1) | VAR_SAMP(^f1) | CORR(^f1, ^f2)
  COVAR_POP(^f1, ^f2) | COVAR_SAMP(^f1, ^f2) | HLL_COUNT.MERGE(^y1)
`;

const WINDOW_COPIES = `
  FIRST_VALUE(s1) | LAST_VALUE(s1) | NTH_VALUE(^s1, ^?i1) | LAG(s1, ^?i1, s2) | LEAD(s1, ^?i1, s2)
  PERCENTILE_DISC(^=s1, ^?f1)
`;

const WINDOW_TRANSFORMS = `
  TF_IDF(^as1, ^i1, ^i2) | ML.MAX_ABS_SCALER(^f1) | ML.MIN_MAX_SCALER(^f1) | ML.STANDARD_SCALER(^f1)
  ML.ROBUST_SCALER(^f1, ^ai1, ^b1, ^b2) | ML.LABEL_ENCODER(^s1, ^i1, ^i2) | ML.QUANTILE_BUCKETIZE(^f1, ^i1, ^s1)
  ML.IMPUTER(^f1, ^s1) | ML.IMPUTER(^s1, ^s2) | ML.BAG_OF_WORDS(^as1, ^i1, ^i2) | ML.TF_IDF(^as1, ^i1, ^i2)
  NTILE(^i1) | PERCENTILE_CONT(^f1, ^?f2) | ST_CLUSTERDBSCAN(^g1, ^f1, ^i1)
`;

const ASK_MODELS = `
  AI.CLASSIFY(^s1, ^as1) | AI.COUNT_TOKENS(^s1) | AI.EMBED(^s1, endpoint => 'e', title => ^s2) | AI.GENERATE(^s1) | AI.GENERATE_BOOL((^s1, ^as1)) | AI.GENERATE_DOUBLE(^s1)
  AI.GENERATE_INT(^s1) | AI.IF(^s1) | AI.SCORE(^s1) | AI.SIMILARITY(^s1, ^s2, endpoint => 'e')
`;

const OPERATORS = `
  ^i1 + ^i2 | ^f1 + ^f2 | ^d1 + ^i1 | ^i1 + ^d1 | ^d1 + ^v1 | ^dt1 + ^v1 | ^ts1 + ^v1 | ^v1 + ^d1 | ^v1 + ^dt1 | ^v1 + ^ts1
  ^v1 + ^v2 | ^i1 - ^i2 | ^d1 - ^i1 | ^d1 - ^v1 | ^dt1 - ^v1 | ^ts1 - ^v1 | ^v1 - ^v2 | ^d1 - ^d2 | ^dt1 - ^dt2
  ^ts1 - ^ts2 | ^tm1 - ^tm2 | ^i1 * ^i2 | ^v1 * ^i1 | ^i1 * ^v1 | ^f1 / ^f2 | ^v1 / ^i1 | i1 & i2 | ^y1 & ^y2 | ^i1 << ^i2
  ^y1 >> ^i1 | -^i1 | -^v1 | +i1 | ~ i1 | ~ y1 | s1 || s2 | y1 || y2 | ^s1 LIKE ^s2 | ^y1 LIKE ^y2
`;

function planOf(sql: string): PlanStatement {
  const { plan } = analyze(sql, { catalog: WIDE_CATALOG, ...DEFAULTS });
  if (!plan.understood) throw new Error(`${sql}: ${plan.refusal.message}`);
  const [statement] = plan.statements;
  if (statement === undefined) throw new Error("no statement");
  return statement;
}

interface Told {
  readonly shown: readonly string[];
  readonly decided: readonly string[];
  readonly predicates: readonly string[];
}

/** What the plan of a call says of columns, but for that rows exist. */
function told(call: string): Told {
  const { outputs, reads } = planOf(`SELECT ${call} AS x FROM wide`);
  const [output] = outputs;
  const path = (column: string): string => column.replace("clinic.ehr.wide.", "");
  const columns = reads.flatMap((read) => read.columns);
  return {
    shown: (output?.explicit ?? []).map(({ via, column }) => `${via} ${path(column)}`).sort(),
    decided: (output?.implicit ?? [])
      .map(path)
      .filter((name) => name !== "*")
      .sort(),
    predicates: columns.flatMap((c) => (c.uses.includes("predicate") && c.path !== "*" ? [c.path] : [])).sort(),
  };
}

const MARKED = /([\^!?~=]*)\b((?:a|r)?(?:bn|dt|ts|tm|[sifnybdvgj])[1-6])\b/g;

/** What stands in the tables above, as the plan would say it. */
function expected(marked: string, via: Via): Told {
  const columns = [...marked.matchAll(MARKED)].map(([, marks = "", name = ""]) => ({ marks, name }));
  const named = (wanted: RegExp): string[] => columns.flatMap(({ marks, name }) => (wanted.test(marks) ? [name] : []));
  const shown = columns.flatMap(({ marks, name }) =>
    marks.includes("~") ? [] : [`${marks.includes("?") ? "transform" : via} ${name}`],
  );
  return { shown: shown.sort(), decided: named(/[?~=]/).sort(), predicates: named(/[!?~=^]/).sort() };
}

const bare = (marked: string): string => marked.replace(MARKED, "$2");

const calls = (text: string): string[] => text.trim().split(/ \| |\n\s*/);

function table(title: string, text: string, via: Via, after = ""): void {
  describe(title, () => {
    for (const marked of calls(text)) {
      test(`${bare(marked)}${after}`, () => {
        assert.deepEqual(told(`${bare(marked)}${after}`), expected(marked, via));
      });
    }
  });
}

table("gives one of its values", COPIES, "copy");
table("computes a value", TRANSFORMS, "transform");
table("asks a model", ASK_MODELS, "transform");
table("gives values of the group", AGGREGATE_COPIES, "copy");
table("builds a value of the group's", AGGREGATE_TRANSFORMS, "transform");
table("gives a statistic over the group", STATISTICS, "aggregate");
table("gives values of the window", WINDOW_COPIES, "copy", " OVER ()");
table("computes a value of the window's", WINDOW_TRANSFORMS, "transform", " OVER ()");
table("gives values of the window, though it is an aggregate", AGGREGATE_COPIES, "copy", " OVER ()");
table("an operator computes a value", OPERATORS, "transform");
table("joining arrays gives their elements", "as1 || as2", "copy");

describe("of no column", () => {
  for (const [call, ...shown] of [
    ["ROW_NUMBER() OVER ()", "transform *"],
    ["RANK() OVER (ORDER BY s1)", "transform *"],
    ["DENSE_RANK() OVER (ORDER BY s1)", "transform *"],
    ["PERCENT_RANK() OVER (ORDER BY s1)", "transform *"],
    ["CUME_DIST() OVER (ORDER BY s1)", "transform *"],
    ["COUNT(*)", "aggregate *"],
    ["ANY_VALUE(1)", "transform *"],
    ["RAND()"],
    ["GENERATE_UUID()"],
    ["CURRENT_TIMESTAMP()"],
  ] as const)
    test(call, () => {
      const { decided, ...rest } = told(call);
      const ordered = call.includes("s1") ? ["s1"] : [];
      assert.deepEqual({ ...rest, decided }, { shown, decided: ordered, predicates: ordered });
    });
  test("GROUPING tells of a key, which decides its rows", () => {
    const { outputs } = planOf("SELECT GROUPING(s1) AS x FROM wide GROUP BY ROLLUP(s1)");
    assert.deepEqual(
      outputs.map((o) => [o.explicit.map((s) => `${s.via} ${s.column}`), o.implicit]),
      [[["aggregate clinic.ehr.wide.s1"], ["clinic.ehr.wide.s1"]]],
    );
  });
});

test("SAFE. takes the failure away, and nothing else", () => {
  for (const marked of [...calls(COPIES), ...calls(TRANSFORMS)]) {
    const via = calls(COPIES).includes(marked) ? "copy" : "transform";
    assert.deepEqual(told(`SAFE.${bare(marked)}`), expected(marked.replaceAll("^", ""), via), marked);
  }
});

test("what decides and can fail, a handler tells of", () => {
  const marks = [...calls(COPIES).map((call) => [call, ""]), ...calls(WINDOW_COPIES).map((call) => [call, " OVER ()"])];
  for (const [marked = "", over = ""] of marks.filter(([call]) => call?.includes("^?"))) {
    const { plan } = analyze(
      `BEGIN SELECT ${bare(marked)}${over} AS x FROM wide; SELECT 1 AS x; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END`,
      { catalog: WIDE_CATALOG, ...DEFAULTS },
    );
    const told = plan.understood ? plan.result.flatMap(({ implicit }) => implicit) : [];
    for (const column of expected(marked.replaceAll(/\^(?!\?)/g, ""), "copy").predicates)
      assert.ok(told.includes(`clinic.ehr.wide.${column}`), `${marked}: ${column}`);
  }
});

test("each overload in the catalogue is called above", () => {
  const called = [
    COPIES,
    TRANSFORMS,
    ASK_MODELS,
    AGGREGATE_COPIES,
    AGGREGATE_TRANSFORMS,
    STATISTICS,
    WINDOW_COPIES,
    WINDOW_TRANSFORMS,
  ]
    .flatMap(calls)
    .map((call) => call.slice(0, call.indexOf("(")));
  const without = new Set("ROW_NUMBER RANK DENSE_RANK PERCENT_RANK CUME_DIST GROUPING RAND GENERATE_UUID".split(" "));
  without.add("CURRENT_TIMESTAMP");
  const lacking = everyFunction().filter(({ name, written }) => {
    return !without.has(name) && called.filter((other) => other === name).length < new Set(written).size;
  });
  assert.deepEqual(
    lacking.map(({ name }) => name),
    [],
  );
});

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules */
test("a cast fails but between these", () => {
  const always = `
    BOOL>INT64 BOOL>STRING BIGNUMERIC>FLOAT64 BIGNUMERIC>STRING DATE>DATETIME DATE>STRING DATE>TIMESTAMP DATETIME>DATE
    DATETIME>STRING DATETIME>TIME DATETIME>TIMESTAMP FLOAT64>STRING INT64>BIGNUMERIC INT64>BOOL INT64>FLOAT64
    INT64>NUMERIC INT64>STRING INTERVAL>STRING NUMERIC>BIGNUMERIC NUMERIC>FLOAT64 NUMERIC>STRING STRING>BYTES
    TIME>STRING TIMESTAMP>DATE TIMESTAMP>DATETIME TIMESTAMP>STRING TIMESTAMP>TIME
  `;
  const names =
    "BOOL INT64 FLOAT64 NUMERIC BIGNUMERIC STRING BYTES DATE DATETIME TIME TIMESTAMP INTERVAL JSON GEOGRAPHY";
  const types = names.split(" ").flatMap((name) => scalarType(name) ?? []);
  const pairs = types.flatMap((from) => types.map((to) => [from, to] as const));
  const total = pairs.filter(([from, to]) => from !== to && !castMayFail(from, to));
  const name = (type: (typeof types)[number]): string => (type.kind === "scalar" ? type.name : "");
  assert.deepEqual(total.map(([from, to]) => `${name(from)}>${name(to)}`).sort(), always.trim().split(/\s+/).sort());
});

describe("in another time zone the first or last times of all fail", () => {
  for (const [call, column] of [
    ["DATE(ts1, 'Asia/Tokyo')", "ts1"],
    ["DATETIME(ts1, 'Asia/Tokyo')", "ts1"],
    ["TIME(ts1, 'Asia/Tokyo')", "ts1"],
    ["STRING(ts1, 'Asia/Tokyo')", "ts1"],
    ["TIMESTAMP(d1, 'Asia/Tokyo')", "d1"],
    ["TIMESTAMP(dt1, 'Asia/Tokyo')", "dt1"],
    ["FORMAT_TIMESTAMP('%F', ts1, 'Asia/Tokyo')", "ts1"],
    ["EXTRACT(DATE FROM ts1 AT TIME ZONE 'Asia/Tokyo')", "ts1"],
  ] as const)
    test(call, () => assert.deepEqual(told(call).predicates, [column]));
  test("but not in the default one", () => {
    for (const call of ["DATE(ts1)", "DATETIME(d1, TIME '01:00:00')", "EXTRACT(DATE FROM ts1)", "TRUNC(f1, 2)"])
      assert.deepEqual(told(call).predicates, [], call);
  });
});
