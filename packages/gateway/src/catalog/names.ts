/** The parts of a name in a plan. Project ids of the old form (`example.com:project`) hold a dot before their colon. */
export interface TableParts {
  readonly project: string;
  readonly dataset: string;
  readonly table: string;
}

export interface ColumnParts extends TableParts {
  /** `project.dataset.table`. */
  readonly tableName: string;
  /** Field path inside the table, as written; `*` stands for "that a row exists". */
  readonly path: string;
}

const TABLE = /^((?:[^.:]+(?:\.[^.:]+)*:)?[^.:]+)\.([^.]+)\.([^.]+)$/;
const COLUMN = /^((?:(?:[^.:]+(?:\.[^.:]+)*:)?[^.:]+)\.[^.]+\.[^.]+)\.(.+)$/;

/** Whether it is `project.dataset.table`. */
export function isTableName(name: string): boolean {
  return TABLE.test(name);
}

/** Splits `project.dataset.table`. Throws on anything else: a name that can't be placed can't be judged (I1). */
export function tableParts(name: string): TableParts {
  const [, project, dataset, table] = TABLE.exec(name) ?? [];
  if (project === undefined || dataset === undefined || table === undefined) {
    throw new Error(`not a full table name (project.dataset.table): ${JSON.stringify(name)}`);
  }
  return { project, dataset, table };
}

/** Splits `project.dataset.table.path`. Throws on anything else. */
export function columnParts(name: string): ColumnParts {
  const [, tableName, path] = COLUMN.exec(name) ?? [];
  if (tableName === undefined || path === undefined) {
    throw new Error(`not a full column name (project.dataset.table.path): ${JSON.stringify(name)}`);
  }
  return { ...tableParts(tableName), tableName, path };
}

/**
 * The spelling under which a path is looked up and judged. BigQuery's column names ignore case
 * (tables and datasets don't); `visits[].ssn` and `visits.ssn` are one path.
 */
export function foldPath(path: string): string {
  return path.replaceAll("[]", "").toLowerCase();
}
