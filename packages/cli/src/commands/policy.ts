import { Command } from "commander";
import { orCliError } from "./load-error.ts";

/** `chaperone policy check DIR` */
export function policyCommand(setStatus: (code: number) => void): Command {
  const policy = new Command("policy").description("Cedar policies");
  policy
    .command("check <folder>")
    .description("validate policies, show what each one does, and run the folder's tests.yaml")
    .option("--catalog <file>", "the catalog file whose own classes the policies name")
    .option("--json", "as JSON")
    .action(async (folder: string, options: { catalog?: string; json?: boolean }) => {
      const { checkPolicies, loadCatalogFile } = await import("@chaperone/gateway");
      const result = orCliError(() =>
        checkPolicies(folder, options.catalog === undefined ? undefined : loadCatalogFile(options.catalog)),
      );
      process.stdout.write(`${options.json === true ? JSON.stringify(result, null, 2) : result.text}\n`);
      if (!result.ok) setStatus(1);
    });
  return policy;
}
