import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { nearest } from "../config/nearest.ts";
import { ConfigError, type ConfigProblem, readingFault } from "../config/problem.ts";
import type { DataClass } from "./data-class.ts";
import { BUILT_IN_CLASSES, isClassPath } from "./data-classes.ts";
import { foldPath } from "./names.ts";

/** What people say about their data: `catalog.yaml`, read and checked. It is stronger than any tag or label. */
export interface CatalogFile {
  /** SHA-256 (hex) of the text. */
  readonly hash: string;
  /** The file's own classes, with the words a reviewer reads. */
  readonly classes: ReadonlyMap<DataClass, string>;
  /** Class by policy tag, `projects/…/locations/…/taxonomies/…/policyTags/…`. */
  readonly policyTags: ReadonlyMap<string, DataClass>;
  /** Class by label, `key=value`, on a table or a dataset. */
  readonly labels: ReadonlyMap<string, DataClass>;
  /** By `project.dataset`. */
  readonly datasets: ReadonlyMap<string, DatasetEntry>;
}

export interface DatasetEntry {
  /** Whether it holds PHI; undefined: the file doesn't say, its labels may. */
  readonly phi: boolean | undefined;
  /** By table name, or by a name's beginning and `*`. */
  readonly tables: ReadonlyMap<string, TableEntry>;
}

export interface TableEntry {
  readonly phi: boolean | undefined;
  /** The column, in lower case, whose value says whose record a row is: what `dateshift` moves its dates by. */
  readonly subject: string | undefined;
  /** By path in lower case. No class: public. */
  readonly columns: ReadonlyMap<string, readonly DataClass[]>;
}

const LONGEST_FILE = 5_000_000;
const PUBLIC = "public";

const className = z
  .string("write a data class")
  .refine((text) => isClassPath(text), "not a data class; write it like phi.ssn");
const columnClasses = z.union(
  [className, z.array(className).min(1).max(20)],
  "write one data class, a list of them, or public",
);
const table = z.strictObject({
  phi: z.boolean("must be true or false").optional(),
  subject: z
    .string()
    .min(1)
    .max(300)
    .regex(/^[^.]+$/, "write the name of one column of the table, no path")
    .optional(),
  columns: z.record(z.string().min(1).max(1000), columnClasses).default({}),
});
const dataset = z.strictObject({
  phi: z.boolean("must be true or false").optional(),
  tables: z
    .record(z.string().regex(/^[^.*]+\*?$/, "a table's name, without dataset; * only at its end"), table)
    .default({}),
});
const schema = z.strictObject({
  version: z.literal(1, "must be 1"),
  classes: z.record(className, z.string("say in a sentence what it is").min(1).max(500)).default({}),
  policy_tags: z
    .record(
      z
        .string()
        .regex(
          /^projects\/[^/]+\/locations\/[^/]+\/taxonomies\/[^/]+\/policyTags\/[^/]+$/,
          "write the tag's resource name: projects/…/locations/…/taxonomies/…/policyTags/…",
        ),
      className,
    )
    .default({}),
  labels: z
    .record(
      z.string().regex(/^[\p{Ll}\p{Lo}\p{N}_-]{1,63}=[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u, "write a label as key=value"),
      className,
    )
    .default({}),
  datasets: z.record(z.string().regex(/^[^.]+(\.[^.:]+:[^.]+)?\.[^.]+$/, "write project.dataset"), dataset).default({}),
});

/** Reads catalog.yaml. Throws ConfigError with every problem, each with file, line and what to write instead. */
export function loadCatalogFile(path: string): CatalogFile {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw new ConfigError([problemAt(path, `can't be read: ${readingFault(error)}`)]);
  }
  return parseCatalogFile(text, path);
}

