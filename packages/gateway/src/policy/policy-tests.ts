import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Output, PlanStatement, UnderstoodPlan, Via, Write } from "@chaperone/googlesql";
import { MASK_RULES } from "@chaperone/masking";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { type CatalogFile, tableEntryOf } from "../catalog/catalog-file.ts";
import type { DataClass } from "../catalog/data-class.ts";
import { columnParts, foldPath } from "../catalog/names.ts";
import type { Principal } from "../identity/principal.ts";
import { decide, describable } from "./decide.ts";
import { POLICY_ACTIONS } from "./decision.ts";
import type { PolicySet } from "./policy-set.ts";
import type { PolicyProblem } from "./problem.ts";

const REACHED = ["remote_function", "python", "model", "external_table"] as const;
const ADMINISTERED = ["labels", "access", "dataset", "capacity"] as const;

/** `tests.yaml` beside the policies: what they are meant to do, asked of the same code that decides queries. */
const testCase = z.strictObject({
  name: z.string().min(1).max(300),
  groups: z.array(z.string()).default([]),
  /** Whether an agent of these groups asks, or it is asked for a person of these groups. */
  principal: z.enum(["agent", "person"]).default("agent"),
  /** Whether an agent asks for a person; a person's part of it always does. */
  for_person: z.boolean().default(false),
  purpose: z.string().optional(),
  connection: z.string().default("main"),
  /** `project.dataset.table.path`. */
  column: z.string().regex(/^.+\..+\..+\..+$/, "write project.dataset.table.path"),
  /** Absent: what the catalog file says of the column. */
  classes: z.array(z.string()).optional(),
  action: z.enum(POLICY_ACTIONS),
  /** How a value is shown; of `write`, how the table is written; of `administer`, what is changed. */
  via: z
    .enum(["copy", "transform", "create", "append", "update", "delete", "drop", "alter", ...ADMINISTERED, ...REACHED])
    .optional(),
  expect: z.enum(["permit", "deny"]),
  mask: z.enum(MASK_RULES).optional(),
  /** `none`, or the groups any of whom may approve. */
  approval: z.union([z.literal("none"), z.array(z.string()).min(1)]).optional(),
});
const testFile = z.strictObject({
  /** ISO 8601; policies that read the clock are asked at this time. */
  now: z.iso.datetime().default("2026-01-01T12:00:00Z"),
  approvers_default: z.array(z.string()).default(["default-approvers"]),
  cases: z.array(testCase).min(1).max(10_000),
});

type TestFile = z.infer<typeof testFile>;
type TestCase = z.infer<typeof testCase>;

export interface PolicyTestResults {
  readonly passed: number;
  readonly problems: readonly PolicyProblem[];
}

/** Runs the cases of `tests.yaml`; undefined when there is none. A file that can't be read is a problem like a failed case. */
export function runPolicyTests(
  directory: string,
  policies: PolicySet,
  catalog: CatalogFile | undefined,
): PolicyTestResults | undefined {
  const file = join(directory, "tests.yaml");
  if (!existsSync(file)) return undefined;
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, "utf8"), { lineCounter: lines, prettyErrors: false });
  const lineOf = (path: readonly PropertyKey[]) => {
    for (let length = path.length; length > 0; length--) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)) {
        return lines.linePos(Number(node.range[0])).line;
      }
    }
    return 1;
  };
  const problem = (line: number, message: string): PolicyProblem => ({ file, line, policy: undefined, message });
  const [unreadable] = document.errors;
  if (unreadable !== undefined) {
    return {
      passed: 0,
      problems: [problem(lines.linePos(unreadable.pos[0]).line, `not valid YAML: ${unreadable.message}`)],
    };
  }
  const parsed = testFile.safeParse(document.toJS({ maxAliasCount: 100 }));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) =>
      problem(lineOf(path), `${path.join(".")}: ${message}`),
    );
    return { passed: 0, problems };
  }
  const problems = parsed.data.cases.flatMap((one, index) =>
    failures(one, parsed.data, policies, catalog).map((what) =>
      problem(lineOf(["cases", index]), `"${one.name}": ${what}`),
    ),
  );
  return { passed: parsed.data.cases.length - new Set(problems.map(({ line }) => line)).size, problems };
}

