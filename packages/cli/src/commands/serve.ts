import { Command } from "commander";
import { asCliError, orCliError } from "./load-error.ts";
import { untilStopped } from "./until-stopped.ts";

/** `chaperone serve --config FILE`: the gateway, until SIGINT or SIGTERM. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("run the gateway")
    .option("--config <file>", "the configuration", "chaperone.yaml")
    .action(async (options: { config: string }) => {
      const { loadConfig, startGateway } = await import("@chaperone/gateway");
      const config = orCliError(() => loadConfig(options.config, { env: process.env }));
      const { endOnCrash } = await import("./end-on-crash.ts");
      endOnCrash();
      const gateway = await startGateway(config).catch((error: unknown) => {
        throw asCliError(error);
      });
      // Anything else of the configuration needs a restart.
      process.on("SIGHUP", () => void gateway.reloadCertificates());
      await untilStopped();
      await gateway.close();
    });
}
