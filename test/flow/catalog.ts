/** Views, functions and table functions that the catalog holds, with generated bodies: each both as a resource and as DuckDB's text. */
import { analyze, type RoutineResource, type StandardSqlDataType, type TableResource } from "@chaperone/googlesql";
import { Choices, numbersFrom } from "./choices.ts";
import { expression } from "./expressions.ts";
import { Generation, type Stored, type StoredRows } from "./generation.ts";
import type { Operator } from "./operators.ts";
import { printExpr, printQuery } from "./print.ts";
import { type Procedure, parametersOf as procedureParameters } from "./procedures.ts";
import { makeQuery } from "./queries.ts";
import { NO_USING, placeIn } from "./rows.ts";
import { CATALOG_DEFAULTS, schemaField, TABLE_RESOURCES } from "./schema.ts";
import { type Column, type Scope, scopeOver } from "./scope.ts";
import { ScriptMaker } from "./scripts.ts";
import { BOOL, FLOAT64, googleType, INT64, STRING, type Type } from "./types.ts";

const VIEWS = 8;
const FUNCTIONS = 8;
/** Tried. */
const TABLE_FUNCTIONS = 40;
const PROCEDURES = 10;
const NAMES = ["x", "y", "z"];

const tables = new Map<string, TableResource>(TABLE_RESOURCES);
const routines = new Map<string, RoutineResource>();

export const CATALOG = {
  table: (name: string): TableResource | undefined => tables.get(name),
  wildcard: (prefix: string): readonly TableResource[] =>
    [...TABLE_RESOURCES].filter(([name]) => name.startsWith(prefix)).map(([, resource]) => resource),
  routine: (name: string): RoutineResource | undefined => routines.get(name),
};

function understood(sql: string): boolean {
  return analyze(sql, { catalog: CATALOG, ...CATALOG_DEFAULTS }).plan.understood;
}

/** Its DuckDB names are those of no query. */
function generation(seed: number): Generation {
  const g = new Generation(new Choices(numbersFrom(seed, 260)), makeQuery, 1000 * (seed + 1));
  g.budget = 30;
  g.qualifiedTables = true;
  return g;
}

function typesFor(g: Generation): Type[] {
  return Array.from({ length: 1 + g.choices.below(3) }, () => g.choices.pick([STRING, INT64, BOOL, FLOAT64]));
}

function dataType(type: Type): StandardSqlDataType {
  return { typeKind: googleType(type) };
}

const WISH = { commonTables: [], rows: "any", as: "", top: false } as const;

/** A view, or null where what was drawn can't be one. */
function view(seed: number): StoredRows | null {
  const g = generation(seed);
  const types = typesFor(g);
  const made = makeQuery(g, { ...WISH, parent: null, types, names: NAMES.slice(0, types.length) });
  if (made.columns.some((c, i) => c.name !== NAMES[i])) return null;
  const name = `view${seed}`;
  const query = printQuery(made.query, "google");
  const resource: TableResource = {
    tableReference: { projectId: "clinic", datasetId: "ehr", tableId: name },
    type: "VIEW",
    schema: { fields: made.columns.map(({ name, type }) => schemaField({ name, type })) },
    view: { query, useLegacySql: false },
  };
  tables.set(`clinic.ehr.${name}`, resource);
  if (!understood(`SELECT * FROM ehr.${name}`)) return null;
  return { kind: "view", google: name, parameters: [], made, duck: printQuery(made.query, "duck") };
}

function parametersOf(g: Generation): { readonly types: readonly Type[]; readonly scope: Scope } {
  const types = Array.from({ length: 1 + g.choices.below(2) }, () => g.choices.pick([STRING, INT64, BOOL]));
  const columns = types.map((type, i): Column => ({ name: `p${i}`, type, duck: `$${i + 1}` }));
  return { types, scope: scopeOver(null, [{ alias: null, columns, value: null }], NO_USING) };
}

function routine(id: string, types: readonly Type[], rest: Partial<RoutineResource>): RoutineResource {
  const resource: RoutineResource = {
    routineReference: { projectId: "clinic", datasetId: "fn", routineId: id },
    routineType: "SCALAR_FUNCTION",
    language: "SQL",
    arguments: types.map((type, i) => ({ name: `p${i}`, dataType: dataType(type) })),
    ...rest,
  };
  routines.set(`clinic.fn.${id}`, resource);
  return resource;
}

