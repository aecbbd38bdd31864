import type { AvroColumn } from "./avro-column.ts";

/** The name that BigQuery gives a row. */
const ROOT = "__root__";
/** Where it defines the records that RANGEs are. */
const SQL_TYPES = "google.sqlType";

/**
 * The schema of these columns: our own, so that nothing of upstream's but the types passes. Every value may be NULL, for a mask can make any
 * NULL, and NULL is the first branch; only an ARRAY is never NULL in BigQuery, nor what is in it.
 */
export function writeAvroSchema(columns: readonly AvroColumn[]): string {
  return JSON.stringify({ type: "record", name: ROOT, fields: fieldsOf(columns, ROOT, new Set()) });
}

/** @param ranges records of RANGEs that are defined already, by their names */
function fieldsOf(columns: readonly AvroColumn[], within: string, ranges: Set<string>): readonly unknown[] {
  return columns.map((column) => {
    const type = typeOf(column, within, ranges);
    return { name: column.name, type: column.repeated ? { type: "array", items: type } : ["null", type] };
  });
}

/** Records are named by their place, for a name may be defined once only. */
function typeOf(column: AvroColumn, within: string, ranges: Set<string>): unknown {
  switch (column.plan.type) {
    case "STRING":
      return "string";
    case "BYTES":
      return "bytes";
    case "INT64":
      return "long";
    case "FLOAT64":
      return "double";
    case "BOOL":
      return "boolean";
    case "NUMERIC":
      return { type: "bytes", logicalType: "decimal", precision: 38, scale: 9 };
    case "BIGNUMERIC":
      return { type: "bytes", logicalType: "decimal", precision: 77, scale: 38 };
    case "DATE":
      return { type: "int", logicalType: "date" };
    case "TIME":
      return { type: "long", logicalType: "time-micros" };
    case "TIMESTAMP":
      return { type: "long", logicalType: "timestamp-micros" };
    case "DATETIME":
      return { type: "string", logicalType: "datetime" };
    case "INTERVAL":
    case "JSON":
    case "GEOGRAPHY":
      return { type: "string", sqlType: column.plan.type };
    case "STRUCT": {
      const inner = `${within}.${column.name}`;
      return { type: "record", name: column.name, namespace: within, fields: fieldsOf(column.children, inner, ranges) };
    }
    case "RANGE": {
      const name = `RANGE_${column.children[0]?.plan.type}`;
      if (ranges.has(name)) return `${SQL_TYPES}.${name}`;
      ranges.add(name);
      const fields = fieldsOf(column.children, SQL_TYPES, ranges);
      return { type: "record", name, namespace: SQL_TYPES, sqlType: "RANGE", fields };
    }
  }
}
