import type { AccessPlan, Output } from "@chaperone/googlesql";
import { safe, table } from "./table.ts";

/** An access plan for a person. */
export function planPage(plan: AccessPlan): string {
  if (!plan.understood) {
    const { code, message, line, column } = plan.refusal;
    return `Refused (${code}) at ${line}:${column}: ${safe(message)}`;
  }
  return plan.statements
    .map((s) =>
      [
        s.kind,
        "Reads",
        table(
          ["TABLE", "COLUMN", "USES"],
          s.reads.flatMap((r) => r.columns.map((c) => [r.table, c.path, c.uses.join(", ")])),
          "  ",
        ),
        "Shows",
        table(
          ["COLUMN", "TYPE", "MADE OF"],
          s.outputs.flatMap((o) => outputRows(o, "")),
          "  ",
        ),
        ...(s.effects.length === 0 ? [] : [`Effects: ${s.effects.map((e) => e.kind).join(", ")}`]),
      ].join("\n"),
    )
    .concat(`Runs as\n  ${safe(plan.canonicalSql)}`)
    .join("\n\n");
}

function outputRows(o: Output, prefix: string): string[][] {
  const sources =
    [...o.explicit.map((e) => `${e.column} (${e.via})`), ...(o.constant ? ["constants"] : [])].join(", ") || "-";
  const steered = o.implicit.length === 0 ? "" : `; steered by ${o.implicit.join(", ")}`;
  return [
    [`${prefix}${o.name}`, o.type, sources + steered],
    ...(o.fields ?? []).flatMap((f) => outputRows(f, `${prefix}${o.name}.`)),
  ];
}
