import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { BUILT_IN_CLASSES } from "../catalog/data-classes.ts";
import { columnParts, foldPath } from "../catalog/names.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { isPolicyId, type PolicyObligations, readAnnotations } from "./annotations.ts";
import { asAnyAgentFindsThem } from "./any-agent.ts";
import { CEDAR_SCHEMA, type Evaluate, prepare } from "./cedar.ts";
import type { PolicyAction } from "./decision.ts";
import { actionsOf, entitiesIn, foldedPathComparisons, namesActions, readsAttribute } from "./policy-json.ts";
import { PolicyError, type PolicyProblem } from "./problem.ts";
import type { ColumnUse } from "./uses.ts";

/** One checked policy. */
export interface Policy {
  readonly id: string;
  readonly effect: "permit" | "forbid";
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly text: string;
  /** Actions its head allows; its conditions may narrow them. */
  readonly actions: readonly PolicyAction[];
  /** false: it is about all actions, and names none. */
  readonly namesActions: boolean;
  readonly obligations: PolicyObligations;
}

/** The policies in force. Immutable; loading again makes a new one. */
export interface PolicySet {
  readonly policies: ReadonlyMap<string, Policy>;
  /** SHA-256 (hex) of schema, file names and texts. */
  readonly hash: string;
  readonly evaluate: Evaluate;
  /** Whether any agent at all, trusted writers apart, may be allowed this (`asAnyAgentFindsThem`). */
  readonly anyAgentMay: (use: ColumnUse, dataClass: string | undefined, connection: string) => boolean;
  /** Whether the time of asking is part of what some policy says. */
  readonly readsClock: boolean;
}

export interface PolicyText {
  readonly file: string;
  readonly text: string;
}

const MOST_FILES = 1000;
const MOST_CHARACTERS = 1_000_000;

/**
 * Reads and checks all `*.cedar` files of a directory (not its subdirectories).
 * @param customClasses data classes of the catalog file, beside the built-in ones; undefined: there is no catalog file
 * @throws PolicyError with every problem found; then none of the policies is in force
 */
export function loadPolicies(directory: string, customClasses?: Iterable<string>): PolicySet {
  return parsePolicies(readPolicyTexts(directory), customClasses);
}

function readPolicyTexts(directory: string): readonly PolicyText[] {
  const fail = (message: string): never => {
    throw new PolicyError([wrong(directory, 1, message)]);
  };
  let names: readonly string[];
  try {
    names = readdirSync(directory)
      .filter((name) => name.endsWith(".cedar"))
      .sort();
  } catch {
    return fail("this folder can't be read; name the folder of the *.cedar files");
  }
  if (names.length === 0) return fail("no *.cedar file here, so that every query would be denied");
  if (names.length > MOST_FILES) return fail(`more than ${MOST_FILES} *.cedar files`);
  return names.map((name) => {
    const file = join(directory, name);
    try {
      return { file, text: new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file)) };
    } catch {
      return fail(`${name} can't be read as UTF-8 text`);
    }
  });
}

/** Checks policy texts as `loadPolicies` does. */
export function parsePolicies(texts: readonly PolicyText[], customClasses?: Iterable<string>): PolicySet {
  const problems: PolicyProblem[] = [];
  const classes = new Set([...Object.keys(BUILT_IN_CLASSES), ...(customClasses ?? [])]);
  const whereDeclared =
    customClasses === undefined
      ? "a catalog file (none is named: give it by --catalog, or catalog in the configuration)"
      : "the catalog file";
  const policies = new Map<string, Policy>();
  const untrusted: Record<string, cedar.PolicyJson> = {};
  let readsClock = false;
  for (const { file, text, line } of texts.flatMap((source) => splitPolicies(source, problems))) {
    const parsed = cedar.policyToJson(text);
    if (parsed.type === "failure") {
      problems.push(wrong(file, line, messageOf(parsed.errors[0])));
      continue;
    }
    const { json } = parsed;
    const id = json.annotations?.id ?? "";
    const problem = (message: string) => problems.push(wrong(file, line, message, id || undefined));
    const earlier = policies.get(id);
    if (!isPolicyId(id)) {
      problem('every policy needs a name of its own: @id("…"), up to 100 letters, digits, dots, dashes, underscores');
      continue;
    }
    if (earlier !== undefined) {
      problem(`@id("${id}") is taken by ${earlier.file}:${earlier.line}; give this one another`);
      continue;
    }
    const actions = actionsOf(json.action);
    const obligations = readAnnotations(json.annotations ?? {}, json.effect, actions, problem);
    for (const entity of entitiesIn(json)) checkEntity(entity, classes, whereDeclared, problem);
    for (const path of foldedPathComparisons(json)) {
      problem(`resource.path is in lower case, so "${path}" never matches; write "${path.toLowerCase()}"`);
    }
    readsClock ||= readsAttribute(json, "context", "now");
    if (!obligations.trustedWriter) untrusted[id] = json;
    policies.set(id, {
      id,
      effect: json.effect,
      file,
      line,
      text,
      actions,
      namesActions: namesActions(json.action),
      obligations,
    });
  }
  const byId = Object.fromEntries([...policies].map(([id, { text }]) => [id, text]));
  problems.push(...validate(byId, policies));
  if (problems.length > 0) throw new PolicyError(problems);
  const hash = createHash("sha256")
    .update(JSON.stringify([CEDAR_SCHEMA, texts.map(({ text }) => text)]))
    .digest("hex");
  const anyAgent = prepare(`${hash} any agent`, asAnyAgentFindsThem(untrusted), false);
  return {
    policies,
    hash,
    evaluate: prepare(hash, byId, readsClock),
    readsClock,
    anyAgentMay(use, dataClass, connection) {
      const { allowed, errors } = anyAgent(NOBODY, use, dataClass, { purpose: undefined, connection, now: 0 });
      // What can't be evaluated could allow it.
      return allowed || errors.length > 0;
    },
  };
}

