import { approvalCommands } from "../approvals/commands.ts";
import { agentCommands } from "../identity/commands.ts";
import { keyCommands } from "../identity/key-commands.ts";
import { tokenCommands } from "../identity/tokens/commands.ts";
import { sessionCommands } from "../sessions/commands.ts";

/** Every state change there is, by name. The worker runs them; nothing else writes. */
export const COMMANDS = { ...sessionCommands, ...approvalCommands, ...agentCommands, ...keyCommands, ...tokenCommands };
