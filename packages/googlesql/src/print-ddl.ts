/** Canonical text of statements that define, change and drop. */
import { type Printing, words } from "./printing.ts";
import type {
  AlterColumn,
  AlterStatement,
  ColumnDefinition,
  CreateFunctionStatement,
  CreateIndexStatement,
  CreateModelStatement,
  CreateProcedureStatement,
  CreateRowAccessPolicyStatement,
  CreateTableStatement,
  CreateViewStatement,
  DdlNode,
  DdlStatement,
  DropStatement,
  Expression,
  FunctionParameter,
  OptionList,
} from "./tree.ts";

export function printDdl(node: DdlStatement | DdlNode, to: Printing): string {
  switch (node.kind) {
    case "CreateTableStatement":
      return createTable(node, to);
    case "TableSource":
      return `${node.way} ${to.node(node.table)}`;
    case "CreateSnapshotStatement":
      return words(
        create(node, "SNAPSHOT TABLE", to.node(node.name)),
        `CLONE ${to.node(node.source)}`,
        options(node.options, to),
      );
    case "ColumnDefinition":
      return column(node, to);
    case "GeneratedColumn":
      return words(`GENERATED ALWAYS AS (${to.node(node.expression)})`, node.stored && "STORED");
    case "ColumnReference":
      return `REFERENCES ${to.node(node.table)}(${to.list(node.columns)})`;
    case "PrimaryKey":
      return words(
        node.name && `CONSTRAINT ${to.node(node.name)}`,
        `PRIMARY KEY (${to.list(node.columns)})`,
        node.enforcement,
      );
    case "ForeignKey":
      return words(
        node.name && `CONSTRAINT ${to.node(node.name)}`,
        `FOREIGN KEY (${to.list(node.columns)})`,
        to.node(node.references),
        node.enforcement,
      );
    case "PartitionColumns":
      return words("WITH PARTITION COLUMNS", node.columns && `(${to.list(node.columns)})`);
    case "ArrayColumnType":
      return `ARRAY<${to.node(node.element)}>`;
    case "StructColumnType":
      return `STRUCT<${to.list(node.fields)}>`;
    case "ColumnField":
      return `${to.node(node.name)} ${to.node(node.schema)}`;
    case "ColumnSchema":
      return words(
        to.node(node.type),
        node.collate && `COLLATE ${to.node(node.collate)}`,
        node.notNull && "NOT NULL",
        options(node.options, to),
      );
    case "CreateViewStatement":
      return createView(node, to);
    case "ViewColumn":
      return words(to.node(node.name), options(node.options, to));
    case "CreateFunctionStatement":
      return createFunction(node, to);
    case "CreateTableFunctionStatement":
      return words(
        create(node, "TABLE FUNCTION", `${to.name(node, node.name)}(${to.list(node.parameters)})`),
        node.returns && `RETURNS ${to.node(node.returns)}`,
        options(node.options, to),
        `AS ${to.node(node.query)}`,
      );
    case "CreateProcedureStatement":
      return createProcedure(node, to);
    case "FunctionParameter":
      return parameter(node, to);
    case "AnyTypeName":
      return "ANY TYPE";
    case "TableTypeName":
      return `TABLE<${to.list(node.columns)}>`;
    case "CreateModelStatement":
      return createModel(node, to);
    case "CreateSchemaStatement":
      return words(
        create(node, node.external ? "EXTERNAL SCHEMA" : "SCHEMA", to.name(node, node.name)),
        node.collate && `DEFAULT COLLATE ${to.node(node.collate)}`,
        node.connection && to.node(node.connection),
        options(node.options, to),
      );
    case "CreateIndexStatement":
      return createIndex(node, to);
    case "IndexColumn":
      return words(to.node(node.expression), options(node.options, to));
    case "CreateRowAccessPolicyStatement":
      return createPolicy(node, to);
    case "CreateResourceStatement":
      return words(create(node, node.type, to.name(node, node.name)), options(node.options, to));
    case "AlterStatement":
      return alter(node, to);
    case "SetOptions":
      return `SET OPTIONS ${to.node(node.options)}`;
    case "SetDefaultCollate":
      return `SET DEFAULT COLLATE ${to.node(node.collate)}`;
    case "AddColumn":
      return words("ADD COLUMN", node.ifNotExists && "IF NOT EXISTS", to.node(node.column));
    case "DropColumn":
      return words("DROP COLUMN", node.ifExists && "IF EXISTS", to.node(node.name));
    case "RenameColumn":
      return words("RENAME COLUMN", node.ifExists && "IF EXISTS", `${to.node(node.from)} TO ${to.node(node.to)}`);
    case "AlterColumn":
      return alterColumn(node, to);
    case "AddConstraint":
      return addConstraint(node.ifNotExists, to.node(node.constraint));
    case "DropConstraint":
      return words("DROP CONSTRAINT", node.ifExists && "IF EXISTS", to.node(node.name));
    case "DropPrimaryKey":
      return words("DROP PRIMARY KEY", node.ifExists && "IF EXISTS");
    case "RenameTable":
      return `RENAME TO ${to.name(node, node.to)}`;
    case "AddReplica":
      return words("ADD REPLICA", node.ifNotExists && "IF NOT EXISTS", to.node(node.name), options(node.options, to));
    case "DropReplica":
      return words("DROP REPLICA", node.ifExists && "IF EXISTS", to.node(node.name));
    case "Rebuild":
      return "REBUILD";
    case "DropStatement":
      return drop(node, to);
    case "UndropStatement":
      return words(
        "UNDROP SCHEMA",
        node.ifNotExists && "IF NOT EXISTS",
        to.name(node, node.name),
        options(node.options, to),
      );
  }
}

