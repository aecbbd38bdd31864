/** README.md's list of attacks: every row of the table of threats is played, by tests that are there. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

const read = (file: string) => readFileSync(join(import.meta.dirname, file), "utf8");

interface Listed {
  readonly row: number;
  readonly file: string;
  readonly test: string;
}

const LISTED: readonly Listed[] = read("README.md")
  .split("\n")
  .flatMap((line) => {
    const found = /^\| (\d+) \| .* \| `([a-z]+\.test\.ts)`: (?:`` (.*) ``|`(.*)`) \|$/.exec(line);
    if (found === null) return [];
    const [, row, file = "", quoted, plain] = found;
    return [{ row: Number(row), file, test: (quoted ?? plain ?? "").replaceAll("\\|", "|") }];
  });

/** What a test can be called, by a file's text: the words between the holes of its title. */
function titles(source: string): readonly (readonly string[])[] {
  return [...source.matchAll(/\bit\(\s*(?:"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/g)].map(([, plain, template]) =>
    plain === undefined ? (template ?? "").split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/) : [JSON.parse(`"${plain}"`) as string],
  );
}

/** What fills the holes; undefined where the name isn't one of this title. */
function filled(name: string, words: readonly string[]): readonly string[] | undefined {
  const pattern = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("([^]+?)");
  return new RegExp(`^${pattern}$`).exec(name)?.slice(1);
}

/** As a source writes it: in double quotes, or in backquotes. */
const writtenIn = (source: string, text: string) =>
  source.includes(`"${text}"`) || source.includes(JSON.stringify(text)) || source.includes(`\`${text}\``);

function isTestOf(source: string, name: string): boolean {
  return titles(source).some((words) => {
    const holes = filled(name, words);
    return holes?.every((text) => writtenIn(source, text)) === true;
  });
}

describe("the list of attacks", () => {
  for (const { row, file, test } of LISTED)
    it(`row ${row}: ${file} has the test: ${test}`, () => {
      assert.ok(existsSync(join(import.meta.dirname, file)));
      const source = read(file);
      assert.ok(isTestOf(source, test), "there is no test of this name");
      // openClinic starts the rig and its attacker.
      const starts = /\bopenClinic\(/.test(source) || (/\bstartRig\(/.test(source) && /\bnew Attacker\(/.test(source));
      assert.ok(starts, "it doesn't go through the gateway");
    });

  it("has every row of the table of threats, and no other", () => {
    const rows = [...read("../../SECURITY.md").matchAll(/^\| (\d+) \|/gm)].map(([, row]) => Number(row));
    assert.ok(rows.length >= 49);
    assert.deepEqual(
      [...new Set(LISTED.map(({ row }) => row))].sort((a, b) => a - b),
      rows,
    );
  });

  it("names tests by their rows", () => {
    for (const { row, file, test } of LISTED) {
      const named = test.match(/^rows? .*?:/)?.[0] ?? read(file).match(/rows? [0-9, rowand]+\d/i)?.[0] ?? "";
      assert.ok(named.match(/\d+/g)?.includes(String(row)), `${file}: ${test} doesn't say that it plays row ${row}`);
    }
  });

  it("would notice a test that isn't there", () => {
    const source = read("statements.test.ts");
    assert.ok(isTestOf(source, "row 8: SELECT * FROM _SESSION.t is refused"));
    for (const name of [
      "row 8: SELECT * FROM _SESSION.u is refused",
      "row 99: SELECT * FROM _SESSION.t is refused",
      "row 8: SELECT * FROM _SESSION.t",
      "what a text says in quotes",
    ])
      assert.equal(isTestOf(source, name), false, name);
  });
});
