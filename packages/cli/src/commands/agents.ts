import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { CliError } from "../cli-error.ts";
import {
  type CredentialKind,
  clientLines,
  credentialFile,
  makeKey,
  writeCredential,
} from "../print/agent-credential.ts";
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

/** `chaperone agents list|add|keys|revoke-key|revoke|suspend|activate` */
export function agentsCommand(): Command {
  const agents = new Command("agents").description("the register of agents");

  withGateway(agents.command("list"))
    .description("every agent that was ever seen, with its sponsor")
    .option("--json", "as JSON")
    .action(async (options: GatewayOptions & { json?: boolean }) => {
      const { agents: found, more } = await clientOf(options).get<{ agents: AgentRow[]; more: boolean }>("agents");
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
      if (more)
        process.stderr.write(`These are the first ${found.length} by name; there are more, which aren't shown.\n`);
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

  withGateway(agents.command("add <name>"))
    .description("enter an agent and write the credential file its clients read; with a key, again for another key")
    .requiredOption("--sponsor <subject>", "the person who answers for it")
    .requiredOption("--sponsor-issuer <url>", "that person's issuer")
    .option("--group <group...>", "groups of the agent", [])
    .addOption(
      new Option("--kind <kind>", "how it shows who it is")
        .choices(["key", "self-signed", "token-file"])
        .default("key"),
    )
    .option("--issuer <url>", "for token-file: the issuer of its tokens")
    .option("--subject <sub>", "for token-file: its subject there")
    .option("--subject-token-file <file>", "for token-file: where it finds its token")
    .option("--days <n>", "for how long a key is good", "90")
    .requiredOption("--out <file>", "the credential file to write, mode 0600")
    .action(add);

  withGateway(agents.command("keys"))
    .description("every key, with its agent")
    .option("--json", "as JSON")
    .action(async (options: GatewayOptions & { json?: boolean }) => {
      const { keys, more } = await clientOf(options).get<{ keys: KeyRow[]; more: boolean }>("agents/keys");
      if (more)
        process.stderr.write(`These are the newest ${keys.length}; there are older ones, which aren't shown.\n`);
      const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
      process.stdout.write(
        `${
          options.json === true
            ? json(keys)
            : table(
                ["KEY", "AGENT", "MADE", "EXPIRES", "REVOKED"],
                keys.map((k) => [
                  k.kid,
                  k.subject,
                  day(k.made_at),
                  day(k.expires_at),
                  k.revoked_at === null ? "" : day(k.revoked_at),
                ]),
              )
        }\n`,
      );
    });

  withGateway(agents.command("revoke-key <key>"))
    .description("refuse this key, and every token that rests on it, from the next request on")
    .requiredOption("--reason <text>", "kept in the ledger")
    .action(async (kid: string, options: GatewayOptions & { reason: string }) => {
      await clientOf(options).post("agents/revoke-key", { kid, reason: options.reason });
      process.stdout.write("The key is revoked.\n");
    });

  withGateway(agents.command("revoke <token|issuer|sponsor|proof-key> <id>"))
    .description(
      "refuse from the next request on, for good: a token by its id; an issuer's tokens; a person (sponsor) with the agents that they answer for or that act for them; or tokens bound to a key or certificate, by its thumbprint",
    )
    .option("--sponsor-issuer <url>", "for sponsor: the person's issuer")
    .requiredOption("--reason <text>", "kept in the ledger")
    .action(async (kind: string, id: string, options: GatewayOptions & { reason: string; sponsorIssuer?: string }) => {
      if (!REVOCABLE.includes(kind)) throw new CliError(`what is revoked is one of ${REVOCABLE.join(", ")}`);
      if ((kind === "sponsor") !== (options.sponsorIssuer !== undefined))
        throw new CliError(
          "a sponsor is revoked with --sponsor-issuer, the issuer of that person, and nothing else is",
        );
      const what = kind === "sponsor" ? { issuer: options.sponsorIssuer, subject: id } : id;
      await clientOf(options).post("agents/revoke", { kind, [kind]: what, reason: options.reason });
      process.stdout.write(`The ${kind} is revoked.\n`);
    });

  return agents;
}

const REVOCABLE: readonly string[] = ["token", "issuer", "sponsor", "proof-key"];

interface AddOptions extends GatewayOptions {
  readonly sponsor: string;
  readonly sponsorIssuer: string;
  readonly group: readonly string[];
  readonly kind: CredentialKind;
  readonly issuer?: string;
  readonly subject?: string;
  readonly subjectTokenFile?: string;
  readonly days: string;
  readonly out: string;
}

async function add(name: string, options: AddOptions): Promise<void> {
  const { kind, issuer, subject, subjectTokenFile } = options;
  const byToken = kind === "token-file";
  if (byToken !== (issuer !== undefined && subject !== undefined && subjectTokenFile !== undefined))
    throw new CliError("--issuer, --subject and --subject-token-file belong to --kind token-file, all three");
  if (existsSync(options.out)) throw new CliError(`${options.out} exists; name another file with --out`);
  const pair = byToken ? undefined : makeKey();
  const added = await clientOf(options).post<{ subject: string; publicUrl: string; kid?: string }>("agents/add", {
    name,
    sponsor: { issuer: options.sponsorIssuer, subject: options.sponsor },
    groups: options.group,
    ...(pair === undefined
      ? { identity: { issuer, subject } }
      : { key: { publicKey: pair.publicKey, days: Number(options.days) } }),
  });
  const file = { ...added, kind, privateKey: pair?.privateKey, tokenFile: subjectTokenFile };
  writeCredential(options.out, credentialFile(file));
  process.stdout.write(
    `Agent ${added.subject} is registered. Its credential is in ${options.out}${pair === undefined ? "" : `: the only copy of key ${added.kid}`}.\n\n${clientLines(added.publicUrl, options.out, kind)}\n`,
  );
}

interface KeyRow {
  readonly kid: string;
  readonly subject: string;
  readonly made_at: number;
  readonly expires_at: number;
  readonly revoked_at: number | null;
}
