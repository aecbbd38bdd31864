import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Dialect, parse as polyglotParse } from "@polyglot-sql/sdk";
import { buildGooglesql } from "../../build/googlesql.ts";
import { analyze } from "../../packages/googlesql/src/index.ts";
import { type Figure, type Group, inPairs, median, percentile } from "../figure.ts";
import { longStatement, OPTIONS, statements } from "../sql-statements.ts";

const SOURCES = pathToFileURL(join(import.meta.dirname, "../../packages/googlesql/src/index.ts")).href;

export const sql: Group = {
  name: "sql",
  title:
    "the whole analysis of a statement, text to access plan, 500 tables of 50 columns / @polyglot-sql/sdk, parsing alone",
  async measure(quick) {
    const texts = statements(200);
    for (const text of texts) requireUnderstood(text);
    // A server that runs has compiled what it runs; by fewer rounds neither side has.
    for (let warmUp = 0; warmUp < 25; warmUp++) {
      for (const text of texts) {
        analyze(text, OPTIONS);
        polyglotParse(text, Dialect.BigQuery);
      }
    }
    const ours: number[] = [];
    const theirs: number[] = [];
    for (const text of texts) {
      const pairs = await inPairs(
        quick ? 5 : 30,
        0,
        () => processorMilliseconds(() => analyze(text, OPTIONS)),
        () => processorMilliseconds(() => polyglotParse(text, Dialect.BigQuery)),
      );
      ours.push(...pairs.ours);
      theirs.push(...pairs.theirs);
    }
    const long = longStatement(1_000_000);
    requireUnderstood(long);
    const lengths = await inPairs(
      quick ? 3 : 7,
      1,
      () => processorMilliseconds(() => analyze(long, OPTIONS)) / (long.length / 1024),
      () => median(texts.map((text) => processorMilliseconds(() => analyze(text, OPTIONS)) / (text.length / 1024))),
    );
    const directory = mkdtempSync(join(tmpdir(), "bench-start-"));
    const installed = join(directory, "node_modules/@chaperone/googlesql");
    await buildGooglesql(installed);
    const starts = async (module: string, environment: NodeJS.ProcessEnv) =>
      inPairs(
        quick ? 5 : 25,
        // The first one fills the cache, where there is one.
        2,
        () => milliseconds(() => start(`import ${JSON.stringify(module)}`, environment)),
        () => milliseconds(() => start("", environment)),
      );
    const published = await starts(pathToFileURL(join(installed, "index.js")).href, {
      NODE_DISABLE_COMPILE_CACHE: "1",
    });
    const sources = await starts(SOURCES, { NODE_COMPILE_CACHE: join(directory, "cache") });
    rmSync(directory, { recursive: true, force: true });
    return [
      at("sql: 1 KB, p50", "ms", percentile(ours, 50), percentile(theirs, 50)),
      at("sql: 1 KB, p95", "ms", percentile(ours, 95), percentile(theirs, 95)),
      at("sql: 1 MB beside 1 KB", "ms/KB", median(lengths.ours), median(lengths.theirs)),
      at("sql: start, package as published", "ms", median(published.ours), median(published.theirs)),
      at("sql: start, sources, warm cache", "ms", median(sources.ours), median(sources.theirs)),
    ];
  },
};

function at(name: string, unit: string, value: number, against: number): Figure {
  return { name, value, unit, against, ratio: value / against, floor: null };
}

function requireUnderstood(text: string): void {
  const { plan } = analyze(text, OPTIONS);
  if (!plan.understood) throw new Error(`a statement of the benchmark was refused: ${plan.refusal.message}`);
}

/** In memory nothing waits, and what else the machine does counts less than on the clock. */
function processorMilliseconds(run: () => unknown): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function milliseconds(run: () => unknown): number {
  const started = performance.now();
  run();
  return performance.now() - started;
}

function start(source: string, environment: NodeJS.ProcessEnv): void {
  const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", source], {
    stdio: "ignore",
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw new Error("the process that was to be measured failed");
}
