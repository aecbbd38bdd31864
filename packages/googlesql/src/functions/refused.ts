/**
 * Functions that BigQuery has and no agent may call, and why. Scalar and table functions alike.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
 */
import { once } from "../once.ts";

const names = (text: string): readonly string[] => text.trim().split(/\s+/);

/** A name that ends in a dot stands for all that begin so. */
export const refusals = once((): readonly (readonly [reason: string, names: readonly string[]])[] => [
  ["it would give the gateway's own identity", names("SESSION_USER")],
  [
    "its value answers whether a computation fails; test the values themselves, or use the SAFE. prefix",
    names("IFERROR ISERROR NULLIFERROR"),
  ],
  [
    // A keyset is a secret, and a key that is wrapped is unwrapped by the gateway's own rights in Cloud KMS.
    "it makes, changes or shows encryption keys, which no agent handles",
    names("KEYS. DLP_KEY_CHAIN"),
  ],
  [
    // What is decrypted is of a class that no column of the catalog has.
    "it gives what encryption hides, and no policy knows the class of that; read the column that holds it in clear",
    names(`
      AEAD.DECRYPT_BYTES AEAD.DECRYPT_STRING DETERMINISTIC_DECRYPT_BYTES DETERMINISTIC_DECRYPT_STRING
      DLP_DETERMINISTIC_DECRYPT
    `),
  ],
  ["it sends values to Sensitive Data Protection, outside BigQuery", names("DLP_DETERMINISTIC_ENCRYPT")],
  [
    // Nor can a policy: the text is in another system's language, and can write there.
    "it runs a text in another database, by a connection's rights; which columns it gives, and of which data, only that database knows",
    names("EXTERNAL_QUERY"),
  ],
  ["it reads outside BigQuery", names("EXTERNAL_OBJECT_TRANSFORM ST_REGIONSTATS")],
  ["it reads objects in Cloud Storage or gives access to them, by the gateway's rights", names("OBJ.")],
  [
    "it sends values to a model that runs elsewhere, by its connection's rights, with what else its parameters ask for; AI.GENERATE asks one of Google's",
    names(`
      ML.ANNOTATE_IMAGE ML.PROCESS_DOCUMENT ML.TRANSCRIBE ML.TRANSLATE ML.UNDERSTAND_TEXT
    `),
  ],
  [
    "it sends its text to a model by the connection of the table's embeddings; VECTOR_SEARCH takes vectors",
    names("AI.SEARCH"),
  ],
  ["it gives many rows to a model at once; AI.GENERATE takes a row's values", names("AI.AGG")],
  ["it groups by every combination of its columns; group by those you need", names("AI.KEY_DRIVERS ML.GET_INSIGHTS")],
  ["the gateway doesn't know what it sends to a model", names("AI.")],
  [
    "it describes all columns of its table at once, by values of single rows among others; compute the statistics you need",
    names(`
      ML.CORRELATION ML.DESCRIBE_DATA ML.TFDV_DESCRIBE ML.TFDV_VALIDATE ML.VALIDATE_DATA_DRIFT ML.VALIDATE_DATA_SKEW
    `),
  ],
  [
    "its columns are named by the label's values; count what ML.PREDICT gives by GROUP BY, or take ML.EVALUATE",
    names("ML.CONFUSION_MATRIX"),
  ],
  [
    "it picks rows by columns of fixed names; take QUALIFY ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) = 1",
    names("ML.ENTITY_FEATURES_AT_TIME ML.FEATURES_AT_TIME"),
  ],
  [
    "its columns are those that TRANSFORM made, which may bear other columns' names; compute them in the query",
    names("ML.TRANSFORM"),
  ],
  [
    "it takes pictures, from objects in Cloud Storage",
    names("ML.CONVERT_COLOR_SPACE ML.CONVERT_IMAGE_TYPE ML.DECODE_IMAGE ML.RESIZE_IMAGE"),
  ],
  [
    "the fields of what it gives have no names that the reference says; compute them by name",
    names("ML.FEATURE_CROSS ML.MULTI_HOT_ENCODER ML.ONE_HOT_ENCODER ML.POLYNOMIAL_EXPAND"),
  ],
  ["the gateway doesn't know what it gives", names("ML.")],
  [
    "it belongs to graph queries, which are not analysed",
    names(`
      DESTINATION_NODE_ID EDGES ELEMENT_DEFINITION_NAME ELEMENT_ID IS_ACYCLIC IS_FIRST IS_LAST IS_SIMPLE IS_TRAIL LABELS
      NODES PATH PATH_FIRST PATH_LAST PATH_LENGTH PROPERTY_EXISTS PROPERTY_NAMES SAME SOURCE_NODE_ID ALL_DIFFERENT
      GRAPH_TABLE
    `),
  ],
]);

const reasons = once(
  () => new Map(refusals().flatMap(([reason, list]) => list.map((name) => [name, reason] as const))),
);

/** Why the function of this upper-case name is refused; undefined for one that isn't. Ask the catalogue first. */
export function refusalReason(name: string): string | undefined {
  const [first, ...rest] = name.split(".");
  return reasons().get(name) ?? (rest.length > 0 ? reasons().get(`${first}.`) : undefined);
}
