/** `@@name`: a constant of the run, what the script left there, or refused with the reason. */
import { CONSTANT } from "../flow/flow.ts";
import { systemVariable } from "../functions/system-variables.ts";
import type { SystemVariable } from "../tree.ts";
import type { Context } from "./context.ts";
import type { Value } from "./scope.ts";

export function resolveSystemVariable(context: Context, node: SystemVariable): Value {
  const name = node.parts.map((part) => part.name).join(".");
  const entry = systemVariable(name);
  if (entry === undefined) return context.fail("name", `There is no system variable @@${name}`, node);
  switch (entry.kind) {
    case "constant":
      // Those that SET can change take constants only.
      return {
        type: entry.type,
        written: "value",
        flow: CONSTANT,
        id: context.idOf("system variable", [name.toLowerCase()]),
      };
    case "row count":
      return {
        type: entry.type,
        written: "value",
        flow: context.rowCount,
        id: context.idOf("system variable", [name.toLowerCase()]),
      };
    case "refused":
      return context.fail("unsupported", `System variable @@${name} is not supported: ${entry.reason}`, node);
    default: {
      const unreachable: never = entry;
      return unreachable;
    }
  }
}
