import type { CatalogTables } from "../catalog/tables.ts";
import type { AgentTables } from "../identity/tables.ts";
import type { SessionTables } from "../sessions/tables.ts";
import type { LedgerTables } from "./tables.ts";

/** All tables, each room's in its own file. */
export interface Database extends SessionTables, AgentTables, CatalogTables, LedgerTables {}
