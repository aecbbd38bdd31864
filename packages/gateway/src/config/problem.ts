/** One thing wrong with the configuration. It never holds a secret's value. */
export interface ConfigProblem {
  readonly file: string;
  /** 1-based, of the key or value meant; of the section when a key is missing from it. */
  readonly line: number;
  readonly column: number;
  /** `connections[0].credentials.type`; empty for the whole file. */
  readonly path: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

/** The configuration is refused. `message` has one line a problem: `file:line:column: path: message`. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    const inOrder = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
    super(inOrder.map(printProblem).join("\n"));
    this.problems = inOrder;
  }
}

function printProblem(problem: ConfigProblem): string {
  const path = problem.path === "" ? "" : `${problem.path}: `;
  return `${problem.file}:${problem.line}:${problem.column}: ${path}${problem.message}`;
}

/** Why a file couldn't be read as UTF-8 text: what the system says of it, or that it holds something else. */
export function readingFault(error: unknown): string {
  if (error instanceof TypeError) return "not UTF-8";
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
  return READING_FAULTS[code] ?? code;
}

const READING_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "it may not be read by this user",
};
