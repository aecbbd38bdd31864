/** docs/clients.md: client × feature, as last seen. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kind } from "./clients.ts";
import { FEATURES, type Feature, type Step } from "./steps.ts";

export interface Outcome {
  readonly client: string;
  readonly version: string;
  readonly kind: Kind;
  readonly feature: Feature;
  readonly how: Step["how"];
  /** Null when it passed. */
  readonly fault: string | null;
}

const FILE = join(import.meta.dirname, "../../docs/clients.md");
const [START, END] = ["<!-- matrix: npm run conformance -- --write -->", "<!-- end of matrix -->"];

/** One client's column: its title, its credential, then a cell for each feature. */
type Column = ReadonlyMap<string, string>;
const NAME = "";
const CREDENTIAL = "credential";
const ROWS = [NAME, CREDENTIAL, ...Object.values(FEATURES)];

function columnsOf(outcomes: readonly Outcome[]): Column[] {
  const clients = [...new Map(outcomes.map((outcome) => [outcome.client, outcome])).values()];
  return clients.map(({ client, version, kind }) => {
    const cell = (feature: Feature) => {
      const seen = outcomes.filter((outcome) => outcome.client === client && outcome.feature === feature);
      if (seen.length === 0) return "";
      return seen.every(({ fault }) => fault === null) ? "yes" : "no";
    };
    const cells = Object.entries(FEATURES).map(([feature, title]) => [title, cell(feature as Feature)] as const);
    return new Map([[NAME, `${client} ${version}`], [CREDENTIAL, kind], ...cells]);
  });
}

/** The columns of a table that was written before. */
function columnsIn(table: string): Column[] {
  const lines = table
    .split("\n")
    .filter((line) => line.startsWith("|") && !line.startsWith("| ---"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const [titles = []] = lines;
  return titles.slice(1).map((_, index) => new Map(lines.map(([row = "", ...cells]) => [row, cells[index] ?? ""])));
}

/**
 * Clients that weren't asked now keep what was last seen of them, in the order of `CLIENTS`; so do features that weren't, of a
 * client of the same version.
 */
export function matrix(outcomes: readonly Outcome[], before: string, order: readonly string[]): string {
  const client = (column: Column) => (column.get(NAME) ?? "").replace(/ \S+$/, "");
  const seen = columnsIn(before);
  const now = columnsOf(outcomes).map((column) => {
    const last = seen.find((one) => one.get(NAME) === column.get(NAME));
    return new Map([...column].map(([row, cell]) => [row, cell === "" ? (last?.get(row) ?? "") : cell]));
  });
  const kept = seen.filter((column) => !now.some((one) => client(one) === client(column)));
  const columns = [...kept, ...now].sort((a, b) => order.indexOf(client(a)) - order.indexOf(client(b)));
  const lines = ROWS.map((row) => `| ${[row, ...columns.map((column) => column.get(row) ?? "")].join(" | ")} |`);
  return lines
    .toSpliced(
      1,
      0,
      `| ${ROWS.slice(0, 1)
        .concat(columns.map(() => ""))
        .map(() => "---")
        .join(" | ")} |`,
    )
    .join("\n");
}

export function writeMatrix(outcomes: readonly Outcome[], order: readonly string[]): void {
  const text = readFileSync(FILE, "utf8");
  const [from, to] = [text.indexOf(START), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${FILE} has no place for the matrix`);
  const before = text.slice(from + START.length, to);
  writeFileSync(FILE, `${text.slice(0, from)}${START}\n\n${matrix(outcomes, before, order)}\n\n${text.slice(to)}`);
}
