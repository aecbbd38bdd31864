import { checkPolicies } from "@chaperone/gateway";
import { Command } from "commander";

/** `chaperone policy check DIR` */
export function policyCommand(setStatus: (code: number) => void): Command {
  const policy = new Command("policy").description("Cedar policies");
  policy
    .command("check <folder>")
    .description("validate policies, show what each one does, and run the folder's tests.yaml")
    .option("--json", "as JSON")
    .action((folder: string, options: { json?: boolean }) => {
      const result = checkPolicies(folder);
      process.stdout.write(`${options.json === true ? JSON.stringify(result, null, 2) : result.text}\n`);
      if (!result.ok) setStatus(1);
    });
  return policy;
}
