/** Times are milliseconds since the epoch. */
export interface CatalogTables {
  /** A column that took a class from what a session wrote into it. */
  travelled_classes: {
    connection: string;
    /** `project.dataset.table`. */
    table: string;
    /** In lower case; `*`: that rows exist. */
    path: string;
    class: string;
    session: string;
    since: number;
  };
  /** A table, view or routine that the job of a session that writes may be using. */
  table_uses: {
    connection: string;
    name: string;
    session: string;
    how: "reads" | "writes";
    until: number;
  };
}
