import type { Mask } from "@chaperone/masking";
import type { DataClass } from "../catalog/data-class.ts";
import type { ReadSize } from "./read-size.ts";

/**
 * What policy is asked per column. `read`: the value is shown (copied or transformed); `aggregate`: a statistic over it is shown;
 * `infer`: it steers the result; `describe`: its name and type are shown. `define`, `load`, `administer`: what a statement does
 * beside a table's rows and columns (statements.ts). `reach`: through what it goes outside of what is analysed (effects.ts).
 */
export const POLICY_ACTIONS = [
  "read",
  "aggregate",
  "infer",
  "write",
  "export",
  "describe",
  "define",
  "load",
  "reach",
  "administer",
] as const;
export type PolicyAction = (typeof POLICY_ACTIONS)[number];

/** What a connection's configuration can switch off. */
export type Protection = "approval" | "masking";

/** One table × column × use, judged. What a reviewer sees as a row. */
export interface UseDecision {
  readonly table: string;
  /** Field path in the table; `*`: that a row exists. */
  readonly path: string;
  readonly classes: readonly DataClass[];
  readonly action: PolicyAction;
  readonly effect: "permit" | "deny";
  /** Ids of the policies that determined the effect; empty means no permit applied (default deny). */
  readonly policies: readonly string[];
  /** For `read` and `aggregate`: what this column's value may show. */
  readonly mask: Mask;
}

/** The mask of one output column, by field. Mirrors the plan's outputs. */
export interface OutputMask {
  readonly name: string;
  /** Canonical GoogleSQL type. */
  readonly type: string;
  readonly mask: Mask;
  readonly fields?: readonly OutputMask[];
}

export interface ApprovalObligation {
  /** Groups (of people) who may decide. Any one of them, `count` different people. */
  readonly approvers: readonly string[];
  readonly count: number;
}

export interface Obligations {
  /** undefined: may run at once. */
  readonly approval: ApprovalObligation | undefined;
  /** Most rows released; undefined: no limit of policy's. */
  readonly limitRows: number | undefined;
  /** Most bytes billed. */
  readonly limitBytes: number | undefined;
  readonly readSize: ReadSize;
  readonly masks: readonly OutputMask[];
  /** Classes that columns take from what is written into them: recorded before the run (threat-model C4). Paths in lower case. */
  readonly travelling: readonly {
    readonly table: string;
    readonly path: string;
    readonly classes: readonly DataClass[];
  }[];
}

interface Judged {
  /** SHA-256 (hex) of schema, policies and catalog classes in force. */
  readonly policyVersion: string;
  readonly uses: readonly UseDecision[];
  /** All determining policies, sorted. */
  readonly policies: readonly string[];
  /** Protections switched off for the connection: what policy asked for under them was not done. */
  readonly protectionsOff: readonly Protection[];
}

export interface DenyDecision extends Judged {
  readonly effect: "deny";
  /** For the agent: which columns or tables, which action, what to do. Never a value. */
  readonly message: string;
}

export interface PermitDecision extends Judged {
  readonly effect: "permit";
  readonly obligations: Obligations;
}

export type Decision = DenyDecision | PermitDecision;
