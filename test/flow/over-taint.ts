/**
 * What the plan foresees in vain, with as much tried as makes edges come: `npm run fuzz:flow -- --over-taint 300 --seed 1`. Of a fixed
 * sample of queries each path that is read is changed in every database and every way, again until a round brings no more edges. What is
 * left is told by how the plan says that it comes, and by what stands in the expression that the column is used in.
 */
import { analyze, type Explanation } from "@chaperone/googlesql";
import { CATALOG } from "./catalog.ts";
import { numbersFrom } from "./choices.ts";
import { mix } from "./databases.ts";
import { generate } from "./generator.ts";
import { planOf } from "./pair.ts";
import { type Edge, EXHAUSTIVE, measure } from "./precision.ts";
import { CATALOG_DEFAULTS } from "./schema.ts";
import { Warehouse } from "./warehouse.ts";

/** Numbers that a query is made from. */
const NUMBERS = 260;
/** Longer queries are mostly about themselves: conditions that never hold. */
const EXAMPLE = 260;

interface Count {
  foreseen: number;
  missing: number;
  /** The shortest query with one that never came. */
  example: string;
}

export async function overTaint(queries: number, seed: number, longest: number): Promise<string> {
  let warehouse = new Warehouse();
  const causes = new Map<string, Count>();
  const places = new Map<string, Count>();
  const constructs = new Map<string, Count>();
  let [measured, pairs, edges, missing, still] = [0, 0, 0, 0, 0];
  for (let made = 0; measured < queries; made++) {
    const query = generate(numbersFrom(mix(seed, made), NUMBERS));
    const plan = query.google.length > longest ? "too long" : planOf(query.google);
    if (typeof plan === "string" || plan.reads.length === 0) continue;
    const found = await measure(query, plan, warehouse, mix(seed, made), EXHAUSTIVE);
    if (found.leak !== null) return `LEAK: ${found.leak.message}\n${query.google}\n${query.duck}`;
    measured++;
    pairs += found.pairs;
    const explained = explanationOf(query.google);
    for (const edge of found.edges) {
      edges++;
      if (!edge.came) missing++;
      if (!edge.came && edge.still) still++;
      // Where the output never changes, nothing can be seen to come.
      if (edge.still) continue;
      const note = (counts: Map<string, Count>, name: string): void => count(counts, name, edge, query.google);
      for (const cause of edge.causes) {
        note(causes, cause);
        note(places, `${cause}, in ${placeOf(explained, edge)}`);
      }
      for (const construct of query.constructs) note(constructs, construct);
    }
    if (measured % 25 === 0) {
      console.log(`${measured} queries, ${pairs} pairs, ${edges} edges, ${missing} never came`);
      warehouse.close();
      warehouse = new Warehouse();
    }
  }
  warehouse.close();
  const share = (part: number, of: number): string =>
    `${part} of ${of} (${((100 * part) / Math.max(1, of)).toFixed(1)} %)`;
  const table = (counts: Map<string, Count>): string[] =>
    [...counts]
      .sort((a, b) => b[1].missing - a[1].missing)
      .flatMap(([name, { foreseen, missing, example }]) => [
        `  ${name}: ${share(missing, foreseen)}`,
        ...(example === "" || example.length > EXAMPLE ? [] : [`      ${example}`]),
      ]);
  return [
    `seed ${seed}: ${measured} queries, ${pairs} pairs`,
    `edges that never came: ${share(missing, edges)}; without outputs that were the same in every run: ${share(missing - still, edges - still)}`,
    "",
    "by the rule (without those outputs)",
    ...table(causes),
    "",
    "by the rule and what the expression holds that the column is used in",
    ...table(places),
    "",
    "by construct of the query",
    ...table(constructs),
  ].join("\n");
}

function count(counts: Map<string, Count>, name: string, edge: Edge, google: string): void {
  const known = counts.get(name) ?? { foreseen: 0, missing: 0, example: "" };
  known.foreseen++;
  if (!edge.came) {
    known.missing++;
    const example = `${edge.path} → ${edge.output}: ${google}`;
    if (known.example === "" || example.length < known.example.length) known.example = example;
  }
  counts.set(name, known);
}

function explanationOf(google: string): Explanation | undefined {
  return analyze(google, { catalog: CATALOG, ...CATALOG_DEFAULTS, explain: true }).explanation;
}

type Step = Explanation["outputs"][number]["made"][number];

/** What stands in the innermost expression of the output that uses the column. */
function placeOf(explained: Explanation | undefined, edge: Edge): string {
  const output = explained?.outputs.find(({ name }) => name === edge.output);
  const uses = (steps: readonly Step[], within: string): string[] =>
    steps.flatMap((step) => {
      if (step.kind === "column") return covered(step.text, edge.path) ? [within] : [];
      return uses(step.from, step.kind === "expression" ? step.text : within);
    });
  const [text] = uses(output?.made ?? [], "its name alone");
  if (text === undefined) return "no expression of the output";
  const held = HELD.filter(([pattern]) => pattern.test(text)).map(([, name]) => name);
  return held.length === 0 ? (text === "its name alone" ? text : "another expression") : held.join(" + ");
}

function covered(column: string, path: string): boolean {
  return column === path || column.startsWith(`${path}.`) || path.startsWith(`${column}.`);
}

const HELD: readonly (readonly [RegExp, string])[] = [
  [/\bOVER\b/, "OVER"],
  [/\b(?:CASE|IF|IFNULL|COALESCE|NULLIF)\b/, "a condition"],
  [/\bSELECT\b/, "a subquery"],
  [/\b(?:ARRAY_AGG|STRING_AGG)\b/, "a gathering aggregate"],
  [/\b(?:SUM|AVG|COUNT|COUNTIF|MIN|MAX|ANY_VALUE|MAX_BY|MIN_BY|LOGICAL_OR|LOGICAL_AND)\b/, "an aggregate"],
  [/\b(?:AND|OR|IN|BETWEEN)\b|[<>=]/, "a comparison"],
];
