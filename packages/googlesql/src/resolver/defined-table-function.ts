/**
 * Table functions of the catalog: a query with the arguments as names for values, and as tables.
 * https://cloud.google.com/bigquery/docs/table-functions
 */
import { type Flow, returned } from "../flow/flow.ts";
import { standardSqlType } from "../routine-resource.ts";
import type { Expression, TableFunctionArgument, TableFunctionCall } from "../tree.ts";
import { lazily } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { definedRelation, queryOf, requireAgreement } from "./definition.ts";
import { argumentsOf, namesOfArguments, type RoutineParameter, withNames } from "./routine.ts";
import { languageOf, routineNamed, valueParameter } from "./routine-call.ts";
import type { CommonTables, Relation, Scope, Value } from "./scope.ts";
import { type Input, inputOf, type Surroundings } from "./table-functions/arguments.ts";
import { isTable, type TableParameter, tableParameter, withTable } from "./table-parameter.ts";

/** `scope`: what an argument can name, which is nothing of the same FROM. */
export function definedTableFunction(
  context: Context,
  node: TableFunctionCall,
  scope: Scope,
  around: Surroundings,
): Relation {
  const called = routineNamed(context, node, ["TABLE_VALUED_FUNCTION"]);
  const { name, project, resource } = called;
  const parameters = resource.arguments ?? [];
  const first = parameters.findIndex(isTable);
  if (around.piped !== undefined && first === -1) {
    return context.fail("type", `${name} takes no table, as CALL would give it`, node);
  }
  if (node.arguments.length + (around.piped === undefined ? 0 : 1) !== parameters.length) {
    return context.fail("type", `${name} takes ${parameters.length} arguments`, node);
  }
  const written = [...node.arguments];
  const values: Value[] = [];
  const valueParameters: RoutineParameter[] = [];
  const inputs: Input[] = [];
  let tables: CommonTables | null = null;
  for (const [i, parameter] of parameters.entries()) {
    const piped = around.piped !== undefined && i === first ? around.piped : null;
    const argument = piped === null ? written.shift() : undefined;
    if (isTable(parameter)) {
      const declared: TableParameter = tableParameter(context, name, parameter, node);
      const given = argument === undefined ? undefined : tableGiven(context, name, argument);
      const input = piped ?? inputOf(context, name, given, around, node);
      inputs.push(input);
      tables = withTable(context, tables, declared, input, name, argument ?? node);
      continue;
    }
    if (argument === undefined) return context.fail("type", `${name} lacks an argument`, node);
    valueParameters.push(valueParameter(context, name, parameter, false, node));
    values.push(valueGiven(context, name, argument, scope));
  }
  const given = argumentsOf(context, { name, parameters: valueParameters }, values, node);
  const sql = resource.definitionBody;
  if (sql === undefined || languageOf(resource) !== "SQL") {
    return context.fail("unsupported", `Table function ${name} has no query that can be analysed`, node);
  }
  const relation = context.inside({ kind: "routine", name, sql }, project, node, () =>
    withNames(context, namesOfArguments(given), () => definedRelation(context, queryOf(resource, sql), tables)),
  );
  const declared = resource.returnTableType?.columns?.map((column) => ({
    name: column.name ?? "",
    type: column.type && standardSqlType(column.type),
  }));
  if (declared !== undefined) requireAgreement(context, relation, declared, `table function ${name}`, node);
  const flows = [
    ...values.map((value) => value.flow),
    ...inputs.flatMap(({ columns, rows }) => [rows, ...columns.map((column) => column.flow)]),
  ];
  const back = (flow: Flow): Flow => returned(flow, flows);
  return {
    ...relation,
    columns: relation.columns.map((column) => ({ ...column, flow: back(column.flow) })),
    rows: back(relation.rows),
  };
}

function valueGiven(context: Context, name: string, argument: TableFunctionArgument, scope: Scope): Value {
  if (!isValue(argument)) {
    const message = `${name} takes a value here: no table, model or named argument`;
    return context.fail("unsupported", message, argument);
  }
  const value = lazily(context, () => context.expression(context, argument, scope));
  // The body may drop it.
  if (argument.kind !== "PathExpression") context.computed.push(value.flow);
  return value;
}

function tableGiven(context: Context, name: string, argument: TableFunctionArgument) {
  if (argument.kind !== "NamedArgument") return argument;
  return context.fail("unsupported", `${name} takes its tables by place, not by name`, argument);
}

function isValue(argument: TableFunctionArgument): argument is Expression {
  const others = ["TableArgument", "ModelArgument", "StarArgument", "NamedArgument", "LambdaArgument", "DatePart"];
  return !others.includes(argument.kind);
}
