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
  /** Null when the client can do it with no gateway between. */
  readonly straight: string | null;
}

/** What stood behind the gateway: each has a table of its own. */
export type Behind = "warehouse" | "emulator";

const FILE = join(import.meta.dirname, "../../docs/clients.md");
const START: Readonly<Record<Behind, string>> = {
  warehouse: "<!-- matrix: npm run conformance -- --write -->",
  emulator: "<!-- matrix of the emulator: npm run conformance -- --write -->",
};
const END = "<!-- end of matrix -->";

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
      const through = seen.every(({ fault }) => fault === null) ? "yes" : "no";
      return seen.every(({ straight }) => straight === null) ? through : `${through}, straight no`;
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

/** `title` stands above it; what was seen under another one isn't kept. */
export function writeMatrix(
  behind: Behind,
  title: string,
  outcomes: readonly Outcome[],
  order: readonly string[],
): void {
  writeFileSync(FILE, withMatrix(readFileSync(FILE, "utf8"), behind, title, outcomes, order));
}

export function withMatrix(
  text: string,
  behind: Behind,
  title: string,
  outcomes: readonly Outcome[],
  order: readonly string[],
): string {
  const start = START[behind];
  const from = text.indexOf(start);
  const to = text.indexOf(END, from);
  if (from < 0 || to < 0) throw new Error(`no place for the matrix: ${start}`);
  const before = text.slice(from + start.length, to);
  const kept = before.split("\n").includes(title) ? before : "";
  return `${text.slice(0, from)}${start}\n\n${title}\n\n${matrix(outcomes, kept, order)}\n\n${text.slice(to)}`;
}
