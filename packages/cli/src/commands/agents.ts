import { Command } from "commander";
import { json, table } from "../print/table.ts";
import { clientOf, type GatewayOptions, withGateway } from "./gateway-option.ts";

interface AgentRow {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly status: string;
  readonly sponsor_subject: string;
  readonly registered_by: string;
}

/** `chaperone agents list|suspend|activate` */
export function agentsCommand(): Command {
  const agents = new Command("agents").description("the register of agents");

  withGateway(agents.command("list"))
    .description("every agent that was ever seen, with its sponsor")
    .option("--json", "as JSON")
    .action(async (options: GatewayOptions & { json?: boolean }) => {
      const { agents: found } = await clientOf(options).get<{ agents: AgentRow[] }>("agents");
      process.stdout.write(
        `${
          options.json === true
            ? json(found)
            : table(
                ["NAME", "STATUS", "SUBJECT", "ISSUER", "SPONSOR", "REGISTERED BY"],
                found.map((a) => [a.name, a.status, a.subject, a.issuer, a.sponsor_subject, a.registered_by]),
              )
        }\n`,
      );
    });

  for (const action of ["suspend", "activate"] as const)
    withGateway(agents.command(`${action} <subject>`))
      .description(
        action === "suspend" ? "refuse this agent from its next request on" : "let a suspended agent in again",
      )
      .requiredOption("--issuer <url>", "the agent's issuer")
      .requiredOption("--reason <text>", "kept in the ledger")
      .action(async (subject: string, options: GatewayOptions & { issuer: string; reason: string }) => {
        const { status } = await clientOf(options).post<{ status: string }>(`agents/${action}`, {
          issuer: options.issuer,
          subject,
          reason: options.reason,
        });
        process.stdout.write(`The agent is ${status}.\n`);
      });

  return agents;
}
