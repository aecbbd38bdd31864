import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CEDAR_SCHEMA } from "./cedar.ts";
import { POLICY_ACTIONS } from "./decision.ts";
import { loadPolicies, parsePolicies } from "./policy-set.ts";
import { PolicyError } from "./problem.ts";

/** The problems of one file's text, as a person reads them; `accepted` when there is none. */
function check(text: string, classes: readonly string[] = []): string {
  try {
    parsePolicies([{ file: "a.cedar", text }], classes);
    return "accepted";
  } catch (error) {
    if (error instanceof PolicyError) return error.message;
    throw error;
  }
}

const HEAD = "permit (principal, action, resource)";

describe("a policy is refused", () => {
  const refused: readonly (readonly [string, string, RegExp])[] = [
    [
      "that isn't Cedar, with its line",
      '@id("a")\n// ü\npermit (principal, action resource);',
      /^a\.cedar:3: unexpected token/,
    ],
    ["without @id", `\n${HEAD};`, /^a\.cedar:2: every policy needs a name of its own/],
    [
      "with the @id of another",
      `@id("a") ${HEAD};\n@id("a") ${HEAD} when { resource.classified };`,
      /^a\.cedar:2: policy "a": @id\("a"\) is taken by a\.cedar:1/,
    ],
    ["with an unknown annotation", `@id("a") @masks("null") ${HEAD};`, /@masks is not an annotation of Chaperone/],
    ["with an annotation without value", `@id("a") @mask ${HEAD};`, /@mask has no value/],
    ["with an unknown mask", `@id("a") @mask("blur") ${HEAD};`, /@mask\("blur"\): not a mask rule; one of none,/],
    [
      "with a domain on a rule that has none",
      `@id("a") @mask("year:x") ${HEAD};`,
      /only token, last4, first4, email, fpe, RANDOM_HASH, dateshift have a domain/,
    ],
    ["with a domain that isn't one", `@id("a") @mask("token:A b") ${HEAD};`, /a domain is lower-case/],
    ["with an approval by nobody", `@id("a") @approval("x,,y") ${HEAD};`, /write "none", "group"/],
    ["with an approval by no people", `@id("a") @approval("0 of x") ${HEAD};`, /between 1 and 10/],
    ["that spares approval and asks for it", `@id("a") @approval("none,x") ${HEAD};`, /write "none", "group"/],
    ["with a limit that isn't a number", `@id("a") @limit_rows("1e3") ${HEAD};`, /a whole number above 0/],
    [
      "with an obligation on a forbid",
      '@id("a") @mask("null") forbid (principal, action, resource);',
      /@mask is an obligation of a permit/,
    ],
    ["with a reason on a permit", `@id("a") @reason("so") ${HEAD};`, /it belongs on a forbid/],
    [
      "with a mask where nothing shows",
      '@id("a") @mask("null") permit (principal, action == Action::"infer", resource);',
      /only read and aggregate show values/,
    ],
    [
      "that names an unknown class",
      '@id("a") forbid (principal, action, resource in DataClass::"phi.sssn");',
      /no data class is called "phi\.sssn"/,
    ],
    [
      "that names an unknown class in a condition",
      `@id("a") ${HEAD} when { resource in DataClass::"x" };`,
      /no data class is called "x"/,
    ],
    [
      "that names an unknown action",
      '@id("a") permit (principal, action == Action::"delete", resource);',
      /unrecognized action/,
    ],
    [
      "that names an unknown attribute, with the line",
      `@id("a")\n${HEAD}\nwhen { resource.owner == "x" };`,
      /^a\.cedar:3: policy "a": .*attribute `owner`/,
    ],
    [
      "that reads a purpose that may be absent",
      `@id("a") ${HEAD} when { context.purpose == "x" };`,
      /optional attribute `purpose`/,
    ],
    ["that can never apply", `@id("a") ${HEAD} when { resource.path == "x" && false };`, /policy is impossible/],
    [
      "that is a template",
      '@id("a") permit (principal == ?principal, action, resource);',
      /templates .* are not supported/,
    ],
    [
      "that compares a path with capitals",
      `@id("a") ${HEAD} when { ["ssn", "SSN"].contains(resource.path) };`,
      /"SSN" never matches; write "ssn"/,
    ],
    [
      "whose column has capitals",
      '@id("a") forbid (principal, action, resource == Column::"p.d.T.SSN");',
      /Column::"p\.d\.T\.SSN" never matches/,
    ],
    [
      "whose dataset lacks its project",
      '@id("a") forbid (principal, action, resource in Dataset::"ehr");',
      /write project\.dataset/,
    ],
    [
      "whose table lacks its project",
      '@id("a") forbid (principal, action, resource in Table::"ehr.t");',
      /write project\.dataset\.table/,
    ],
  ];
  for (const [what, text, message] of refused) it(what, () => assert.match(check(text), message));

  it("together with all others that are wrong", () => {
    assert.equal(check(`${HEAD};\n@id("b") @x("y") ${HEAD};`).split("\n").length, 2);
  });
});