export function partitionAndCluster(
  by: { readonly partitionBy: readonly Expression[]; readonly clusterBy: readonly Expression[] },
  to: Printing,
): string {
  return words(
    by.partitionBy.length > 0 && `PARTITION BY ${to.list(by.partitionBy)}`,
    by.clusterBy.length > 0 && `CLUSTER BY ${to.list(by.clusterBy)}`,
  );
}

function options(list: OptionList | null, to: Printing): string | null {
  return list && `OPTIONS ${to.node(list)}`;
}

function create(
  node: { readonly orReplace: boolean; readonly ifNotExists: boolean },
  what: string,
  name: string,
): string {
  return words("CREATE", node.orReplace && "OR REPLACE", what, node.ifNotExists && "IF NOT EXISTS", name);
}

function createTable(node: CreateTableStatement, to: Printing): string {
  return words(
    create(node, words(node.modifier, "TABLE"), to.node(node.name)),
    node.columns && `(${to.list(node.columns)})`,
    node.source && to.node(node.source),
    node.collate && `DEFAULT COLLATE ${to.node(node.collate)}`,
    partitionAndCluster(node, to),
    node.partitionColumns && to.node(node.partitionColumns),
    node.connection && to.node(node.connection),
    options(node.options, to),
    node.query && `AS ${to.node(node.query)}`,
  );
}

function column(node: ColumnDefinition, to: Printing): string {
  return words(
    to.node(node.name),
    to.node(node.type),
    node.collate && `COLLATE ${to.node(node.collate)}`,
    node.generated && to.node(node.generated),
    node.default && `DEFAULT ${to.node(node.default)}`,
    node.primaryKey && "PRIMARY KEY",
    node.references && to.node(node.references),
    node.enforcement,
    node.notNull && "NOT NULL",
    options(node.options, to),
  );
}

function createView(node: CreateViewStatement, to: Printing): string {
  return words(
    create(node, node.materialized ? "MATERIALIZED VIEW" : "VIEW", to.node(node.name)),
    node.columns.length > 0 && `(${to.list(node.columns)})`,
    partitionAndCluster(node, to),
    options(node.options, to),
    "AS",
    node.query && to.node(node.query),
    node.replicaOf && `REPLICA OF ${to.node(node.replicaOf)}`,
  );
}

