/** A Storage Read API that is never the bottleneck: one stream of the wide table's rows in Arrow, in batches that were made once. */
import { messages, SERVICE } from "../../packages/gateway/src/grpc/bigquery-read.ts";
import { arrowOf } from "../../packages/masking/src/testing/arrow-rows.ts";
import { storageStandIn } from "../../test/storage-stand-in.ts";
import { STREAM_ROWS, WIDE_PROJECT, WIDE_ROWS, wideFields, wideRows } from "../wide-page.ts";
import { serveParent } from "./child.ts";

const BATCH_ROWS = 5000;
const SESSION = `projects/${WIDE_PROJECT}/locations/us/sessions/s`;
const FIELDS = wideFields({});
const batches = Array.from({ length: WIDE_ROWS / BATCH_ROWS }, (_, i) =>
  arrowOf(FIELDS, wideRows(i * BATCH_ROWS, (i + 1) * BATCH_ROWS)),
);
const arrowSchema = { serializedSchema: batches[0]?.schema ?? new Uint8Array(0) };
const opened = messages.readSession.encode({
  name: SESSION,
  dataFormat: 2,
  arrowSchema,
  streams: [{ name: `${SESSION}/streams/0` }],
  estimatedRowCount: STREAM_ROWS,
});
const first = (i: number) => (i === 0 ? { arrowSchema } : {});
const responses = Array.from({ length: STREAM_ROWS / BATCH_ROWS }, (_, i) =>
  messages.readRowsResponse.encode({
    arrowRecordBatch: {
      serializedRecordBatch: batches[i % batches.length]?.batch ?? new Uint8Array(0),
      rowCount: BATCH_ROWS,
    },
    rowCount: BATCH_ROWS,
    ...first(i),
  }),
);

const { url } = await storageStandIn(async (call) => {
  await call.request();
  if (call.path === `${SERVICE}/CreateReadSession`) await call.send([opened]);
  else for (const response of responses) await call.send([response]);
});
serveParent(url);
