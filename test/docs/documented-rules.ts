import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One rule as its docstring says it, and the pages of Google's that it was taken from. */
export interface DocumentedRule {
  /** Relative to `packages/googlesql/src`. */
  readonly file: string;
  readonly rule: string;
  readonly links: readonly string[];
}

const LINK = /https:\/\/(?:cloud\.google\.com|github\.com\/google)\/[^\s)*,`]+/g;

/** Every comment of the GoogleSQL front end that names a page of Google's, in the order of files and places. */
export function documentedRules(): readonly DocumentedRule[] {
  const folder = join(import.meta.dirname, "../../packages/googlesql/src");
  return globSync("**/*.ts", { cwd: folder })
    .filter((file) => !file.endsWith(".test.ts") && !file.startsWith("testing"))
    .sort()
    .flatMap((file) => comments(readFileSync(join(folder, file), "utf8")).map((comment) => ({ file, comment })))
    .map(({ file, comment }) => ({
      file,
      rule: sentences(comment),
      links: (comment.match(LINK) ?? []).map((link) => link.replace(/\.$/, "")),
    }))
    .filter(({ links }) => links.length > 0);
}

/** Block comments, and runs of lines that begin with `//`, without their marks. */
function comments(source: string): readonly string[] {
  return (source.match(/\/\*\*[\s\S]*?\*\/|(?:^[ \t]*\/\/[^\n]*\n)+/gm) ?? []).map((text) =>
    text.replace(/^[ \t]*(?:\/\*\*|\*\/|\*|\/\/) ?/gm, "").replace(/\*\/\s*$/, ""),
  );
}

/** The comment's text on one line, without its links. */
function sentences(comment: string): string {
  return comment
    .replace(LINK, "")
    .replace(/\(\s*\)/g, "")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/:$/, ".");
}
