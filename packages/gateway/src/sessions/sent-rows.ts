import type { TableFieldSchema } from "@chaperone/googlesql";
import type { Json } from "../evidence/event.ts";
import {
  type FieldsByName,
  fieldsByName,
  isSentObject,
  membersOf,
  type ParameterType,
  type ParameterValue,
  parameterTypeOf,
  parameterValueOf,
  type ReadOptions,
  type SentValue,
  SentValueError,
  ValueCount,
} from "./sent-value.ts";
import type { Statement } from "./statement.ts";

/**
 * Rows that an agent sends to a table (insertAll, a load job with its data) are an INSERT of parameters: policy judges it like
 * every write, the rows are sealed like every parameter, and what BigQuery runs is what was analysed (docs/adr/0017-sent-rows.md).
 */
export interface SentRows extends ReadOptions {
  /** `project.dataset.table` in backticks. */
  readonly target: string;
  /** The table's fields, as far as the agent may know of them. */
  readonly fields: readonly TableFieldSchema[];
  readonly rows: readonly SentValue[];
}

/** What is wrong with one row, in words without a value. */
export interface RowError {
  readonly index: number;
  /** A field's path, or empty. */
  readonly location: string;
  readonly message: string;
}

export interface RowInsert {
  /** Fields that some row has, in the table's order. */
  readonly columns: readonly TableFieldSchema[];
  /** undefined: no row is as the table wants it. */
  readonly statement: Statement | undefined;
  readonly errors: readonly RowError[];
}

type Row = ReadonlyMap<string, SentValue>;

/** The INSERT of all rows that are as the table wants them. Throws TooManyValues. */
export function insertOfRows(sent: SentRows): RowInsert {
  const options: ReadOptions = { ignoreUnknownValues: sent.ignoreUnknownValues, jsonTexts: sent.jsonTexts };
  const errors: RowError[] = [];
  const good: Row[] = [];
  const fields = fieldsByName(sent.fields);
  // What a row may not leave out.
  const wanted = sent.fields.filter((field) => field.defaultValueExpression !== undefined || field.mode === "REQUIRED");
  const count = new ValueCount();
  for (const [index, row] of sent.rows.entries()) {
    const members = attempt(index, errors, () => {
      if (!isSentObject(row)) throw new SentValueError("", "A row is an object.");
      return membersOf(fields, row, options);
    });
    if (members !== undefined && attempt(index, errors, () => check(fields, wanted, members, { ...options, count })))
      good.push(members);
  }
  const sentNames = new Set(good.flatMap((row) => [...row.keys()]));
  const columns = sent.fields.filter(({ name }) => sentNames.has(name));
  if (good.length === 0 || columns.length === 0) return { columns, statement: undefined, errors };
  return { columns, statement: insertOf(sent.target, columns, rowsParameter(columns, good, options)), errors };
}

/** The INSERT of no row into all of the fields, for what it would be allowed. Throws SentValueError where rows can't be sent to one. */
export function noRowsInto(target: string, fields: readonly TableFieldSchema[]): Statement {
  for (const field of fields) requireWritable(field);
  return insertOf(target, fields, rowsParameter(fields, [], { ignoreUnknownValues: false, jsonTexts: false }));
}

function insertOf(target: string, columns: readonly TableFieldSchema[], rows: Json): Statement {
  const list = columns.map(({ name }) => `\`${name}\``).join(", ");
  const query = `SELECT ${columns.map((_, index) => `r.c${index}`).join(", ")} FROM UNNEST(@rows) AS r`;
  return {
    sql: `INSERT INTO ${target} (${list}) ${query}`,
    parameterMode: "NAMED",
    parameters: [rows],
    defaultDataset: undefined,
  };
}

/** How many rows an INSERT of rows has; undefined: it is another statement. */
export function rowsSent({ parameters }: Statement): number | undefined {
  const [rows] = parameters as readonly { readonly name?: unknown; readonly parameterValue?: ParameterValue }[];
  return rows?.name === ROWS ? rows.parameterValue?.arrayValues?.length : undefined;
}

/** Every column that a row leaves out must take it: a row among others says NULL where one alone would take the default. */
function check(
  fields: FieldsByName,
  wanted: readonly TableFieldSchema[],
  row: Row,
  options: ReadOptions & { readonly count: ValueCount },
): true {
  for (const field of wanted) {
    if (row.has(field.name)) continue;
    if (field.defaultValueExpression !== undefined)
      throw new SentValueError(field.name, "This field has a default; send a value for it in each row, or NULL.");
    requireWritable(field);
    parameterValueOf(field, undefined, options);
  }
  for (const [name, value] of row) {
    const field = fields.get(name.toLowerCase());
    if (field === undefined) continue;
    requireWritable(field);
    parameterValueOf(field, value, options);
  }
  return true;
}

const writable = new WeakMap<TableFieldSchema, boolean>();

/** Throws SentValueError where rows can't be sent to this field. */
export function requireWritable(field: TableFieldSchema): void {
  let is = writable.get(field);
  if (is === undefined) {
    is = parameterTypeOf(field) !== undefined && !/[`\\\r\n]/.test(field.name);
    writable.set(field, is);
  }
  if (!is) throw new SentValueError(field.name, "Rows with this field are written by an INSERT statement only.");
}

function attempt<T>(index: number, errors: RowError[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) {
      errors.push({ index, location: "", message: "The row is nested too deep." });
      return undefined;
    }
    if (!(error instanceof SentValueError)) throw error;
    errors.push({ index, location: error.location, message: error.message });
    return undefined;
  }
}

/** The parameter's name. */
const ROWS = "rows";

/** One array of all rows: `@rows ARRAY<STRUCT<c0 …, c1 …>>`. */
function rowsParameter(columns: readonly TableFieldSchema[], rows: readonly Row[], options: ReadOptions): Json {
  const structTypes = columns.map((field, index) => {
    const type: ParameterType = parameterTypeOf(field) ?? { type: "STRING" };
    return { name: `c${index}`, type };
  });
  const count = new ValueCount();
  const arrayValues: ParameterValue[] = rows.map((row) => {
    count.add(columns.length);
    return {
      structValues: Object.fromEntries(
        columns.map((field, index) => [
          `c${index}`,
          parameterValueOf(field, row.get(field.name), { ...options, count }),
        ]),
      ),
    };
  });
  return {
    name: ROWS,
    parameterType: { type: "ARRAY", arrayType: { type: "STRUCT", structTypes } },
    parameterValue: { arrayValues },
  } as unknown as Json;
}
