/** Which lines of the program changed since a commit, as git tells it. */
import { execFileSync } from "node:child_process";

export interface Changed {
  /** Whether any of these lines (from 1, both included) did, or what stood behind one of them was taken away. `file`: from the root. */
  readonly lines: (file: string, first: number, last: number) => boolean;
  /** Whether a changed line of the folder names this. */
  readonly names: (folder: string, name: string) => boolean;
}

/** undefined: all of them. */
export function changedSince(commit: string | undefined, root: string): Changed {
  if (commit === undefined) return { lines: () => true, names: () => true };
  const difference = execFileSync("git", ["diff", "--unified=0", "--no-color", commit, "--", "packages"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  const files = difference.split(/^diff --git .*$/m).flatMap((part) => {
    const file = /^\+\+\+ b\/(.*)$/m.exec(part)?.[1];
    if (file === undefined) return [];
    const ranges = [...part.matchAll(/^@@ -\S+ \+(\d+)(?:,(\d+))? @@/gm)].map(([, first, count = "1"]) => {
      return { first: Number(first), last: Number(first) + Math.max(0, Number(count) - 1) };
    });
    const words = new Set([...part.matchAll(/^[+-](?![+-]{2}).*$/gm)].flatMap(([line]) => line.match(/[\w.]+/g) ?? []));
    return [{ file, ranges, words }];
  });
  return {
    lines: (file, first, last) =>
      files.some((f) => f.file === file && f.ranges.some((range) => range.first <= last && range.last >= first)),
    names: (folder, name) => files.some((f) => f.file.startsWith(folder) && f.words.has(name)),
  };
}
