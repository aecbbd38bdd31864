/**
 * The part of BigQuery's routine resource that analysis needs, as `routines.get` and `bq show --routine --format=json` give it.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/routines#Routine
 */
import { arrayOf, isRangeElement, rangeOf, type StructField, scalarType, structOf, type Type } from "./types.ts";

/** `project.dataset.routine`, as BigQuery spells it: routines keep their case. */
export type RoutineName = string;

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/StandardSqlDataType */
export interface StandardSqlDataType {
  /** INT64, STRING … ARRAY, STRUCT, RANGE. */
  readonly typeKind: string;
  readonly arrayElementType?: StandardSqlDataType;
  readonly structType?: { readonly fields?: readonly StandardSqlField[] };
  readonly rangeElementType?: StandardSqlDataType;
}

export interface StandardSqlField {
  readonly name?: string;
  readonly type?: StandardSqlDataType;
}

export interface RoutineArgument {
  readonly name?: string;
  /** FIXED_TYPE (also when absent), ANY_TYPE; of a table function's tables FIXED_TABLE, ANY_TABLE. */
  readonly argumentKind?: string;
  /** Of FIXED_TABLE. */
  readonly tableType?: { readonly columns?: readonly StandardSqlField[] };
  /** Of procedures: IN (also when absent), OUT, INOUT. */
  readonly mode?: string;
  readonly dataType?: StandardSqlDataType;
  /** Of aggregate functions: false for NOT AGGREGATE. */
  readonly isAggregate?: boolean;
}

export interface RoutineResource {
  readonly routineReference: { readonly projectId: string; readonly datasetId: string; readonly routineId: string };
  /** SCALAR_FUNCTION, AGGREGATE_FUNCTION, TABLE_VALUED_FUNCTION, PROCEDURE. */
  readonly routineType: string;
  /** SQL (also when absent), JAVASCRIPT, PYTHON, JAVA, SCALA. */
  readonly language?: string;
  readonly arguments?: readonly RoutineArgument[];
  readonly returnType?: StandardSqlDataType;
  readonly returnTableType?: { readonly columns?: readonly StandardSqlField[] };
  /** A function's expression, a table function's query, a procedure's statements. */
  readonly definitionBody?: string;
  readonly remoteFunctionOptions?: { readonly endpoint?: string; readonly connection?: string };
  readonly importedLibraries?: readonly string[];
  readonly strictMode?: boolean;
  readonly etag?: string;
}

/** undefined when it isn't a type this build knows. */
export function standardSqlType(declared: StandardSqlDataType, depth = 0): Type | undefined {
  if (depth > 15) return undefined;
  switch (declared.typeKind.toUpperCase()) {
    case "ARRAY": {
      const element = declared.arrayElementType && standardSqlType(declared.arrayElementType, depth + 1);
      return element && element.kind !== "array" ? arrayOf(element) : undefined;
    }
    case "STRUCT": {
      const fields: StructField[] = [];
      for (const field of declared.structType?.fields ?? []) {
        const type = field.type && standardSqlType(field.type, depth + 1);
        if (type === undefined) return undefined;
        fields.push({ name: field.name ?? "", type });
      }
      return structOf(fields);
    }
    case "RANGE": {
      const element = declared.rangeElementType && standardSqlType(declared.rangeElementType, depth + 1);
      return element && isRangeElement(element) ? rangeOf(element) : undefined;
    }
    default:
      return scalarType(declared.typeKind);
  }
}
