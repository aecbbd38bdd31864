/** The Storage Read API's messages, by protobufjs: an implementation that shares nothing with the gateway's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";

export interface CreateReadSessionRequest {
  readonly parent?: string;
  readonly read_session?: ReadSession;
  readonly max_stream_count?: number;
}

export interface ReadSession {
  readonly name?: string;
  readonly expire_time?: { readonly seconds: number };
  readonly data_format?: number;
  readonly avro_schema?: { readonly schema: string };
  readonly arrow_schema?: { readonly serialized_schema: Uint8Array };
  readonly table?: string;
  readonly table_modifiers?: { readonly snapshot_time?: { readonly seconds?: number } };
  readonly read_options?: {
    readonly selected_fields?: readonly string[];
    readonly row_restriction?: string;
    readonly arrow_serialization_options?: { readonly buffer_compression?: number };
    readonly avro_serialization_options?: { readonly enable_display_name_attribute?: boolean };
    readonly sample_percentage?: number;
    readonly response_compression_codec?: number;
  };
  readonly streams?: readonly ReadStream[];
  readonly estimated_row_count?: number;
  readonly trace_id?: string;
}

export interface ReadStream {
  readonly name: string;
}

export interface ReadRowsRequest {
  readonly read_stream?: string;
  readonly offset?: number;
}

export interface ReadRowsResponse {
  readonly avro_rows?: { readonly serialized_binary_rows: Uint8Array; readonly row_count: number };
  readonly arrow_record_batch?: { readonly serialized_record_batch: Uint8Array; readonly row_count: number };
  readonly row_count: number;
  readonly avro_schema?: { readonly schema: string };
  readonly arrow_schema?: { readonly serialized_schema: Uint8Array };
  readonly stats: { readonly progress: { readonly at_response_start: number; readonly at_response_end: number } };
}

export interface SplitReadStreamRequest {
  readonly name?: string;
  readonly fraction?: number;
}

export interface SplitReadStreamResponse {
  readonly primary_stream?: ReadStream;
  readonly remainder_stream?: ReadStream;
}

const { root } = protobuf.parse(readFileSync(join(import.meta.dirname, "storage.proto"), "utf8"), { keepCase: true });

/** Reads one message; a field that isn't there has no key. */
export function decoder<T>(name: string): (bytes: Uint8Array) => T {
  const type = root.lookupType(`google.cloud.bigquery.storage.v1.${name}`);
  return (bytes) => type.toObject(type.decode(bytes), { longs: Number, bytes: Buffer }) as T;
}

export function encoder<T extends object>(name: string): (message: T) => Buffer {
  const type = root.lookupType(`google.cloud.bigquery.storage.v1.${name}`);
  return (message) => Buffer.from(type.encode(type.fromObject(message)).finish());
}
