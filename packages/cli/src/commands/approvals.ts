import type { ApprovalSummary, ApprovalView } from "@chaperone/gateway";
import { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { approvalList, approvalPage } from "../print/approval.ts";
import { json } from "../print/table.ts";
import { clientOf, type GatewayOptions, withGateway } from "./gateway-option.ts";

interface Decided {
  readonly state: "pending" | "approved" | "denied";
  readonly approvals: number;
  readonly needed: number;
}

/** `chaperone approvals list|show|approve|deny` */
export function approvalsCommand(): Command {
  const approvals = new Command("approvals").description("requests that wait for a person");

  withGateway(approvals.command("list"))
    .description("the inbox")
    .option("--state <state>", "pending, approved, denied, expired, superseded, cancelled or all", "pending")
    .option("--json", "as JSON")
    .action(async (options: GatewayOptions & { state: string; json?: boolean }) => {
      const { approvals: found, more } = await clientOf(options).get<{ approvals: ApprovalSummary[]; more: boolean }>(
        `approvals?state=${encodeURIComponent(options.state)}`,
      );
      print(options.json === true ? json(found) : approvalList(found));
      // Beside the list, which other programs read.
      if (more)
        process.stderr.write(`These are the newest ${found.length}; there are older ones, which aren't shown.\n`);
    });

  withGateway(approvals.command("show <request>"))
    .description("one request: who, why, which columns under which masks, what it costs")
    .option("--json", "as JSON")
    .action(async (request: string, options: GatewayOptions & { json?: boolean }) => {
      const view = await clientOf(options).get<ApprovalView>(`approvals/${encodeURIComponent(request)}`);
      print(options.json === true ? json(view) : approvalPage(view));
    });

  for (const decision of ["approve", "deny"] as const)
    withGateway(approvals.command(`${decision} <request>`))
      .description(
        decision === "approve" ? "let this one query run, as shown" : "refuse it; the agent is told the reason",
      )
      .requiredOption("--reason <text>", "kept in the ledger; on a denial the agent reads it")
      .option(
        "--binding <hash>",
        "decide only if the request is still the one of this binding (from `show`); default: as it is now",
      )
      .action(async (request: string, options: GatewayOptions & { reason: string; binding?: string }) => {
        const client = clientOf(options);
        const path = `approvals/${encodeURIComponent(request)}`;
        const binding = options.binding ?? (await client.get<ApprovalView>(path)).binding;
        if (!/^[0-9a-f]{64}$/.test(binding))
          throw new CliError("--binding takes the 64 hexadecimal digits that `show` prints");
        const {
          state,
          approvals: count,
          needed,
        } = await client.post<Decided>(`${path}/decisions`, { decision, reason: options.reason, binding });
        print(
          state === "pending" ? `Recorded: ${count} of ${needed} approvals.` : `Recorded: the request is ${state}.`,
        );
      });

  return approvals;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
