import type { ActionConstraint, PolicyJson, TypeAndId } from "@cedar-policy/cedar-wasm/nodejs";
import { POLICY_ACTIONS, type PolicyAction } from "./decision.ts";

/** What Cedar's JSON form of a policy tells about it. https://docs.cedarpolicy.com/policies/json-format.html */

/** Whether a policy's head says which actions it is about. */
export function namesActions(constraint: ActionConstraint): boolean {
  return constraint.op !== "All";
}

/** The actions a policy's head lets through. */
export function actionsOf(constraint: ActionConstraint): readonly PolicyAction[] {
  if (constraint.op === "All") return POLICY_ACTIONS;
  const entities = "entities" in constraint ? constraint.entities : "entity" in constraint ? [constraint.entity] : [];
  const named = new Set(entities.map((entity) => ("__entity" in entity ? entity.__entity.id : entity.id)));
  return POLICY_ACTIONS.filter((action) => named.has(action));
}

/** Every entity named in the policy, in its head and its conditions. */
export function entitiesIn(policy: PolicyJson): readonly TypeAndId[] {
  const found: TypeAndId[] = [];
  for (const node of nodes(policy)) {
    const { type, id } = node;
    if (typeof type === "string" && typeof id === "string" && Object.keys(node).length === 2) found.push({ type, id });
  }
  return found;
}

/** Literals with capitals that the policy compares with `resource.path`, which has none. */
export function foldedPathComparisons(policy: PolicyJson): readonly string[] {
  const found: string[] = [];
  for (const node of nodes(policy.conditions)) {
    for (const operand of Object.values(node)) {
      if (!isRecord(operand) || !Object.values(operand).some((side) => isAttribute(side, "resource", "path"))) continue;
      for (const { Value, Literal } of nodes(operand)) {
        for (const text of [Value, Literal])
          if (typeof text === "string" && text !== text.toLowerCase()) found.push(text);
      }
    }
  }
  return found;
}

/** True when a condition reads that attribute of that variable. */
export function readsAttribute(policy: PolicyJson, variable: string, attribute: string): boolean {
  // A whole record compared or passed on reads all its attributes.
  const text = JSON.stringify(policy.conditions);
  const whole = text.split(`{"Var":"${variable}"}`).length - 1;
  const dotted = [...nodes(policy.conditions)].filter(
    (node) => isRecord(node["."]) && isRecord(node["."].left) && node["."].left.Var === variable,
  );
  const has = [...nodes(policy.conditions)].filter(
    (node) => isRecord(node.has) && isRecord(node.has.left) && node.has.left.Var === variable,
  );
  return whole > dotted.length + has.length || dotted.some((node) => isAttribute(node, variable, attribute));
}

type Node = Readonly<Record<string, unknown>>;

function isAttribute(value: unknown, variable: string, attribute: string): boolean {
  if (!isRecord(value) || !isRecord(value["."])) return false;
  const { left, attr } = value["."];
  return attr === attribute && isRecord(left) && left.Var === variable;
}

function isRecord(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function* nodes(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const item of value) yield* nodes(item);
  if (!isRecord(value)) return;
  yield value;
  for (const child of Object.values(value)) yield* nodes(child);
}
