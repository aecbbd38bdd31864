/** `npm run bench [-- --only NAME] [--quick] [--json FILE]`; see README.md beside this file. */
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import type { Figure, Group } from "./figure.ts";
import { evidence } from "./figures/evidence.ts";
import { maskedPage } from "./figures/masked-page.ts";
import { masker } from "./figures/masker.ts";
import { smallQueries } from "./figures/small-queries.ts";
import { smallQuery } from "./figures/small-query.ts";
import { sql } from "./figures/sql.ts";
import { storageRead } from "./figures/storage-read.ts";
import { text } from "./figures/text.ts";

const GROUPS: readonly Group[] = [smallQuery, smallQueries, maskedPage, storageRead, masker, evidence, sql, text];

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
  },
});

const unknown = values.only?.find((name) => !GROUPS.some((group) => group.name === name));
if (unknown !== undefined) {
  console.error(`There is no benchmark ${unknown}; there are ${GROUPS.map((group) => group.name).join(", ")}.`);
  process.exit(2);
}

const memory = (totalmem() / 2 ** 30).toFixed(0);
console.log(
  `Node ${process.version} on ${process.platform} ${process.arch}; ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "unknown processor"}, ${memory} GiB`,
);
console.log(`Medians of rounds in pairs; ratio = ours / comparison.${values.quick ? " Quick: expect noise." : ""}`);

const figures: Figure[] = [];
for (const group of GROUPS) {
  if (values.only !== undefined && !values.only.includes(group.name)) continue;
  console.log(`\n${group.title}`);
  for (const figure of await group.measure(values.quick)) {
    figures.push(figure);
    console.log(line(figure));
  }
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);

function line({ name, value, unit, against, ratio, floor }: Figure): string {
  const number = (n: number) => n.toPrecision(n >= 100 ? Math.ceil(Math.log10(n + 1)) : 3).padStart(8);
  return `  ${name.padEnd(36)}${number(value)} ${unit.padEnd(9)}against${number(against)} ${unit.padEnd(9)}ratio ${ratio.toFixed(2)}${floor === null ? "" : `, floor ${floor}`}`;
}