function createFunction(node: CreateFunctionStatement, to: Printing): string {
  const what = words(node.temporary && "TEMP", node.aggregate && "AGGREGATE", "FUNCTION");
  return words(
    create(node, what, `${to.name(node, node.name)}(${to.list(node.parameters)})`),
    node.returns && `RETURNS ${to.node(node.returns)}`,
    node.determinism,
    node.language && `LANGUAGE ${to.node(node.language)}`,
    node.remote && "REMOTE",
    node.connection && to.node(node.connection),
    options(node.options, to),
    node.body && `AS (${to.node(node.body)})`,
    node.code && `AS ${to.node(node.code)}`,
  );
}

function createProcedure(node: CreateProcedureStatement, to: Printing): string {
  return words(
    create(node, "PROCEDURE", `${to.name(node, node.name)}(${to.list(node.parameters)})`),
    node.security && `EXTERNAL SECURITY ${node.security}`,
    node.connection && to.node(node.connection),
    options(node.options, to),
    node.body && to.node(node.body),
    node.language && `LANGUAGE ${to.node(node.language)}`,
    node.code && `AS ${to.node(node.code)}`,
  );
}

function parameter(node: FunctionParameter, to: Printing): string {
  return words(node.mode, to.node(node.name), to.node(node.type), node.notAggregate && "NOT AGGREGATE");
}

function createModel(node: CreateModelStatement, to: Printing): string {
  const signature = `INPUT (${to.list(node.input)}) OUTPUT (${to.list(node.output)})`;
  return words(
    create(node, "MODEL", to.name(node, node.name)),
    node.input.length > 0 && signature,
    node.transform.length > 0 && `TRANSFORM (${to.list(node.transform)})`,
    node.remote && "REMOTE",
    node.connection && to.node(node.connection),
    options(node.options, to),
    node.query && `AS ${to.node(node.query)}`,
    node.queries.length > 0 && `AS (${to.list(node.queries)})`,
  );
}

function createIndex(node: CreateIndexStatement, to: Printing): string {
  const own = node.columns.length > 0 && `WITH COLUMN OPTIONS (${to.list(node.columns)})`;
  const indexed = node.allColumns ? words("ALL COLUMNS", own) : to.list(node.columns);
  return words(
    create(node, `${node.type} INDEX`, to.name(node, node.name)),
    `ON ${to.node(node.table)}(${indexed})`,
    node.storing.length > 0 && `STORING (${to.list(node.storing)})`,
    partitionAndCluster({ partitionBy: node.partitionBy, clusterBy: [] }, to),
    options(node.options, to),
  );
}

function createPolicy(node: CreateRowAccessPolicyStatement, to: Printing): string {
  return words(
    create(node, "ROW ACCESS POLICY", to.node(node.name)),
    `ON ${to.node(node.table)}`,
    node.grantees.length > 0 && `GRANT TO (${to.list(node.grantees)})`,
    `FILTER USING (${to.node(node.filter)})`,
  );
}

function alter(node: AlterStatement, to: Printing): string {
  return words(
    `ALTER ${node.type}`,
    node.ifExists && "IF EXISTS",
    to.name(node, node.name),
    node.on && `ON ${to.node(node.on)}`,
    to.list(node.actions),
  );
}

function alterColumn(node: AlterColumn, to: Printing): string {
  const value = node.to && to.node(node.to);
  return words("ALTER COLUMN", node.ifExists && "IF EXISTS", to.node(node.name), node.change, value);
}

/** IF NOT EXISTS stands behind the word CONSTRAINT, before the name. */
function addConstraint(ifNotExists: boolean, constraint: string): string {
  return `ADD ${ifNotExists ? constraint.replace(/^CONSTRAINT /, "CONSTRAINT IF NOT EXISTS ") : constraint}`;
}

function drop(node: DropStatement, to: Printing): string {
  return words(
    `DROP ${node.type}`,
    node.ifExists && "IF EXISTS",
    to.name(node, node.name),
    node.on && `ON ${to.node(node.on)}`,
    node.mode,
  );
}
