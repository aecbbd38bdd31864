import { Command, Option } from "commander";
import { login } from "../login/index.ts";

interface Options {
  readonly issuer: string;
  readonly clientId: string;
  readonly device?: boolean;
  readonly tokenFile?: string;
}

/** `chaperone login`: a person signs in at the identity provider; the token is kept in a file of their own. */
export function loginCommand(): Command {
  return new Command("login")
    .description("sign in as a person, in the browser (or with --device on another device)")
    .requiredOption("--issuer <url>", "the identity provider")
    .option("--client-id <id>", "the console's client id there", "chaperone-console")
    .option("--device", "device flow: print a code to enter elsewhere")
    .addOption(new Option("--token-file <file>", "where to keep the token").env("CHAPERONE_TOKEN_FILE"))
    .action(async (options: Options) => {
      await login({
        issuer: options.issuer,
        clientId: options.clientId,
        flow: options.device === true ? "device" : "loopback",
        print: (text) => void process.stdout.write(`${text}\n`),
        ...(options.tokenFile === undefined ? {} : { tokenFile: options.tokenFile }),
      });
      process.stdout.write("Signed in.\n");
    });
}
