/** Canonical text of statements that are no query and define nothing. */
import { partitionAndCluster, printDdl } from "./print-ddl.ts";
import { as, backquote, type Printing, path, words } from "./printing.ts";
import type {
  ExportDataStatement,
  GrantStatement,
  Identifier,
  InsertStatement,
  LoadDataStatement,
  MergeStatement,
  QueryStatement,
  SetStatement,
  Statement,
  StatementNode,
} from "./tree.ts";

type Printed = Exclude<StatementNode, QueryStatement>;

export function printStatement(node: Printed, to: Printing): string {
  switch (node.kind) {
    case "OptionList":
      return `(${to.list(node.options)})`;
    case "Option":
      return `${to.node(node.name)} = ${to.node(node.value)}`;
    case "Connection":
      return `WITH CONNECTION ${node.parts.length === 0 ? "DEFAULT" : path(node.parts)}`;
    case "InsertStatement":
      return insert(node, to);
    case "InsertRow":
      return `(${to.list(node.values)})`;
    case "DefaultValue":
      return "DEFAULT";
    case "UpdateStatement":
      return words(
        `UPDATE ${to.node(node.target)} SET ${to.list(node.assignments)}`,
        node.from && `FROM ${to.node(node.from)}`,
        node.where && `WHERE ${to.node(node.where)}`,
      );
    case "UpdateAssignment":
      return `${to.column(node.path)} = ${to.node(node.value)}`;
    case "DeleteStatement":
      return words(`DELETE FROM ${to.node(node.target)}`, node.where && `WHERE ${to.node(node.where)}`);
    case "MergeStatement":
      return merge(node, to);
    case "MergeWhen":
      return words(
        `WHEN ${node.match}`,
        node.condition && `AND ${to.node(node.condition)}`,
        `THEN ${to.node(node.action)}`,
      );
    case "MergeInsert":
      return words("INSERT", columns(node.columns, to), node.row === null ? "ROW" : `VALUES ${to.node(node.row)}`);
    case "MergeUpdate":
      return `UPDATE SET ${to.list(node.assignments)}`;
    case "MergeDelete":
      return "DELETE";
    case "TruncateStatement":
      return `TRUNCATE TABLE ${to.node(node.target)}`;
    case "DeclareStatement":
      return words(
        `DECLARE ${to.list(node.names)}`,
        node.type && to.node(node.type),
        node.default && `DEFAULT ${to.node(node.default)}`,
      );
    case "SetStatement":
      return set(node, to);
    case "ExecuteImmediateStatement":
      return words(
        `EXECUTE IMMEDIATE ${to.node(node.sql)}`,
        node.into.length > 0 && `INTO ${to.list(node.into)}`,
        node.using.length > 0 && `USING ${to.list(node.using)}`,
      );
    case "ExecuteArgument":
      return to.node(node.expression) + as(node.alias, to);
    case "BlockStatement":
      return labelled(
        node.label,
        words(
          "BEGIN",
          body(node.statements, to),
          node.handler && words("EXCEPTION WHEN ERROR THEN", body(node.handler, to)),
          "END",
        ),
      );
    case "IfStatement":
      return words(`IF ${to.list(node.branches, " ELSEIF ")}`, otherwise(node.else, to), "END IF");
    case "CaseStatement":
      return words(
        "CASE",
        node.operand && to.node(node.operand),
        node.branches.map((branch) => `WHEN ${to.node(branch)}`).join(" "),
        otherwise(node.else, to),
        "END CASE",
      );
    case "StatementBranch":
      return words(`${to.node(node.condition)} THEN`, body(node.statements, to));
    case "LoopStatement":
      return labelled(node.label, words("LOOP", body(node.statements, to), "END LOOP"));
    case "WhileStatement":
      return labelled(node.label, words(`WHILE ${to.node(node.condition)} DO`, body(node.statements, to), "END WHILE"));
    case "RepeatStatement":
      return labelled(
        node.label,
        words("REPEAT", body(node.statements, to), `UNTIL ${to.node(node.until)}`, "END REPEAT"),
      );
    case "ForStatement":
      return labelled(
        node.label,
        words(`FOR ${to.node(node.variable)} IN (${to.node(node.query)}) DO`, body(node.statements, to), "END FOR"),
      );
    case "JumpStatement":
      return words(node.action, node.label && to.node(node.label));
    case "ReturnStatement":
      return "RETURN";
    case "RaiseStatement":
      return words("RAISE", node.message && `USING MESSAGE = ${to.node(node.message)}`);
    case "CallStatement":
      return `CALL ${to.name(node, node.procedure)}(${to.list(node.arguments)})`;
    case "AssertStatement":
      return words(`ASSERT ${to.node(node.condition)}`, node.description && `AS ${to.node(node.description)}`);
    case "TransactionStatement":
      return `${node.action} TRANSACTION`;
    case "ExportDataStatement":
      return exportData(node, to);
    case "ExportModelStatement":
      return words(
        `EXPORT MODEL ${to.name(node, node.model)}`,
        node.connection && to.node(node.connection),
        node.options && `OPTIONS ${to.node(node.options)}`,
      );
    case "LoadDataStatement":
      return loadData(node, to);
    case "GrantStatement":
      return grant(node, to);
    default:
      return printDdl(node, to);
  }
}

