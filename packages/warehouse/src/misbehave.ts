/** Faults a test can arm: ways in which an upstream may break its word. */
import { isObject } from "./rest/json.ts";

/** The answers a fault can hit. */
export type FaultTarget =
  | "query"
  | "results"
  | "tabledata"
  | "dryRun"
  | "insert"
  | "job"
  | "list"
  | "storage"
  | "upload"
  | "any";

export type FaultEffect =
  /** Reports a column (the first, or by name) as another type; cells stay. */
  | { readonly kind: "wrong-type"; readonly column?: string; readonly type: string }
  | { readonly kind: "extra-column" }
  | { readonly kind: "missing-column" }
  | { readonly kind: "reordered-columns" }
  /** A cell more than the schema has, in every row. */
  | { readonly kind: "extra-cell" }
  /** `count` rows more than totalRows says: copies of the last. */
  | { readonly kind: "extra-rows"; readonly count: number }
  /** `schema` (and the rest) only after `rows`. */
  | { readonly kind: "schema-after-rows" }
  | { readonly kind: "delay"; readonly milliseconds: number }
  /** The body dribbles: a pause after each `bytes`. */
  | { readonly kind: "slow-body"; readonly bytes: number; readonly milliseconds: number }
  /** The connection dies after so many bytes of body. */
  | { readonly kind: "reset"; readonly afterBytes: number }
  /** The connection is closed before anything is done. */
  | { readonly kind: "hang-up" }
  /** The body ends properly on the wire, in the middle of its JSON. */
  | { readonly kind: "truncate"; readonly afterBytes: number }
  | { readonly kind: "status"; readonly code: number; readonly reason?: string; readonly message?: string }
  /** The job itself fails with this message (which may hold a data value). */
  | {
      readonly kind: "job-error";
      readonly reason?: "invalidQuery" | "backendError" | "internalError";
      readonly message: string;
    }
  /** The job stays PENDING so long. */
  | { readonly kind: "job-delay"; readonly milliseconds: number }
  /** The dry run claims something else. */
  | {
      readonly kind: "dry-run";
      readonly schema?: readonly object[];
      readonly referencedTables?: readonly object[];
      readonly statementType?: string;
      readonly totalBytesProcessed?: string;
    }
  /** A list of jobs has none. */
  | { readonly kind: "unlisted" }
  /** Of a piece of an upload only so many bytes are kept. */
  | { readonly kind: "partial-piece"; readonly bytes: number }
  /** gzip, whatever Accept-Encoding says. */
  | { readonly kind: "gzip" }
  /** Arrow's buffers compressed, whatever was asked for. */
  | { readonly kind: "compressed"; readonly codec: "LZ4_FRAME" | "ZSTD" };

export type Fault = FaultEffect & {
  /** Default: whatever the kind is about; `results`, `query` and `tabledata` for the shape of rows. */
  readonly target?: FaultTarget;
  /** How often it strikes; default 1, `"always"` until `calm()`. */
  readonly times?: number | "always";
};

const KINDS: readonly string[] = [
  "wrong-type",
  "extra-column",
  "missing-column",
  "reordered-columns",
  "extra-cell",
  "extra-rows",
  "schema-after-rows",
  "delay",
  "slow-body",
  "reset",
  "hang-up",
  "truncate",
  "status",
  "job-error",
  "job-delay",
  "dry-run",
  "unlisted",
  "partial-piece",
  "gzip",
  "compressed",
];

const ROWS: readonly FaultTarget[] = ["query", "results", "tabledata"];

/** The faults waiting to strike. */
export class Misbehaviour {
  #armed: { readonly fault: Fault; left: number }[] = [];

  arm(fault: Fault): void {
    this.#armed.push({ fault, left: fault.times === "always" ? Number.POSITIVE_INFINITY : (fault.times ?? 1) });
  }

  /** Disarms everything. */
  calm(): void {
    this.#armed = [];
  }

  /** The faults that hit an answer of this kind, each counted as struck. */
  strike(target: FaultTarget, kinds?: readonly FaultEffect["kind"][]): Fault[] {
    const hits = this.#armed.filter(
      ({ fault }) => targets(fault).includes(target) && (kinds?.includes(fault.kind) ?? true),
    );
    for (const hit of hits) hit.left -= 1;
    this.#armed = this.#armed.filter((armed) => armed.left > 0);
    return hits.map((hit) => hit.fault);
  }
}

function targets(fault: Fault): readonly FaultTarget[] {
  if (fault.target === "any")
    return ["query", "results", "tabledata", "dryRun", "insert", "job", "list", "storage", "upload"];
  if (fault.target !== undefined) return [fault.target];
  if (fault.kind === "dry-run") return ["dryRun"];
  if (fault.kind === "partial-piece") return ["upload"];
  if (fault.kind === "unlisted") return ["list"];
  if (fault.kind === "job-error" || fault.kind === "job-delay") return ["job"];
  return ROWS;
}

/** A fault from JSON; undefined when it names no known kind. */
export function readFault(body: unknown): Fault | undefined {
  if (!isObject(body) || !KINDS.includes(String(body.kind))) return undefined;
  return Object.assign(Object.create(null), body);
}