/** What loadCatalogFile does with the text; `name` is how problems call the file. */
export function parseCatalogFile(text: string, name: string): CatalogFile {
  if (text.length > LONGEST_FILE) throw new ConfigError([problemAt(name, `is longer than ${LONGEST_FILE} characters`)]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: "1.2", schema: "core", prettyErrors: false });
  const [unreadable] = [...document.errors, ...document.warnings];
  if (unreadable !== undefined) {
    const { line, col } = lines.linePos(unreadable.pos[0]);
    throw new ConfigError([
      { file: name, line, column: col, path: "", message: `not valid YAML: ${unreadable.message}` },
    ]);
  }
  const locate = (path: readonly PropertyKey[], message: string): ConfigProblem => {
    const { line, col } = lines.linePos(offsetOf(document, path));
    return { file: name, line: line || 1, column: col || 1, path: path.map(String).join(" > "), message };
  };
  let value: unknown;
  try {
    // No aliases: what is said about a column stands where the column stands.
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new ConfigError([problemAt(name, "has an alias (*name); write the value out")]);
  }
  const parsed = schema.safeParse(value ?? {});
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => {
        const keys = issue.code === "unrecognized_keys" ? issue.keys : [];
        const message = issue.code === "invalid_key" ? issue.issues[0]?.message : undefined;
        return locate([...issue.path, ...keys.slice(0, 1)], message ?? issue.message);
      }),
    );
  }
  const problems: ConfigProblem[] = [];
  const file = fileOf(parsed.data, text, (path, message) => problems.push(locate(path, message)));
  if (problems.length > 0) throw new ConfigError(problems);
  return file;
}

function fileOf(
  data: z.infer<typeof schema>,
  text: string,
  problem: (path: readonly PropertyKey[], message: string) => void,
): CatalogFile {
  const known = [...Object.keys(BUILT_IN_CLASSES), ...Object.keys(data.classes)];
  for (const own of Object.keys(data.classes)) {
    if (own in BUILT_IN_CLASSES || own === PUBLIC)
      problem(["classes", own], "is built in; give your class another name");
  }
  const check = (dataClass: string, path: readonly PropertyKey[]) => {
    if (known.includes(dataClass)) return;
    const meant = dataClass === PUBLIC ? undefined : nearest(dataClass, known);
    const hint =
      meant === undefined ? "declare it under classes" : `did you mean ${meant}? Else declare it under classes`;
    problem(path, `no data class is called ${dataClass}; ${hint}`);
  };
  for (const section of ["policy_tags", "labels"] as const) {
    for (const [key, dataClass] of Object.entries(data[section])) check(dataClass, [section, key]);
  }
  const tableEntry = (entry: z.infer<typeof table>, at: readonly PropertyKey[]): TableEntry => {
    const columns = new Map<string, readonly DataClass[]>();
    for (const [path, given] of Object.entries(entry.columns)) {
      const where = [...at, "columns", path];
      const classes = [...new Set([given].flat())];
      const folded = foldPath(path);
      if (columns.has(folded)) problem(where, "names a column twice; upper and lower case are one column");
      if (classes.includes(PUBLIC) && classes.length > 1)
        problem(where, "public stands alone: a public column has no class");
      for (const dataClass of classes) if (dataClass !== PUBLIC) check(dataClass, where);
      columns.set(
        folded,
        classes.filter((dataClass) => dataClass !== PUBLIC),
      );
    }
    return { phi: entry.phi, subject: entry.subject === undefined ? undefined : foldPath(entry.subject), columns };
  };
  const datasets = Object.entries(data.datasets).map(([name, entry]): [string, DatasetEntry] => {
    const tables = Object.entries(entry.tables).map(([tableName, inner]): [string, TableEntry] => [
      tableName,
      tableEntry(inner, ["datasets", name, "tables", tableName]),
    ]);
    return [name, { phi: entry.phi, tables: new Map(tables) }];
  });
  return {
    hash: createHash("sha256").update(text).digest("hex"),
    classes: new Map(Object.entries(data.classes)),
    policyTags: new Map(Object.entries(data.policy_tags)),
    labels: new Map(Object.entries(data.labels)),
    datasets: new Map(datasets),
  };
}

/** What the file says of a table: by its name, else by the longest beginning that fits. */
export function tableEntryOf(dataset: DatasetEntry | undefined, tableName: string): TableEntry | undefined {
  const exact = dataset?.tables.get(tableName);
  if (exact !== undefined || dataset === undefined) return exact;
  let best: { readonly length: number; readonly entry: TableEntry } | undefined;
  for (const [pattern, entry] of dataset.tables) {
    const fits = pattern.endsWith("*") && tableName.startsWith(pattern.slice(0, -1));
    if (fits && pattern.length > (best?.length ?? 0)) best = { length: pattern.length, entry };
  }
  return best?.entry;
}

/** Offset of the key at `path`, or of the deepest part of it that is written. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    if (!isMap(node)) return offset;
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
    if (pair === undefined) return offset;
    offset = isNode(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
    node = pair.value;
  }
  return offset;
}

function problemAt(file: string, message: string): ConfigProblem {
  return { file, line: 1, column: 1, path: "", message };
}
