/** The generator's own tree. Every name is resolved: a reference carries how each dialect spells it. */
import type { Datum } from "./schema.ts";
import type { Type } from "./types.ts";

export type Expr = { readonly type: Type } & (
  | { readonly kind: "literal"; readonly value: Datum }
  | { readonly kind: "reference"; readonly google: string; readonly duck: string }
  /** A select alias: GoogleSQL writes the name, DuckDB the expression behind it. */
  | { readonly kind: "alias"; readonly google: string; readonly of: Expr }
  /** `$1`, `$2` … stand for the arguments. */
  | { readonly kind: "apply"; readonly google: string; readonly duck: string; readonly args: readonly Expr[] }
  | { readonly kind: "field"; readonly operand: Expr; readonly name: string }
  | { readonly kind: "struct"; readonly names: readonly string[]; readonly args: readonly Expr[] }
  /** A whole row of FROM. */
  | { readonly kind: "row"; readonly google: string; readonly names: readonly string[]; readonly args: readonly Expr[] }
  | { readonly kind: "array"; readonly args: readonly Expr[] }
  | { readonly kind: "subquery"; readonly form: "" | "ARRAY" | "EXISTS"; readonly query: Query }
  | { readonly kind: "in"; readonly operand: Expr; readonly not: boolean; readonly query: Query }
  | { readonly kind: "with"; readonly name: string; readonly value: Expr; readonly result: Expr }
  | {
      readonly kind: "aggregate";
      /** The function's name and what stands between its parentheses, before ORDER BY. */
      readonly google: readonly [name: string, inner: string];
      readonly duck: readonly [name: string, inner: string];
      readonly args: readonly Expr[];
      readonly distinct: boolean;
      readonly orderBy: readonly OrderItem[];
      readonly ignoreNulls: boolean;
      readonly limit: number | null;
    }
  | {
      readonly kind: "window";
      readonly google: string;
      readonly duck: string;
      readonly args: readonly Expr[];
      readonly partitionBy: readonly Expr[];
      readonly orderBy: readonly OrderItem[];
      readonly frame: string;
      /** Stands in the WINDOW clause under this name. */
      readonly name: string | null;
    }
);

export interface OrderItem {
  readonly expr: Expr;
  readonly descending: boolean;
  /** The place of the column it means, where it is written so. */
  readonly ordinal: number | null;
}

export interface Query {
  readonly commonTables: readonly {
    readonly google: string;
    readonly duck: string;
    readonly query: Query;
    readonly recursive: boolean;
  }[];
  readonly body: Body;
  readonly orderBy: readonly OrderItem[];
  readonly limit: number | null;
  readonly offset: number | null;
}

export type Body =
  | Select
  | { readonly kind: "query"; readonly query: Query }
  | {
      readonly kind: "set";
      readonly operator: "UNION ALL" | "UNION DISTINCT" | "INTERSECT DISTINCT" | "EXCEPT DISTINCT";
      readonly inputs: readonly Body[];
    }
  | {
      readonly kind: "by name";
      readonly operator: "UNION ALL" | "UNION DISTINCT" | "INTERSECT DISTINCT" | "EXCEPT DISTINCT";
      /** What stands around the operator. */
      readonly before: string;
      readonly behind: string;
      /** For DuckDB, what each has for each column: its own name for it, or null. */
      readonly inputs: readonly { readonly body: Body; readonly cells: readonly (string | null)[] }[];
      readonly columns: readonly { readonly type: Type; readonly duck: string }[];
    };

export interface Select {
  readonly kind: "select";
  readonly distinct: boolean;
  readonly as: "" | "STRUCT";
  readonly items: readonly Item[];
  /** In order, for DuckDB, which gets no star. */
  readonly columns: readonly { readonly expr: Expr; readonly name: string; readonly duck: string }[];
  readonly from: From | null;
  readonly where: Expr | null;
  readonly groupBy: GroupBy | null;
  readonly having: Expr | null;
  readonly qualify: Expr | null;
  readonly windows: readonly Extract<Expr, { kind: "window" }>[];
}

export type Item =
  | { readonly kind: "expression"; readonly expr: Expr; readonly alias: string | null }
  /** `owner`: what stands before `.*`. */
  | {
      readonly kind: "star";
      readonly owner: Expr | string | null;
      readonly except: readonly string[];
      readonly replace: readonly { readonly expr: Expr; readonly name: string }[];
    };

export interface GroupBy {
  readonly form: "" | "ROLLUP" | "CUBE" | "GROUPING SETS" | "ALL";
  readonly keys: readonly { readonly expr: Expr; readonly google: string | null }[];
}

export type From =
  | {
      readonly kind: "table";
      readonly table: string;
      readonly google: string;
      readonly alias: string | null;
      readonly duck: string;
    }
  | {
      readonly kind: "common";
      readonly google: string;
      readonly alias: string | null;
      readonly source: string;
      readonly duck: string;
    }
  | {
      readonly kind: "wildcard";
      readonly google: string;
      readonly alias: string;
      readonly parts: readonly { readonly table: string; readonly suffix: string }[];
      readonly duck: string;
    }
  /** A view, or what a table function gives; DuckDB gets its body. */
  | {
      readonly kind: "stored";
      readonly google: string;
      readonly call: boolean;
      readonly args: readonly Expr[];
      readonly alias: string | null;
      readonly body: string;
      readonly duck: string;
    }
  | { readonly kind: "derived"; readonly query: Query; readonly alias: string | null; readonly duck: string }
  | {
      readonly kind: "unnest";
      readonly array: Expr;
      /** `FROM t, t.path` rather than UNNEST(t.path). */
      readonly asPath: boolean;
      readonly alias: string;
      readonly offset: string | null;
      readonly duck: string;
    }
  | {
      readonly kind: "pivot";
      readonly source: From;
      readonly aggregates: readonly { readonly expr: Expr; readonly alias: string }[];
      readonly input: Expr;
      readonly values: readonly { readonly expr: Expr; readonly alias: string }[];
      /** For DuckDB: what is grouped by, and every column. */
      readonly groups: readonly Expr[];
      readonly cells: readonly { readonly expr: Expr; readonly duck: string }[];
      readonly alias: string | null;
      readonly duck: string;
    }
  | {
      readonly kind: "unpivot";
      readonly source: From;
      readonly nulls: "" | "EXCLUDE" | "INCLUDE";
      readonly value: string;
      readonly label: string;
      readonly turned: readonly {
        readonly google: string;
        readonly duck: string;
        readonly label: string;
        /** Rather than the column's name. */
        readonly written: boolean;
      }[];
      /** For DuckDB: the other columns, and the names of all. */
      readonly kept: readonly string[];
      readonly outs: readonly string[];
      readonly alias: string | null;
      readonly duck: string;
    }
  | {
      readonly kind: "join";
      readonly type: "INNER" | "LEFT" | "RIGHT" | "FULL" | "CROSS" | ",";
      readonly left: From;
      readonly right: From;
      readonly on: Expr | null;
      readonly using: readonly { readonly name: string; readonly left: string; readonly right: string }[];
    };