/** Stands for any agent: nothing that is still asked looks at it. */
const NOBODY: AgentPrincipal = {
  kind: "agent",
  issuer: "",
  subject: "",
  name: "",
  groups: [],
  sponsor: { issuer: "", subject: "" },
  tokenId: "",
  tokenExpires: 0,
};

/** The policies of one file, each with the line it starts on. */
function splitPolicies(
  { file, text }: PolicyText,
  problems: PolicyProblem[],
): { file: string; text: string; line: number }[] {
  const fail = (message: string, line: number) => {
    problems.push(wrong(file, line, message));
    return [];
  };
  if (text.length > MOST_CHARACTERS) return fail(`more than ${MOST_CHARACTERS} characters`, 1);
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === "failure") {
    const [error] = parts.errors;
    return fail(messageOf(error), lineAt(text, startOf(error)));
  }
  const [template] = parts.policy_templates;
  if (template !== undefined) {
    return fail("templates (?principal, ?resource) are not supported; write the policy out", lineOf(text, template));
  }
  return parts.policies
    .map((policy) => ({ file, text: policy, line: lineOf(text, policy) }))
    .sort((a, b) => a.line - b.line);
}

/** Validation against the schema. Warnings count: a forbid that can never apply forbids nothing. */
function validate(byId: Readonly<Record<string, string>>, policies: ReadonlyMap<string, Policy>): PolicyProblem[] {
  const answer = cedar.validate({ schema: CEDAR_SCHEMA, policies: { staticPolicies: byId } });
  const ofNone = answer.type === "failure" ? answer.errors : answer.otherWarnings;
  const ofOne = answer.type === "failure" ? [] : [...answer.validationErrors, ...answer.validationWarnings];
  const found = ofOne.map(({ policyId, error }) => {
    const policy = policies.get(policyId);
    const within = policy === undefined ? 1 : lineAt(policy.text, startOf(error));
    const message = messageOf(error).replace(`for policy \`${policyId}\`, `, "");
    return wrong(policy?.file ?? "", (policy?.line ?? 1) + within - 1, message, policyId);
  });
  return [...found, ...ofNone.map((error) => wrong("", 1, messageOf(error)))];
}

/** An id that nothing has makes a forbid forbid nothing; Cedar's validation doesn't look at ids. */
function checkEntity(
  { type, id }: cedar.TypeAndId,
  classes: ReadonlySet<string>,
  whereDeclared: string,
  problem: (message: string) => void,
): void {
  const dots = (id.split(":").at(-1) ?? "").split(".").length - 1;
  if (type === "DataClass" && !classes.has(id)) {
    problem(`no data class is called "${id}"; declare it in ${whereDeclared} or correct it`);
  } else if (type === "Dataset" && dots !== 1) problem(`Dataset::"${id}" never matches; write project.dataset`);
  else if (type === "Table" && dots !== 2) problem(`Table::"${id}" never matches; write project.dataset.table`);
  else if (type === "Column" && dots < 3) problem(`Column::"${id}" never matches; write project.dataset.table.path`);
  else if (type === "Column" && columnParts(id).path !== foldPath(columnParts(id).path)) {
    problem(`Column::"${id}" never matches; write the path in lower case, without []`);
  }
}

function messageOf(error: cedar.DetailedError | undefined): string {
  if (error === undefined) return "not understood";
  const label = error.sourceLocations?.[0]?.label;
  return [error.message, label, error.help].filter(Boolean).join("; ");
}

function startOf(error: cedar.DetailedError | undefined): number {
  return error?.sourceLocations?.[0]?.start ?? 0;
}

function wrong(file: string, line: number, message: string, policy?: string): PolicyProblem {
  return { file, line, policy, message };
}

function lineOf(text: string, part: string): number {
  return text.slice(0, Math.max(0, text.indexOf(part))).split("\n").length;
}

/** Cedar counts bytes of UTF-8. */
function lineAt(text: string, byteOffset: number): number {
  return Buffer.from(text).subarray(0, byteOffset).toString().split("\n").length;
}