/** `(a, b)`, nothing for no names. */
function columns(names: readonly Identifier[], to: Printing): string | false {
  return names.length > 0 && `(${to.list(names)})`;
}

function insert(node: InsertStatement, to: Printing): string {
  const rows = node.rows.length > 0 && `VALUES ${to.list(node.rows)}`;
  return words(
    `INSERT INTO ${to.node(node.target)}`,
    columns(node.columns, to),
    rows,
    node.query && to.node(node.query),
  );
}

function merge(node: MergeStatement, to: Printing): string {
  const head = `MERGE INTO ${to.node(node.target)} USING ${to.node(node.source)} ON ${to.node(node.on)}`;
  return `${head} ${to.list(node.whens, " ")}`;
}

function set(node: SetStatement, to: Printing): string {
  const targets = node.parenthesized ? `(${to.list(node.targets)})` : to.list(node.targets);
  return `SET ${targets} = ${to.node(node.value)}`;
}

function body(statements: readonly Statement[], to: Printing): string {
  return statements.map((statement) => `${to.node(statement)};`).join(" ");
}

function otherwise(statements: readonly Statement[] | null, to: Printing): string | null {
  return statements && words("ELSE", body(statements, to));
}

function labelled(label: Identifier | null, text: string): string {
  return label === null ? text : `${backquote(label.name)}: ${text}`;
}

function exportData(node: ExportDataStatement, to: Printing): string {
  return words(
    "EXPORT DATA",
    node.connection && to.node(node.connection),
    node.options && `OPTIONS ${to.node(node.options)}`,
    node.query && `AS ${to.node(node.query)}`,
  );
}

function loadData(node: LoadDataStatement, to: Printing): string {
  return words(
    `LOAD DATA ${node.overwrite ? "OVERWRITE" : "INTO"}`,
    node.temporary && "TEMP TABLE",
    to.node(node.target),
    node.columns && `(${to.list(node.columns)})`,
    node.partitions && `${node.overwritePartitions ? "OVERWRITE " : ""}PARTITIONS (${to.node(node.partitions)})`,
    partitionAndCluster(node, to),
    node.options && `OPTIONS ${to.node(node.options)}`,
    `FROM FILES ${to.node(node.files)}`,
    node.partitionColumns && to.node(node.partitionColumns),
    node.connection && to.node(node.connection),
  );
}

function grant(node: GrantStatement, to: Printing): string {
  const way = node.action === "GRANT" ? "TO" : "FROM";
  return `${node.action} ${to.list(node.roles)} ON ${node.resource} ${to.name(node, node.name)} ${way} ${to.list(node.grantees)}`;
}
