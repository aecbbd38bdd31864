/**
 * The part of BigQuery's table resource that analysis needs, as `tables.get` and `bq show --format=json` give it.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table
 */
export interface TableFieldSchema {
  readonly name: string;
  /** Legacy or standard spelling: INTEGER or INT64, FLOAT or FLOAT64, BOOLEAN or BOOL, RECORD or STRUCT … */
  readonly type: string;
  readonly mode?: string;
  readonly fields?: readonly TableFieldSchema[];
  /** Of RANGE. */
  readonly rangeElementType?: { readonly type: string };
  /** Of STRING and BYTES, NUMERIC and BIGNUMERIC with type parameters: a value beyond them fails the statement that writes it. */
  readonly maxLength?: string;
  readonly precision?: string;
  readonly scale?: string;
  /** What a row takes that is written without a value for it. */
  readonly defaultValueExpression?: string;
  readonly description?: string;
  readonly policyTags?: { readonly names?: readonly string[] };
}

export interface TableResource {
  readonly tableReference: { readonly projectId: string; readonly datasetId: string; readonly tableId: string };
  /** TABLE, VIEW, MATERIALIZED_VIEW, EXTERNAL, SNAPSHOT. Absent means TABLE. */
  readonly type?: string;
  readonly schema?: { readonly fields?: readonly TableFieldSchema[] };
  readonly timePartitioning?: { readonly type?: string; readonly field?: string };
  readonly rangePartitioning?: { readonly field?: string };
  readonly clustering?: { readonly fields?: readonly string[] };
  readonly view?: { readonly query: string; readonly useLegacySql?: boolean };
  readonly materializedView?: { readonly query: string };
  /** Of an EXTERNAL table: how its rows are found. */
  readonly externalDataConfiguration?: {
    readonly sourceFormat?: string;
    /** Names of directories are columns as well. */
    readonly hivePartitioningOptions?: { readonly mode?: string };
    /** An object table: its rows are objects, which `data` holds. */
    readonly objectMetadata?: string;
  };
  readonly labels?: Readonly<Record<string, string>>;
  readonly description?: string;
  readonly etag?: string;
}
