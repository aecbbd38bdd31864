import { mutate, seedOf } from "./mutation.ts";
import { judge, type Verdict } from "./property.ts";
import { Random } from "./random.ts";
import { readTexts } from "./texts.ts";

export interface Run {
  readonly seed: number;
  /** The first input's number. */
  readonly from: number;
  readonly inputs: number;
  /** Stops after so long, and after so many findings of different kinds. */
  readonly seconds: number;
  readonly findings: number;
}

export interface RunResult {
  readonly inputs: number;
  readonly units: number;
  readonly milliseconds: number;
  readonly outcomes: ReadonlyMap<Verdict["outcome"], number>;
  /** One for each kind, with the text that shows it. */
  readonly findings: readonly string[];
}

export function fuzz(run: Run): RunResult {
  const seeds = readTexts().map(seedOf);
  const outcomes = new Map<Verdict["outcome"], number>();
  const findings = new Map<string, string>();
  const started = performance.now();
  let [input, units] = [run.from, 0];
  for (; input < run.from + run.inputs && findings.size < run.findings; input++) {
    if (input % 1000 === 0 && performance.now() - started > run.seconds * 1000) break;
    const sql = mutate(seeds, new Random(run.seed, input));
    const { outcome, finding } = judge(sql);
    units += sql.length;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (finding !== null && !findings.has(finding)) {
      const short = shortened(sql, finding);
      findings.set(finding, `${finding}\n  --seed ${run.seed} --from ${input} --inputs 1\n  ${JSON.stringify(short)}`);
    }
  }
  const milliseconds = performance.now() - started;
  return { inputs: input - run.from, units, milliseconds, outcomes, findings: [...findings.values()] };
}

export function describe({ inputs, units, milliseconds, outcomes, findings }: RunResult): string {
  const counts = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(", ");
  const rate = Math.round(inputs / (milliseconds / 1000));
  const length = Math.round(units / Math.max(1, inputs));
  return `${inputs} inputs of ${length} characters on average: ${counts}; ${findings.length} findings; ${rate} inputs a second`;
}

/** The finding's text with everything left out that it does not need. */
function shortened(sql: string, finding: string): string {
  let pieces: readonly string[] = seedOf(sql).pieces;
  for (let size = Math.ceil(pieces.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < pieces.length; ) {
      const less = [...pieces.slice(0, at), ...pieces.slice(at + size)];
      if (judge(less.join("")).finding === finding) pieces = less;
      else at += size;
    }
  }
  return pieces.join("");
}
