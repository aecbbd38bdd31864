import type { StoreAudit } from "@chaperone/gateway";
import { safe } from "./table.ts";

/** What an audit found. Names in it are the store's own, which somebody may have altered to look like another outcome. */
export function auditPage({ ok, entries, checkpoints, sessions, root, vkey, problems }: StoreAudit): string {
  return [
    ...problems.map((problem) => `PROBLEM  ${safe(problem)}`),
    `${ok ? "Verified" : "NOT VERIFIED"}: ${entries} entries, ${checkpoints} checkpoints, ${sessions} sessions.`,
    `root ${root}`,
    `key  ${safe(vkey)}`,
  ].join("\n");
}
