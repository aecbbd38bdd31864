import type { AccessPlan, Change, ExplicitSource, Output, Write } from "@chaperone/googlesql";
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
        ...(s.views.length === 0 ? [] : [`Through views: ${s.views.map(safe).join(", ")}`]),
        ...(s.routines.length === 0 ? [] : [`Calls: ${s.routines.map(safe).join(", ")}`]),
        ...(s.outputs.length === 0
          ? []
          : [
              "Shows",
              table(
                ["COLUMN", "TYPE", "MADE OF"],
                s.outputs.flatMap((o) => outputRows(o, "")),
                "  ",
              ),
            ]),
        ...(s.writes.length === 0
          ? []
          : ["Writes", table(["TABLE", "HOW", "COLUMN", "MADE OF"], s.writes.flatMap(writeRows), "  ")]),
        ...(s.changes === undefined ? [] : ["Changes", table(["WHAT", "HOW", "NAME"], s.changes.map(changeRow), "  ")]),
        ...(s.effects.length === 0 ? [] : [`Effects: ${s.effects.map((e) => e.kind).join(", ")}`]),
      ].join("\n"),
    )
    .concat(`Runs as\n  ${safe(plan.canonicalSql)}`)
    .join("\n\n");
}

function outputRows(o: Output, prefix: string): string[][] {
  return [
    [`${prefix}${o.name}`, o.type, madeOf(o.explicit, o.constant, o.implicit)],
    ...(o.fields ?? []).flatMap((f) => outputRows(f, `${prefix}${o.name}.`)),
  ];
}

export function changeRow({ what, mode, name }: Change): string[] {
  return [what, mode, safe(name)];
}

/** A write as rows of a table: its rows first, then each column. */
export function writeRows(w: Write): string[][] {
  return [
    [w.table, w.mode, "(rows)", madeOf([], false, w.implicit)],
    ...w.columns.map((c) => [w.table, w.mode, c.name, madeOf(c.explicit, false, c.implicit)]),
  ];
}

function madeOf(explicit: readonly ExplicitSource[], constant: boolean, implicit: readonly string[]): string {
  const sources = [...explicit.map((e) => `${e.column} (${e.via})`), ...(constant ? ["constants"] : [])].join(", ");
  return `${sources || "-"}${implicit.length === 0 ? "" : `; steered by ${implicit.join(", ")}`}`;
}
