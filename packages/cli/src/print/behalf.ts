import type { Access } from "@chaperone/gateway";
import { safe } from "./table.ts";

type Behalf = Access["who"]["onBehalfOf"][number];

/** One of those for whom an agent acts, on a line of its own. */
export function behalfLine({ kind, name, subject, issuer, groups }: Behalf): string {
  const who = kind === "person" ? "person" : "agent";
  return `Acts for   the ${who} ${safe(name)}: ${safe(subject)} of ${safe(issuer)}, groups ${safe(groups.join(", ")) || "(none)"}`;
}
