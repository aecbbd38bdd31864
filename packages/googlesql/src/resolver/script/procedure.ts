/** The procedure that a CALL names: as the catalog has it, or as the same script made it. */
import { parse } from "../../parser/parse.ts";
import type { RoutineResource } from "../../routine-resource.ts";
import { tableNameParts } from "../../table-name.ts";
import type { CallStatement, CreateProcedureStatement, Node, Statement } from "../../tree.ts";
import type { Type } from "../../types.ts";
import { wholeTree } from "../../visitor.ts";
import type { Definition } from "../catalog-view.ts";
import type { Context } from "../context.ts";
import { requireKnownParts } from "../known.ts";
import { declaredType } from "../routine-call.ts";
import { resolveProcedureName } from "../table-name.ts";
import { withTerminalPipes } from "../terminal-pipes.ts";
import { hasParameters, resolveTypeName } from "../type-name.ts";
import { noteNames } from "../whole-text.ts";
import { withImmediateStatements } from "./immediate.ts";
import type { Run } from "./run.ts";
import type { State } from "./state.ts";

export interface ProcedureParameter {
  readonly name: string;
  /** null: any. */
  readonly type: Type | null;
  readonly mode: "IN" | "OUT" | "INOUT";
}

export interface Procedure extends Omit<Definition, "kind"> {
  readonly project: string;
  readonly parameters: readonly ProcedureParameter[];
  /** Where the same script made it. */
  readonly made: CreateProcedureStatement | null;
}

export function procedureNamed(context: Context, node: CallStatement, state: State): Procedure {
  const parts = tableNameParts(node.procedure);
  if (parts[0]?.toUpperCase() === "BQ") {
    const name = parts.join(".").toUpperCase();
    return context.fail(
      "unsupported",
      `CALL of the system procedure ${name} is not supported: it acts on jobs or tables that no plan names`,
      node,
    );
  }
  const named = resolveProcedureName(node.procedure, context.defaults);
  if (named.kind === "refused") {
    return context.fail(named.code, named.message.replace(/^Function/, "Procedure"), node);
  }
  context.names.set(node, named.parts);
  const [project] = named.parts;
  const made = state.routines.get(named.name);
  if (made === null) {
    return context.fail(
      "unsupported",
      `${named.name} may be made anew or dropped by the same script; send two requests`,
      node,
    );
  }
  if (made !== undefined) {
    const parameters = declaredParameters(context, made);
    return { name: named.name, sql: context.sql, defaults: context.defaults, project, parameters, made };
  }
  const resource = context.catalog.routine?.(named.name);
  const reference = resource?.routineReference;
  if (
    resource === undefined ||
    `${reference?.projectId}.${reference?.datasetId}.${reference?.routineId}` !== named.name
  ) {
    return context.fail("name", `Procedure not found: ${named.name}`, node);
  }
  if (resource.routineType.toUpperCase() !== "PROCEDURE") context.fail("type", `${named.name} is no procedure`, node);
  const language = (resource.language ?? "SQL").toUpperCase();
  if (language !== "SQL" || resource.remoteFunctionOptions !== undefined) {
    const word = /^[A-Z]{1,20}$/.test(language) ? language : "another language";
    return context.fail(
      "unsupported",
      `${named.name} is in ${word}: what it does isn't analysed; call procedures in SQL`,
      node,
    );
  }
  const sql = resource.definitionBody;
  if (sql === undefined) return context.fail("unsupported", `${named.name} can't be read: its body isn't shown`, node);
  // Whether names of two parts are in its project or in the caller's isn't documented: they are completed where both are one.
  const caller = context.defaults.defaultProject ?? context.defaults.defaultDataset?.project;
  const defaults = caller === project ? { defaultProject: project } : {};
  return {
    name: named.name,
    sql,
    defaults,
    project,
    parameters: parametersOf(context, named.name, resource, node),
    made: null,
  };
}

function parametersOf(context: Context, name: string, resource: RoutineResource, node: Node): ProcedureParameter[] {
  const parameters = (resource.arguments ?? []).map((argument): ProcedureParameter => {
    const kind = argument.argumentKind?.toUpperCase() ?? "FIXED_TYPE";
    const type = kind === "ANY_TYPE" ? null : declaredType(argument.dataType);
    const mode = argument.mode?.toUpperCase() ?? "IN";
    if (type === undefined || argument.name === undefined || !["FIXED_TYPE", "ANY_TYPE"].includes(kind)) {
      return context.fail("unsupported", `An argument of ${name} has a type the gateway doesn't know`, node);
    }
    if (mode !== "IN" && mode !== "OUT" && mode !== "INOUT") {
      return context.fail("unsupported", `An argument of ${name} has a mode the gateway doesn't know`, node);
    }
    return { name: argument.name, type, mode };
  });
  return distinct(context, parameters, node);
}

export function declaredParameters(context: Context, node: CreateProcedureStatement): ProcedureParameter[] {
  const parameters = node.parameters.map(({ name: { name }, type, mode }): ProcedureParameter => {
    if (type.kind === "AnyTypeName" || type.kind === "TableTypeName") {
      return context.fail("unsupported", `Argument ${name} of a procedure needs a type`, type);
    }
    if (hasParameters(type)) context.fail("unsupported", `Argument ${name} of a procedure takes no length`, type);
    return { name, type: resolveTypeName(context, type), mode: mode ?? "IN" };
  });
  return distinct(context, parameters, node);
}

function distinct(context: Context, parameters: ProcedureParameter[], node: Node): ProcedureParameter[] {
  if (new Set(parameters.map(({ name }) => name.toLowerCase())).size < parameters.length) {
    context.fail("name", "Two arguments of a procedure have one name", node);
  }
  return parameters;
}

/** Its statements, for one place of a call. Read inside of its text. */
export function bodyOfCall(run: Run, { made, sql }: Procedure, node: CallStatement): readonly Statement[] {
  const known = run.bodies.get(node);
  if (known !== undefined) return known;
  const statements = made?.body ? [structuredClone(made.body)] : read(run.context, sql);
  run.bodies.set(node, statements);
  return statements;
}

function read(context: Context, sql: string): readonly Statement[] {
  const tree = withTerminalPipes(sql, withImmediateStatements(sql, parse(sql)));
  const { nodes } = wholeTree(tree);
  requireKnownParts(sql, tree, nodes);
  noteNames(context, nodes);
  // Its name would be known behind the call too, and its body there in another text.
  const helper = nodes.find((node) => node.kind === "CreateFunctionStatement" && node.temporary);
  if (helper !== undefined) {
    context.fail("unsupported", "A temporary function in a procedure is not supported", helper);
  }
  return tree.statements;
}
