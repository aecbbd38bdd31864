/** The texts that are mutated: Google's parser tests, where they are beside the repository, and the SQL of our own tests. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const SQL =
  /^\s*(?:SELECT|WITH|FROM|\(|INSERT|UPDATE|DELETE|MERGE|CREATE|ALTER|DROP|DECLARE|BEGIN|EXPORT|LOAD|GRANT|CALL)\b/i;

/** Whether Google's parser tests are among the texts. */
export const CORPUS = findCorpus();

export function readTexts(): readonly string[] {
  return [...new Set([...corpusTexts(), ...ownTexts()])];
}

function findCorpus(): string | undefined {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const corpus = join(folder, "../shared/corpus/parser");
    if (existsSync(corpus)) return corpus;
  }
  return undefined;
}

function corpusTexts(): string[] {
  if (CORPUS === undefined) return [];
  return ["accept.jsonl", "reject.jsonl"].flatMap((file) =>
    readFileSync(join(CORPUS, file), "utf8")
      .trim()
      .split("\n")
      .map((line): string => JSON.parse(line).sql),
  );
}

/** What looks like SQL among the strings of the front end's tests. */
function ownTexts(): string[] {
  const source = join(ROOT, "packages/googlesql/src");
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".test.ts"));
  return files.sort().flatMap((file) => {
    const strings = readFileSync(join(source, file), "utf8").matchAll(/"((?:[^"\\\n]|\\.)*)"|`([^`$\\]*)`/g);
    return [...strings]
      .map(([, quoted, template]) => (quoted === undefined ? (template ?? "") : unescaped(quoted)))
      .filter((text) => SQL.test(text) && text.length < 4000);
  });
}

function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`);
  } catch {
    return "";
  }
}
