// Reads what `chaperone analyze --jsonl` writes: how many queries would run, what refuses the others, which columns are used how.
import { createInterface } from "node:readline";

const refusals = new Map();
const uses = new Map();
const count = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
let understood = 0;
let all = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { plan } = JSON.parse(line);
  all++;
  if (!plan.understood) {
    count(refusals, `${plan.refusal.code}: ${plan.refusal.message}`);
    continue;
  }
  understood++;
  for (const { table, mode } of plan.statements.flatMap(({ writes }) => writes)) count(uses, `${mode} of ${table}`);
  for (const { table, columns } of plan.statements.flatMap(({ reads }) => reads))
    for (const { path, uses: kinds } of columns) for (const use of kinds) count(uses, `${use} of ${table}.${path}`);
}
const print = (map) => {
  for (const [what, n] of [...map].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))) console.log(`${n}\t${what}`);
};
console.log(`${understood} of ${all} understood`);
print(refusals);
print(uses);
