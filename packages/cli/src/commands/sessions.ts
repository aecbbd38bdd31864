import type { Access, ReplayStep } from "@chaperone/gateway";
import { Command, Option } from "commander";
import { accessList, accessPage, type Format, replayPage } from "../print/session.ts";
import { json } from "../print/table.ts";
import { clientOf, type GatewayOptions, withGateway } from "./gateway-option.ts";

interface Listed {
  readonly agent?: string;
  readonly onBehalfOf?: string;
  readonly from?: string;
  readonly to?: string;
  readonly format: Format;
}

interface Replayed {
  readonly access: Access;
  readonly steps: readonly ReplayStep[];
  readonly more: boolean;
}

/** `chaperone sessions list|show|replay`: who, when, what, approved by whom, what was masked. */
export function sessionsCommand(): Command {
  const sessions = new Command("sessions").description("what agents asked, and what became of it");

  withGateway(sessions.command("list"))
    .description("who, when, what, approved by whom, what was masked: by agent and period")
    .option("--agent <name>", "one agent, by name or subject")
    .option("--on-behalf-of <subject>", "what agents asked for this person, or this agent, by subject")
    .option("--from <time>", "received from this time on (RFC 3339)")
    .option("--to <time>", "received before this time (RFC 3339)")
    .addOption(new Option("--format <format>").choices(["table", "json", "csv"]).default("table"))
    .action(async (options: GatewayOptions & Listed) => {
      const query = new URLSearchParams();
      if (options.onBehalfOf !== undefined) query.set("behalf", options.onBehalfOf);
      for (const name of ["agent", "from", "to"] as const)
        if (options[name] !== undefined) query.set(name, options[name]);
      const { accesses, more } = await clientOf(options).get<{ accesses: Access[]; more: boolean }>(
        `sessions?${query}`,
      );
      print(accessList(accesses, options.format));
      // Beside the list, which other programs read.
      if (more)
        process.stderr.write(
          `These are the newest ${accesses.length}; there are older ones, which aren't shown. Choose a shorter period.\n`,
        );
    });

  withGateway(sessions.command("show <session>"))
    .description("one session as an audit record (by session or job id)")
    .option("--json", "as JSON")
    .action(async (session: string, options: GatewayOptions & { json?: boolean }) => {
      const access = await clientOf(options).get<Access>(`sessions/${encodeURIComponent(session)}`);
      print(options.json === true ? json(access) : accessPage(access));
    });

  withGateway(sessions.command("replay <session>"))
    .description("the session step by step, as the ledger holds it: what was accessed and how it was transformed")
    .option("--json", "as JSON")
    .action(async (session: string, options: GatewayOptions & { json?: boolean }) => {
      const client = clientOf(options);
      const path = `sessions/${encodeURIComponent(session)}/replay`;
      const { access, ...first } = await client.get<Replayed>(path);
      const steps = [...first.steps];
      for (let { more } = first; more; ) {
        const next = await client.get<Replayed>(`${path}?after=${steps.at(-1)?.index}`);
        for (const step of next.steps) steps.push(step);
        more = next.more;
      }
      print(options.json === true ? json({ access, steps }) : `${accessPage(access)}\n\n${replayPage(steps)}`);
    });

  return sessions;
}

function print(text: string): void {
  process.stdout.write(`${text.trimEnd()}\n`);
}
