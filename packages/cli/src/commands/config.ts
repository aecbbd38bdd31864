import { Command } from "commander";
import { orCliError } from "./load-error.ts";

/** `chaperone config check|schema` */
export function configCommand(): Command {
  const config = new Command("config").description("chaperone.yaml");
  config
    .command("check <file>")
    .description(
      "read a configuration file and the catalogs and policies it names, and say what is wrong or what it means",
    )
    .action(async (file: string) => {
      const { checkFiles, loadConfig } = await import("@chaperone/gateway");
      const loaded = orCliError(() => loadConfig(file, { env: process.env }));
      const policies = Math.max(...orCliError(() => checkFiles(loaded)).map((one) => one.policies));
      const projects = loaded.connections.flatMap((c) => c.projects);
      process.stdout.write(
        `${file} is valid: ${loaded.connections.length} connection(s) to ${projects.join(", ")}, ${loaded.issuers.length} issuer(s), ${policies} policies.\n`,
      );
    });
  config
    .command("schema")
    .description("the JSON Schema of chaperone.yaml, for editors")
    .action(async () => {
      const { configJsonSchema } = await import("@chaperone/gateway");
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    });
  return config;
}
