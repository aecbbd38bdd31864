/** Puts the warehouse together: engine, catalog, clinic, jobs, server. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createBench } from "./bench.ts";
import { Catalog, type TableResource } from "./catalog.ts";
import { loadClinic } from "./clinic/clinic.ts";
import { createViewsAndRoutines } from "./clinic/views-and-routines.ts";
import { Engine } from "./engine.ts";
import { WarehouseError } from "./errors.ts";
import { Jobs } from "./jobs.ts";
import { type PlainRow, toRow } from "./load.ts";
import { type Fault, Misbehaviour } from "./misbehave.ts";
import { PageCache } from "./rest/page-cache.ts";
import { createRestServer, type RecordedRequest } from "./server.ts";
import type { Routine } from "./sql/routine.ts";
import { ReadSessions } from "./storage/read-sessions.ts";
import { startStorageServer } from "./storage/server.ts";

/** Requests kept in `requests`; the oldest go first. */
const MAX_RECORDED = 10_000;

export interface WarehouseOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Of the Storage Read API (gRPC without TLS); default 0: any free port. */
  readonly storagePort?: number;
  readonly host?: "127.0.0.1";
  /** Jobs remembered, with their results; default 1,000. BigQuery keeps each for six months. */
  readonly jobsKept?: number;
  /** Patients of the clinic; default 10,000. */
  readonly patients?: number;
  /** Seed of the clinic; the same seed gives the same rows. */
  readonly seed?: number;
  /** No clinic. */
  readonly empty?: boolean;
  /** Lets `POST /_misbehave` arm faults. */
  readonly allowMisbehave?: boolean;
  /** Projects besides `demo-clinic`. */
  readonly projects?: readonly string[];
  /** Then each request needs `Authorization: Bearer <token>`. */
  readonly token?: string;
  /** Bytes of rendered pages kept for benchmarks; default 0. */
  readonly pageCacheBytes?: number;
}

export interface Warehouse {
  readonly url: string;
  readonly port: number;
  /** Of the Storage Read API: `http://host:port`, HTTP/2 without TLS. */
  readonly storageUrl: string;
  /** Every request so far, oldest first. */
  readonly requests: readonly RecordedRequest[];
  close(): Promise<void>;
  /** Arms a fault. */
  misbehave(fault: Fault): void;
  /** Disarms all faults. */
  calm(): void;
  /** Creates the dataset and table where missing and appends rows. */
  loadTable(resource: TableResource, rows?: readonly PlainRow[]): Promise<void>;
  /** Puts a routine into the catalog, as it is. */
  loadRoutine(routine: Routine): void;
  /** Makes `demo-clinic.bench.wide` with so many rows. */
  createBench(rows: number): Promise<void>;
  /** DuckDB SQL, past everything: rows as plain JSON. Tables have internal names; see `duckName`. */
  sql(text: string): Promise<unknown[][]>;
  /** DuckDB's name of a table `project.dataset.table`. */
  duckName(table: string): string;
}

export const DEMO_PROJECT = "demo-clinic";

/** Starts a warehouse; `close()` ends it. */
export async function startWarehouse(options: WarehouseOptions = {}): Promise<Warehouse> {
  const engine = await Engine.create();
  const now = (): number => Date.now();
  const catalog = new Catalog(engine, [DEMO_PROJECT, ...(options.projects ?? [])], now);
  const misbehaviour = new Misbehaviour();
  const jobs = new Jobs(engine, catalog, now, {
    reuseResults: (options.pageCacheBytes ?? 0) > 0,
    jobsKept: options.jobsKept,
    beforeRun: async () => {
      for (const fault of misbehaviour.strike("job", ["job-delay", "job-error"])) {
        if (fault.kind === "job-delay") await sleep(fault.milliseconds);
        if (fault.kind === "job-error") throw new WarehouseError(fault.reason ?? "invalidQuery", fault.message);
      }
    },
  });
  const cache = new PageCache(options.pageCacheBytes ?? 0);
  const requests: RecordedRequest[] = [];
  const record = (request: RecordedRequest): void => {
    requests.push(request);
    if (requests.length > MAX_RECORDED) requests.shift();
  };
  const server = createRestServer(
    { engine, catalog, jobs, misbehaviour, writePage: cache.write },
    {
      token: options.token,
      allowMisbehave: options.allowMisbehave ?? false,
      record,
    },
  );

  const loadTable = async (resource: TableResource, rows: readonly PlainRow[] = []): Promise<void> => {
    const { projectId, datasetId } = resource.tableReference;
    catalog.ensureDataset(projectId, datasetId);
    const table = catalog.find(resource.tableReference) ?? (await catalog.createTable(resource));
    await catalog.append(
      table,
      rows.map((row) => toRow(table.schema.fields, row)),
    );
  };

  if (options.empty !== true) {
    await loadClinic(catalog, { project: DEMO_PROJECT, patients: options.patients ?? 10_000, seed: options.seed ?? 1 });
    await createViewsAndRoutines(engine, catalog, DEMO_PROJECT);
  }
  const host = options.host ?? "127.0.0.1";
  const storage = await startStorageServer(new ReadSessions(engine, catalog, misbehaviour), {
    host,
    port: options.storagePort ?? 0,
    token: options.token,
    record,
  });
  server.listen(options.port ?? 0, host);
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    storageUrl: `http://${host}:${storage.port}`,
    requests,
    async close() {
      storage.close();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      engine.close();
    },
    misbehave: (fault) => misbehaviour.arm(fault),
    calm: () => misbehaviour.calm(),
    loadTable,
    loadRoutine: (routine) => catalog.putRoutine(routine),
    createBench: (rows) => createBench(engine, catalog, DEMO_PROJECT, rows),
    sql: async (text) => (await engine.run(text)).getRowsJson(),
    duckName(table) {
      const [projectId = "", datasetId = "", tableId = ""] = table.split(".");
      return catalog.table({ projectId, datasetId, tableId }).duckName;
    },
  };
}
