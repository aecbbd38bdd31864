import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Annotations, isPolicyId, readAnnotations } from "./annotations.ts";
import type { PolicyAction } from "./decision.ts";

const NOTHING = {
  mask: undefined,
  approval: undefined,
  limitRows: undefined,
  limitBytes: undefined,
  trustedWriter: false,
  reason: undefined,
  advice: undefined,
};

function read(
  annotations: Annotations,
  effect: "permit" | "forbid" = "permit",
  actions: readonly PolicyAction[] = ["read"],
) {
  const problems: string[] = [];
  const obligations = readAnnotations(annotations, effect, actions, (message) => problems.push(message));
  return { obligations, problems };
}

const DOMAIN = "a domain is lower-case letters, digits, dot, dash, underscore";
const GROUPS = 'write "none", "group", "group,group" or "2 of group"';

describe("an annotation asks for", () => {
  const asked: readonly (readonly [name: string, text: string, obligations: object])[] = [
    ["mask", "null", { mask: { rule: "null" } }],
    ["mask", "ALWAYS_NULL", { mask: { rule: "null" } }],
    ["mask", "DEFAULT_MASKING_VALUE", { mask: { rule: "default" } }],
    ["mask", "SHA256", { mask: { rule: "SHA256" } }],
    ["mask", "token:mrn-2.x_y", { mask: { rule: "token", domain: "mrn-2.x_y" } }],
    ["approval", "none", { approval: "none" }],
    ["approval", "b", { approval: { approvers: ["b"], count: 1 } }],
    ["approval", "b , a,b", { approval: { approvers: ["a", "b"], count: 1 } }],
    ["approval", "1 of b", { approval: { approvers: ["b"], count: 1 } }],
    ["approval", "10 of b,a", { approval: { approvers: ["a", "b"], count: 10 } }],
    ["limit_rows", "1", { limitRows: 1 }],
    ["limit_bytes", "9007199254740991", { limitBytes: Number.MAX_SAFE_INTEGER }],
  ];
  for (const [name, text, obligations] of asked)
    it(`${name}: ${text}`, () =>
      assert.deepEqual(read({ [name]: text }), { obligations: { ...NOTHING, ...obligations }, problems: [] }));

  it("a trusted writer, where write is permitted", () => {
    const { obligations, problems } = read({ writer: "trusted" }, "permit", ["read", "write"]);
    assert.deepEqual([obligations, problems], [{ ...NOTHING, trustedWriter: true }, []]);
  });

  it("a reason and advice, of a forbid", () => {
    const { obligations, problems } = read({ id: "x", reason: "r", advice: "a" }, "forbid");
    assert.deepEqual([obligations, problems], [{ ...NOTHING, reason: "r", advice: "a" }, []]);
  });

  it("a mask of statistics alone", () => {
    assert.deepEqual(read({ mask: "null" }, "permit", ["aggregate", "infer"]).problems, []);
  });

  it("nothing where it isn't there", () => {
    assert.deepEqual(read({ id: "x" }), { obligations: NOTHING, problems: [] });
  });
});

