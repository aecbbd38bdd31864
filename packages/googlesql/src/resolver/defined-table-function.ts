/**
 * Table functions of the catalog: a query with the arguments as names for values.
 * https://cloud.google.com/bigquery/docs/table-functions
 */
import { type Flow, returned } from "../flow/flow.ts";
import { standardSqlType } from "../routine-resource.ts";
import type { Expression, TableFunctionArgument, TableFunctionCall } from "../tree.ts";
import { lazily } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { definedRelation, queryOf, requireAgreement } from "./definition.ts";
import { argumentsOf, namesOfArguments, withNames } from "./routine.ts";
import { languageOf, parametersOf, routineNamed } from "./routine-call.ts";
import type { Relation, Scope, Value } from "./scope.ts";

/** `scope`: what an argument can name, which is nothing of the same FROM. */
export function definedTableFunction(context: Context, node: TableFunctionCall, scope: Scope): Relation {
  const called = routineNamed(context, node, ["TABLE_VALUED_FUNCTION"]);
  const { name, project, resource } = called;
  const parameters = parametersOf(context, called, node);
  const values = node.arguments.map((argument): Value => {
    if (!isValue(argument)) {
      return context.fail(
        "unsupported",
        `${name} can be given values alone: no table, model or named argument`,
        argument,
      );
    }
    const value = lazily(context, () => context.expression(context, argument, scope));
    // The body may drop it.
    if (argument.kind !== "PathExpression") context.computed.push(value.flow);
    return value;
  });
  const given = argumentsOf(context, { name, parameters }, values, node);
  const sql = resource.definitionBody;
  if (sql === undefined || languageOf(resource) !== "SQL") {
    return context.fail("unsupported", `Table function ${name} has no query that can be analysed`, node);
  }
  const relation = context.inside({ kind: "routine", name, sql }, project, node, () =>
    withNames(context, namesOfArguments(given), () => definedRelation(context, queryOf(resource, sql))),
  );
  const declared = resource.returnTableType?.columns?.map((column) => ({
    name: column.name ?? "",
    type: column.type && standardSqlType(column.type),
  }));
  if (declared !== undefined) requireAgreement(context, relation, declared, `table function ${name}`, node);
  const flows = values.map((value) => value.flow);
  const back = (flow: Flow): Flow => returned(flow, flows);
  return {
    ...relation,
    columns: relation.columns.map((column) => ({ ...column, flow: back(column.flow) })),
    rows: back(relation.rows),
  };
}

function isValue(argument: TableFunctionArgument): argument is Expression {
  const others = ["TableArgument", "ModelArgument", "StarArgument", "NamedArgument", "LambdaArgument", "DatePart"];
  return !others.includes(argument.kind);
}
