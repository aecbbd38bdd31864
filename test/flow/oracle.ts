/**
 * Noninterference: two databases that differ in one path give results that differ only where the plan says that the path
 * is shown or decides. What a reader of the outputs without that path could tell apart, joined, must be the same.
 */
import type { Output, PlanStatement } from "@chaperone/googlesql";
import type { ProtectedPath } from "./schema.ts";

/** What a query gave: rows of values as JSON, or an error. */
export type Outcome =
  | { readonly kind: "rows"; readonly rows: readonly (readonly unknown[])[] }
  | { readonly kind: "error"; readonly message: string };

export function columnName(path: ProtectedPath): string {
  return `clinic.ehr.${path.table}.${path.path.join(".")}`;
}

export function covers(source: string, path: ProtectedPath): boolean {
  const name = columnName(path);
  // A container's length or NULL-ness shows in each of its fields.
  return source === name || (path.shape && source.startsWith(`${name}.`));
}

function decides(output: Output, path: ProtectedPath): boolean {
  return output.implicit.some((source) => covers(source, path));
}

export function predicted(output: Output, path: ProtectedPath): boolean {
  return decides(output, path) || output.explicit.some((source) => covers(source.column, path));
}

export function isRead(statement: PlanStatement, path: ProtectedPath): boolean {
  return statement.reads.some((read) => read.columns.some((c) => covers(`${read.table}.${c.path}`, path)));
}

/** ADR 0007: what a computation that can fail is given is a predicate. Sums that overflow are left out there. */
function mayFail(statement: PlanStatement, path: ProtectedPath, message: string): boolean {
  if (/INT128|HUGEINT|SUM|sum/.test(message)) return isRead(statement, path);
  return statement.reads.some((read) =>
    read.columns.some((c) => c.uses.includes("predicate") && covers(`${read.table}.${c.path}`, path)),
  );
}

/** How much of the result the plan says may change. */
export function reach(statement: PlanStatement, path: ProtectedPath): "nothing" | "some" | "all" {
  if (!isRead(statement, path)) return "nothing";
  return statement.outputs.every((output) => decides(output, path)) ? "all" : "some";
}

/** What may be seen of a value where `path` is not among its sources; undefined for nothing. */
function lowPart(value: unknown, output: Output, path: ProtectedPath): unknown {
  const { fields } = output;
  if (fields === undefined) return predicted(output, path) ? undefined : canonical(value);
  if (isHigh(output, path)) return undefined;
  if (value === null) return null;
  if (output.type.startsWith("ARRAY<") && Array.isArray(value)) {
    return value.map((element: unknown) => lowFields(element, fields, path));
  }
  return lowFields(value, fields, path);
}

function isHigh(output: Output, path: ProtectedPath): boolean {
  return output.fields === undefined ? predicted(output, path) : output.fields.every((f) => isHigh(f, path));
}

function lowFields(value: unknown, fields: readonly Output[], path: ProtectedPath): unknown {
  if (typeof value !== "object" || value === null) return value;
  const values: unknown[] = Object.values(value);
  return fields.map((field, i) => lowPart(values[i] ?? null, field, path) ?? "hidden");
}

/** Minus zero is zero. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  return value === 0 ? 0 : (value ?? null);
}

export interface Comparison {
  /** A difference that the plan didn't predict. */
  readonly leak: string | null;
  readonly changed: boolean;
  /** Both results are there to be compared, or one failed and the other didn't. */
  readonly evidence: boolean;
}

export function compare(
  statement: PlanStatement,
  path: ProtectedPath,
  ordered: boolean,
  base: Outcome,
  other: Outcome,
): Comparison {
  if (base.kind === "error" && other.kind === "error") return { leak: null, changed: false, evidence: false };
  if (base.kind === "error" || other.kind === "error") {
    const message = base.kind === "error" ? base.message : other.kind === "error" ? other.message : "";
    const leak = mayFail(statement, path, message)
      ? null
      : `${columnName(path)} decides whether the query fails, and isn't a predicate in reads: ${message}`;
    return { leak, changed: true, evidence: true };
  }
  const arrange = (rows: readonly string[]): string => (ordered ? rows : [...rows].sort()).join("\n");
  const all = (outcome: typeof base): string => arrange(outcome.rows.map((row) => JSON.stringify(row.map(canonical))));
  if (all(base) === all(other)) return { leak: null, changed: false, evidence: true };
  if (base.rows.length !== other.rows.length) {
    const silent = statement.outputs.filter((output) => !decides(output, path)).map((o) => o.name);
    const leak =
      silent.length === 0
        ? null
        : `${columnName(path)} changes the number of rows (${base.rows.length}, ${other.rows.length}) and is not among the implicit sources of ${silent.join(", ")}`;
    return { leak, changed: true, evidence: true };
  }
  const low = (outcome: typeof base): string =>
    arrange(
      outcome.rows.map((row) =>
        JSON.stringify(statement.outputs.map((output, i) => lowPart(row[i] ?? null, output, path) ?? "hidden")),
      ),
    );
  const [a, b] = [low(base), low(other)];
  const leak =
    a === b ? null : `${columnName(path)} changes outputs it isn't a source of:\n--- base\n${a}\n--- changed\n${b}`;
  return { leak, changed: true, evidence: true };
}
