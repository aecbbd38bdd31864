import { Command, Option } from "commander";
import { CliError } from "../cli-error.ts";
import { login } from "../login/index.ts";
import { gatewayUrl } from "../secure-url.ts";

interface Options {
  readonly gateway: string;
  readonly issuer?: string;
  readonly clientId: string;
  readonly device?: boolean;
  readonly tokenFile?: string;
}

/** `chaperone login`: a person signs in at the identity provider; the token is kept in a file of their own. */
export function loginCommand(): Command {
  return new Command("login")
    .description("sign in as a person, in the browser (or with --device on another device)")
    .addOption(
      new Option("--gateway <url>", "the gateway, which says where people sign in")
        .env("CHAPERONE_GATEWAY")
        .default("http://127.0.0.1:8080"),
    )
    .option("--issuer <url>", "the identity provider; default: the one the gateway names")
    .option("--client-id <id>", "the console's client id there (with --issuer)", "chaperone-console")
    .option("--device", "device flow: print a code to enter elsewhere")
    .addOption(new Option("--token-file <file>", "where to keep the token").env("CHAPERONE_TOKEN_FILE"))
    .action(async (options: Options) => {
      const { issuer, clientId } =
        options.issuer === undefined
          ? await signInOf(gatewayUrl(options.gateway))
          : { issuer: options.issuer, clientId: options.clientId };
      await login({
        issuer,
        clientId,
        flow: options.device === true ? "device" : "loopback",
        print: (text) => void process.stdout.write(`${text}\n`),
        ...(options.tokenFile === undefined ? {} : { tokenFile: options.tokenFile }),
      });
      process.stdout.write("Signed in.\n");
    });
}

async function signInOf(gateway: string): Promise<{ issuer: string; clientId: string }> {
  let answer: { issuer?: unknown; clientId?: unknown } = {};
  try {
    const response = await fetch(`${gateway}/api/v1/sign-in`, {
      redirect: "error",
      signal: AbortSignal.timeout(10_000),
    });
    if (response.ok) answer = (await response.json()) as typeof answer;
  } catch {
    throw new CliError(
      `No gateway answers at ${gateway}. Is it running? Name it with --gateway URL or CHAPERONE_GATEWAY.`,
    );
  }
  const { issuer, clientId } = answer;
  if (typeof issuer !== "string" || typeof clientId !== "string")
    throw new CliError("This gateway names no sign-in (people.sign_in); give --issuer and --client-id.");
  return { issuer, clientId };
}
