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

export function matrix(outcomes: readonly Outcome[]): string {
  const clients = [...new Map(outcomes.map((outcome) => [outcome.client, outcome])).values()];
  const cell = (client: string, feature: Feature) => {
    const seen = outcomes.filter((outcome) => outcome.client === client && outcome.feature === feature);
    if (seen.length === 0) return "";
    return seen.every(({ fault }) => fault === null) ? "yes" : "no";
  };
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    row(["", ...clients.map(({ client, version }) => `${client} ${version}`)]),
    row(["---", ...clients.map(() => "---")]),
    row(["credential", ...clients.map(({ kind }) => kind)]),
    ...Object.entries(FEATURES).map(([feature, title]) =>
      row([title, ...clients.map(({ client }) => cell(client, feature as Feature))]),
    ),
  ].join("\n");
}

export function writeMatrix(outcomes: readonly Outcome[]): void {
  const text = readFileSync(FILE, "utf8");
  const [from, to] = [text.indexOf(START), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${FILE} has no place for the matrix`);
  writeFileSync(FILE, `${text.slice(0, from)}${START}\n\n${matrix(outcomes)}\n\n${text.slice(to)}`);
}
