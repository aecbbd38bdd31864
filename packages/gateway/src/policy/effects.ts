/** What policy is asked about each kind of effect. One rule a kind; a kind without a rule doesn't compile, and isn't permitted (I1). */
import type { ColumnName, Effect, PlanStatement } from "@chaperone/googlesql";
import { columnParts } from "../catalog/names.ts";
import { ruleOf } from "./statements.ts";
import type { ColumnUse } from "./uses.ts";

/** The uses that must be permitted for the statement's effects. */
export function effectUses(statement: PlanStatement): readonly ColumnUse[] {
  return statement.effects.flatMap((effect) => usesOfEffect(effect, statement) ?? []);
}

/** Effects that no policy can permit: they reach past what was analysed, or name nothing that policy could be asked about. */
export function refusedEffects(statement: PlanStatement): readonly string[] {
  return statement.effects
    .filter((effect) => usesOfEffect(effect, statement) === null)
    .map((effect) => `effect ${effect.kind}`);
}

/** null: refused, whatever policy says. */
function usesOfEffect(effect: Effect, { kind: statement, changes = [] }: PlanStatement): readonly ColumnUse[] | null {
  const { kind, sources, through } = effect;
  const rule = ruleOf(statement);
  switch (kind) {
    case "javascript":
      // It runs within BigQuery and reaches nothing; what it makes of its arguments is among the outputs.
      return [];
    case "export": {
      const named = sources.length > 0 || (statement === "EXPORT_MODEL" && changes.length > 0);
      return named ? exported(sources) : null;
    }
    case "remote_function":
    case "python":
      // Whoever defines one chooses where it runs; that is for people.
      if (through === undefined || changes.some(({ name }) => name === through)) return null;
      return [reached(through, kind), ...exported(sources)];
    case "model":
      // Asked as define and export, of the model that the statement names.
      if (statement === "CREATE_MODEL" || statement === "EXPORT_MODEL") return [];
      return through === undefined ? null : [reached(through, kind), ...exported(sources)];
    case "external_table":
      return through === undefined ? null : [reached(through, kind)];
    case "load":
      return rule === "load" ? [] : null;
    case "grant":
      return rule === "administer" ? [] : null;
    case "external_query":
    case "procedure":
    case "session":
    case "error_value":
      return null;
    default: {
      // A plan can come from the store, and say what this program doesn't know.
      kind satisfies never;
      return null;
    }
  }
}

/** Through what it goes: `*` of that name, in its dataset. */
function reached(through: string, via: Effect["kind"]): ColumnUse {
  return { table: through, path: "*", action: "reach", via };
}

function exported(sources: readonly ColumnName[]): ColumnUse[] {
  return sources.map((column) => {
    const { tableName, path } = columnParts(column);
    return { table: tableName, path, action: "export", via: "transform" };
  });
}
