/** What a run of `mutate.ts` found: of which commit, of each mutant who noticed it. Kept in a file, so that a run can be taken up again. */
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** `table`: tables of plans, or the policy room's tests; `fuzz`: a slice of the noninterference test alone. */
export type Noticed = "table" | "fuzz" | "nobody";

/** A mutant that changes nothing, and why. */
export interface Equivalent {
  readonly part: string;
  readonly what: string;
  readonly why: string;
}

interface Line {
  readonly commit: string;
  readonly part: string;
  readonly name: string;
  readonly noticed: Noticed;
}

export class Sweep {
  readonly #commit: string;
  readonly #file: string | undefined;
  readonly #found = new Map<string, Line>();
  readonly #times = new Map<string, number>();

  /** `file`: where a run that was broken off kept what it found; what it found of another commit doesn't count. */
  constructor(root: string, file: string | undefined) {
    this.#commit = commitOf(root);
    this.#file = file;
    if (file === undefined || !existsSync(file)) return;
    for (const text of readFileSync(file, "utf8").split("\n").slice(0, -1)) {
      const line: Line = JSON.parse(text);
      if (line.commit === this.#commit) this.#found.set(line.name, line);
    }
  }

  get commit(): string {
    return this.#commit;
  }

  /** What tells one mutant from all others: two of one name on one line are told apart by their order. */
  keyOf(name: string): string {
    const times = (this.#times.get(name) ?? 0) + 1;
    this.#times.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  }

  knows(name: string): boolean {
    return this.#found.has(name);
  }

  note(part: string, name: string, noticed: Noticed): void {
    const line: Line = { commit: this.#commit, part, name, noticed };
    this.#found.set(name, line);
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  survivors(asked: ReadonlySet<string>): readonly string[] {
    return this.#asked(asked)
      .filter(({ noticed }) => noticed === "nobody")
      .map(({ name }) => name);
  }

  /** Of each part how many were asked about, how many were noticed, and how many are known to change nothing. */
  summary(asked: ReadonlySet<string>, equivalent: readonly Equivalent[]): string {
    const lines = this.#asked(asked);
    const count = (part: string | null, noticed: Noticed): number =>
      lines.filter((line) => (part === null || line.part === part) && line.noticed === noticed).length;
    const told = (part: string | null): string => {
      const [table, fuzz, nobody] = [count(part, "table"), count(part, "fuzz"), count(part, "nobody")];
      const same = equivalent.filter((one) => part === null || one.part === part).length;
      const by = fuzz === 0 ? "" : ` (${fuzz} by the noninterference test alone)`;
      const all = table + fuzz + nobody + same;
      return `${all} mutants, ${table + fuzz} killed${by}, ${same} equivalent, ${nobody} survive`;
    };
    const parts = [...new Set(lines.map(({ part }) => part))];
    return [`commit ${this.#commit}`, ...parts.map((part) => `${part}: ${told(part)}`), `all: ${told(null)}`].join(
      "\n",
    );
  }

  #asked(asked: ReadonlySet<string>): readonly Line[] {
    return [...this.#found.values()].filter(({ name }) => asked.has(name));
  }
}

/** With a mark where what lies in the working tree is another. */
function commitOf(root: string): string {
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "--", "packages", "test/flow", "examples") !== "";
  return `${git("rev-parse", "--short=10", "HEAD")}${changed ? " with changes" : ""}`;
}
