/** `@@name`: a constant of the run, what the script left there, or refused with the reason. */
import { CONSTANT, decidedBy, type Flow, fieldTypes, structFlow, telling } from "../flow/flow.ts";
import { type SystemVariableEntry, systemVariable } from "../functions/system-variables.ts";
import type { SystemVariable } from "../tree.ts";
import type { Context } from "./context.ts";
import type { Value } from "./scope.ts";

export function resolveSystemVariable(context: Context, node: SystemVariable): Value {
  const name = node.parts.map((part) => part.name).join(".");
  const entry = systemVariable(name);
  if (entry === undefined) return context.fail("name", `There is no system variable @@${name}`, node);
  if (entry.kind === "refused") {
    return context.fail("unsupported", `System variable @@${name} is not supported: ${entry.reason}`, node);
  }
  return {
    type: entry.type,
    written: "value",
    flow: flowOf(context, entry, name, node),
    id: context.idOf("system variable", [name.toLowerCase()]),
  };
}

/** Whoever keeps or shows it adds what decided that it is asked for at all. */
function flowOf(
  context: Context,
  entry: Exclude<SystemVariableEntry, { kind: "refused" }>,
  name: string,
  node: SystemVariable,
): Flow {
  switch (entry.kind) {
    case "constant":
      // Those that SET can change take constants only.
      return CONSTANT;
    case "row count":
      return context.rowCount;
    case "error":
      return telling(handled(context, name, node));
    case "failed statement": {
      handled(context, name, node);
      // Which one it was, the handler's own branch says.
      const fields = fieldTypes(entry.type);
      return fields === null ? CONSTANT : structFlow(fields.map(() => CONSTANT));
    }
    case "cost":
      return decidedBy(telling(context.cost), context.ran);
    case "statements run":
      return decidedBy(CONSTANT, context.ran);
    default: {
      const unreachable: never = entry;
      return unreachable;
    }
  }
}

function handled(context: Context, name: string, node: SystemVariable): NonNullable<Context["error"]> {
  if (context.error === null || (context.inDefinition && !context.inProcedure)) {
    return context.fail("name", `@@${name} stands only in an EXCEPTION clause`, node);
  }
  return context.error;
}
