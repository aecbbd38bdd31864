/**
 * OPTIONS: constants only, of the options that change no one's access and move no data (threat-model rows 18, 35). One that
 * isn't listed is refused by name (I1).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#table_option_list
 */
import type { OptionList } from "../../tree.ts";
import type { Context } from "../context.ts";
import { fold } from "../scope.ts";
import { constantValue } from "./constant.ts";

/**
 * Not among them: tags, which access can depend on; keys; where files are, which hold data outside BigQuery; and that a dataset's names ignore case, by
 * which what is known of a table by its name isn't of the others that it has.
 */
const OPTIONS = {
  "CREATE TABLE":
    "expiration_timestamp partition_expiration_days require_partition_filter friendly_name description labels " +
    "default_rounding_mode enable_change_history max_staleness",
  "ALTER TABLE":
    "expiration_timestamp partition_expiration_days require_partition_filter friendly_name description labels " +
    "default_rounding_mode enable_change_history max_staleness",
  COLUMN: "description rounding_mode",
  VIEW: "expiration_timestamp friendly_name description labels",
  "ALTER VIEW": "expiration_timestamp friendly_name description labels",
  "MATERIALIZED VIEW":
    "enable_refresh refresh_interval_minutes expiration_timestamp max_staleness allow_non_incremental_definition " +
    "friendly_name description labels",
  "ALTER MATERIALIZED VIEW":
    "enable_refresh refresh_interval_minutes expiration_timestamp max_staleness friendly_name description labels",
  SCHEMA:
    "default_table_expiration_days default_partition_expiration_days default_rounding_mode description friendly_name " +
    "labels location max_time_travel_hours storage_billing_model",
  "EXPORT DATA":
    "uri format compression field_delimiter header overwrite use_avro_logical_types bigtable_options " +
    "auto_create_column_families spanner_options truncate",
  "EXPORT MODEL": "uri trial_id",
  "FROM FILES":
    "allow_jagged_rows allow_quoted_newlines column_name_character_map compression decimal_target_types " +
    "enable_list_inference enable_logical_types encoding field_delimiter format hive_partition_uri_prefix " +
    "ignore_unknown_values json_extension max_bad_records null_marker null_markers preserve_ascii_control_characters " +
    "quote require_hive_partition_filter skip_leading_rows uris",
  MODEL:
    "model_type labels input_label_cols data_split_method data_split_eval_fraction data_split_col l1_reg l2_reg max_iterations " +
    "learn_rate learn_rate_strategy early_stop min_rel_progress warm_start num_clusters distance_type standardize_features " +
    "enable_global_explain auto_class_weights class_weights fit_intercept optimize_strategy category_encoding_method",
  INDEX:
    "analyzer analyzer_options data_types default_index_column_granularity index_type distance_type ivf_options tree_ah_options",
  "INDEX COLUMN": "index_granularity",
  ROUTINE: "description strict_mode",
  /** https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#external_table_option_list */
  "EXTERNAL TABLE":
    "allow_jagged_rows allow_quoted_newlines compression decimal_target_types description enable_list_inference " +
    "enable_logical_types encoding expiration_timestamp field_delimiter format friendly_name hive_partition_uri_prefix " +
    "ignore_unknown_values json_extension labels max_bad_records null_marker null_markers quote " +
    "require_hive_partition_filter skip_leading_rows uris",
  CAPACITY: "plan renewal_plan slot_count edition",
  RESERVATION:
    "slot_capacity edition ignore_idle_slots autoscale_max_slots target_job_concurrency max_slots scaling_mode",
  ASSIGNMENT: "assignee job_type",
} as const;

export function checkOptions(context: Context, list: OptionList | null, of: keyof typeof OPTIONS): void {
  for (const option of list?.options ?? []) {
    const { name } = option.name;
    if (!OPTIONS[of].split(" ").includes(fold(name))) {
      context.fail("unsupported", `Option ${name} of ${of} is not supported; leave it out`, option);
    }
    constantValue(context, option.value, `Option ${name}`);
  }
}

/** What BigQuery does when the time comes that such an option says. */
const EXPIRATIONS: Readonly<Record<string, "drop" | "delete">> = {
  expiration_timestamp: "drop",
  default_table_expiration_days: "drop",
  partition_expiration_days: "delete",
  default_partition_expiration_days: "delete",
};

/**
 * Notes that an expiration is set of what is there, or of all that comes into a dataset. When it ended before isn't known, so that a later one counts too;
 * NULL takes it away, and nothing is dropped.
 */
export function noteExpiration(context: Context, lists: readonly (OptionList | null)[], name: string): void {
  for (const { name: option, value } of lists.flatMap((list) => list?.options ?? [])) {
    const mode = EXPIRATIONS[fold(option.name)];
    if (mode !== undefined && value.kind !== "NullLiteral") context.changes.push({ what: "expiration", mode, name });
  }
}

/**
 * Notes that labels or a description are set: classes of data can follow from labels, and people go by what a description says, so
 * whoever sets them changes how data is treated. A new thing's description says nothing of older data.
 */
export function noteLabels(
  context: Context,
  lists: readonly (OptionList | null)[],
  mode: "create" | "alter",
  name: string,
): void {
  const telling = mode === "create" ? ["labels"] : ["labels", "description"];
  const options = lists.flatMap((list) => list?.options ?? []);
  if (options.some((option) => telling.includes(fold(option.name.name)))) {
    context.changes.push({ what: "labels", mode, name });
  }
}
