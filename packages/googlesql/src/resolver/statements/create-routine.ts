/**
 * CREATE FUNCTION and TABLE FUNCTION: a body that is understood with arguments of which nothing is known. What a call shows is
 * resolved anew at the call.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_function_statement
 */
import { CONSTANT, NO_KEYS } from "../../flow/flow.ts";
import { functionNamed } from "../../functions/catalogue.ts";
import { refusalReason } from "../../functions/refused.ts";
import { RESERVED_KEYWORDS, SPECIAL_CALLS } from "../../keywords.ts";
import type { PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import { tableNameParts } from "../../table-name.ts";
import type {
  CreateFunctionStatement,
  CreateTableFunctionStatement,
  FunctionParameter,
  Identifier,
  Node,
  TableTypeName,
} from "../../tree.ts";
import { coerces, sameType, structOf, type Type } from "../../types.ts";
import type { Context } from "../context.ts";
import { newFrame } from "../frame.ts";
import {
  argumentsOf,
  namesOfArguments,
  type RoutineParameter,
  resolveSqlAggregate,
  resolveSqlFunction,
  type SqlFunction,
  withNames,
} from "../routine.ts";
import type { OpaqueFunction } from "../routine-call.ts";
import { type Column, type CommonTables, commonTable, fold, type Relation, type Value } from "../scope.ts";
import { resolveProcedureName } from "../table-name.ts";
import type { TemporaryFunction } from "../temporary-function.ts";
import { resolveTypeName } from "../type-name.ts";
import { requireNames } from "./column-definition.ts";
import { checkOptions } from "./options.ts";
import { effectOf } from "./transfer.ts";

export function createFunction(context: Context, node: CreateFunctionStatement): PlanStatement {
  const name = node.temporary ? temporaryName(context, node) : permanentName(context, node.name, node);
  context.names.set(node, name);
  checkOptions(context, node.options, "ROUTINE");
  const parameters = node.parameters.map((parameter) => scalarParameter(context, parameter, node.aggregate));
  const returns = node.returns === null ? null : resolveTypeName(context, node.returns);
  const defined =
    node.body === null
      ? opaqueFunction(context, node, name.join("."), parameters, returns)
      : sqlFunction(context, node, { name: name.join("."), parameters, returns, body: node.body });
  const kind = "CREATE_FUNCTION";
  if (!node.temporary) {
    context.changes.push({ what: "routine", mode: "create", name: name.join(".") });
    return planWithoutResult(context, kind, defined.shown);
  }
  context.temporaryFunctions.set(fold(name[0] ?? ""), defined.function);
  // What the body reads is read where it is called.
  context.beginStatement();
  return planWithoutResult(context, kind);
}

interface Defined {
  readonly function: TemporaryFunction;
  /** What it gives, where the definition itself says. */
  readonly shown: Relation | null;
}

function sqlFunction(context: Context, node: CreateFunctionStatement, called: SqlFunction): Defined {
  if (node.language !== null && node.language.name.toUpperCase() !== "SQL") {
    return context.fail("syntax", "A function in another language than SQL has its code in a string", node.language);
  }
  if (node.remote || node.connection !== null) return context.fail("syntax", "A remote function has no body", node);
  const made: TemporaryFunction = {
    definition: node,
    aggregate: node.aggregate,
    called: { language: "SQL", function: called },
  };
  const templated = called.parameters.find((parameter) => parameter.type === null);
  if (templated !== undefined) {
    // A temporary one is looked at where it is called; unless it is, its subqueries are refused.
    if (node.temporary) return { function: made, shown: null };
    return context.fail("unsupported", `Argument ${templated.name} is of ANY TYPE; write its type`, node);
  }
  const values = called.parameters.map((parameter) => unknownValue(context, parameter.type ?? structOf([])));
  const value = node.aggregate
    ? resolveSqlAggregate(context, called, values, { ...newFrame(null), phase: "select" }, called.body)
    : resolveSqlFunction(context, called, values, called.body);
  const column = { ...value, name: "" };
  const shown = { columns: [column], implicit: NO_KEYS, rows: CONSTANT, repeated: false, valueTable: false };
  return { function: made, shown };
}

/** An argument of which the definition knows but the type. */
function unknownValue(context: Context, type: Type): Value {
  return { type, written: "value", flow: CONSTANT, id: context.freshId() };
}

/** JavaScript, Python, and functions that run elsewhere: the definition alone moves nothing, but says what calls will do. */
function opaqueFunction(
  context: Context,
  node: CreateFunctionStatement,
  name: string,
  parameters: readonly RoutineParameter[],
  returns: Type | null,
): Defined {
  const written = node.language?.name.toUpperCase();
  const language: OpaqueFunction["language"] | null =
    node.remote || node.connection !== null
      ? "REMOTE"
      : written === "JS" || written === "JAVASCRIPT"
        ? "JAVASCRIPT"
        : written === "PYTHON"
          ? "PYTHON"
          : null;
  if (language === null)
    return context.fail("unsupported", "Only SQL, JavaScript, Python and remote functions exist", node);
  if (returns === null) return context.fail("syntax", "A function in another language needs RETURNS", node);
  const kind = language === "JAVASCRIPT" ? "javascript" : language === "PYTHON" ? "python" : "remote_function";
  context.effects.push(effectOf(kind));
  const called: OpaqueFunction = { name, language, parameters, returns, temporary: node.temporary };
  return { function: { definition: node, aggregate: node.aggregate, called }, shown: null };
}

export function createTableFunction(context: Context, node: CreateTableFunctionStatement): PlanStatement {
  const name = permanentName(context, node.name, node);
  context.names.set(node, name);
  checkOptions(context, node.options, "ROUTINE");
  const tables = node.parameters.reduce<CommonTables | null>(
    (outer, parameter) =>
      parameter.type.kind === "TableTypeName" ? tableParameter(context, parameter, parameter.type, outer) : outer,
    null,
  );
  const scalars = node.parameters.filter((parameter) => parameter.type.kind !== "TableTypeName");
  const parameters = scalars.map((parameter) => scalarParameter(context, parameter, false));
  const templated = parameters.find((parameter) => parameter.type === null);
  if (templated !== undefined) {
    return context.fail("unsupported", `Argument ${templated.name} is of ANY TYPE; write its type`, node);
  }
  const values = parameters.map((parameter) => unknownValue(context, parameter.type ?? structOf([])));
  const given = argumentsOf(context, { name: name.join("."), parameters }, values, node);
  const relation = withNames(context, namesOfArguments(given), () => context.query(context, node.query, null, tables));
  const declared = node.returns?.columns.map((column) => resolveTypeName(context, column.type)) ?? null;
  if (declared !== null) {
    const fits = relation.columns.length === declared.length;
    const columns = relation.columns.every((c, i) => {
      const to = declared[i];
      return to !== undefined && (sameType(c.type, to) || coerces(c.type, to, c.written));
    });
    if (!fits || !columns) context.fail("type", "The query's columns aren't those of RETURNS", node.query);
  }
  context.changes.push({ what: "routine", mode: "create", name: name.join(".") });
  return planWithoutResult(context, "CREATE_TABLE_FUNCTION", relation);
}

/**
 * A table that the caller passes: in the body it is a table of that name, of which nothing but its columns is known here.
 * https://cloud.google.com/bigquery/docs/table-functions#table_parameters
 */
function tableParameter(
  context: Context,
  { name }: FunctionParameter,
  type: TableTypeName,
  parent: CommonTables | null,
): CommonTables {
  context.noteName(name.name, name);
  if (commonTable(parent, name) !== undefined) context.fail("name", `Argument ${name.name} stands twice`, name);
  const columns = type.columns.map((field): Column => {
    if (field.name === null) return context.fail("syntax", "Every column of a table needs a name", field);
    const declared = resolveTypeName(context, field.type);
    return { ...unknownValue(context, declared), name: field.name.name };
  });
  requireNames(context, columns, name);
  const relation = { columns, implicit: NO_KEYS, rows: CONSTANT, repeated: true, valueTable: false };
  return { parent, relations: new Map([[fold(name.name), relation]]) };
}

/** The full name of a routine, in the default dataset where it names none. */
export function permanentName(
  context: Context,
  path: readonly Identifier[],
  node: Node,
): readonly [string, string, string] {
  const named = resolveProcedureName(path, context.defaults);
  return named.kind === "refused" ? context.fail(named.code, named.message, node) : named.parts;
}

/** Functions of which the catalogue of functions says nothing, since their calls have rules of their own. */
const OWN_RULES: ReadonlySet<string> = new Set([
  ...["ERROR", "APPROX_TOP_COUNT", "APPROX_TOP_SUM", "ARRAY_FILTER", "ARRAY_TRANSFORM", "ARRAY_ZIP"],
  ...["FIRST", "LAST", "PREV", "NEXT", "MATCH_NUMBER", "MATCH_ROW_NUMBER", "CLASSIFIER"],
]);

/** Also what looks like a call and is syntax: in backquotes it would be another function to one reader than to another. */
function isBuiltIn(upper: string): boolean {
  const known = functionNamed(upper) !== undefined || refusalReason(upper) !== undefined || OWN_RULES.has(upper);
  return known || RESERVED_KEYWORDS.has(upper) || SPECIAL_CALLS.has(upper);
}

/** One name, that no built-in function has and that is defined once: whichever a reader took, it would be the same. */
function temporaryName(context: Context, node: CreateFunctionStatement): readonly [string] {
  const [name, more] = tableNameParts(node.name);
  if (name === undefined || more !== undefined || !/^\w+$/.test(name)) {
    return context.fail("name", "A temporary function has one plain name", node);
  }
  if (isBuiltIn(name.toUpperCase())) {
    return context.fail("name", `${name} is a built-in function; choose another name`, node);
  }
  const known = context.temporaryFunctions.get(fold(name));
  if (known !== undefined && known.definition !== node) {
    return context.fail("name", `Function ${name} is defined twice; give each its own name`, node);
  }
  return [name];
}

function scalarParameter(context: Context, node: FunctionParameter, aggregates: boolean): RoutineParameter {
  const { name } = node.name;
  context.noteName(name, node);
  const aggregate = aggregates && !node.notAggregate;
  switch (node.type.kind) {
    case "AnyTypeName":
      return { name, type: null, aggregate };
    case "TableTypeName":
      return context.fail("unsupported", `Argument ${name} is a table, which is not supported`, node);
    default:
      return { name, type: resolveTypeName(context, node.type), aggregate };
  }
}
