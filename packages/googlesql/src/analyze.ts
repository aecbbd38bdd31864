/**
 * From SQL to its access plan: parse, resolve, follow the flow, print the canonical text.
 * Whatever is not understood is refused (I1); `analyze` never throws.
 */
import { type Explanation, explain } from "./explain.ts";
import { parseText } from "./parser/parse.ts";
import type { AccessPlan } from "./plan.ts";
import { type PrintOptions, print, printBoth, redact } from "./printer.ts";
import { refusalOf } from "./refusal.ts";
import type { CatalogView } from "./resolver/catalog-view.ts";
import { Context, type ParameterTypes } from "./resolver/context.ts";
import { resolveExpression } from "./resolver/expression.ts";
import { FunctionMemory } from "./resolver/function-memory.ts";
import { requireKnown } from "./resolver/known.ts";
import { resolveQuery, resolveRows } from "./resolver/query.ts";
import { withImmediateStatements } from "./resolver/script/immediate.ts";
import { resolveScript } from "./resolver/script.ts";
import type { NameDefaults } from "./resolver/table-name.ts";
import { withTerminalPipes } from "./resolver/terminal-pipes.ts";
import { Trace } from "./resolver/trace.ts";
import { noteNames, requireResolved } from "./resolver/whole-text.ts";
import { SqlError } from "./sql-error.ts";
import type { Node, Script, TablePath } from "./tree.ts";
import { type ParameterType, parameterType, type Type } from "./types.ts";
import { wholeTree } from "./visitor.ts";

/** BigQuery's QueryParameter; the value plays no part in the analysis and is never read. */
export interface QueryParameter {
  /** Absent for positional parameters. */
  readonly name?: string;
  readonly parameterType: ParameterType;
}

export interface AnalyzeOptions extends NameDefaults {
  readonly catalog: CatalogView;
  /** All named, or all positional in order. */
  readonly parameters?: readonly QueryParameter[];
  /** Also say how each source reaches the result. */
  readonly explain?: boolean;
  /** Refuse by `limit` what can't be analysed in some tens of milliseconds, for whoever has other work waiting. */
  readonly quick?: boolean;
}

export interface Analysis {
  readonly plan: AccessPlan;
  /** What was parsed, for whoever prints or transforms it. Absent when refused. */
  readonly tree?: Script;
  /** The SQL with its literals taken out, and the literals in the order of their places (I5). Absent when refused. */
  readonly redacted?: { readonly sql: string; readonly literals: readonly string[] };
  /** Names (lower case) and number of positions of the parameters the SQL uses. Absent when refused. */
  readonly parameters?: { readonly named: readonly string[]; readonly positional: number };
  /** Of the last query, where `explain` was asked for. It quotes the SQL, literals and all. */
  readonly explanation?: Explanation;
}

/** Never throws: what goes wrong is a refusal. */
export function analyze(sql: string, options: AnalyzeOptions): Analysis {
  try {
    return analysisOf(sql, options);
  } catch (error) {
    return { plan: { understood: false, refusal: refusalOf(error) } };
  }
}

function analysisOf(sql: string, options: AnalyzeOptions): Analysis {
  const { tree, nodes, context, resolved } = understood(sql, options);
  const { statementType, statements, result } = resolved;
  const { sql: canonicalSql, redacted, named } = printed(context, tree, nodes);
  if (context.longNames.printed || context.calledColumns.size + context.listedColumns.size > 0)
    requireSame(context, resolved, understood(named, { ...options, explain: false }).resolved);
  return {
    plan: { understood: true, statementType, statements, result, canonicalSql },
    tree,
    redacted,
    parameters: { named: [...context.usedParameters].sort(), positional: context.usedPositions },
    ...(context.trace === null
      ? {}
      : {
          explanation: explain(
            context.trace,
            result.map(({ name }) => name),
          ),
        }),
  };
}

interface Understood {
  readonly tree: Script;
  readonly nodes: readonly Node[];
  readonly context: Context;
  readonly resolved: ReturnType<typeof resolveScript>;
}

