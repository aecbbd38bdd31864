import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { type Rig, startRig } from "../rig.ts";
import { Attacker } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

/** A clinic with policies more open than the examples', and an agent of its that wants the data. */
export interface OpenClinic {
  readonly rig: Rig;
  readonly secrets: ProtectedValues;
  readonly agent: Attacker;
  close(): Promise<void>;
}

/** Each policy file is rewritten, or added; the examples' own expectations of them are dropped. */
export async function openClinic(policies: Readonly<Record<string, (before: string) => string>>): Promise<OpenClinic> {
  const clinic: ClinicCopy = copyClinic();
  for (const [file, text] of Object.entries(policies)) clinic.policy(file, text);
  clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
  const rig = await startRig({ patients: 30, clinic: clinic.folder });
  const secrets = await protectedValues(rig);
  const agent = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
  return {
    rig,
    secrets,
    agent,
    async close() {
      agent.close();
      await rig.close();
      clinic.remove();
    },
  };
}

/** Of the record nothing, of the workspace what has no class, and of its record numbers tokens. */
export const OWN_AND_TOKENS = `@id("open-source")
@mask("null")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"read", resource in Dataset::"demo-clinic.ehr");

@id("own")
@mask("none")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"read", resource in Dataset::"demo-clinic.workspace")
when { !resource.classified };

@id("tokens")
@mask("token")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"read", resource in Dataset::"demo-clinic.workspace")
when { resource in DataClass::"phi.mrn" };
`;

/** Whatever there is in the workspace, but for these classes; of SSNs the last four digits. */
export function anythingInWorkspaceBut(...classes: readonly [string, ...string[]]): string {
  return `
@id("workspace-anything")
@mask("none")
@approval("none")
permit (principal in Group::"clinical-agents", action, resource in Dataset::"demo-clinic.workspace")
unless { ${classes.map((one) => `resource in DataClass::"${one}"`).join(" || ")} };

@id("workspace-ssn-written")
@approval("none")
permit (
  principal in Group::"clinical-agents",
  action == Action::"write",
  resource in Dataset::"demo-clinic.workspace"
)
when { resource in DataClass::"phi.ssn" };

@id("workspace-ssn-read")
@mask("last4")
@approval("none")
permit (
  principal in Group::"clinical-agents",
  action == Action::"read",
  resource in Dataset::"demo-clinic.workspace"
)
when { resource in DataClass::"phi.ssn" };
`;
}
