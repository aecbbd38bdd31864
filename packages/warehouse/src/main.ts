/** `node packages/warehouse/src/main.ts [--port N] [--storage-port N] [--patients N] [--seed N] [--token T] [--bench ROWS] [--misbehave] [--empty]` */
import { parseArgs } from "node:util";
import { startWarehouse } from "./warehouse.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "9050" },
    "storage-port": { type: "string", default: "9060" },
    patients: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    token: { type: "string" },
    bench: { type: "string" },
    misbehave: { type: "boolean", default: false },
    empty: { type: "boolean", default: false },
  },
});

const warehouse = await startWarehouse({
  port: Number(values.port),
  storagePort: Number(values["storage-port"]),
  patients: Number(values.patients),
  seed: Number(values.seed),
  allowMisbehave: values.misbehave,
  empty: values.empty,
  ...(values.token === undefined ? {} : { token: values.token }),
  ...(values.bench === undefined ? {} : { pageCacheBytes: 1024 ** 3 }),
});
if (values.bench !== undefined) await warehouse.createBench(Number(values.bench));
console.log(`BigQuery stand-in at ${warehouse.url}/bigquery/v2, its Storage Read API at ${warehouse.storageUrl}`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void warehouse.close().then(() => process.exit(0));
  });
}
