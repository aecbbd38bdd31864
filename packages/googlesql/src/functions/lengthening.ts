/**
 * How long a text, an ARRAY or JSON becomes of which function, against what the function is given. Every scalar function that gives one is
 * named here; what isn't is as long as somebody likes (I1). SAFE. makes no function shorter.
 *
 * An agent repeats what lengthens a little (`UPPER` of 'ΐ' gives three characters, an escape in JSON six) until it is too long
 * for some values. So each says how often the texts it was given are counted (resolver/growth.ts): as much as their worst character needs,
 * in bytes of UTF-8, since a text that becomes BYTES and text again is counted as often as before.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
 */

/**
 * `short`: some hundred characters, whatever it is given. A number: so many times what it is given first. `chosen`: one of what it is given.
 * `together`: all of that, one behind the other. `written`: as the call says, which resolver/growth.ts reads. `any`: as long as somebody
 * likes.
 */
export type Lengthening = "short" | "chosen" | "together" | "written" | "any" | number;

const LENGTHENING: ReadonlyMap<string, Lengthening> = new Map<string, Lengthening>([
  ...named(
    `
    CHR SOUNDEX GENERATE_UUID MD5 SHA1 SHA256 SHA512
    NET.IP_FROM_STRING NET.SAFE_IP_FROM_STRING NET.IP_NET_MASK NET.IP_TO_STRING NET.IP_TRUNC NET.IPV4_FROM_INT64
    ST_GEOMETRYTYPE ST_GEOHASH ST_BOUNDINGBOX ST_CENTROID ST_GEOGPOINT ST_GEOGPOINTFROMGEOHASH ST_CLOSESTPOINT ST_STARTPOINT
    ST_ENDPOINT ST_POINTN ST_LINEINTERPOLATEPOINT ML.BUCKETIZE JSON_TYPE
    AI.COUNT_TOKENS
    `,
    "short",
  ),
  ...named("COALESCE IF IFNULL NULLIF GREATEST LEAST", "chosen"),
  // No longer than what they are given: STRING takes JSON as well.
  ...named(
    `
    STRING COLLATE LEFT RIGHT LTRIM RTRIM TRIM REVERSE SUBSTR SUBSTRING SPLIT
    REGEXP_EXTRACT REGEXP_SUBSTR REGEXP_EXTRACT_ALL
    FROM_BASE32 FROM_BASE64 FROM_HEX CODE_POINTS_TO_BYTES CODE_POINTS_TO_STRING
    ARRAY_FIRST ARRAY_LAST ARRAY_FIRST_N ARRAY_LAST_N ARRAY_MAX ARRAY_MIN ARRAY_REVERSE ARRAY_SLICE
    BOOL_ARRAY FLOAT64_ARRAY DOUBLE_ARRAY INT64_ARRAY STRING_ARRAY
    LAX_BOOL_ARRAY LAX_FLOAT64_ARRAY LAX_DOUBLE_ARRAY LAX_INT64_ARRAY LAX_STRING LAX_STRING_ARRAY
    JSON_EXTRACT JSON_QUERY JSON_EXTRACT_ARRAY JSON_QUERY_ARRAY JSON_EXTRACT_SCALAR JSON_VALUE
    JSON_EXTRACT_STRING_ARRAY JSON_VALUE_ARRAY JSON_FLATTEN JSON_REMOVE JSON_STRIP_NULLS PARSE_JSON
    NET.HOST NET.PUBLIC_SUFFIX NET.REG_DOMAIN BAG_OF_WORDS
    ST_BOUNDARY ST_CONVEXHULL ST_EXTERIORRING ST_DUMP ST_INTERIORRINGS ST_SIMPLIFY ST_SNAPTOGRID ST_LINESUBSTRING
    ML.NORMALIZER
    RANGE_START RANGE_END RANGE_INTERSECT
    `,
    1,
  ),
  ...named(
    "CONCAT ARRAY_CONCAT SAFE_TO_JSON TO_JSON JSON_ARRAY JSON_OBJECT JSON_ARRAY_APPEND RANGE AEAD.ENCRYPT DETERMINISTIC_ENCRYPT",
    "together",
  ),
  // U+0130 has a dot of its own as a small letter.
  ...named("LOWER TO_HEX TO_BASE32 TO_BASE64", 2),
  // U+0390 has two accents of its own as a capital, and a byte that is no text is replaced by U+FFFD.
  ...named("UPPER INITCAP SAFE_CONVERT_BYTES_TO_STRING", 3),
  // A point in digits.
  ...named("ST_ASTEXT ST_ASGEOJSON ST_ASBINARY", 4),
  // An INT64 for each character.
  ...named("TO_CODE_POINTS", 8),
  // U+FDFA is eighteen characters when it is taken apart, in eleven times its bytes.
  ...named("NORMALIZE NORMALIZE_AND_CASEFOLD", 11),
  ...named(
    "TRANSLATE ARRAY_TO_STRING LPAD RPAD REPEAT REPLACE REGEXP_REPLACE FORMAT TO_JSON_STRING TEXT_ANALYZE",
    "written",
  ),
  ...named("FORMAT_DATE FORMAT_DATETIME FORMAT_TIME FORMAT_TIMESTAMP", "written"),
  // Many elements of one, a path for each key of JSON, nulls up to a place in it, what a model answers.
  ...named(
    `
    TYPEOF GENERATE_ARRAY GENERATE_DATE_ARRAY GENERATE_TIMESTAMP_ARRAY GENERATE_RANGE_ARRAY ML.NGRAMS
    JSON_KEYS JSON_ARRAY_INSERT JSON_SET
    ST_BUFFER ST_BUFFERWITHTOLERANCE ST_UNION ST_DIFFERENCE ST_INTERSECTION ST_MAKELINE ST_MAKEPOLYGON ST_MAKEPOLYGONORIENTED
    ST_GEOGFROM ST_GEOGFROMTEXT ST_GEOGFROMGEOJSON ST_GEOGFROMWKB S2_COVERINGCELLIDS
    KLL_QUANTILES.EXTRACT_INT64 KLL_QUANTILES.EXTRACT_FLOAT64
    AI.CLASSIFY AI.EMBED AI.GENERATE AI.GENERATE_BOOL AI.GENERATE_DOUBLE AI.GENERATE_INT
    `,
    "any",
  ),
]);

function named(names: string, value: Lengthening): readonly (readonly [string, Lengthening])[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => [name, value] as const);
}

export function lengtheningOf(name: string): Lengthening {
  return LENGTHENING.get(name) ?? "any";
}

/** Whether it is said of this function. */
export function isLengtheningKnown(name: string): boolean {
  return LENGTHENING.has(name);
}
