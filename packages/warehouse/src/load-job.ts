/** The rows of a load job: gathered in a table of their own as they come, put in place at once when it runs, or dropped. */
import { type Catalog, readFields, type Table } from "./catalog.ts";
import type { Engine } from "./engine.ts";
import { WarehouseError } from "./errors.ts";
import { type PlainRow, toRow } from "./load.ts";
import { isObject, type JsonObject, objectAt, stringAt } from "./rest/json.ts";
import type { TableReference } from "./sql/names.ts";
import { duckType, type Field, quoteIdentifier } from "./sql/types.ts";

export interface LoadWork {
  add(bytes: Buffer): Promise<void>;
  /** Puts the rows in place, all or none; how many they are. */
  run(): Promise<number>;
  drop(): Promise<void>;
  readonly bytes: number;
}

export function loadWork(engine: Engine, catalog: Catalog, projectId: string, body: JsonObject): LoadWork {
  const load = objectAt(objectAt(body, "configuration"), "load");
  if (stringAt(load, "sourceFormat") !== "NEWLINE_DELIMITED_JSON")
    throw new WarehouseError("invalid", "This warehouse loads newline-delimited JSON alone");
  const named = objectAt(load, "destinationTable");
  const reference: TableReference = {
    projectId: stringAt(named, "projectId") ?? projectId,
    datasetId: stringAt(named, "datasetId") ?? "",
    tableId: stringAt(named, "tableId") ?? "",
  };
  const write = stringAt(load, "writeDisposition") ?? "WRITE_APPEND";
  const given = isObject(load.schema) ? readFields(objectAt(load, "schema")) : undefined;
  // The first fault is the job's, which ends by it; nothing is said while the data come.
  let fault: WarehouseError | undefined;
  let rest: Buffer = Buffer.alloc(0);
  let gathered: Table | undefined;
  let fields: readonly Field[] = given ?? catalog.find(reference)?.schema.fields ?? [];
  let size = 0;

  async function gather(): Promise<Table> {
    if (gathered) return gathered;
    if (fields.length === 0) throw new WarehouseError("notFound", "Not found: Table");
    const duckName = catalog.freshName("results");
    await engine.run(
      `CREATE TABLE ${duckName} (${fields.map((f) => `${quoteIdentifier(f.name)} ${duckType(f)}`).join(", ")})`,
    );
    gathered = {
      tableReference: reference,
      schema: { fields },
      duckName,
      created: 0,
      modified: 0,
      numRows: 0,
      anonymous: true,
    };
    return gathered;
  }

  async function take(lines: Buffer): Promise<void> {
    if (lines.length === 0 || fault) return;
    try {
      const table = await gather();
      const rows = lines
        .toString()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => toRow(fields, rowOf(fields, line)));
      await catalog.append(table, rows);
    } catch (error) {
      fault = error instanceof WarehouseError ? error : new WarehouseError("invalid", "Error while reading data");
    }
  }

  return {
    get bytes() {
      return size;
    },
    async add(bytes) {
      size += bytes.length;
      const all = Buffer.concat([rest, bytes]);
      const end = all.lastIndexOf("\n") + 1;
      rest = all.subarray(end);
      await take(all.subarray(0, end));
    },
    async run() {
      await take(rest);
      try {
        if (fault) throw fault;
        const table = await gather();
        return await place(engine, catalog, reference, { table, fields, write, makes: given !== undefined });
      } finally {
        await this.drop();
      }
    },
    async drop() {
      fields = [];
      if (gathered) await engine.run(`DROP TABLE IF EXISTS ${gathered.duckName}`);
      gathered = undefined;
    },
  };
}

interface Placing {
  readonly table: Table;
  readonly fields: readonly Field[];
  readonly write: string;
  /** The table is made where there is none. */
  readonly makes: boolean;
}

async function place(
  engine: Engine,
  catalog: Catalog,
  reference: TableReference,
  { table, fields, write, makes }: Placing,
): Promise<number> {
  const there = catalog.find(reference);
  if (!there && !makes) throw new WarehouseError("notFound", "Not found: Table");
  if (there && write === "WRITE_EMPTY" && there.numRows > 0)
    throw new WarehouseError("duplicate", "Already Exists: Table");
  if (there && write === "WRITE_TRUNCATE")
    throw new WarehouseError("invalid", "This warehouse replaces rows by WRITE_TRUNCATE_DATA alone");
  const target = there ?? (await catalog.createTable({ tableReference: reference, schema: { fields } }));
  const columns = fields.map(({ name }) => quoteIdentifier(name)).join(", ");
  const replaces = write === "WRITE_TRUNCATE_DATA";
  await engine.use(async (connection) => {
    await connection.run("BEGIN");
    try {
      if (replaces) await connection.run(`DELETE FROM ${target.duckName}`);
      await connection.run(
        `INSERT INTO ${target.duckName} (${columns}) SELECT ${columns} FROM ${table.duckName} ORDER BY rowid`,
      );
      await connection.run("COMMIT");
    } catch (error) {
      await connection.run("ROLLBACK");
      throw error;
    }
  });
  target.numRows = (replaces ? 0 : target.numRows) + table.numRows;
  target.modified = catalog.now();
  return table.numRows;
}

function rowOf(fields: readonly Field[], line: string): PlainRow {
  const row: unknown = JSON.parse(line);
  if (!isObject(row)) throw new WarehouseError("invalid", "Error while reading data: a row is an object");
  for (const name of Object.keys(row))
    if (!fields.some((field) => field.name === name))
      throw new WarehouseError("invalid", `Error while reading data: no such field: ${name}`);
  for (const field of fields)
    if (field.mode === "REQUIRED" && (row[field.name] ?? null) === null)
      throw new WarehouseError("invalid", `Error while reading data: missing required field: ${field.name}`);
  return row;
}
