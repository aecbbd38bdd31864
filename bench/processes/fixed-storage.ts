/** A Storage Read API that is never the bottleneck: one stream of the wide table's rows in each format, in batches that were made once. */
import { DATA_FORMAT, type Format, messages, SERVICE } from "../../packages/gateway/src/grpc/bigquery-read.ts";
import { arrowOf } from "../../packages/masking/src/testing/arrow-rows.ts";
import { avroOf } from "../../packages/masking/src/testing/avro-rows.ts";
import { storageStandIn } from "../../test/storage-stand-in.ts";
import { STREAM_ROWS, WIDE_PROJECT, WIDE_ROWS, wideFields, wideRows } from "../wide-page.ts";
import { serveParent } from "./child.ts";

const BATCH_ROWS = 5000;
const SESSIONS = `projects/${WIDE_PROJECT}/locations/us/sessions`;
const FIELDS = wideFields({});
const ENCODERS = { arrow: arrowOf, avro: avroOf };

/** The session's answer, and those of its stream. */
function streamIn(format: Format) {
  const batches = Array.from({ length: WIDE_ROWS / BATCH_ROWS }, (_, i) =>
    ENCODERS[format](FIELDS, wideRows(i * BATCH_ROWS, (i + 1) * BATCH_ROWS)),
  );
  const serializedSchema = batches[0]?.schema ?? new Uint8Array(0);
  const schema =
    format === "arrow"
      ? { arrowSchema: { serializedSchema } }
      : { avroSchema: { schema: Buffer.from(serializedSchema).toString() } };
  const session = `${SESSIONS}/${format}`;
  const opened = messages.readSession.encode({
    name: session,
    dataFormat: DATA_FORMAT[format],
    ...schema,
    streams: [{ name: `${session}/streams/0` }],
    estimatedRowCount: STREAM_ROWS,
  });
  const responses = Array.from({ length: STREAM_ROWS / BATCH_ROWS }, (_, i) => {
    const batch = batches[i % batches.length]?.batch ?? new Uint8Array(0);
    const rows =
      format === "arrow"
        ? { arrowRecordBatch: { serializedRecordBatch: batch, rowCount: BATCH_ROWS } }
        : { avroRows: { serializedBinaryRows: batch, rowCount: BATCH_ROWS } };
    return messages.readRowsResponse.encode({ ...rows, rowCount: BATCH_ROWS, ...(i === 0 ? schema : {}) });
  });
  return { opened, responses };
}

const streams = { arrow: streamIn("arrow"), avro: streamIn("avro") };

const { url } = await storageStandIn(async (call) => {
  const request = await call.request();
  if (call.path === `${SERVICE}/CreateReadSession`) {
    const { readSession } = messages.createReadSessionRequest.decode(request, "skip");
    await call.send([streams[readSession?.dataFormat === DATA_FORMAT.avro ? "avro" : "arrow"].opened]);
    return;
  }
  const { readStream } = messages.readRowsRequest.decode(request, "skip");
  for (const response of streams[readStream?.includes("/avro/") ? "avro" : "arrow"].responses)
    await call.send([response]);
});
serveParent(url);
