/** Read sessions: rows of a table as they were when the session was made, in streams of consecutive rows. */
import { randomUUID } from "node:crypto";
import type { DuckDBValue } from "@duckdb/node-api";
import type { Catalog } from "../catalog.ts";
import type { Engine } from "../engine.ts";
import { WarehouseError } from "../errors.ts";
import type { Fault, Misbehaviour } from "../misbehave.ts";
import { selected as selectedColumn } from "../rest/rows.ts";
import { prepare } from "../run/prepare.ts";
import { Session } from "../run/session.ts";
import { tokenize } from "../sql/lexer.ts";
import type { Field } from "../sql/types.ts";
import type { Codec } from "./compress-batch.ts";
import type {
  CreateReadSessionRequest,
  ReadRowsRequest,
  ReadRowsResponse,
  ReadSession,
  SplitReadStreamRequest,
  SplitReadStreamResponse,
} from "./messages.ts";
import { type StreamFormat, streamFormat } from "./stream-format.ts";

const AVRO = 1;
const ARROW = 2;
/** `ArrowSerializationOptions.CompressionCodec`. */
const CODECS: readonly (Codec | undefined)[] = [undefined, "LZ4_FRAME", "ZSTD"];
/** BigQuery's own. */
const LIFETIME_SECONDS = 6 * 3600;
const MAX_STREAMS = 8;
/** Sessions remembered; the oldest go first. */
const MAX_SESSIONS = 200;

/** Lies about a session's columns: told when it is made, and in each reading too. */
const SHAPES = ["wrong-type", "extra-column", "missing-column", "reordered-columns"] as const;

interface Stream {
  readonly session: OpenSession;
  readonly start: number;
  readonly end: number;
}

interface OpenSession {
  readonly name: string;
  readonly duckName: string;
  readonly fields: readonly Field[];
  /** What it says its columns are; other than `fields` when it lies. */
  readonly said: readonly Field[];
  readonly lies: readonly Fault[];
  readonly format: "arrow" | "avro";
  readonly codec: Codec | undefined;
}

export class ReadSessions {
  readonly #engine: Engine;
  readonly #catalog: Catalog;
  readonly #misbehaviour: Misbehaviour;
  readonly #sessions: OpenSession[] = [];
  readonly #streams = new Map<string, Stream>();

  constructor(engine: Engine, catalog: Catalog, misbehaviour: Misbehaviour) {
    this.#engine = engine;
    this.#catalog = catalog;
    this.#misbehaviour = misbehaviour;
  }

