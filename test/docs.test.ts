import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, it } from "node:test";
import { agentsCommand } from "../packages/cli/src/commands/agents.ts";
import { analyzeCommand } from "../packages/cli/src/commands/analyze.ts";
import { approvalsCommand } from "../packages/cli/src/commands/approvals.ts";
import { auditCommand } from "../packages/cli/src/commands/audit.ts";
import { configCommand } from "../packages/cli/src/commands/config.ts";
import { demoCommand } from "../packages/cli/src/commands/demo.ts";
import { loginCommand } from "../packages/cli/src/commands/login.ts";
import { policyCommand } from "../packages/cli/src/commands/policy.ts";
import { serveCommand } from "../packages/cli/src/commands/serve.ts";
import { sessionsCommand } from "../packages/cli/src/commands/sessions.ts";
import { loadConfig, parseConfig } from "../packages/gateway/src/config/index.ts";
import { checkFiles } from "../packages/gateway/src/index.ts";
import { MASK_RULES } from "../packages/masking/src/index.ts";
import { renewed } from "./docs/reference.ts";

/** What the documents say must be so: links lead somewhere, commands exist, what is printed is what is printed. */

const ROOT = resolve(import.meta.dirname, "..");
const DOCUMENTS = ["", ...folders(".")].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);

function folders(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules")
    .flatMap((entry) => [join(folder, entry.name), ...folders(join(folder, entry.name))]);
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** The code blocks of a language, such as `console` or `yaml least`. */
function blocks(file: string, language: string): string[] {
  return [...read(file).matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].flatMap(([, tag, text]) =>
    tag === language ? [text ?? ""] : [],
  );
}

/** GitHub's anchor of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

function withoutCode(text: string): string {
  return text.replace(/^```.*?^```$/gms, "").replace(/`[^`\n]*`/g, "");
}

describe("the documents", () => {
  for (const file of DOCUMENTS) {
    it(`${file}: every relative link leads somewhere`, () => {
      for (const [, target = ""] of withoutCode(read(file)).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [path = "", fragment] = target.split("#");
        const full = path === "" ? join(ROOT, file) : resolve(ROOT, dirname(file), path);
        assert.ok(existsSync(full), `${target} doesn't exist`);
        if (fragment === undefined) continue;
        const anchors = [...readFileSync(full, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => anchor(text));
        assert.ok(anchors.includes(fragment), `${target}: no such heading`);
      }
    });

    it(`${file}: every npm script and every file it names exists`, () => {
      const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
      for (const [, name = ""] of read(file).matchAll(/\bnpm run (?:-s )?([a-z][a-z:-]*)/g))
        assert.ok(name in scripts, `npm run ${name}: no such script`);
      // Code that names a path from the root: `packages/…`, `test/….ts`, `docs/…`.
      for (const [, path = ""] of read(file).matchAll(/`((?:packages|test|docs|examples|bench)\/[A-Za-z0-9_./-]+)`/g))
        assert.ok(existsSync(join(ROOT, path)), `${path} doesn't exist`);
    });

    it(`${file}: names no place on a developer's machine`, () => {
      assert.doesNotMatch(read(file), /(^|[\s"'`(=])\/(work|home|root|Users|tmp)\//m);
    });
  }

  it("use commands and options of chaperone that there are", () => {
    const commands = [
      agentsCommand,
      analyzeCommand,
      approvalsCommand,
      auditCommand,
      configCommand,
      demoCommand,
      loginCommand,
      policyCommand,
      serveCommand,
      sessionsCommand,
    ].map((command) => command(() => undefined));
    for (const file of DOCUMENTS)
      for (const [line, first = "", rest = ""] of read(file).matchAll(
        /npm run (?:-s )?chaperone -- ([a-z]+)([^\n`|#]*)/g,
      )) {
        let command = commands.find((one) => one.name() === first);
        assert.ok(command !== undefined, `${file}: ${line}: no such command`);
        const words = rest.trim().split(/\s+/);
        if (command.commands.length > 0 && words[0] !== "") {
          command = command.commands.find((one) => one.name() === words[0]?.replace(/[^a-z].*$/, ""));
          assert.ok(command !== undefined, `${file}: ${line}: no such command`);
        }
        const options = new Set(command.options.map(({ long }) => long));
        for (const word of words.filter((one) => /^--[a-z]/.test(one)))
          assert.ok(options.has(word), `${file}: ${line}: ${word} is no option of it`);
      }
  });

  for (const file of DOCUMENTS.filter((name) => /<!-- made: |^```console$/m.test(read(name))))
    it(`${file}: what it shows of the code is current (npm run docs)`, () => {
      const text = read(file);
      assert.equal(renewed(text), text);
    });
});

describe("docs/configuration.md", () => {
  const parse = (text: string) => parseConfig(text, { name: "doc", directory: "/etc/chaperone", env: {} });
  const [least = ""] = blocks("docs/configuration.md", "yaml least");
  const [defaults = ""] = blocks("docs/configuration.md", "yaml defaults");

  it("writes out the defaults that hold", () => {
    assert.deepEqual(parse(defaults), parse(least));
  });

  it("names every key there is", () => {
    const { properties } = JSON.parse(read("docs/chaperone.schema.json")) as { properties: object };
    const text = read("docs/configuration.md");
    for (const key of keysOf(properties)) assert.match(text, new RegExp(`\\b${key}\\b`), `${key} isn't explained`);
  });

  it("has examples that pass `config check` as they are", () => {
    const files = readdirSync(join(ROOT, "examples")).filter((name) => name.endsWith(".yaml"));
    assert.ok(files.length >= 2);
    for (const file of files)
      for (const { policies } of checkFiles(loadConfig(join(ROOT, "examples", file), { env: {} })))
        assert.ok(policies > 0);
  });

  it("has an example in README that loads", () => {
    const [readme = ""] = [...read("README.md").matchAll(/^ {3}```yaml\n(.*?)^ {3}```$/gms)].map(
      ([, text = ""]) => text,
    );
    assert.equal(parse(readme.replace(/^ {3}/gm, "")).connections[0]?.name, "warehouse");
  });
});

describe("docs/policies.md", () => {
  const folder = "examples/policies/policies";
  const policies = readdirSync(join(ROOT, folder)).map((name) => read(join(folder, name)));

  it("shows policies of the examples as they are", () => {
    const shown = blocks("docs/policies.md", "cedar");
    assert.ok(shown.length >= 4);
    for (const policy of shown)
      assert.ok(
        policies.some((text) => text.includes(policy)),
        policy,
      );
  });

  it("names every mask rule and every annotation", () => {
    const text = read("docs/policies.md");
    for (const rule of MASK_RULES) assert.ok(text.includes(`\`${rule}\``), rule);
    for (const name of ["id", "mask", "approval", "limit_rows", "limit_bytes", "reason", "advice"])
      assert.ok(text.includes(`@${name}(`), name);
  });
});

describe("ARCHITECTURE.md", () => {
  it("lists every decision record once, in the order of their numbers, and no number has two", () => {
    const listed = [...read("ARCHITECTURE.md").matchAll(/^- \[(\d{4})\]\(docs\/adr\/([^)]+)\)/gm)];
    const files = readdirSync(join(ROOT, "docs/adr")).sort();
    assert.deepEqual(
      listed.map(([, , file]) => file),
      files,
    );
    for (const [, number = "", file = ""] of listed) {
      assert.ok(file.startsWith(`${number}-`), `${number} leads to ${file}`);
      assert.match(read(`docs/adr/${file}`), new RegExp(`^# ${number}: `), `${file} has another number in its title`);
    }
    const numbers = files.map((file) => file.slice(0, 4));
    assert.equal(new Set(numbers).size, numbers.length, "two records have one number");
  });
});

describe("SECURITY.md", () => {
  const rows = [...read("SECURITY.md").matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, row = "", text = ""]) => {
    const cells = text.split(/(?<!\\) \| /);
    const files = (cell = "") =>
      [...cell.matchAll(/`([a-z0-9./-]+(?:\/|\.ts|\.cedar|\/json-rows))`/g)].map(([, file = ""]) => file);
    return { row, control: files(cells[1]), tests: files(cells[2]), proof: cells[2] ?? "" };
  });

  it("says of each row of the threat model what stops it", () => {
    assert.deepEqual(
      rows.map(({ row }) => row),
      Array.from({ length: 49 }, (_, i) => String(i + 1)),
    );
  });

  for (const { row, control, tests, proof } of rows)
    it(`row ${row} names files that exist, and tests that speak of it`, () => {
      for (const file of control) {
        const places = ["", "packages/gateway/src", "packages/googlesql/src"];
        assert.ok(
          places.some((place) => existsSync(join(ROOT, place, file))),
          `${file} doesn't exist`,
        );
      }
      assert.ok(tests.length > 0 || proof.startsWith("not yet"), "a test, or not yet");
      for (const file of tests) {
        const text = read(file);
        if (file.startsWith("test/adversarial/"))
          assert.match(
            text,
            new RegExp(`rows? (\\d+(,| and) )*${row}\\b|"${row}"`),
            `${file} doesn't speak of row ${row}`,
          );
      }
    });
});

/** Every key of a JSON Schema's properties, through all nesting. */
function keysOf(properties: object): string[] {
  return Object.entries(properties).flatMap(([key, schema]: [string, Record<string, unknown>]) => {
    const items = (schema.items ?? {}) as Record<string, unknown>;
    return [key, ...keysOf((schema.properties ?? {}) as object), ...keysOf((items.properties ?? {}) as object)];
  });
}
