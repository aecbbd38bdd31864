import type { Flow } from "../flow/flow.ts";
import type { Change, Effect, TableName, Write } from "../plan.ts";
import type { RoutineName } from "../routine-resource.ts";
import type { Relation } from "./scope.ts";
import type { Written } from "./statements/written.ts";

/** What was seen of the statement being resolved. */
export interface StatementNotes {
  /** Tables of the catalog that it reads. */
  readonly tables: Set<TableName>;
  /** Those of them that it reads as they were. */
  readonly historical: Set<TableName>;
  /** Views of the catalog that it reads, each resolved once. */
  readonly views: Map<TableName, Relation>;
  /** Routines of the catalog that it calls, also those within definitions. */
  readonly routines: Set<RoutineName>;
  /** Wildcard tables that it reads, with their star. */
  readonly wildcards: Set<string>;
  /** What expressions computed, whether or not the result is used: a computation can fail, and so tell. */
  readonly computed: Flow[];
  /** What computations that can fail were given: that the statement runs tells something of it. */
  readonly failing: Flow[];
  /** What ERROR() was given to say. */
  readonly errors: Flow[];
  /** That the rows exist that it goes over: whether anything was computed at all. */
  readonly scanned: Flow[];
  /** What queries without any row would show or be decided by: it is read, and nothing of it is seen. */
  readonly unseen: Flow[];
  readonly writes: Write[];
  /** What `writes` say, before it is lists and names. */
  readonly written: Written[];
  readonly changes: Change[];
  /** Views of INFORMATION_SCHEMA that it asks, as `project.dataset.TABLES`. */
  readonly metadata: Set<string>;
  readonly effects: Effect[];
  /** Parts of expressions in which something far away may be called. */
  readonly deciding: Flow[];
}

export const newNotes = (): StatementNotes => ({
  tables: new Set(),
  historical: new Set(),
  views: new Map(),
  routines: new Set(),
  wildcards: new Set(),
  computed: [],
  failing: [],
  errors: [],
  scanned: [],
  unseen: [],
  writes: [],
  written: [],
  changes: [],
  metadata: new Set(),
  effects: [],
  deciding: [],
});
