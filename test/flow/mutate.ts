/**
 * `npm run mutate:flow`: weakens the flow rules in a copy, one at a time: each rule of flow.ts, and each place where the
 * resolver applies one. A weakened rule that neither the tables of plans nor a slice of the noninterference test notices is
 * a survivor, and makes the run fail. `--only flow`, `--only resolver`; `--shard 2/5` runs every fifth, from the second on.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { resolverMutants } from "./resolver-mutants.ts";

/**
 * A rule, a piece of its text, and what to put there. What decided over a STRUCT stands both at the STRUCT and in its
 * fields; taking one of the two away changes no plan, so neither is listed.
 */
const MUTANTS: readonly (readonly [rule: string, from: string, to: string])[] = [
  [
    "sourceKey: one path for a whole table",
    "export function sourceKey(table: TableName, path: string): SourceKey {",
    "export function sourceKey(table: TableName, path: string): SourceKey {\n  path = path === '*' ? '*' : 'k';",
  ],
  ["viasOf: no transform", 'if (ways & TRANSFORM) vias.push({ via: "transform" });', ""],
  ["viasOf: no count", 'else if (ways & COUNT) vias.push({ via: "aggregate", statistic: "count" });', ""],
  [
    "fieldTypes: fields of arrays not told",
    'return type.kind === "array" && type.element.kind === "struct" ? type.element.fields : null;',
    "return null;",
  ],
  [
    "columnFlow: no source",
    "explicit: new Map([[sourceKey(table, path), COPY]]),\n    fields:",
    "explicit: NO_SOURCES,\n    fields:",
  ],
  ["rowsFlow: no source", 'explicit: new Map([[sourceKey(table, "*"), COPY]])', "explicit: NO_SOURCES"],
  ["either: the first alone", "if (second === undefined) return first;\n  const arity", "return first;\n  const arity"],
  [
    "either: fields of the first alone",
    "either(flows.map((f) => f.fields?.[i] ?? f))",
    "either(flows.slice(0, 1).map((f) => f.fields?.[i] ?? f))",
  ],
  ["unite: no implicit", "for (const key of flow.implicit) implicit.add(key);", ""],
  [
    "unite: no explicit but the last",
    "for (const flow of flows) {\n    for (const [key, ways]",
    "for (const flow of flows) {\n    explicit.clear();\n    for (const [key, ways]",
  ],
  ["unite: never constant", "constant ||= flow.constant;", ""],
  ["unite: level of none", "level = Math.min(level, flow.level);", ""],
  [
    "whole: the first field alone",
    "for (const field of fields) {\n      if",
    "for (const field of fields.slice(0, 1)) {\n      if",
  ],
  ["whole: inner fields lost", "        collect(field.fields);\n", ""],
  [
    "shape: nothing",
    "return flow.fields === null || flow.explicit.size === 0 ? whole(flow) : { ...flow, fields: null };",
    "return NOTHING;",
  ],
  [
    "shape: without what decided",
    "whole(flow) : { ...flow, fields: null };",
    "whole(flow) : { ...flow, implicit: NO_KEYS, fields: null };",
  ],
  ["transformed: the first alone", "unite(flows.map(whole)),", "unite(flows.slice(0, 1).map(whole)),"],
  ["transformed: stays a copy", "(ways & (COPY | TRANSFORM) ? TRANSFORM : 0)", "(ways & (COPY | TRANSFORM))"],
  ["aggregated: nothing", "const value = unite(flows.map(whole));", "const value = NOTHING;"],
  ["aggregated: always a statistic", "if (value.level < depth)", "if (value.level < -9)"],
  ["rerouted: nothing", "explicit.set(key, route(ways));", ""],
  [
    "chosenBy: conditions don't count",
    "if (conditions.length === 0) return value;",
    "if (conditions.length >= 0) return value;",
  ],
  [
    "chosenBy: not shown",
    "return everywhere(value, (leaf) => unite([leaf, added]));",
    "return decidedBy(value, added.implicit);",
  ],
  ["decidedBy: nothing", "if (keys.size === 0) return value;", "if (keys.size >= 0) return value;"],
  ["seenFromWithin: nothing", "Math.min(leaf.level, depth) }));", "leaf.level }));"],
  ["picked: nothing", "level: PICKED }));", "level: leaf.level }));"],
  [
    "lengthOf: no rows",
    "return elements.explicit.size === 0 ? unite([elements, rows]) : elements;",
    "return elements;",
  ],
  ["filteredBy: the condition not shown", "showing(elements, transformed([condition]))", "elements"],
  [
    "filteredBy: the condition doesn't decide",
    ", transformed([condition])), keysOf(condition));",
    ", transformed([condition])), NO_KEYS);",
  ],
  ["ofLength: the length not shown", "const shown = showing(elements, length);", "const shown = elements;"],
  ["ofLength: no fields decided", "elements.fields === null ? shown : decidedBy(shown, keysOf(length))", "shown"],
  ["closed: nothing", "leaf.level <= ARGUMENT ? leaf : { ...leaf, level: OWN }", "leaf"],
  ["showing: a statistic for a value", "(known & (COPY | TRANSFORM)) !== 0 ||", "known !== 0 ||"],
  [
    "everywhere: not in the fields",
    "fields: flow.fields.map((field) => everywhere(field, change)) };",
    "fields: flow.fields };",
  ],
  [
    "structFlow: the first field's for all",
    "return { ...NOTHING, fields, level:",
    "return { ...NOTHING, fields: fields.map((f) => fields[0] ?? f), level:",
  ],
  ["fieldFlow: always the first", "flow.fields?.[index];", "flow.fields?.[0];"],
  [
    "keysOf: explicit alone",
    "return union([new Set(value.explicit.keys()), value.implicit]);",
    "return new Set(value.explicit.keys());",
  ],
  [
    "keysOf: implicit alone",
    "return union([new Set(value.explicit.keys()), value.implicit]);",
    "return value.implicit;",
  ],
  [
    "covers: always, so that a recursion ends after its first pass",
    "export function covers(known: Flow, flow: Flow): boolean {",
    "export function covers(known: Flow, flow: Flow): boolean {\n  if (known !== flow) return true;",
  ],
  ["covers: whatever is explicit", "if ((ways & ~(known.explicit.get(key) ?? 0)) !== 0) return false;", ""],
  ["covers: whatever is implicit", "if (!known.implicit.has(key)) return false;", ""],
  ["covers: whatever the fields", "covers(field, flow.fields?.[i] ?? own(flow))", "covers(field, field)"],
  ["union: the first alone", "if (second === undefined) return first;\n  const all", "return first;\n  const all"],
];

