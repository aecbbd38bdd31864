import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { describe, it } from "node:test";
import { deriveTokenKeys } from "@chaperone/masking";
import type { AgentPrincipal } from "../identity/principal.ts";
import { askDirectly } from "../store/prepared.ts";
import type { SqliteConnection } from "../store/sqlite-dialect.ts";
import type { PageOptions } from "./page.ts";
import type { SessionRow } from "./session-row.ts";
import { type MaskedBatch, maskedStream } from "./stream-read.ts";

const FIELDS = [{ name: "n", type: "INT64", repeated: false, mask: { rule: "none" } }] as const;
const ROW = { id: "s" } as unknown as SessionRow;
const PRINCIPAL = { kind: "agent", issuer: "i", subject: "a", tokenId: "t" } as unknown as AgentPrincipal;
const SCHEMA = { type: "record", name: "r", fields: [{ name: "n", type: ["null", "long"] }] };

/** Reads a stream of four rows in as many batches, of an agent that is suspended while BigQuery makes the batch of this number. */
async function read(suspendedAt: number, setBackAt = -1) {
  let now = 7_200_000;
  const done: string[] = [];
  let isSuspended = false;
  const run = async (name: string, { outcome }: { readonly outcome?: string }) => {
    done.push([name, outcome].filter((one) => one !== undefined).join(" "));
    return { number: 1 };
  };
  const options = {
    store: {
      run,
      append: async ([event]: readonly { readonly type: string }[]) => void done.push(event?.type ?? ""),
    },
    engine: {
      maskPlanOf: () => ({ fields: FIELDS }),
      pageRefusal: () => void done.push("policy"),
      distrust: async () => undefined,
      releaseEnded: (end: { readonly outcome: string }) => run("release.finish", end),
    },
    metrics: { released: () => undefined },
    masking: {
      keys: deriveTokenKeys(createSecretKey(Buffer.alloc(32, 1))),
      smallcellK: 11,
      dateshiftDays: 30,
      recordNumbers: [],
      restrictedZips: undefined,
    },
    clock: () => now,
  } as unknown as PageOptions;
  const asking = {
    version: () => (isSuspended ? 1 : 0),
    all: (sql: string) => (sql.includes('"agents"') ? [{ status: isSuspended ? "suspended" : "active" }] : []),
  };
  askDirectly(options.store, asking as unknown as SqliteConnection, () => undefined);
  const stream = maskedStream(options, { ...PRINCIPAL }, ROW, {
    format: "avro",
    fields: FIELDS,
    offset: 0,
    total: 4,
    limit: 4,
    whole: true,
    stream: "h",
    recheckMs: 60_000,
    open: async function* () {
      for (let i = 0; i < 4; i++) {
        if (i === suspendedAt) isSuspended = true;
        if (i === setBackAt) now = 0;
        const schema = i === 0 ? Buffer.from(JSON.stringify(SCHEMA)) : undefined;
        yield { schema, batch: Buffer.from([2, 2 * i]), rows: 1 };
      }
    },
  });
  const came: MaskedBatch[] = [];
  const error = await (async () => {
    for await (const batch of stream) came.push(batch);
  })().catch((thrown: Error) => thrown);
  return { batches: came.length, message: error?.message ?? "", done };
}

describe("a stream", () => {
  it("gives out no batch of an agent that was suspended while BigQuery made it, however soon", async () => {
    assert.deepEqual(await read(-1), {
      batches: 4,
      message: "",
      done: ["policy", "release.start", "release.finish complete"],
    });
    for (const suspendedAt of [0, 2]) {
      const { batches, message, done } = await read(suspendedAt);
      assert.equal(batches, suspendedAt);
      assert.match(message, /suspended or revoked/);
      assert.deepEqual(done, ["policy", "release.start", "release.refused", "release.finish aborted"]);
    }
  });

  it("asks policy again where the clock was set back since, and nobody knows how long ago that was", async () => {
    const { done } = await read(-1, 1);
    assert.deepEqual(done, ["policy", "release.start", "policy", "release.finish complete"]);
  });
});
