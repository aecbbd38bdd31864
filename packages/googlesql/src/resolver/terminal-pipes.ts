/**
 * `FROM … |> INSERT …`, `|> EXPORT DATA …` and `|> CREATE TABLE …` are the statements they name, of the rows before the pipe. Each
 * takes its query in front, as those statements write it: so it is analysed, printed and redacted as they are (threat-model row 26),
 * and whatever stands elsewhere than at a statement's end is refused.
 * https://github.com/google/googlesql/blob/master/docs/pipe-syntax.md#insert-pipe-operator
 */
import { SqlError } from "../sql-error.ts";
import type { Node, PipeOperator, Query, QueryStatement, Script, Statement } from "../tree.ts";
import { childrenOf } from "../visitor.ts";
import { mapped } from "./script/immediate.ts";

/** @throws SqlError `unsupported` */
export function withTerminalPipes(sql: string, tree: Script): Script {
  if (!sql.includes("|>") || !/insert|export|create/i.test(sql)) return tree;
  return mapped(tree, (node) => (node.kind === "QueryStatement" ? terminal(sql, node) : null));
}

function terminal(sql: string, { query: whole, start, end }: QueryStatement): Statement | null {
  const head = statementOf(whole.pipes.at(-1));
  if (head === null) return null;
  // Before the query they would be others: positions count in the order of the text.
  if (holdsPosition(head)) {
    throw SqlError.at(sql, head.start, "unsupported", "A positional parameter can't stand here; name the parameter");
  }
  const query = bare({ ...whole, pipes: whole.pipes.slice(0, -1) });
  return { ...head, query, start, end };
}

/** A query in parentheses and nothing else is that query: those statements are read so. */
function bare(query: Query): Query {
  const { body, orderBy, limit, pipes } = query;
  const alone = query.with === null && orderBy.length === 0 && limit === null && pipes.length === 0;
  return alone && body.kind === "Query" ? bare(body) : query;
}

function statementOf(pipe: PipeOperator | undefined) {
  switch (pipe?.kind) {
    case "PipeInsert":
      return pipe.insert;
    case "PipeExportData":
      return pipe.export;
    case "PipeCreateTable":
      return pipe.create;
    default:
      return null;
  }
}

function holdsPosition(node: Node): boolean {
  return (node.kind === "Parameter" && node.position !== null) || childrenOf(node).some(holdsPosition);
}
