/**
 * The long run: `npm run fuzz:parser -- --inputs 1000000 --seed 1 [--from N] [--seconds S] [--findings K]`.
 * Every finding is printed, made shorter, with the number that makes it again: `--seed S --from N --inputs 1`.
 */
import { parseArgs } from "node:util";
import { describe, fuzz } from "./run.ts";
import { CORPUS } from "./texts.ts";

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    from: { type: "string", default: "0" },
    seconds: { type: "string", default: "480" },
    findings: { type: "string", default: "10" },
  },
});

const seed = Number(values.seed);
console.log(`seed ${seed}; Google's parser tests: ${CORPUS ?? "not beside the repository"}`);
const result = fuzz({
  seed,
  from: Number(values.from),
  inputs: Number(values.inputs),
  seconds: Number(values.seconds),
  findings: Number(values.findings),
});
for (const finding of result.findings) console.log(`\n${finding}`);
console.log(describe(result));
if (result.findings.length > 0) process.exitCode = 1;
