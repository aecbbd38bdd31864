import { readFileSync } from "node:fs";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { parentClasses } from "../catalog/data-classes.ts";
import { foldPath, tableParts } from "../catalog/names.ts";
import type { Principal } from "../identity/principal.ts";
import type { ColumnUse } from "./uses.ts";

/** The schema every policy is checked against (schema.cedarschema, beside this file). */
export const CEDAR_SCHEMA: string = readFileSync(new URL("./schema.cedarschema", import.meta.url), "utf8");

/** What the decision depends on besides principal and column. */
export interface PolicyContext {
  readonly purpose: string | undefined;
  readonly connection: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether an agent asks for a person; `decideForAll` says it. */
  readonly forPerson?: boolean;
}

/** Cedar's answer to one request. `policies`: the permits that allow it, or the forbids that deny it; none: no permit applies. */
export interface Verdict {
  readonly allowed: boolean;
  readonly policies: readonly string[];
  /** Policies that could not be evaluated. Cedar skips them; we deny, since one of them could be a forbid (I1). */
  readonly errors: readonly string[];
}

export type Evaluate = (
  principal: Principal,
  use: ColumnUse,
  dataClass: string | undefined,
  context: PolicyContext,
) => Verdict;

const MEMORY = 10_000;
/** Characters of a question that is still remembered; an agent's purpose may be long. */
const LONGEST_REMEMBERED = 4000;

/**
 * Prepares the policies (texts by id) and returns the function that asks them. Answers are remembered, at most
 * `MEMORY` of them: Cedar is pure, and one request costs about as much as the rest of a decision. The clock is part
 * of what is remembered only where a policy reads it (`readsClock`).
 * Cedar keeps prepared sets by name for the life of the process; `name` is the set's hash, so that loading it again adds nothing.
 */
export function prepare(name: string, policies: Readonly<Record<string, cedar.Policy>>, readsClock: boolean): Evaluate {
  const prepared = cedar.preparsePolicySet(name, { staticPolicies: { ...policies } });
  if (prepared.type === "failure") throw new Error("Cedar did not take policies that it had validated");
  const memory = new Map<string, Verdict>();
  return (principal, use, dataClass, context) => {
    const key = JSON.stringify([
      principal.kind,
      principal.issuer,
      principal.subject,
      principal.name,
      principal.groups,
      use.action,
      use.via,
      use.table,
      foldPath(use.path),
      dataClass ?? null,
      context.connection,
      context.purpose ?? null,
      context.forPerson === true,
      readsClock ? context.now : null,
    ]);
    const known = memory.get(key);
    if (known !== undefined) return known;
    const verdict = ask(authorizationCall(name, principal, use, dataClass, context));
    if (memory.size >= MEMORY) memory.clear();
    if (key.length <= LONGEST_REMEMBERED) memory.set(key, verdict);
    return verdict;
  };
}

function ask(call: cedar.StatefulAuthorizationCall): Verdict {
  const answer = cedar.statefulIsAuthorized(call);
  if (answer.type === "failure") return { allowed: false, policies: [], errors: ["request"] };
  const { decision, diagnostics } = answer.response;
  const errors = diagnostics.errors.map(({ policyId }) => policyId).sort();
  if (errors.length > 0) return { allowed: false, policies: errors, errors };
  return { allowed: decision === "allow", policies: [...diagnostics.reason].sort(), errors };
}

function authorizationCall(
  name: string,
  principal: Principal,
  { table, path, action, via }: ColumnUse,
  dataClass: string | undefined,
  { purpose, connection, now, forPerson = false }: PolicyContext,
): cedar.StatefulAuthorizationCall {
  const { project, dataset } = tableParts(table);
  const folded = foldPath(path);
  const who = uid(ENTITIES[principal.kind], `${principal.issuer}#${principal.subject}`);
  const column = uid("Column", `${table}.${folded}`);
  const classes = dataClass === undefined ? [] : [dataClass, ...parentClasses(dataClass)];
  const first = classes.slice(0, 1);
  const { issuer, subject } = principal;
  return {
    principal: who,
    action: uid("Action", action),
    resource: column,
    context: {
      ...(purpose === undefined ? {} : { purpose }),
      connection,
      via,
      forPerson,
      now: { __extn: { fn: "datetime", arg: new Date(now).toISOString() } },
    },
    preparsedPolicySetId: name,
    entities: [
      entity(
        who,
        principal.groups.map((group) => uid("Group", group)),
        { issuer, subject, name: principal.name },
      ),
      entity(column, [uid("Table", table), ...first.map((id) => uid("DataClass", id))], {
        path: folded,
        classified: dataClass !== undefined,
      }),
      entity(uid("Table", table), [uid("Dataset", `${project}.${dataset}`)]),
      entity(uid("Dataset", `${project}.${dataset}`), [uid("Project", project)]),
      ...classes.map((id, index) =>
        entity(
          uid("DataClass", id),
          classes.slice(index + 1, index + 2).map((parent) => uid("DataClass", parent)),
        ),
      ),
    ],
  };
}

const ENTITIES = { agent: "Agent", person: "Person" } as const;

function uid(type: string, id: string): cedar.TypeAndId {
  return { type, id };
}

function entity(
  id: cedar.TypeAndId,
  parents: cedar.TypeAndId[],
  attrs: Record<string, cedar.CedarValueJson> = {},
): cedar.EntityJson {
  return { uid: id, attrs, parents };
}
