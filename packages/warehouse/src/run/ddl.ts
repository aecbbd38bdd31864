/** DDL: tables, views and routines are made, changed and dropped. */
import type { Table, TableResource } from "../catalog.ts";
import { WarehouseError } from "../errors.ts";
import { coerce } from "../sql/coerce.ts";
import type { Alteration, CreateRoutine, CreateTable, CreateView, Ddl, Options } from "../sql/ddl.ts";
import { scalarBody, tableBody } from "../sql/inline.ts";
import type { tokenize } from "../sql/lexer.ts";
import { coerced, type TableReference } from "../sql/names.ts";
import type { Argument, Routine, RoutineReference } from "../sql/routine.ts";
import { sourceText } from "../sql/source.ts";
import { commaJoined, quoted, sql } from "../sql/tokens.ts";
import { translate } from "../sql/translate.ts";
import { duckType, type Field, fieldOf, quoteIdentifier } from "../sql/types.ts";
import { operationOf, prepared } from "./definition.ts";
import { createModel, dropModel } from "./model.ts";
import { prepareQuery, refuseDuplicateNames } from "./query.ts";
import type { Session } from "./session.ts";
import type { Outcome, Prepared } from "./statement.ts";

export async function prepareDdl(session: Session, ddl: Ddl, text: string): Promise<Prepared> {
  switch (ddl.kind) {
    case "CREATE_TABLE":
      return createTable(session, ddl);
    case "CREATE_VIEW":
      return createView(session, ddl, text);
    case "CREATE_ROUTINE":
      return createRoutine(session, ddl, text);
    case "CREATE_MODEL":
      return createModel(session, ddl);
    case "DROP":
      return ddl.what === "MODEL" ? dropModel(session, ddl.name, ddl.ifExists) : drop(session, ddl);
    case "ALTER":
      return alter(session, ddl);
  }
}

function tableName({ projectId, datasetId, tableId }: TableReference): string {
  return `Table ${projectId}:${datasetId}.${tableId}`;
}

function optionTexts(options: Options): Pick<TableResource, "description" | "friendlyName" | "labels"> {
  const description = options.get("description");
  const friendlyName = options.get("friendly_name");
  const labels = options.get("labels");
  return {
    ...(typeof description === "string" ? { description } : {}),
    ...(typeof friendlyName === "string" ? { friendlyName } : {}),
    ...(typeof labels === "object" && labels !== null ? { labels } : {}),
  };
}

// ── tables and views ───────────────────────────────────────────────────────────

async function createTable(session: Session, ddl: CreateTable): Promise<Prepared> {
  const [tableId = ""] = ddl.name.slice(-1);
  const reference = ddl.temporary ? session.temporaryReference(tableId) : session.reference(ddl.name);
  session.catalog.dataset(reference.projectId, reference.datasetId);
  const operation = operationOf(ddl, session.catalog.find(reference) !== undefined, tableName(reference));
  const facts = { ddlOperationPerformed: operation, ddlTargetTable: { ...reference } };
  const query = ddl.query && (await prepareQuery(session, ddl.query));
  const shapes = query ? await session.describe(query.sql) : [];
  const fields = ddl.columns ?? query?.fields ?? [];
  refuseDuplicateNames(fields);
  if (query && fields.length !== query.fields.length)
    throw new WarehouseError(
      "invalidQuery",
      "The number of columns in the column definition list does not match the query",
    );
  const resource: TableResource = { tableReference: reference, schema: { fields }, ...optionTexts(ddl.options) };
  const values = fields.map((field, i) => {
    const type = shapes[i]?.type;
    return type === undefined ? "NULL" : `${coerce(`c${i}`, type, field)} AS ${quoteIdentifier(field.name)}`;
  });
  const create = async (): Promise<Outcome> => {
    if (ddl.temporary) session.addTemporary(reference);
    if (operation === "SKIP") return {};
    const duckName = session.catalog.freshName("data");
    await session.run(
      `CREATE TABLE ${duckName} (${fields.map((f) => `${quoteIdentifier(f.name)} ${duckType(f)}`).join(", ")})`,
    );
    if (query) {
      const columns = fields.map((_, i) => `c${i}`).join(", ");
      await session.run(`INSERT INTO ${duckName} SELECT ${values.join(", ")} FROM (${query.sql}) AS q(${columns})`);
    }
    const table = session.register(resource, duckName, 0);
    await session.recount(table);
    return query ? { destination: reference } : {};
  };
  return prepared(
    session,
    query && !ddl.copy ? "CREATE_TABLE_AS_SELECT" : "CREATE_TABLE",
    {
      facts,
      ...(query ? { referencedTables: query.analysis.referencedTables } : {}),
      ...(query && !ddl.copy ? { schema: fields } : {}),
    },
    create,
  );
}

