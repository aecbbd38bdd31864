import type { Explanation, Step } from "@chaperone/googlesql";
import { safe } from "./table.ts";

/** How each source reaches the result, drawn as trees from the result's columns back to the tables', and what decided its rows. */
export function explanationPage(explanation: Explanation): string {
  const outputs = explanation.outputs.flatMap(({ name, made }) => [safe(name), ...branches(made, "")]);
  const decided = explanation.decided.flatMap((step) => [
    `${step.clause} ${label(step)}`,
    ...branches(step.from.length > 0 ? step.from : step.columns.map(columnStep), ""),
  ]);
  return [
    "How the result is made",
    ...outputs,
    ...(decided.length === 0 ? [] : ["", "What decides over rows and order, in it or in its parts", ...decided]),
  ]
    .join("\n")
    .trimEnd();
}

function columnStep(text: string): Step {
  return { kind: "column", text, from: [] };
}

function branches(steps: readonly Step[], indent: string): string[] {
  return steps.flatMap((step, i) => {
    const last = i === steps.length - 1;
    return [
      `${indent}${last ? "└─" : "├─"} ${label(step)}`,
      ...branches(step.from, `${indent}${last ? "   " : "│  "}`),
    ];
  });
}

function label({ kind, text, line, column }: Step): string {
  switch (kind) {
    case "column":
      return `column ${safe(text)}`;
    case "expression":
      return `${safe(text)}   (${line}:${column})`;
    case "through":
      return text === "" ? "a subquery" : `through ${safe(text)}`;
    default: {
      const unreachable: never = kind;
      return unreachable;
    }
  }
}
