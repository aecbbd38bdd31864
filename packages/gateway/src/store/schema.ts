import type { AgentTables } from "../identity/tables.ts";
import type { SessionTables } from "../sessions/tables.ts";
import type { LedgerTables } from "./tables.ts";

/** All tables, each room's in its own file. */
export interface Database extends SessionTables, AgentTables, LedgerTables {}
