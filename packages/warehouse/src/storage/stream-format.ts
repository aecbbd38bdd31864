/** How a stream's rows are written: Arrow, maybe compressed, or Avro. */
import type { DuckDBValue } from "@duckdb/node-api";
import type { Field } from "../sql/types.ts";
import type { Codec } from "./compress-batch.ts";
import type { ReadRowsResponse } from "./messages.ts";

export interface StreamFormat {
  readonly schema: Pick<ReadRowsResponse, "arrow_schema" | "avro_schema">;
  batch(columns: readonly (readonly DuckDBValue[])[], rows: number): Buffer;
  rows(batch: Buffer, count: number): Pick<ReadRowsResponse, "arrow_record_batch" | "avro_rows">;
}

/** The libraries take long to load, and most warehouses never read by this API. */
export async function streamFormat(
  format: "arrow" | "avro",
  fields: readonly Field[],
  codec: Codec | undefined,
): Promise<StreamFormat> {
  if (format === "avro") {
    const { avroTable } = await import("./avro-data.ts");
    const table = avroTable(fields);
    return {
      schema: { avro_schema: { schema: table.schema } },
      batch: (columns, rows) => table.rows(columns, rows),
      rows: (batch, count) => ({ avro_rows: { serialized_binary_rows: batch, row_count: count } }),
    };
  }
  const { batchMessage, schemaMessage } = await import("./arrow-data.ts");
  const compress = codec === undefined ? undefined : (await import("./compress-batch.ts")).compressBatch;
  return {
    schema: { arrow_schema: { serialized_schema: schemaMessage(fields) } },
    batch(columns, rows) {
      const batch = batchMessage(fields, columns, rows);
      return compress === undefined || codec === undefined ? batch : compress(batch, codec);
    },
    rows: (batch, count) => ({ arrow_record_batch: { serialized_record_batch: batch, row_count: count } }),
  };
}