/** `both` runs both on every mutant, rather than the second where the first noticed nothing. */
const { values: flags } = parseArgs({
  options: { both: { type: "boolean" }, only: { type: "string" }, shard: { type: "string" } },
});
const root = join(import.meta.dirname, "../..");
const copy = mkdtempSync(join(tmpdir(), "flow-mutants-"));
const GOOGLESQL = "packages/googlesql/src";

function prepare(): void {
  for (const part of ["package.json", "tsconfig.json", "packages/googlesql", "test/flow"]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  mkdirSync(join(copy, "node_modules/@chaperone"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== "@chaperone") symlinkSync(join(root, "node_modules", name), join(copy, "node_modules", name));
  }
  symlinkSync(join(copy, "packages/googlesql"), join(copy, "node_modules/@chaperone/googlesql"));
}

function passes(...files: readonly string[]): boolean {
  // A mutant can also run for ever, which is noticed too.
  const { status } = spawnSync(process.execPath, ["--test", "--test-isolation=none", ...files], {
    cwd: copy,
    stdio: "ignore",
    timeout: 300_000,
  });
  return status === 0;
}

/** Tables of plans: queries with their exact sources. */
function tables(): string[] {
  return readdirSync(join(copy, GOOGLESQL))
    .filter((name) => /^(analyze.*|explain)\.test\.ts$/.test(name))
    .map((name) => join(GOOGLESQL, name));
}

const FUZZ = "test/flow/noninterference.test.ts";

interface Named {
  readonly rule: string;
  readonly file: string;
  readonly text: string;
}

function flowMutants(): Named[] {
  const file = join(copy, GOOGLESQL, "flow/flow.ts");
  const text = readFileSync(file, "utf8");
  return MUTANTS.map(([rule, from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`the text of "${rule}" stands not once in flow.ts`);
    return { rule, file, text: text.replace(from, () => to) };
  });
}

function placesInTheResolver(): Named[] {
  return resolverMutants(join(copy, GOOGLESQL, "resolver")).map(({ file, line, start, end, from, to }) => {
    const text = readFileSync(file, "utf8");
    const rule = `${relative(join(copy, GOOGLESQL), file)}:${line}: ${from.replace(/\s+/g, " ").slice(0, 90)}`;
    return { rule, file, text: text.slice(0, start) + to + text.slice(end) };
  });
}

function shardOf<T>(all: readonly T[], shard: string | undefined): readonly T[] {
  const [, which, of] = /^(\d+)\/(\d+)$/.exec(shard ?? "1/1") ?? [];
  if (which === undefined || of === undefined) throw new Error("--shard takes N/M");
  return all.filter((_, i) => i % Number(of) === Number(which) - 1);
}

prepare();
try {
  const all = [
    ...(flags.only === "resolver" ? [] : flowMutants()),
    ...(flags.only === "flow" ? [] : placesInTheResolver()),
  ];
  if (!passes(...tables()) || !passes(FUZZ)) throw new Error("the tests fail without any mutant");
  const survivors: string[] = [];
  const mutants = shardOf(all, flags.shard);
  for (const { rule, file, text } of mutants) {
    const unchanged = readFileSync(file, "utf8");
    writeFileSync(file, text);
    const table = passes(...tables()) ? "–" : "table";
    const fuzz = (table !== "–" && flags.both !== true) || passes(FUZZ) ? "–" : "fuzz";
    writeFileSync(file, unchanged);
    console.log(`${rule}: ${table} ${fuzz}`);
    if (table === "–" && fuzz === "–") survivors.push(rule);
  }
  console.log(`${mutants.length} of ${all.length} mutants`);
  console.log(survivors.length === 0 ? "no survivors" : `survivors:\n  ${survivors.join("\n  ")}`);
  if (survivors.length > 0) process.exitCode = 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