describe("what is said of a policy that is refused", () => {
  const ID = '@id("a")';
  const never = (entity: string, instead: string) => `a.cedar:1: policy "a": ${entity} never matches; write ${instead}`;
  const aColumn = "project.dataset.table.path";
  const said: readonly (readonly [text: string, message: string])[] = [
    [
      `${HEAD};`,
      'a.cedar:1: every policy needs a name of its own: @id("…"), up to 100 letters, digits, dots, dashes, underscores',
    ],
    [
      `@id("a b") ${HEAD};`,
      'a.cedar:1: policy "a b": every policy needs a name of its own: @id("…"), up to 100 letters, digits, dots, dashes, underscores',
    ],
    [
      `${ID} ${HEAD};\n\n${ID} ${HEAD} when { resource.classified };`,
      'a.cedar:3: policy "a": @id("a") is taken by a.cedar:1; give this one another',
    ],
    [
      `${ID} ${HEAD} when { resource in DataClass::"x" };`,
      'a.cedar:1: policy "a": no data class is called "x"; declare it in the catalog file or correct it',
    ],
    [`${ID} ${HEAD} when { resource in Dataset::"d" };`, never('Dataset::"d"', "project.dataset")],
    [`${ID} ${HEAD} when { resource in Dataset::"p.d.t" };`, never('Dataset::"p.d.t"', "project.dataset")],
    [`${ID} ${HEAD} when { resource in Table::"p.d" };`, never('Table::"p.d"', "project.dataset.table")],
    [`${ID} ${HEAD} when { resource in Table::"p.d.t.c" };`, never('Table::"p.d.t.c"', "project.dataset.table")],
    [`${ID} ${HEAD} when { resource == Column::"p.d.t" };`, never('Column::"p.d.t"', aColumn)],
    [`${ID} ${HEAD} when { resource == Column::"x.y:p.d.t" };`, never('Column::"x.y:p.d.t"', aColumn)],
    [
      `${ID} ${HEAD} when { resource == Column::"p.d.t.a[].b" };`,
      never('Column::"p.d.t.a[].b"', "the path in lower case, without []").replace("write the", "write the"),
    ],
    [
      `${ID} ${HEAD} when { resource.path == "SSN" };`,
      'a.cedar:1: policy "a": resource.path is in lower case, so "SSN" never matches; write "ssn"',
    ],
    [
      `// ü\n${ID} permit (principal == ?principal, action, resource);`,
      "a.cedar:2: templates (?principal, ?resource) are not supported; write the policy out",
    ],
  ];
  for (const [text, message] of said) it(message.slice(0, 80), () => assert.equal(check(text), message));

  it("is said of each that is wrong, in the order of their lines", () => {
    const wrong = (id: string) => `@id("${id}") permit (principal, action, resource in Table::"${id}");`;
    const names = ["z", "b", "y", "a", "x", "c", "w", "d", "v", "e", "u", "f"];
    const lines = names.map(wrong);
    assert.deepEqual(
      check(lines.join("\n"))
        .split("\n")
        .map((line) => /^a\.cedar:\d+: policy "\w"/.exec(line)?.[0]),
      names.map((name, i) => `a.cedar:${i + 1}: policy "${name}"`),
    );
  });

  it("is at the line of what is wrong in it, as Cedar tells it", () => {
    const two = `@id("ok") ${HEAD};\n// üü\n@id("a")\n${HEAD}\nwhen { "ü" == "ü" && resource.owner == "x" };`;
    assert.match(check(two), /^a\.cedar:5: policy "a": attribute `owner` on entity type `Column` not found/);
    assert.match(
      check(`@id("a") ${HEAD} when { resource.path == "x" && false };`),
      /^a\.cedar:1: policy "a": policy is impossible/,
    );
    assert.equal(
      check('@id("a") permit (principal == Grp::"x", action, resource);').split("\n")[0],
      'a.cedar:1: policy "a": unrecognized entity type `Grp`; did you mean `Group`?',
    );
    assert.match(
      check(`@id("ok") ${HEAD};\n// üüüü\n@id("a") permit (principal action);`),
      /^a\.cedar:3: unexpected token `action`; /,
    );
  });
});