  async create(request: CreateReadSessionRequest): Promise<ReadSession> {
    const asked = request.read_session ?? {};
    const [, projectId = "", datasetId = "", tableId = ""] =
      /^projects\/([^/]+)\/datasets\/([^/]+)\/tables\/([^/]+)$/.exec(asked.table ?? "") ?? [];
    const parent = /^projects\/([^/]+)$/.exec(request.parent ?? "")?.[1];
    if (parent === undefined) throw new WarehouseError("invalid", "parent must be projects/{project_id}");
    this.#catalog.requireProject(parent);
    if (asked.data_format !== ARROW && asked.data_format !== AVRO)
      throw new WarehouseError("invalid", "The data format is ARROW or AVRO");
    const options = asked.read_options ?? {};
    const codec = CODECS[options.arrow_serialization_options?.buffer_compression ?? 0];
    // Of whole responses a client says what it can read; this warehouse compresses none.
    if (options.avro_serialization_options?.enable_display_name_attribute === true)
      throw new WarehouseError("invalid", "Display names are not supported by this warehouse");
    if (options.sample_percentage !== undefined)
      throw new WarehouseError("invalid", "Sampling is not supported by this warehouse");
    const table = this.#catalog.table({ projectId, datasetId, tableId });
    if (table.view !== undefined)
      throw new WarehouseError("invalid", `${tableId} is a view: the Storage Read API reads tables only`);
    const fields = selectFields(table.schema.fields, options.selected_fields ?? []);
    const sql = await this.#sqlOf(
      projectId,
      table.duckName,
      `\`${projectId}.${datasetId}.${tableId}\``,
      options.row_restriction ?? "",
    );
    const duckName = this.#catalog.freshName("results");
    await this.#engine.run(`CREATE TABLE ${duckName} AS ${sql}`);
    const counted = await (await this.#engine.run(`SELECT count(*) FROM ${duckName}`)).getRows();
    const rows = Number(counted[0]?.[0] ?? 0);
    const lies = this.#misbehaviour.strike("storage", SHAPES);
    const session: OpenSession = {
      name: `projects/${parent}/locations/us/sessions/${randomUUID().replaceAll("-", "")}`,
      duckName,
      fields,
      said: lies.reduce(misstated, fields),
      lies,
      format: asked.data_format === AVRO ? "avro" : "arrow",
      codec,
    };
    this.#keep(session);
    const { schema } = await streamFormat(session.format, session.said, codec);
    const count = Math.max(1, Math.min(request.max_stream_count || 1, MAX_STREAMS, rows));
    const streams = Array.from({ length: count }, (_, i) =>
      this.#stream(session, Math.floor((rows * i) / count), Math.floor((rows * (i + 1)) / count)),
    );
    return {
      name: session.name,
      expire_time: { seconds: Math.floor(this.#catalog.now() / 1000) + LIFETIME_SECONDS },
      data_format: asked.data_format,
      ...schema,
      ...(asked.table === undefined ? {} : { table: asked.table }),
      streams,
      estimated_row_count: rows,
      ...(asked.trace_id === undefined ? {} : { trace_id: asked.trace_id }),
    };
  }

  async read(request: ReadRowsRequest, write: (response: ReadRowsResponse) => Promise<void>): Promise<void> {
    const { session: open, start, end } = this.#find(request.read_stream);
    const lies = this.#misbehaviour.strike("storage", SHAPES);
    const session = { ...open, said: lies.reduce(misstated, open.said), lies: [...open.lies, ...lies] };
    const compressed = this.#misbehaviour.strike("storage", ["compressed"])[0];
    const codec = compressed?.kind === "compressed" ? compressed.codec : open.codec;
    const format: StreamFormat = await streamFormat(session.format, session.said, codec);
    const offset = request.offset ?? 0;
    if (offset < 0 || offset > end - start) throw new WarehouseError("invalid", "The offset is outside of the stream");
    const faults = this.#misbehaviour.strike("storage", ["extra-rows", "delay", "reset", "job-error"]);
    let sent = offset;
    let bytes = 0;
    const send = async (columns: readonly (readonly DuckDBValue[])[], rows: number): Promise<void> => {
      for (const fault of faults) {
        if (fault.kind === "delay") await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
        if (fault.kind === "reset" && bytes >= fault.afterBytes)
          throw new WarehouseError("backendError", "The connection broke");
        if (fault.kind === "job-error") throw new WarehouseError(fault.reason ?? "invalidQuery", fault.message);
      }
      const batch = format.batch(lying(session, columns), rows);
      const total = Math.max(1, end - start);
      await write({
        ...format.rows(batch, rows),
        row_count: rows,
        ...(sent === offset ? format.schema : {}),
        stats: { progress: { at_response_start: sent / total, at_response_end: (sent + rows) / total } },
      });
      sent += rows;
      bytes += batch.length;
    };
    const columns = session.fields.map(selectedColumn).join(", ");
    const sql = `SELECT ${columns} FROM ${session.duckName} WHERE rowid >= ${start + offset} AND rowid < ${end} ORDER BY rowid`;
    let last: (readonly DuckDBValue[])[] = [];
    await this.#engine.stream(sql, async (result) => {
      for await (const chunk of result) {
        if (chunk.rowCount === 0) continue;
        const values = session.fields.map((_, i) => chunk.getColumnValues(i));
        await send(values, chunk.rowCount);
        last = values.map((column) => [column.at(-1) ?? null]);
      }
    });
    for (const fault of faults)
      if (fault.kind === "extra-rows")
        await send(
          last.map((column) => Array.from({ length: fault.count }, () => column[0] ?? null)),
          fault.count,
        );
  }

