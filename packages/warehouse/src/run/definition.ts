/** What every DDL statement has: what it does, given what is there, and that transactions have none on what stays. */
import { WarehouseError } from "../errors.ts";
import type { JsonObject } from "../rest/json.ts";
import type { TableReference } from "../sql/names.ts";
import type { Field } from "../sql/types.ts";
import { bytesOf } from "./query.ts";
import type { Session } from "./session.ts";
import type { Analysis, Outcome, Prepared } from "./statement.ts";

interface Parts {
  readonly schema?: readonly Field[];
  readonly referencedTables?: readonly TableReference[];
  readonly facts: JsonObject;
}

export function prepared(session: Session, statementType: string, parts: Parts, run: () => Promise<Outcome>): Prepared {
  const referencedTables = parts.referencedTables ?? [];
  const analysis: Analysis = {
    statementType,
    schema: parts.schema,
    referencedTables,
    totalBytesProcessed: bytesOf(session, referencedTables),
    facts: parts.facts,
  };
  return {
    analysis,
    run: async () => {
      if (session.inTransaction && !isTemporary(parts.facts)) {
        throw new WarehouseError(
          "invalidQuery",
          `${statementType} on permanent entities is not supported inside transactions`,
        );
      }
      return run();
    },
  };
}

function isTemporary(facts: JsonObject): boolean {
  const target = facts.ddlTargetTable ?? facts.ddlTargetRoutine;
  return JSON.stringify(target ?? null).includes('"datasetId":"_script');
}

export type Operation = "CREATE" | "REPLACE" | "SKIP" | "DROP" | "ALTER";

/** What a creation does, given what is there. Throws `duplicate`. */
export function operationOf(
  creation: { orReplace: boolean; ifNotExists: boolean },
  exists: boolean,
  name: string,
): Operation {
  if (!exists) return "CREATE";
  if (creation.orReplace) return "REPLACE";
  if (creation.ifNotExists) return "SKIP";
  throw new WarehouseError("duplicate", `Already Exists: ${name}`);
}
