import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { newSessionId } from "./session-id.ts";

test("ids sort by the time at which they were made, as SQLite compares text", () => {
  const times = [0, 999, 1_700_000_000_000, 1_700_000_000_001, 3_000_000_000_000, 90_000_000_000_000];
  const ids = times.map((time) => newSessionId(time, randomBytes(16)));
  const sorted = [...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(ids, sorted);
});

test("an id holds all of its random bits, in characters that a job's id and a table's name can have", () => {
  const id = newSessionId(1_700_000_000_000, Buffer.alloc(16, 0xff));
  assert.match(id, /^[A-Za-z0-9_-]{31}$/);
  assert.equal(id.slice(9), Buffer.alloc(16, 0xff).toString("base64url"));
});