async function createView(session: Session, ddl: CreateView, text: string): Promise<Prepared> {
  const reference = session.reference(ddl.name);
  session.catalog.dataset(reference.projectId, reference.datasetId);
  const operation = operationOf(ddl, session.catalog.find(reference) !== undefined, tableName(reference));
  const query = await prepareQuery(session, ddl.query);
  const { columns } = ddl;
  if (columns && columns.length !== query.fields.length)
    throw new WarehouseError("invalidQuery", "The number of columns in the column list does not match the query");
  const fields = query.fields.map((field, i) => ({ ...field, name: columns?.[i] ?? field.name }));
  refuseDuplicateNames(fields);
  const written = sourceText(text, ddl.query);
  const view = columns
    ? `WITH \`_view\` AS (${written}) SELECT ${query.fields.map((f, i) => `\`${f.name}\` AS \`${columns[i]}\``).join(", ")} FROM \`_view\``
    : written;
  const resource: TableResource = {
    tableReference: reference,
    schema: { fields },
    ...optionTexts(ddl.options),
    view,
  };
  const facts = { ddlOperationPerformed: operation, ddlTargetTable: { ...reference } };
  const parts = { facts, schema: fields, referencedTables: query.analysis.referencedTables };
  return prepared(session, "CREATE_VIEW", parts, async () => {
    if (operation !== "SKIP") session.register(resource, "", 0);
    return {};
  });
}

type Drop = Extract<Ddl, { kind: "DROP" }>;

async function drop(session: Session, ddl: Drop): Promise<Prepared> {
  const statementType = `DROP_${ddl.what.replace(" ", "_")}`;
  if (ddl.what === "TABLE" || ddl.what === "VIEW") {
    const reference = session.reference(ddl.name);
    const table = session.catalog.find(reference);
    if (!table && !ddl.ifExists) throw new WarehouseError("notFound", `Not found: ${tableName(reference)}`);
    if (table && (table.view === undefined) !== (ddl.what === "TABLE")) {
      const kind = table.view === undefined ? "TABLE" : "VIEW";
      const name = `${reference.projectId}:${reference.datasetId}.${reference.tableId}`;
      throw new WarehouseError(
        "invalidQuery",
        `Cannot drop ${name} which has type ${kind}. An object of type ${ddl.what} was expected.`,
      );
    }
    const facts = { ddlOperationPerformed: table ? "DROP" : "SKIP", ddlTargetTable: { ...reference } };
    return prepared(session, statementType, { facts }, async () => {
      session.unregister(reference);
      return {};
    });
  }
  const reference = routineReference(session, ddl.name);
  const exists = session.catalog.findRoutine(reference) !== undefined;
  if (!exists && !ddl.ifExists) throw new WarehouseError("notFound", `Not found: ${routineName(reference)}`);
  const facts = { ddlOperationPerformed: exists ? "DROP" : "SKIP", ddlTargetRoutine: { ...reference } };
  return prepared(session, statementType, { facts }, async () => {
    session.catalog.removeRoutine(reference);
    return {};
  });
}