  split(request: SplitReadStreamRequest): SplitReadStreamResponse {
    const stream = this.#find(request.name);
    const { session, start, end } = stream;
    const at = start + Math.floor((end - start) * (request.fraction || 0.5));
    if (at <= start || at >= end) return {};
    return { primary_stream: this.#stream(session, start, at), remainder_stream: this.#stream(session, at, end) };
  }

  async #sqlOf(projectId: string, duckName: string, name: string, restriction: string): Promise<string> {
    if (restriction === "") return `SELECT * FROM ${duckName} ORDER BY rowid`;
    const text = `SELECT * FROM ${name} WHERE ${restriction}`;
    return this.#engine.use(async (connection) => {
      const options = { projectId, defaultDataset: undefined, id: "read", script: false };
      const prepared = await prepare(
        new Session(connection, this.#engine, this.#catalog, options),
        tokenize(text),
        text,
      );
      if (!("sql" in prepared)) throw new WarehouseError("invalid", "row_restriction is no predicate");
      return prepared.sql as string;
    });
  }

  #stream(session: OpenSession, start: number, end: number): { name: string } {
    const name = `${session.name}/streams/${randomUUID().replaceAll("-", "")}`;
    this.#streams.set(name, { session, start, end });
    return { name };
  }

  #find(name: string | undefined): Stream {
    const stream = this.#streams.get(name ?? "");
    if (!stream) throw new WarehouseError("notFound", "Not found: read stream");
    return stream;
  }

  #keep(session: OpenSession): void {
    this.#sessions.push(session);
    if (this.#sessions.length <= MAX_SESSIONS) return;
    const oldest = this.#sessions.shift();
    for (const [name, stream] of this.#streams) if (stream.session === oldest) this.#streams.delete(name);
    if (oldest) void this.#engine.run(`DROP TABLE IF EXISTS ${oldest.duckName}`).catch(() => undefined);
  }
}

/** In the table's order; of a RECORD maybe only some fields. */
function selectFields(fields: readonly Field[], paths: readonly string[]): Field[] {
  if (paths.length === 0) return [...fields];
  const wanted = new Map<string, string[]>();
  for (const path of paths) {
    const [head = "", ...rest] = path.split(".");
    const inner = wanted.get(head.toLowerCase()) ?? [];
    wanted.set(head.toLowerCase(), [...inner, rest.join(".")]);
  }
  const chosen = fields.flatMap((field) => {
    const inner = wanted.get(field.name.toLowerCase());
    if (!inner) return [];
    wanted.delete(field.name.toLowerCase());
    return inner.includes("") ? [field] : [{ ...field, fields: selectFields(field.fields ?? [], inner) }];
  });
  if (wanted.size > 0) throw new WarehouseError("invalid", "A selected field does not exist in the table");
  return chosen;
}

function misstated(fields: readonly Field[], fault: Fault): readonly Field[] {
  switch (fault.kind) {
    case "wrong-type":
      return fields.map((field, i) =>
        field.name === fault.column || (fault.column === undefined && i === 0) ? { ...field, type: "STRING" } : field,
      );
    case "extra-column":
      return [...fields, { name: "extra", type: "STRING" }];
    case "missing-column":
      return fields.slice(0, -1);
    case "reordered-columns":
      return fields.toReversed();
    default:
      return fields;
  }
}

/** The columns in the order it says they have. */
function lying(
  session: OpenSession,
  columns: readonly (readonly DuckDBValue[])[],
): readonly (readonly DuckDBValue[])[] {
  let said = columns;
  for (const { kind } of session.lies) {
    if (kind === "extra-column") said = said.concat([(said[0] ?? []).map((value) => String(value))]);
    if (kind === "missing-column") said = said.slice(0, -1);
    if (kind === "reordered-columns") said = said.toReversed();
  }
  return said;
}
