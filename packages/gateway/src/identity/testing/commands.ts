import { agentCommands } from "../commands.ts";
import { keyCommands } from "../key-commands.ts";

/** The register's commands alone, for a store in its tests. */
export const COMMANDS = { ...agentCommands, ...keyCommands };
