import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { LedgerEvent } from "../../packages/gateway/src/evidence/event.ts";
import { openStore, type Store } from "../../packages/gateway/src/store/store.ts";
import { type Figure, figure, type Group, inPairs } from "../figure.ts";

/** Half a kilobyte, like most entries. */
function event(number: number): LedgerEvent {
  return {
    type: "release.started",
    session: "bench-session-000000000",
    data: {
      number,
      fromRow: number * 1000,
      maxRows: 1000,
      token: "5f1d3c0a-8a54-4a7e-9d0a-0e2f6f6f1c55",
      columns: ["id", "ssn", "mrn", "full_name", "birth_date", "seen_at", "note"].map((name) => ({
        name,
        mask: "none",
      })),
    },
  };
}

/** Events each from the call until they are durable, so many calls at once; per second. */
async function appended(store: Store, events: number, atOnce: number): Promise<number> {
  let next = 0;
  const caller = async () => {
    while (next < events) await store.append([event(next++)]);
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: atOnce }, caller));
  return (events * 1000) / (performance.now() - began);
}

export const evidence: Group = {
  name: "evidence",
  title:
    "durable events: store and Merkle ledger / plain rows in node:sqlite, WAL, synchronous=FULL, one a transaction",
  async measure(quick) {
    const directory = mkdtempSync(join(tmpdir(), "chaperone-bench-"));
    const store = await openStore({ directory: join(directory, "state"), origin: "bench.example/ledger" });
    const db = new DatabaseSync(join(directory, "plain.db"));
    try {
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      db.exec("CREATE TABLE events (id INTEGER PRIMARY KEY, time INTEGER, type TEXT, session TEXT, data TEXT)");
      const insert = db.prepare("INSERT INTO events (time, type, session, data) VALUES (?, ?, ?, ?)");
      const inserted = (events: number) => {
        const began = performance.now();
        for (let i = 0; i < events; i++) {
          const { type, session, data } = event(i);
          insert.run(Date.now(), type, session ?? null, JSON.stringify(data));
        }
        return (events * 1000) / (performance.now() - began);
      };
      const figures: Figure[] = [];
      for (const atOnce of [1, 64, 256]) {
        const single = quick ? 100 : 200;
        const { ours, theirs } = await inPairs(
          quick ? 5 : 11,
          1,
          () => appended(store, atOnce === 1 ? single : atOnce * 16, atOnce),
          () => inserted(single),
        );
        figures.push(figure(`evidence: ${atOnce} at once`, "events/s", ours, theirs));
      }
      return figures;
    } finally {
      db.close();
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};