function understood(sql: string, options: AnalyzeOptions): Understood {
  const { script, nodes: parsed } = parseText(sql);
  const tree = withTerminalPipes(sql, withImmediateStatements(sql, script));
  const nodes = tree === script ? parsed : wholeTree(tree).nodes;
  requireKnown(sql, tree, nodes);
  let { context, resolved } = resolve(sql, tree, nodes, options, new FunctionMemory());
  while (context.functionMemory.grown) {
    ({ context, resolved } = resolve(sql, tree, nodes, options, new FunctionMemory(context.functionMemory)));
  }
  return { tree, nodes, context, resolved };
}

/** Where columns or tables' rows are named otherwise than it was written, that what runs is what was analysed is seen, not only reasoned (I2). */
function requireSame(context: Context, asked: Understood["resolved"], runs: Understood["resolved"]): void {
  const plan = ({ statementType, statements, result }: Understood["resolved"]) =>
    JSON.stringify([statementType, statements, result]);
  if (plan(asked) !== plan(runs))
    context.fail("unsupported", "This would run as something else than was analysed; give its tables aliases", {
      start: 0,
    });
}

function resolve(
  sql: string,
  tree: Script,
  nodes: readonly Node[],
  options: AnalyzeOptions,
  functionMemory: FunctionMemory,
): { readonly context: Context; readonly resolved: ReturnType<typeof resolveScript> } {
  const context = new Context({
    sql,
    catalog: options.catalog,
    defaults: options,
    parameters: parameterTypes(options.parameters ?? []),
    query: resolveQuery,
    rows: resolveRows,
    expression: resolveExpression,
    trace: options.explain === true ? new Trace() : null,
    quick: options.quick === true,
    functionMemory,
  });
  noteNames(context, nodes);
  const resolved = resolveScript(context, tree);
  requireResolved(context, nodes);
  return { context, resolved };
}

/** The canonical SQL, the same with the views of INFORMATION_SCHEMA by their names, and the text with its literals apart. */
function printed(
  context: Context,
  tree: Script,
  nodes: readonly Node[],
): ReturnType<typeof printBoth> & { readonly named: string } {
  const { calledColumns, metadataRows, listedColumns, routinePaths, names, longNames } = context;
  const tablePath = (node: TablePath) => context.tablePaths.get(node);
  const other = [calledColumns, metadataRows, listedColumns, routinePaths, names];
  if (other.every((map) => map.size === 0) && !longNames.printed) {
    const both = printBoth(tree, tablePath);
    return { ...both, named: both.sql };
  }
  const taken = [...context.tablePaths.values(), ...names.values(), ...routinePaths.values()].flat();
  const changes: PrintOptions = {
    ...(longNames.printed ? longNames.printing(nodes, taken) : {}),
    tablePath,
    calledColumns: (node) => calledColumns.get(node),
    columns: (node) => listedColumns.get(node),
    routinePath: (node) => routinePaths.get(node),
    name: (node) => names.get(node),
  };
  const named = print(tree, changes);
  const tableRows = (node: TablePath) => metadataRows.get(node);
  return {
    sql: metadataRows.size === 0 ? named : print(tree, { ...changes, tableRows }),
    named,
    redacted: redact(tree),
  };
}

function parameterTypes(parameters: readonly QueryParameter[]): ParameterTypes {
  const named = new Map<string, Type>();
  const positional: Type[] = [];
  for (const { name, parameterType: declared } of parameters) {
    const type = parameterType(declared);
    if (type === undefined) throw new SqlError("type", "A query parameter declares a type that doesn't exist", 1, 1);
    if (name === undefined || name === "") positional.push(type);
    else if (named.has(name.toLowerCase())) throw new SqlError("name", `Parameter ${name} is declared twice`, 1, 1);
    else named.set(name.toLowerCase(), type);
  }
  if (named.size > 0 && positional.length > 0) {
    throw new SqlError("unsupported", "Query parameters are either all named or all positional", 1, 1);
  }
  return { named, positional };
}