type Alter = Extract<Ddl, { kind: "ALTER" }>;

async function alter(session: Session, ddl: Alter): Promise<Prepared> {
  const reference = session.reference(ddl.name);
  const table = session.catalog.find(reference);
  const facts = { ddlOperationPerformed: table ? "ALTER" : "SKIP", ddlTargetTable: { ...reference } };
  if (!table && !ddl.ifExists) throw new WarehouseError("notFound", `Not found: ${tableName(reference)}`);
  if (!table) return prepared(session, `ALTER_${ddl.what}`, { facts }, async () => ({}));
  let fields: readonly Field[] = table.schema.fields;
  const steps: string[] = [];
  let texts: Partial<TableResource> = {};
  for (const alteration of ddl.alterations) {
    if (alteration.kind === "OPTIONS") texts = { ...texts, ...optionTexts(alteration.options) };
    else if (alteration.kind === "RENAME TABLE") {
      session.base(ddl.name);
      const renamed = { ...reference, tableId: alteration.to };
      if (session.catalog.find(renamed)) throw new WarehouseError("duplicate", `Already Exists: ${tableName(renamed)}`);
      texts = { ...texts, tableReference: renamed };
    } else {
      session.base(ddl.name);
      const step = alterColumn(table, fields, alteration);
      fields = step.fields;
      steps.push(...step.statements);
    }
  }
  return prepared(session, `ALTER_${ddl.what}`, { facts }, async () => {
    for (const step of steps) await session.run(step);
    const { created: _c, modified: _m, numRows, anonymous: _a, duckName, ...resource } = table;
    if (texts.tableReference !== undefined) session.unregister(reference);
    session.register({ ...resource, ...texts, schema: { fields } }, duckName, numRows);
    return {};
  });
}

function alterColumn(
  table: Table,
  fields: readonly Field[],
  alteration: Exclude<Alteration, { kind: "OPTIONS" | "RENAME TABLE" }>,
): { fields: readonly Field[]; statements: readonly string[] } {
  const name = alteration.kind === "ADD" ? alteration.column.name : alteration.column;
  const found = fields.find((f) => f.name.toLowerCase() === name.toLowerCase());
  const head = `ALTER TABLE ${table.duckName}`;
  if (alteration.kind === "ADD") {
    if (found && alteration.ifNotExists) return { fields, statements: [] };
    if (found) throw new WarehouseError("duplicate", `Column already exists: ${name}`);
    if (alteration.column.mode === "REQUIRED")
      throw new WarehouseError("invalidQuery", "Cannot add required fields to an existing schema.");
    const add = `${head} ADD COLUMN ${quoteIdentifier(name)} ${duckType(alteration.column)}`;
    const fill =
      alteration.column.mode === "REPEATED" ? [`UPDATE ${table.duckName} SET ${quoteIdentifier(name)} = []`] : [];
    return { fields: [...fields, alteration.column], statements: [add, ...fill] };
  }
  if (!found) {
    if (alteration.kind === "DROP" && alteration.ifExists) return { fields, statements: [] };
    throw new WarehouseError("invalidQuery", `Column not found: ${name}`);
  }
  const column = quoteIdentifier(found.name);
  if (alteration.kind === "DROP") {
    if (fields.length === 1) throw new WarehouseError("invalidQuery", "Cannot drop the only column of a table");
    return { fields: fields.filter((f) => f !== found), statements: [`${head} DROP COLUMN ${column}`] };
  }
  return {
    fields: fields.map((f) => (f === found ? { ...f, name: alteration.to } : f)),
    statements: [`${head} RENAME COLUMN ${column} TO ${quoteIdentifier(alteration.to)}`],
  };
}

// ── routines ───────────────────────────────────────────────────────────────────

