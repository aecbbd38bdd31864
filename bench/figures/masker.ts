import { createSecretKey, randomBytes } from "node:crypto";
import { deriveTokenKeys, JsonRowsMasker, type MaskRule } from "../../packages/masking/src/index.ts";
import { maskRowsByParsing } from "../../packages/masking/src/testing/mask-rows-by-parsing.ts";
import { type Figure, figure, type Group, inPairs } from "../figure.ts";
import { wideFields, widePage } from "../wide-page.ts";

const CHUNK = 64 * 1024;

const CASES: Readonly<Record<string, Readonly<Record<string, MaskRule>>>> = {
  "no mask": {},
  "three masks without a key": { ssn: "last4", mrn: "null", full_name: "default" },
  "three masks, one a token": { ssn: "last4", mrn: "token", full_name: "null" },
};

export const masker: Group = {
  name: "masker",
  title: "a page of 10 MB in memory: the streaming masker / JSON.parse, mask, JSON.stringify",
  async measure(quick) {
    const page = widePage();
    const keys = deriveTokenKeys(createSecretKey(randomBytes(32)));
    // Derived once, so that neither side pays for it.
    const key = keys.keyOf("");
    const figures: Figure[] = [];
    for (const [name, rules] of Object.entries(CASES)) {
      const options = { fields: wideFields(rules), keys: { keyOf: () => key }, now: new Date() };
      const streamed = () => {
        const streaming = new JsonRowsMasker(options);
        for (let i = 0; i < page.length; i += CHUNK) streaming.push(page.subarray(i, i + CHUNK));
        streaming.end();
      };
      const parsed = () => Buffer.from(JSON.stringify(maskRowsByParsing(page.toString(), options)));
      const rate = (run: () => unknown) => {
        const milliseconds = cpuMilliseconds(run);
        return page.length / 1000 / milliseconds;
      };
      const { ours, theirs } = await inPairs(
        quick ? 5 : 15,
        2,
        () => rate(streamed),
        () => rate(parsed),
      );
      figures.push(figure(`masker: ${name}`, "MB/s", ours, theirs));
    }
    return figures;
  },
};

/** Processor time: in memory nothing waits, and what else the machine does counts less than on the clock. */
function cpuMilliseconds(run: () => unknown): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
