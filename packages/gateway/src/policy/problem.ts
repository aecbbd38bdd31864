/** One thing wrong with a policy. */
export interface PolicyProblem {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** The policy's `@id`, where it has one. */
  readonly policy: string | undefined;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

/** The policies are refused, all of them: a set with one policy missing could open what that one forbids. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
  readonly problems: readonly PolicyProblem[];
  constructor(problems: readonly PolicyProblem[]) {
    super(problems.map(printProblem).join("\n"));
    this.problems = problems;
  }
}

/** `file:line: policy: message`. */
export function printProblem({ file, line, policy, message }: PolicyProblem): string {
  return `${file}:${line}: ${policy === undefined ? "" : `policy "${policy}": `}${message}`;
}
