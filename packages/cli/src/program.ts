import { Command, CommanderError } from "commander";
import { ApiError } from "./api-client.ts";
import { CliError } from "./cli-error.ts";
import { agentsCommand } from "./commands/agents.ts";
import { analyzeCommand } from "./commands/analyze.ts";
import { approvalsCommand } from "./commands/approvals.ts";
import { auditCommand } from "./commands/audit.ts";
import { configCommand } from "./commands/config.ts";
import { demoCommand } from "./commands/demo.ts";
import { loginCommand } from "./commands/login.ts";
import { policyCommand } from "./commands/policy.ts";
import { serveCommand } from "./commands/serve.ts";
import { sessionsCommand } from "./commands/sessions.ts";
import { LoginError } from "./login/login-error.ts";
import { safe } from "./print/table.ts";

/** Runs the `chaperone` command. Resolves to the exit status: 0 done, 1 refused or failed, 2 wrong usage. */
export async function run(args: readonly string[]): Promise<number> {
  let status = 0;
  const setStatus = (code: number) => {
    status = code;
  };
  const program = new Command("chaperone")
    .description("The gateway through which autonomous agents reach protected health information in BigQuery")
    .exitOverride()
    .showHelpAfterError("(chaperone --help shows what there is)");
  for (const command of [
    demoCommand,
    serveCommand,
    loginCommand,
    approvalsCommand,
    sessionsCommand,
    auditCommand,
    agentsCommand,
    policyCommand,
    configCommand,
    analyzeCommand,
  ])
    program.addCommand(inherit(command(setStatus), program));
  try {
    await program.parseAsync([...args], { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof ApiError || error instanceof CliError || error instanceof LoginError) {
      process.stderr.write(`chaperone: ${error.message.split("\n").map(safe).join("\n")}\n`);
      return 1;
    }
    throw error;
  }
}

/** What holds for the program holds for its commands, however deep: errors are thrown, and name the way to help. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const sub of command.commands) inherit(sub, parent);
  return command;
}