describe("a text of policies", () => {
  it("has up to a million characters", () => {
    const long = (size: number) => `@id("a") ${HEAD};//`.padEnd(size, "x");
    assert.equal(check(long(1_000_000)), "accepted");
    assert.equal(check(long(1_000_001)), "a.cedar:1: more than 1000000 characters");
  });
});

describe("a policy is accepted", () => {
  it("that names what there can be", () => {
    for (const place of [
      'in DataClass::"phi.ssn"',
      'in Dataset::"p.d"',
      'in Table::"p.d.t"',
      'in Project::"p"',
      '== Column::"p.d.t.c"',
      '== Column::"p.d.t.a.b"',
      'in Dataset::"x.y:p.d"',
    ])
      assert.equal(check(`@id("a") permit (principal, action, resource ${place});`), "accepted", place);
    assert.equal(check('@id("a") permit (principal == Agent::"p.d", action, resource);'), "accepted");
  });

  it("and kept with its text, its place and what it is about", () => {
    const forbid = 'forbid (principal, action == Action::"infer", resource);';
    const texts = [
      { file: "a.cedar", text: `\n@id("a") ${HEAD};\n@id("b") ${forbid}` },
      { file: "b.cedar", text: `@id("c") @writer("trusted") ${HEAD};` },
    ];
    const { policies, readsClock } = parsePolicies(texts);
    const [a, b, c] = [...policies.values()];
    assert.deepEqual([...policies.keys()], ["a", "b", "c"]);
    const silent = {
      mask: undefined,
      approval: undefined,
      limitRows: undefined,
      limitBytes: undefined,
      trustedWriter: false,
      reason: undefined,
      advice: undefined,
    };
    assert.deepEqual(a, {
      id: "a",
      effect: "permit",
      file: "a.cedar",
      line: 2,
      text: `@id("a") ${HEAD};`,
      actions: POLICY_ACTIONS,
      namesActions: false,
      obligations: silent,
    });
    assert.deepEqual(b, {
      id: "b",
      effect: "forbid",
      file: "a.cedar",
      line: 3,
      text: `@id("b") ${forbid}`,
      actions: ["infer"],
      namesActions: true,
      obligations: silent,
    });
    assert.deepEqual([c?.file, c?.line, c?.obligations.trustedWriter], ["b.cedar", 1, true]);
    assert.equal(readsClock, false);
  });

  it("and known to read the clock, whichever of them does", () => {
    const reads = `@id("a") ${HEAD} when { context.now > datetime("2026-01-01") };`;
    const other = `@id("b") ${HEAD};`;
    for (const text of [`${reads}${other}`, `${other}${reads}`])
      assert.equal(parsePolicies([{ file: "a.cedar", text }]).readsClock, true);
  });

  it("and counted among those that let any agent write, where it can't be evaluated", () => {
    const use = { table: "p.d.t", path: "c", action: "write", via: "append" } as const;
    const may = (condition: string) => {
      const text = `@id("a") permit (principal, action == Action::"write", resource) when { ${condition} };`;
      return parsePolicies([{ file: "a.cedar", text }]).anyAgentMay(use, undefined, "main");
    };
    assert.equal(may('resource.path == "d"'), false);
    assert.equal(may('resource.path == "d" || 9007199254740991 * 9007199254740991 > 0'), true);
  });

  it("and told from others by a hash of the texts, which doesn't follow where they lie", () => {
    const hash = (text: string, file = "a.cedar") => parsePolicies([{ file, text }]).hash;
    const text = `@id("a") ${HEAD};`;
    const told = JSON.stringify([CEDAR_SCHEMA, [text]]);
    assert.equal(hash(text), createHash("sha256").update(told).digest("hex"));
    assert.equal(hash(text), hash(text, "b.cedar"));
    assert.notEqual(hash(text), hash(`${text} `));
  });

  it("with every annotation where it belongs", () => {
    const { policies } = parsePolicies(
      [
        {
          file: "a.cedar",
          text: `@id("a") @mask("token:x") @approval("2 of b, a") @limit_rows("10") @limit_bytes("20")
permit (principal in Group::"g", action in [Action::"read", Action::"infer"], resource in DataClass::"phi.genomic");
@id("b") @reason("r") @advice("d") forbid (principal, action, resource == Column::"p.d.T.a.b");`,
        },
      ],
      ["phi.genomic"],
    );
    const a = policies.get("a");
    assert.deepEqual(a?.obligations.mask, { rule: "token", domain: "x" });
    assert.deepEqual(a?.obligations.approval, { approvers: ["a", "b"], count: 2 });
    assert.deepEqual([a?.obligations.limitRows, a?.obligations.limitBytes], [10, 20]);
    assert.deepEqual(a?.actions, ["read", "infer"]);
    assert.deepEqual([policies.get("b")?.line, policies.get("b")?.obligations.advice], [3, "d"]);
  });
});

