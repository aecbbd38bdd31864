import type { CanonicalText } from "../../evidence/event.ts";
import { readShared, sharedText } from "../../store/plain-data.ts";
import { readWritten, type Wire } from "../../store/wire.ts";
import type { WrittenMembers } from "../records.ts";
import type { BeginInput } from "./begin.ts";
import type { AskedBy } from "./receive.ts";
import type { ReleaseWholeInput } from "./releases.ts";

/** How the two commands of a small query travel. An input with members that few bring is packed as any other command's (store/plain-data.ts). */

const begin: Wire<BeginInput> = {
  write({ receive, analysed }) {
    const { id, jobId, requestId, sealed, forMany, requestHmac, by, data } = receive;
    const { decided, next, texts, statementType } = analysed;
    const byText = sharedText(by);
    if (byText === undefined || decided === undefined || next.state !== "running" || analysed.id !== id)
      return undefined;
    if (typeof data !== "string" || typeof next.data !== "string") return undefined;
    // The first ones bring more.
    if (forMany?.sealed !== undefined || texts.texts !== undefined) return undefined;
    const { upstreamJob, travelling, uses } = next;
    if (travelling.length > 0 || uses.uses.length > 0) return undefined;
    const { binding, dryRunBytes } = decided;
    const small: SmallBegin = [
      requestId,
      requestHmac,
      forMany?.key ?? null,
      statementType,
      texts.key,
      binding,
      dryRunBytes,
      upstreamJob,
      uses.assessedAt,
      uses.forMs,
    ];
    return {
      packed: [
        JSON.stringify(small),
        "begin by",
        byText,
        "begin analysed",
        analysed.analysed,
        "begin decided",
        decided.data,
      ],
      own: [id, jobId, sealed, data, next.data],
    };
  },
  read({ packed, own }) {
    const [id = "", jobId = "", sealed = "", data = "", runs = ""] = own;
    const { small, beside } = readWritten<SmallBegin>(packed);
    const [requestId, requestHmac, key, statementType, texts, binding, dryRunBytes, upstreamJob, assessedAt, forMs] =
      small;
    const [by = "", analysed = "", decided = ""] = beside;
    return {
      receive: {
        id,
        jobId,
        requestId,
        sealed,
        requestHmac,
        ...(key === null ? {} : { forMany: { key } }),
        by: readShared(by) as AskedBy,
        data: data as CanonicalText,
      },
      analysed: {
        id,
        statementType,
        texts: { key: texts },
        analysed: analysed as CanonicalText,
        decided: { binding, dryRunBytes, data: decided as CanonicalText },
        next: {
          state: "running",
          upstreamJob,
          travelling: [],
          uses: { uses: [], assessedAt, forMs },
          data: runs as CanonicalText,
        },
      },
    };
  },
};

type SmallBegin = readonly [
  requestId: string | null,
  requestHmac: string,
  forMany: string | null,
  statementType: string | null,
  texts: string,
  binding: string,
  dryRunBytes: number | null,
  upstreamJob: string,
  assessedAt: number,
  forMs: number,
];

const whole: Wire<ReleaseWholeInput> = {
  write({ session, columns, data, learnt, rows, bytes, masked, last }) {
    const columnsText = sharedText(columns);
    if (columnsText === undefined || learnt === undefined) return undefined;
    const small: SmallWhole = [data, learnt, rows, bytes, masked, last];
    return { packed: [JSON.stringify(small), "whole columns", columnsText], own: [session] };
  },
  read({ packed, own }) {
    const [session = ""] = own;
    const { small, beside } = readWritten<SmallWhole>(packed);
    const [data, learnt, rows, bytes, masked, last] = small;
    const [columns = ""] = beside;
    return { session, columns: readShared(columns) as WrittenMembers, data, learnt, rows, bytes, masked, last };
  },
};

type SmallWhole = readonly [
  data: ReleaseWholeInput["data"],
  learnt: NonNullable<ReleaseWholeInput["learnt"]>,
  rows: number,
  bytes: number,
  masked: ReleaseWholeInput["masked"],
  last: boolean,
];

export const sessionWires = { "session.begin": begin, "release.whole": whole };
