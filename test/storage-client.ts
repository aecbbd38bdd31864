import { type protos, v1 } from "@google-cloud/bigquery-storage";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { type Table, tableFromIPC } from "apache-arrow";
import avro from "avsc";
import { PROJECT, type Rig } from "./rig.ts";

export type ReadSession = protos.google.cloud.bigquery.storage.v1.IReadSession;

// The client would look for a machine of Google's first, and wait.
process.env.METADATA_SERVER_DETECTION ??= "none";

/** `ops.calendar` as the Storage Read API names it. */
export function tableName(name: string): string {
  const [dataset, table] = name.split(".");
  return `projects/${PROJECT}/datasets/${dataset}/tables/${table}`;
}

/** Google's own client with an agent's token, without TLS as the rig has none. */
export class StorageClient {
  readonly client: v1.BigQueryReadClient;
  readonly call: { otherArgs: { headers: { authorization: string } } };

  constructor(url: string, token: string) {
    const { hostname, port } = new URL(url);
    this.client = new v1.BigQueryReadClient({
      projectId: PROJECT,
      apiEndpoint: hostname,
      port: Number(port),
      sslCreds: credentials.createInsecure(),
    });
    this.call = { otherArgs: { headers: { authorization: `Bearer ${token}` } } };
  }

  async open(table: string, options: object = {}, more: object = {}): Promise<ReadSession> {
    const { maxStreamCount = 1, dataFormat = "ARROW", tableModifiers } = more as Record<string, never>;
    const [session] = await this.client.createReadSession(
      {
        parent: `projects/${PROJECT}`,
        readSession: { table, dataFormat, readOptions: options, ...(tableModifiers ? { tableModifiers } : {}) },
        maxStreamCount,
      },
      this.call,
    );
    return session;
  }

  rows(stream: string, offset = 0) {
    // Else the client sends a stream that was refused twice more, with seconds between.
    const once = { retryRequestOptions: { retries: 0, noResponseRetries: 0 } };
    return this.client.readRows({ readStream: stream, offset }, { ...this.call, ...once });
  }

  /** All of a stream, as Apache's library reads it. */
  async read(session: ReadSession, stream = 0, offset = 0): Promise<Table> {
    const parts: Uint8Array[] = [bytesOf(session.arrowSchema?.serializedSchema)];
    for await (const response of this.rows(session.streams?.[stream]?.name ?? "", offset))
      parts.push(bytesOf(response.arrowRecordBatch.serializedRecordBatch));
    return tableFromIPC(Buffer.concat(parts));
  }

  /** All of a stream in Avro, as avsc reads it. */
  async readAvro(session: ReadSession, stream = 0, offset = 0): Promise<Record<string, unknown>[]> {
    const type = avro.Type.forSchema(JSON.parse(session.avroSchema?.schema ?? ""));
    const rows: Record<string, unknown>[] = [];
    for await (const { avroRows, rowCount } of this.rows(session.streams?.[stream]?.name ?? "", offset)) {
      const bytes = bytesOf(avroRows.serializedBinaryRows);
      let at = 0;
      for (let i = 0; i < Number(rowCount); i++) {
        const { value, offset: next } = type.decode(Buffer.from(bytes), at);
        rows.push({ ...value });
        at = next;
      }
      if (at !== bytes.length) throw new Error("there are more bytes than rows");
    }
    return rows;
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

export async function storageClient(rig: Rig, agent: string): Promise<StorageClient> {
  return new StorageClient(rig.gateway.storageUrl ?? "", await rig.token(agent));
}

/** The call's status and message, or undefined if it went well. */
export async function refusal(work: Promise<unknown>): Promise<{ code: number; message: string } | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    const { code, details } = error as ServiceError;
    return { code, message: details };
  }
}

function bytesOf(value: unknown): Uint8Array {
  return (value as Uint8Array | undefined) ?? new Uint8Array(0);
}
