import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AgentRates, RateExceeded } from "./agent-rates.ts";

const A = { issuer: "https://i", subject: "a" };
const B = { issuer: "https://i", subject: "b" };

function rates(limits = { perSecond: 10, burst: 20 }) {
  let now = 1_000_000;
  let limited = 0;
  const one = new AgentRates(
    limits,
    () => now,
    () => {
      limited++;
    },
  );
  const taken = (who: typeof A, times: number) => {
    let n = 0;
    for (let i = 0; i < times; i++) {
      try {
        one.take(who);
        n++;
      } catch (error) {
        assert.ok(error instanceof RateExceeded);
      }
    }
    return n;
  };
  return { one, taken, limited: () => limited, later: (ms: number) => (now += ms) };
}

describe("how often an agent asks", () => {
  it("is a burst at once, and then the steady rate", () => {
    const { taken, later, limited } = rates();
    assert.equal(taken(A, 100), 20);
    assert.equal(limited(), 80);
    later(1000);
    assert.equal(taken(A, 100), 10);
    later(60_000);
    assert.equal(taken(A, 100), 20, "no more than a burst is saved");
  });

  it("is nothing to another agent", () => {
    const { taken } = rates();
    taken(A, 100);
    assert.equal(taken(B, 5), 5);
    assert.equal(taken({ ...A, issuer: "https://j" }, 5), 5, "of another issuer");
  });

  it("says when there is room again, and no later", () => {
    const { one, taken, later } = rates();
    taken(A, 20);
    assert.throws(
      () => one.take(A),
      (error) => error instanceof RateExceeded && error.retryAfterMs === 100,
    );
    later(100);
    one.take(A);
  });

  it("isn't helped by a clock that is set back", () => {
    const { taken, later } = rates();
    taken(A, 20);
    later(-60_000);
    assert.equal(taken(A, 5), 0);
    later(1000);
    assert.equal(taken(A, 50), 10);
  });

  it("keeps nobody in memory who has its whole burst (I10)", () => {
    const { one, taken, later } = rates();
    for (let i = 0; i < 30_000; i++) {
      one.take({ issuer: "i", subject: String(i) });
      later(1);
    }
    assert.equal(taken({ issuer: "i", subject: "29999" }, 100), 19);
  });
});
