import type { Adapter, Payload } from "oidc-provider";

/** Entries kept; the oldest goes first, so that a forgotten demo can't fill the memory (I10). */
const MAX_ENTRIES = 5_000;

interface Entry {
  readonly payload: Payload;
  readonly expiresAt: number;
}

/** Everything the development identity provider remembers, for as long as its process lives. Returns an adapter for each kind of thing. */
export function createMemoryAdapter(): (kind: string) => Adapter {
  const entries = new Map<string, Entry>();

  return (kind) => {
    const key = (id: string): string => `${kind}:${id}`;
    const find = (id: string): Payload | undefined => {
      const entry = entries.get(key(id));
      return entry !== undefined && entry.expiresAt > Date.now() ? entry.payload : undefined;
    };
    const findWhere = (matches: (payload: Payload) => boolean): Payload | undefined => {
      for (const [id, entry] of entries) {
        if (id.startsWith(`${kind}:`) && entry.expiresAt > Date.now() && matches(entry.payload)) return entry.payload;
      }
      return undefined;
    };
    return {
      async upsert(id, payload, expiresIn) {
        entries.delete(key(id));
        entries.set(key(id), {
          payload,
          expiresAt: expiresIn ? Date.now() + expiresIn * 1000 : Number.POSITIVE_INFINITY,
        });
        for (const oldest of entries.keys()) {
          if (entries.size <= MAX_ENTRIES) break;
          entries.delete(oldest);
        }
      },
      find: async (id) => find(id),
      findByUid: async (uid) => findWhere((payload) => payload.uid === uid),
      findByUserCode: async (userCode) => findWhere((payload) => payload.userCode === userCode),
      async consume(id) {
        const payload = find(id);
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
      },
      async destroy(id) {
        entries.delete(key(id));
      },
      async revokeByGrantId(grantId) {
        for (const [id, entry] of entries) {
          if (entry.payload.grantId === grantId) entries.delete(id);
        }
      },
    };
  };
}