/** What is otherwise than the case expects. */
function failures(
  one: TestCase,
  file: TestFile,
  policies: PolicySet,
  catalog: CatalogFile | undefined,
): readonly string[] {
  const classes = one.classes ?? declaredClasses(catalog, one.column);
  if (classes === undefined) return ["give its classes, or a catalog file that knows its dataset"];
  const request = {
    principal: principalIn(one.groups, one.principal),
    classes: (column: string) => ({ column, classes, source: "catalog-file" as const }),
    context: {
      purpose: one.purpose,
      connection: one.connection,
      now: Date.parse(file.now),
      forPerson: one.for_person || one.principal === "person",
    },
  };
  if (one.action === "describe") {
    const { tableName, path } = columnParts(one.column);
    const effect = describable(policies, request, tableName, [path]).has(path) ? "permit" : "deny";
    return effect === one.expect ? [] : [`expected ${one.expect}, got ${effect}`];
  }
  const decision = decide(policies, {
    ...request,
    plan: planOf(one),
    catalogVersion: "",
    protections: { approval: true, masking: true },
    defaults: { approvers: file.approvers_default },
  });
  if (decision.effect !== one.expect) {
    return [`expected ${one.expect}, got ${decision.effect} by ${decision.policies.join(", ") || "no policy"}`];
  }
  if (decision.effect === "deny") return [];
  const { approval } = decision.obligations;
  const found: string[] = [];
  const mask = decision.uses[0]?.mask.rule;
  if (one.mask !== undefined && one.mask !== mask) found.push(`expected mask ${one.mask}, got ${mask}`);
  const expected = one.approval === "none" ? "none" : one.approval && [...one.approval].sort().join(", ");
  const got = approval === undefined ? "none" : [...approval.approvers].sort().join(", ");
  if (expected !== undefined && expected !== got) found.push(`expected approval by ${expected}, got ${got}`);
  return found;
}

/** A statement that uses one column in one way. */
function planOf({ column, action, via = action === "write" ? "append" : "copy" }: TestCase): UnderstoodPlan {
  const nothing = { reads: [], views: [], routines: [], outputs: [], writes: [], effects: [] };
  if (action === "write") {
    const { tableName, path } = columnParts(column);
    const columns = path === "*" ? [] : [{ name: path, explicit: [], implicit: [] }];
    const mode = MODES.find((known) => known === via) ?? "append";
    return planWith({ ...nothing, kind: "INSERT", writes: [{ table: tableName, mode, columns, implicit: [] }] });
  }
  const { tableName: name } = columnParts(column);
  if (action === "define") {
    const drops = via === "drop";
    const change = { what: "routine", mode: drops ? "drop" : "create", name } as const;
    return planWith({ ...nothing, kind: drops ? "DROP_FUNCTION" : "CREATE_FUNCTION", changes: [change] });
  }
  if (action === "load") {
    const write = { table: name, mode: "append", columns: [], implicit: [] } as const;
    return planWith({ ...nothing, kind: "LOAD_DATA", writes: [write], effects: [{ kind: "load", sources: [] }] });
  }
  if (action === "reach") {
    const kind = REACHED.find((known) => known === via) ?? "remote_function";
    return planWith({ ...nothing, kind: "SELECT", effects: [{ kind, through: name, sources: [] }] });
  }
  if (action === "administer") {
    const what = ADMINISTERED.find((known) => known === via) ?? "labels";
    return planWith({ ...nothing, kind: "ALTER_TABLE", changes: [{ what, mode: "alter", name }] });
  }
  if (action === "export")
    return planWith({ ...nothing, kind: "EXPORT_DATA", effects: [{ kind: "export", sources: [column] }] });
  const shown: Via = action === "aggregate" ? "aggregate" : via === "transform" ? "transform" : "copy";
  const output: Output = {
    name: "x",
    type: "STRING",
    explicit: action === "infer" ? [] : [{ column, via: shown }],
    implicit: action === "infer" ? [column] : [],
    constant: false,
  };
  return planWith({ ...nothing, kind: "SELECT", outputs: [output] });
}

const MODES: readonly Write["mode"][] = ["create", "append", "update", "delete", "drop", "alter"];

function planWith(statement: PlanStatement): UnderstoodPlan {
  const { kind: statementType, outputs: result } = statement;
  return { understood: true, statementType, statements: [statement], result, canonicalSql: "" };
}

/** What the catalog file alone says of a column; undefined when it doesn't know the dataset. */
function declaredClasses(catalog: CatalogFile | undefined, column: string): readonly DataClass[] | undefined {
  const { project, dataset, table, path } = columnParts(column);
  const entry = catalog?.datasets.get(`${project}.${dataset}`);
  if (entry === undefined) return undefined;
  const tableEntry = tableEntryOf(entry, table);
  const steps = foldPath(path).split(".");
  for (let length = steps.length; length > 0; length--) {
    const classes = tableEntry?.columns.get(steps.slice(0, length).join("."));
    if (classes !== undefined) return classes;
  }
  return (tableEntry?.phi ?? entry.phi) === true ? ["phi"] : [];
}

function principalIn(groups: readonly string[], kind: Principal["kind"]): Principal {
  const issuer = "https://tests.invalid";
  const common = { issuer, subject: kind, name: kind, groups, tokenId: "", tokenExpires: 0 };
  return kind === "person" ? { ...common, kind } : { ...common, kind, sponsor: { issuer, subject: "sponsor" } };
}
