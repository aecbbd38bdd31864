/** What must hold of every text, whatever it is. */
import {
  analyze,
  type CatalogView,
  catalogNames,
  type Output,
  parse,
  print,
  redact,
  SqlError,
  type TableResource,
  tokenize,
  type UnderstoodPlan,
} from "@chaperone/googlesql";

/**
 * Processor time that one text may take, in milliseconds: a constant, so much a UTF-16 unit, and so much a name that its plan
 * says: `FROM a;` is short and names all columns of a table. How many names a plan may say has a bound of its own.
 */
const TIME = { base: 25, perUnit: 0.05, perName: 0.01 } as const;

export interface Verdict {
  readonly outcome: "refused" | "read" | "analysed";
  /** What is wrong, in a line; null where all is well. */
  readonly finding: string | null;
  /** Names in its plan: outputs, their sources, columns read and written. */
  readonly names?: number;
}

/** One table under every name, so that names don't keep a text from being analysed. */
const FIELDS: TableResource["schema"] = {
  fields: [
    ...["a", "b", "c", "id", "x", "y", "z", "key", "f1", "f2", "eid", "col1"].map((name) => ({ name, type: "INTEGER" })),
    ...["ssn", "name", "state", "s", "kind", "d", "e"].map((name) => ({ name, type: "STRING" })),
    { name: "born", type: "DATE" },
    { name: "seen", type: "TIMESTAMP" },
    { name: "tags", type: "STRING", mode: "REPEATED" },
    { name: "doc", type: "JSON" },
    { name: "address", type: "RECORD", fields: [{ name: "zip", type: "STRING" }, { name: "city", type: "STRING" }] },
    {
      name: "visits",
      type: "RECORD",
      mode: "REPEATED",
      fields: [{ name: "code", type: "STRING" }, { name: "at", type: "TIMESTAMP" }],
    },
  ],
}; // biome-ignore format: a kind a line

const CATALOG: CatalogView = {
  table: (name) => {
    const [projectId = "", datasetId = "", tableId = ""] = name.split(".");
    return { tableReference: { projectId, datasetId, tableId }, type: "TABLE", schema: FIELDS };
  },
};
const DEFAULTS = { defaultProject: "clinic", defaultDataset: { project: "clinic", dataset: "ehr" } };
const OPTIONS = { catalog: CATALOG, ...DEFAULTS };

/** Judges a text. Never throws. */
export function judge(sql: string): Verdict {
  const started = performance.now();
  const verdict = judged(sql);
  const bound = TIME.base + TIME.perUnit * sql.length + TIME.perName * (verdict.names ?? 0);
  if (verdict.finding !== null || performance.now() - started <= bound) return verdict;
  // The machine may have been busy with something else: what counts is the best of three.
  const times = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    judged(sql);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times) <= bound ? verdict : { ...verdict, finding: "slow: takes longer than its length explains" };
}

function judged(sql: string): Verdict {
  try {
    const tree = parse(sql);
    try {
      return judgedTree(sql, tree);
    } catch (error) {
      return { outcome: "read", finding: `throws once read: ${nameOf(error)}` };
    }
  } catch (error) {
    return { outcome: "refused", finding: error instanceof SqlError ? null : `parse throws: ${nameOf(error)}` };
  }
}

function judgedTree(sql: string, tree: ReturnType<typeof parse>): Verdict {
  const printed = print(tree);
  const again = parsed(printed);
  const outcome = "read";
  if (again instanceof SqlError) {
    // Printing parts operators by parentheses, so a text just within the bounds may print past them.
    const finding = again.code === "limit" ? null : `what is printed isn't read: ${again.message}`;
    return { outcome, finding };
  }
  const difference = differs(tree.statements, again.statements);
  if (difference !== null) return { outcome, finding: `what is printed reads as another tree: ${difference}` };
  if (print(again) !== printed) return { outcome, finding: "what is printed prints otherwise" };
  if (!/^[\x20-\x7e\n]*$/.test(printed)) return { outcome, finding: "what is printed isn't ASCII" };
  const redaction = redact(tree);
  const filled = redaction.sql.replace(/⟨(\d+)⟩/g, (_, place) => redaction.literals[Number(place) - 1] ?? "");
  if (filled !== printed) return { outcome, finding: "the redacted text with its literals isn't the text" };
  const literal = tokenize(redaction.sql.replace(/⟨\d+⟩/g, " ? ")).find(
    ({ kind }) => kind === "string" || kind === "bytes" || kind === "integer" || kind === "float",
  );
  if (literal !== undefined) return { outcome, finding: `the redacted text holds a literal: ${literal.kind}` };
  return judgedAnalysis(sql);
}

function judgedAnalysis(sql: string): Verdict {
  const names = catalogNames(sql, DEFAULTS);
  const { plan } = analyze(sql, OPTIONS);
  if (!plan.understood) {
    const hidden = plan.refusal.message === "The query could not be analysed";
    const deep = plan.refusal.message === "The query is too large or too deeply nested to analyse";
    return { outcome: "read", finding: hidden || deep ? `analyze throws: ${plan.refusal.message}` : null };
  }
  const outcome = "analysed";
  const mentioned = new Set(names.understood ? [...names.tables, ...names.models] : []);
  const missed = plan.statements.flatMap(({ reads }) => reads).find(({ table }) => !mentioned.has(table));
  if (missed !== undefined) return { outcome, finding: "analyze reads a table that catalogNames does not name" };
  const second = analyze(plan.canonicalSql, OPTIONS).plan;
  if (!second.understood) return { outcome, finding: `the canonical SQL is refused: ${second.refusal.message}` };
  if (second.canonicalSql !== plan.canonicalSql) return { outcome, finding: "the canonical SQL isn't its own" };
  const difference = differs(plan, second);
  const finding = difference === null ? null : `the canonical SQL has another plan: ${difference}`;
  return { outcome, finding, names: namesIn(plan.statements) };
}

function namesIn(statements: UnderstoodPlan["statements"]): number {
  let names = 0;
  const count = (output: Pick<Output, "explicit" | "implicit" | "fields">): void => {
    names += 1 + output.explicit.length + output.implicit.length;
    output.fields?.forEach(count);
  };
  for (const { reads, outputs, writes } of statements) {
    outputs.forEach(count);
    for (const { columns } of reads) names += columns.length;
    for (const { columns, implicit } of writes) {
      names += implicit.length;
      columns.forEach(count);
    }
  }
  return names;
}

function parsed(sql: string): ReturnType<typeof parse> | SqlError {
  try {
    return parse(sql);
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Where two values differ, places in the text apart; null where they are equal. */
function differs(a: unknown, b: unknown): string | null {
  if (a === b) return null;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return "value";
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return "length";
    for (let i = 0; i < a.length; i++) {
      const inner = differs(a[i], b[i]);
      if (inner !== null) return inner;
    }
    return null;
  }
  const left = new Map(Object.entries(a));
  const right = new Map(Object.entries(b));
  if (left.size !== right.size) return "properties";
  for (const [key, value] of left) {
    if (key === "start" || key === "end") continue;
    const inner = differs(value, right.get(key));
    if (inner !== null) return `${String(left.get("kind") ?? "")}.${key} ${inner}`;
  }
  return null;
}
