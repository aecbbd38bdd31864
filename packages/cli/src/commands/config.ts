import { Command } from "commander";
import { orCliError } from "./load-error.ts";

/** `chaperone config check|schema` */
export function configCommand(): Command {
  const config = new Command("config").description("chaperone.yaml");
  config
    .command("check <file>")
    .description("read a configuration file and say what is wrong with it, or what it means")
    .action(async (file: string) => {
      const { loadConfig } = await import("@chaperone/gateway");
      const loaded = orCliError(() => loadConfig(file, { env: process.env }));
      const projects = loaded.connections.flatMap((c) => c.projects);
      process.stdout.write(
        `${file} is valid: ${loaded.connections.length} connection(s) to ${projects.join(", ")}, ${loaded.issuers.length} issuer(s).\n`,
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
