import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matchesPattern } from "./claim-pattern.ts";

describe("a pattern", () => {
  const cases: readonly [pattern: string, value: string, matches: boolean][] = [
    ["agent-1", "agent-1", true],
    ["agent-1", "agent-12", false],
    ["agent-1", "Agent-1", false],
    ["agent-1", "xagent-1", false],
    ["agent-*", "agent-", true],
    ["agent-*", "agent-12", true],
    ["agent-*", "agent-a/b", false],
    ["*", "anything", true],
    ["*", "any:thing", false],
    ["**", "any:thing/at all", true],
    ["a*b*c", "a1b2b3c", true],
    ["a*b*c", "a1b2b3", false],
    ["repo:acme/*:ref:refs/heads/main", "repo:acme/care:ref:refs/heads/main", true],
    ["repo:acme/*:ref:refs/heads/main", "repo:acme/care:ref:refs/heads/x:ref:refs/heads/main", false],
    ["repo:acme/**", "repo:acme/care:ref:refs/heads/x", true],
    ["a.c", "abc", false],
    ["a[b]c", "abc", false],
    ["(a+)+", "aaa", false],
    ["", "", true],
    ["", "a", false],
    ["*", "\u{1f600}", true],
  ];
  for (const [pattern, value, matches] of cases) {
    it(`${JSON.stringify(pattern)} ${matches ? "matches" : "doesn't match"} ${JSON.stringify(value)}`, () => {
      assert.equal(matchesPattern(value, pattern), matches);
    });
  }

  it("with many stars takes no longer than value times pattern", () => {
    const began = performance.now();
    assert.equal(matchesPattern("a".repeat(512), `${"*a".repeat(60)}b`), false);
    assert.ok(performance.now() - began < 1_000);
  });
});