describe("a folder of policies", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "policies-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("without a catalog file says that there is none to declare a class in", () => {
    const text = '@id("a") permit (principal, action, resource in DataClass::"x");';
    assert.throws(() => parsePolicies([{ file: "a.cedar", text }]), {
      message:
        'a.cedar:1: policy "a": no data class is called "x"; declare it in a catalog file (none is named: give it by --catalog, or catalog in the configuration) or correct it',
    });
  });

  it("must exist and hold a policy", () => {
    const none = join(folder, "none");
    assert.throws(() => loadPolicies(none), {
      name: "PolicyError",
      message: `${none}:1: this folder can't be read; name the folder of the *.cedar files`,
    });
    assert.throws(() => loadPolicies(folder), {
      name: "PolicyError",
      message: `${folder}:1: no *.cedar file here, so that every query would be denied`,
    });
  });

  it("holds up to a thousand of them", () => {
    const many = mkdtempSync(join(tmpdir(), "policies-"));
    for (let i = 0; i < 1000; i++) writeFileSync(join(many, `${i}.cedar`), "");
    assert.equal(loadPolicies(many).policies.size, 0);
    writeFileSync(join(many, "more.cedar"), "");
    assert.throws(() => loadPolicies(many), { message: `${many}:1: more than 1000 *.cedar files` });
    rmSync(many, { recursive: true });
  });

  it("is read file by file, and its hash follows every byte", () => {
    writeFileSync(join(folder, "b.cedar"), `@id("b") ${HEAD};`);
    writeFileSync(join(folder, "a.cedar"), `@id("a") ${HEAD};`);
    writeFileSync(join(folder, "notes.md"), "not a policy");
    const first = loadPolicies(folder);
    assert.deepEqual([...first.policies.keys()], ["a", "b"]);
    assert.equal(loadPolicies(folder).hash, first.hash);
    writeFileSync(join(folder, "b.cedar"), `@id("b") ${HEAD}; // a comment`);
    assert.notEqual(loadPolicies(folder).hash, first.hash);
  });

  it("must be UTF-8", () => {
    writeFileSync(join(folder, "c.cedar"), Buffer.from([0xff, 0xfe]));
    assert.throws(() => loadPolicies(folder), { message: `${folder}:1: c.cedar can't be read as UTF-8 text` });
  });
});
