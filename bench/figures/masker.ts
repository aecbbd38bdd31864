import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import {
  deriveTokenKeys,
  JsonRowsMasker,
  type MaskedField,
  type MaskRule,
  type RowsMaskerOptions,
} from "../../packages/masking/src/index.ts";
import { maskRowsByParsing } from "../../packages/masking/src/testing/mask-rows-by-parsing.ts";
import { type Figure, figure, type Group, inPairs } from "../figure.ts";
import { wideFields, widePage } from "../wide-page.ts";

const CHUNK = 64 * 1024;

/** Masks, and the least ratio asked for. */
const CASES: Readonly<Record<string, readonly [Readonly<Record<string, MaskRule>>, number | null]>> = {
  "no mask": [{}, null],
  "three masks without a key": [{ ssn: "last4", mrn: "null", full_name: "default" }, null],
  "three masks, one a token": [{ ssn: "last4", mrn: "token", full_name: "null" }, 10],
};
const TOKENS = 50_000;

export const masker: Group = {
  name: "masker",
  title:
    "a page of 10 MB in memory: the streaming masker / JSON.parse, mask, JSON.stringify; / memcpy; tokens / createHmac",
  async measure(quick) {
    const page = widePage();
    const keys = deriveTokenKeys(createSecretKey(randomBytes(32)));
    // Derived once, so that neither side pays for it.
    const key = keys.keyOf("");
    const figures: Figure[] = [];
    for (const [name, [rules, floor]] of Object.entries(CASES)) {
      const options = { fields: wideFields(rules), keys: { keyOf: () => key }, now: new Date() };
      const streamed = () => stream(page, options);
      const parsed = () => Buffer.from(JSON.stringify(maskRowsByParsing(page.toString(), options)));
      const rate = (run: () => unknown) => page.length / 1000 / cpuMilliseconds(run);
      const { ours, theirs } = await inPairs(
        quick ? 5 : 15,
        2,
        () => rate(streamed),
        () => rate(parsed),
      );
      figures.push(figure(`masker: ${name}`, "MB/s", ours, theirs, floor));
    }
    figures.push(await againstMemcpy(page, quick), await tokens(quick));
    return figures;
  },
};

function stream(page: Uint8Array, options: RowsMaskerOptions): void {
  // As the gateway uses it.
  const streaming = new JsonRowsMasker({ ...options, reuseOutput: true });
  for (let i = 0; i < page.length; i += CHUNK) streaming.push(page.subarray(i, i + CHUNK));
  streaming.end();
}

/** How much of the rate at which memory can be copied at all (into a buffer that is there already) is left. */
async function againstMemcpy(page: Buffer, quick: boolean): Promise<Figure> {
  const fields = wideFields({ ssn: "last4", mrn: "null", full_name: "default" });
  const options = { fields, keys: deriveTokenKeys(createSecretKey(randomBytes(32))), now: new Date() };
  const copy = Buffer.alloc(page.length);
  // Several in one: a single copy is shorter than the clock of processor time can tell.
  const times = 5;
  const rate = (run: () => unknown) => {
    const all = () => {
      for (let i = 0; i < times; i++) run();
    };
    return (times * page.length) / 1e6 / cpuMilliseconds(all);
  };
  const { ours, theirs } = await inPairs(
    quick ? 5 : 15,
    2,
    () => rate(() => stream(page, options)),
    () => rate(() => copy.set(page)),
  );
  return figure("masker: without a key / memcpy", "GB/s", ours, theirs, 0.2);
}

/** A page of nothing but different values under `token`, scanned and written, beside the HMAC of each value and nothing else. */
async function tokens(quick: boolean): Promise<Figure> {
  const values = Array.from({ length: TOKENS }, (_, i) => `${100_000_000 + i * 7919}`);
  const page = Buffer.from(`{"rows":[${values.map((v) => `{"f":[{"v":"${v}"}]}`).join(",")}]}`);
  const key = createSecretKey(randomBytes(32));
  const fields: readonly MaskedField[] = [{ name: "id", type: "STRING", repeated: false, mask: { rule: "token" } }];
  const options = { fields, keys: deriveTokenKeys(key), now: new Date() };
  const hashed = () => {
    for (const value of values) createHmac("sha256", key).update("STRING\0").update(value).digest();
  };
  const rate = (run: () => unknown) => TOKENS / cpuMilliseconds(run);
  const { ours, theirs } = await inPairs(
    quick ? 5 : 15,
    2,
    () => rate(() => stream(page, options)),
    () => rate(hashed),
  );
  return figure("masker: tokens / createHmac", "1000/s", ours, theirs, 6);
}

/** Processor time: in memory nothing waits, and what else the machine does counts less than on the clock. */
function cpuMilliseconds(run: () => unknown): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