const ROUTINE_STATEMENTS = {
  SCALAR_FUNCTION: "CREATE_FUNCTION",
  TABLE_VALUED_FUNCTION: "CREATE_TABLE_FUNCTION",
  PROCEDURE: "CREATE_PROCEDURE",
} as const;

function routineReference(session: Session, parts: readonly string[]): RoutineReference {
  const { projectId, datasetId, tableId } = session.reference(parts);
  return { projectId, datasetId, routineId: tableId };
}

function routineName({ projectId, datasetId, routineId }: RoutineReference): string {
  return `Routine ${projectId}:${datasetId}.${routineId}`;
}

async function createRoutine(session: Session, ddl: CreateRoutine, text: string): Promise<Prepared> {
  const [routineId = ""] = ddl.name.slice(-1);
  const reference = ddl.temporary
    ? { projectId: session.options.projectId, datasetId: "_script", routineId }
    : routineReference(session, ddl.name);
  if (!ddl.temporary) session.catalog.dataset(reference.projectId, reference.datasetId);
  const exists = !ddl.temporary && session.catalog.findRoutine(reference) !== undefined;
  const operation = operationOf(ddl, exists, routineName(reference));
  const description = ddl.options.get("description");
  const declared: Routine = {
    reference,
    routineType: ddl.routineType,
    arguments: ddl.arguments,
    returnType: ddl.returnType,
    returnTable: ddl.returnTable,
    body: sourceText(text, ddl.body),
    description: typeof description === "string" ? description : undefined,
  };
  const returns = await checkRoutine(session, declared);
  const routine: Routine = { ...declared, returnType: declared.returnType ?? returns.type };
  const facts = { ddlOperationPerformed: operation, ddlTargetRoutine: { ...reference } };
  const parts = { facts, referencedTables: returns.referencedTables };
  return prepared(session, ROUTINE_STATEMENTS[ddl.routineType], parts, async () => {
    if (ddl.temporary) session.addRoutine(routine);
    else if (operation !== "SKIP") session.catalog.putRoutine(routine);
    return {};
  });
}

/** Binds the body with arguments that are NULL. With ANY TYPE there is nothing to bind before a call. */
async function checkRoutine(
  session: Session,
  routine: Routine,
): Promise<{ type: Field | undefined; referencedTables: readonly TableReference[] }> {
  if (routine.routineType === "PROCEDURE" || routine.arguments.some((a) => a.type === undefined))
    return { type: undefined, referencedTables: [] };
  const count = routine.arguments.length;
  const nulls = [...sql("SELECT"), ...commaJoined(routine.arguments.map((a, i) => nullOf(a, i)))];
  const within = count === 0 ? [] : [...sql("FROM ("), ...nulls, ...sql(") AS"), quoted("_arguments")];
  if (routine.routineType === "SCALAR_FUNCTION") {
    const { sql: text, referencedTables } = translate(
      [...sql("SELECT"), ...scalarBody(routine, count, true), ...within],
      session,
    );
    const [shape] = await session.describe(text);
    return { type: shape && fieldOf("", shape.type), referencedTables };
  }
  const body = tableBody(routine, count);
  const { sql: text, referencedTables } = translate(replaceHoles(body, routine.arguments), session);
  await session.describe(text);
  return { type: undefined, referencedTables };
}

function nullOf(argument: Argument, i: number): ReturnType<typeof sql> {
  return [...nullValue(argument), ...sql("AS"), quoted(`bq_argument_${i}`)];
}

function nullValue(argument: Argument): ReturnType<typeof sql> {
  return coerced(sql("NULL"), argument.type);
}

function replaceHoles(tokens: ReturnType<typeof tokenize>, args: readonly Argument[]): ReturnType<typeof tokenize> {
  return tokens.flatMap((token) => {
    const at = token.kind === "quoted" ? /^bq_argument_(\d+)$/.exec(token.name)?.[1] : undefined;
    const argument = at === undefined ? undefined : args[Number(at)];
    return argument ? nullValue(argument) : [token];
  });
}