describe("an annotation is refused", () => {
  const KNOWN = "@id, @mask, @approval, @limit_rows, @limit_bytes, @writer, @reason, @advice";
  const isObligation = (name: string) =>
    `@${name} is an obligation of a permit; a forbid shows nothing that it could bind. Remove it`;
  const refused: readonly (readonly [
    annotations: Annotations,
    effect: "permit" | "forbid",
    actions: readonly PolicyAction[],
    problems: readonly string[],
  ])[] = [
    [{ masks: "x" }, "permit", ["read"], [`@masks is not an annotation of Chaperone; it knows ${KNOWN}`]],
    [{ mask: null }, "permit", ["read"], ['@mask has no value; write @mask("…")']],
    [
      { approval: " " },
      "permit",
      ["read"],
      ['@approval has no value; write @approval("…")', `@approval(" "): ${GROUPS}`],
    ],
    [{ approval: "" }, "permit", ["read"], ['@approval has no value; write @approval("…")']],
    [{ mask: "null" }, "forbid", ["read"], [isObligation("mask")]],
    [{ approval: "none" }, "forbid", ["read"], [isObligation("approval")]],
    [{ limit_rows: "1" }, "forbid", ["read"], [isObligation("limit_rows")]],
    [{ limit_bytes: "1" }, "forbid", ["read"], [isObligation("limit_bytes")]],
    [{ writer: "trusted" }, "forbid", ["write"], [isObligation("writer")]],
    [{ reason: "r" }, "permit", ["read"], ["@reason tells an agent why it was refused; it belongs on a forbid"]],
    [{ advice: "a" }, "permit", ["read"], ["@advice tells an agent why it was refused; it belongs on a forbid"]],
    [
      { mask: "null" },
      "permit",
      ["infer", "write"],
      ["@mask says nothing here: only read and aggregate show values. Remove it"],
    ],
    [{ writer: "trusted" }, "permit", ["read"], ["@writer says nothing here: write isn't permitted. Remove it"]],
    [{ writer: "me" }, "permit", ["write"], ['@writer("me"): write "trusted", or leave it out']],
    [
      { mask: "year:x" },
      "permit",
      ["read"],
      ['@mask("year:x"): only token, last4, first4, email, fpe, RANDOM_HASH, dateshift have a domain'],
    ],
    ...["token:", "token:a:b", "token:A", "token:-a", `token:${"a".repeat(101)}`].map(
      (mask) => [{ mask }, "permit", ["read"], [`@mask("${mask}"): ${DOMAIN}`]] as const,
    ),
    ...["0 of x", "11 of x"].map(
      (approval) =>
        [{ approval }, "permit", ["read"], [`@approval("${approval}"): between 1 and 10 people decide`]] as const,
    ),
    ...["x,,y", "none,x", "a b", 'a"b', "2 of ", ",x"].map(
      (approval) => [{ approval }, "permit", ["read"], [`@approval("${approval}"): ${GROUPS}`]] as const,
    ),
    ...["0", "01", "1e3", "1.5", "-1", "9007199254740992"].flatMap((count) =>
      ["limit_rows", "limit_bytes"].map(
        (name) => [{ [name]: count }, "permit", ["read"], [`@${name}("${count}"): a whole number above 0`]] as const,
      ),
    ),
  ];
  for (const [annotations, effect, actions, problems] of refused)
    it(`${JSON.stringify(annotations)} on a ${effect} of ${actions.join(" and ")}`, () =>
      assert.deepEqual(read(annotations, effect, actions).problems, problems));

  it("and asks for nothing", () => {
    for (const annotations of [{ mask: "blur" }, { mask: "token:A" }, { mask: "year:x" }, { approval: "none,x" }])
      assert.deepEqual(read(annotations).obligations, NOTHING, JSON.stringify(annotations));
    assert.deepEqual(read({ approval: "11 of x", limit_rows: "0", limit_bytes: "x" }).obligations, NOTHING);
    assert.deepEqual(read({ writer: "me" }, "permit", ["write"]).obligations, NOTHING);
    assert.deepEqual(read({ reason: null, advice: null, writer: null }, "forbid").obligations, NOTHING);
  });

  it("naming every mask rule that there is", () => {
    const [problem = ""] = read({ mask: "blur" }).problems;
    assert.match(
      problem,
      /^@mask\("blur"\): not a mask rule; one of none, .*\bnull, ALWAYS_NULL, DEFAULT_MASKING_VALUE$/,
    );
  });
});

describe("a policy's name", () => {
  it("is up to 100 letters, digits, dots, dashes and underscores", () => {
    for (const id of ["a", "0", "Read_phi-2.b", "a".repeat(100)]) assert.ok(isPolicyId(id), id);
    for (const id of ["", "-a", ".a", "_a", "a b", "ü", "a".repeat(101)]) assert.ok(!isPolicyId(id), id);
  });
});
