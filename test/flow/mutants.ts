/** Places of the program's text, each with a weaker text; all of a file's stand in one copy of it, each behind its switch (switch.ts). */
import { readFileSync } from "node:fs";
import ts from "typescript";

export interface Mutant {
  /** By which it is turned on. */
  readonly number: number;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly lastLine: number;
  readonly start: number;
  readonly end: number;
  readonly from: string;
  /** The text of what it is a part of. */
  readonly within: string;
  /** And of what that is a part of. */
  readonly beyond: string;
  /** Short, for a reader: what stands there instead. */
  readonly to: string;
  /** Leaves out a whole item of a list, so that all else that is put in stands within it. */
  readonly item: boolean;
  /** The whole table that it is of, where it is evaluated but when its file is loaded. */
  readonly table: { readonly start: number; readonly end: number } | null;
  /** What is put before and behind `from`, so that the mutant can be turned on. */
  readonly around: (on: string) => readonly [before: string, behind: string];
}

export type Place = Omit<Mutant, "number">;

/** What a search for places says of what it found. */
export interface Weaken {
  readonly source: ts.SourceFile;
  /** An expression, and the text of another. */
  readonly instead: (node: ts.Node, to: string) => void;
  readonly leftOut: (node: ts.Statement) => void;
  /** An item of a list, without it. */
  readonly withoutItem: (node: ts.Node) => void;
  /** `name` in an object, as `name: to`. */
  readonly shorthand: (node: ts.ShorthandPropertyAssignment, to: string) => void;
}

/** All that `look` finds at the nodes of a file, in the order of its text; below a node of which it says false it doesn't look. */
export function placesOf(file: string, look: (node: ts.Node, weaken: Weaken) => boolean): Place[] {
  const text = readFileSync(file, "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Place[] = [];
  const lineOf = (at: number): number => source.getLineAndCharacterOfPosition(at).line + 1;
  const add = (node: ts.Node, to: string, around: Mutant["around"], item = false): void => {
    const start = node.getStart(source);
    const [line, lastLine] = [lineOf(start), lineOf(node.end)];
    const from = text.slice(start, node.end);
    found.push({
      file,
      line,
      lastLine,
      start,
      end: node.end,
      from,
      within: node.parent.getText(source),
      beyond: node.parent.parent.getText(source),
      to,
      item,
      table: tableAround(node, source),
      around,
    });
  };
  const weaken: Weaken = {
    source,
    instead: (node, to) => {
      if (node.getText(source) !== to) add(node, to, (on) => [`(${on} ? (${to}) : (`, "))"]);
    },
    leftOut: (node) => add(node, "nothing", (on) => [`${on} || `, ""]),
    withoutItem: (node) => add(node, "no item", (on) => [`...(${on} ? [] : [`, "])"], true),
    shorthand: (node, to) => add(node, to, (on) => [`${node.name.text}: ${on} ? (${to}) : `, ""]),
  };
  const visit = (node: ts.Node): void => {
    if (look(node, weaken)) ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** A constant of the file, which is made when it is loaded. */
export function isOfFile(node: ts.Node): node is ts.VariableDeclaration {
  return ts.isVariableDeclaration(node) && ts.isSourceFile(node.parent.parent.parent);
}

/** Of the initializer of a file's own constant, outside of any function. */
function tableAround(node: ts.Node, source: ts.SourceFile): Mutant["table"] {
  for (let at = node; at.parent !== undefined; at = at.parent) {
    if (ts.isFunctionLike(at)) return null;
    if (isOfFile(at) && at.initializer !== undefined)
      return { start: at.initializer.getStart(source), end: at.initializer.end };
  }
  return null;
}

/** The text of each file that has mutants, with all of them in it, each behind its switch (switch.ts). */
export function withSwitches(mutants: readonly Mutant[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [file, those] of Map.groupBy(mutants, (mutant) => mutant.file)) {
    let text = readFileSync(file, "utf8");
    // From the end, so that what comes before keeps its place. In one place what is put in last stands first: all that
    // closes, from the inside out, then all that opens, from the outside in; of the same text, what was found first is outside.
    const put = (start: number, end: number, within: number, before: string, behind: string) => {
      const opening = { at: start, order: end, within: -within, piece: before };
      return behind === "" ? [opening] : [opening, { at: end, order: text.length + start, within, piece: behind }];
    };
    const tables = new Map(those.flatMap(({ table }) => (table === null ? [] : [[table.start, table.end]])));
    // What stands for a name in an object is said of that name once, by the outermost.
    const named = new Set<number>();
    const pieces = those.flatMap(({ number, start, end, from, item, around }) => {
      const [before, behind] = around(`globalThis.mutant(${number})`);
      const isAgain = before.startsWith(`${from}: `) && named.has(start);
      if (before.startsWith(`${from}: `)) named.add(start);
      const within = item ? number - mutants.length : number;
      return put(start, end, within, isAgain ? before.slice(`${from}: `.length) : before, behind);
    });
    for (const [start, end] of tables)
      pieces.push(...put(start, end, Number.NEGATIVE_INFINITY, "globalThis.remade(() => (", "))"));
    for (const { at, piece } of pieces.sort((a, b) => b.at - a.at || a.order - b.order || a.within - b.within)) {
      text = text.slice(0, at) + piece + text.slice(at);
    }
    texts.set(file, text);
  }
  return texts;
}
