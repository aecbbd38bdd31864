/**
 * The long run: `npm run fuzz:flow -- --pairs 100000 --seed 1 --resume FILE`.
 * `--programs`: DML and scripts rather than queries. `--measured 100`: how much is foreseen in vain, of so many queries in 100.
 * `--over-taint 300`: of so many queries what is foreseen in vain, with all tried that makes it come; `--longest` leaves out longer ones.
 * FILE keeps where the run is, so that it can be stopped and taken up again. A counterexample is written to `cases/`.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { overTaint } from "./over-taint.ts";
import { describeLeak, PROGRAMS, QUERIES, search } from "./property.ts";
import { describe, emptyTally, neverSeen, type Tally } from "./tally.ts";
import { Warehouse } from "./warehouse.ts";

const BATCH = 100;

interface State {
  readonly seed: number;
  batch: number;
  tally: Tally;
}

const { values } = parseArgs({
  options: {
    pairs: { type: "string", default: "10000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    resume: { type: "string" },
    leaks: { type: "string", default: "1" },
    programs: { type: "boolean", default: false },
    measured: { type: "string", default: "25" },
    "over-taint": { type: "string" },
    longest: { type: "string", default: "1500" },
  },
});

if (values["over-taint"] !== undefined) {
  console.log(await overTaint(Number(values["over-taint"]), Number(values.seed), Number(values.longest)));
  process.exit();
}

const file = values.resume;
const state: State =
  file !== undefined && existsSync(file)
    ? JSON.parse(readFileSync(file, "utf8"))
    : { seed: Number(values.seed), batch: 0, tally: emptyTally() };
console.log(`seed ${state.seed}, from batch ${state.batch}`);

const subject = values.programs ? PROGRAMS : QUERIES;
let warehouse = new Warehouse();
let leaks = 0;
while (state.tally.pairs < Number(values.pairs) && leaks < Number(values.leaks)) {
  const leak = await search(warehouse, state.seed + state.batch, BATCH, state.tally, subject, Number(values.measured));
  state.batch++;
  if (leak !== null && leak.report.leak !== null) {
    leaks++;
    console.log(`\nseed ${state.seed + state.batch - 1}\n${describeLeak(leak)}`);
    const path = join(import.meta.dirname, "cases", `found-${state.seed + state.batch - 1}.json`);
    writeFileSync(
      path,
      `${JSON.stringify({ ...leak.report.leak.example, title: leak.report.leak.message.split("\n")[0] }, null, 2)}\n`,
    );
    console.log(`written to ${path}`);
  }
  if (file !== undefined) writeFileSync(file, JSON.stringify(state));
  if (state.batch % 20 === 0) {
    console.log(`${state.tally.pairs} pairs`);
    warehouse.close();
    warehouse = new Warehouse();
  }
}
warehouse.close();
console.log(describe(state.tally, subject.constructs));
if (leaks > 0 || (state.tally.pairs >= 20_000 && neverSeen(state.tally, subject.constructs).length > 0))
  process.exitCode = 1;