function tableFunction(seed: number): StoredRows | null {
  const g = generation(seed);
  const { types: parameters, scope } = parametersOf(g);
  const types = typesFor(g);
  const made = makeQuery(g, { ...WISH, parent: scope, types, names: NAMES.slice(0, types.length) });
  if (made.columns.some((c, i) => c.name !== NAMES[i])) return null;
  const duck = printQuery(made.query, "duck");
  // One that makes nothing of its arguments would show little.
  if (!duck.includes("$1")) return null;
  const id = `rows${seed}`;
  const definitionBody = printQuery(made.query, "google");
  routine(id, parameters, { routineType: "TABLE_VALUED_FUNCTION", definitionBody });
  const nulls = parameters.map((type) => `CAST(NULL AS ${googleType(type)})`).join(", ");
  if (!understood(`SELECT * FROM fn.${id}(${nulls})`)) return null;
  return { kind: "table function", google: `fn.${id}`, parameters, made, duck };
}

/** DuckDB gets its body wherever it is called, so one with arguments has no subqueries, where they would mean something else. */
function scalarFunction(seed: number): Operator | null {
  const g = generation(seed);
  const { types: some, scope } = parametersOf(g);
  const types = g.choices.chance(30) ? [] : some;
  const result = g.choices.pick([STRING, INT64, BOOL]);
  const alone = types.length === 0;
  const place = placeIn({ commonTables: [] }, alone ? scopeOver(null, [], NO_USING) : scope);
  const body = alone
    ? ({
        kind: "subquery",
        type: result,
        form: "",
        query: makeQuery(g, { ...WISH, parent: null, types: [result], names: null, rows: "one" }).query,
      } as const)
    : expression(g, { ...place, subqueries: false }, result, 3);
  const id = `value${seed}`;
  routine(id, types, { returnType: dataType(result), definitionBody: printExpr(body, "google") });
  const nulls = types.map((type) => `CAST(NULL AS ${googleType(type)})`).join(", ");
  if (!understood(`SELECT fn.${id}(${nulls})`)) return null;
  const holes = types.map((_, i) => `$${i + 1}`).join(", ");
  return {
    name: "stored function",
    result,
    args: types,
    google: `fn.${id}(${holes})`,
    duck: `(${printExpr(body, "duck")})`,
  };
}

function procedure(seed: number, known: readonly Procedure[]): Procedure | null {
  const g = new Generation(new Choices(numbersFrom(seed, 500)), makeQuery, 1000 * (seed + 1));
  g.budget = 30;
  g.qualifiedTables = true;
  const parameters = procedureParameters(g);
  const maker = new ScriptMaker(
    g,
    known,
    parameters.map(({ column }) => column),
  );
  const { google: definitionBody, steps, written } = maker.body();
  const id = `does${seed}`;
  const resource = routine(id, [], { routineType: "PROCEDURE", definitionBody });
  const declared = parameters.map(({ mode, column }) => ({ name: column.name, mode, dataType: dataType(column.type) }));
  routines.set(`clinic.fn.${id}`, { ...resource, arguments: declared });
  const variables = parameters.map(({ column }, i) => `DECLARE x${i} ${googleType(column.type)}`);
  const call = `CALL fn.${id}(${parameters.map((_, i) => `x${i}`).join(", ")})`;
  if (!understood(`${variables.join("; ")}; ${call}; SELECT 1`)) return null;
  return { google: `fn.${id}`, parameters, body: steps, written };
}

/** Later ones may call earlier ones. */
function procedures(): Procedure[] {
  const known: Procedure[] = [];
  for (let seed = 300; seed < 300 + PROCEDURES; seed++) {
    const made = procedure(seed, known);
    if (made !== null) known.push(made);
  }
  return known;
}

function several<T>(make: (seed: number) => T | null, first: number, count: number): T[] {
  return Array.from({ length: count }, (_, i) => make(first + i)).filter((made) => made !== null);
}

/** The same in every run: a case names them. */
export const STORED: Stored = {
  rows: [...several(view, 0, VIEWS), ...several(tableFunction, 100, TABLE_FUNCTIONS)],
  functions: several(scalarFunction, 200, FUNCTIONS),
  procedures: procedures(),
};
