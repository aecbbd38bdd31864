/**
 * Whether a pattern can match where there is nothing, told by how it is written. To try it on an empty text would cost what an agent likes: of thirty
 * `(?:|)` in a row one that goes back tries each way through all, a billion.
 */

/** Each piece of a pattern: a class, an escape, a group's beginning or end, an alternative's end, how often, any other character. */
const PIECE = /\[(?:\\.|[^\]\\])*\]|\\.|\((?:\?:)?|\)|\||(?:[*+?]|\{\d+(?:,\d*)?\})\??|./gsu;

interface Group {
  /** Of the alternatives before this one some may be empty. */
  some: boolean;
  /** All that was read of this one may be. */
  all: boolean;
  /** The piece that was read last may be: how often it stands decides whether this alternative is. */
  last: boolean;
}

/** `pattern`: one that RE2 takes, without look-around and boundaries. */
export function canBeEmpty(pattern: string): boolean {
  const outer: Group[] = [];
  let group: Group = { some: false, all: true, last: true };
  const read = (empty: boolean): void => {
    group.all &&= group.last;
    group.last = empty;
  };
  for (const [piece] of pattern.matchAll(PIECE)) {
    if (piece === "(" || piece === "(?:") {
      read(true);
      outer.push(group);
      group = { some: false, all: true, last: true };
    } else if (piece === ")") {
      const inner = group;
      group = outer.pop() ?? { some: false, all: true, last: true };
      group.last = inner.some || (inner.all && inner.last);
    } else if (piece === "|") {
      group.some ||= group.all && group.last;
      group.all = true;
      group.last = true;
    } else if (/^(?:[*?]|\{0+[,}])/.test(piece)) group.last = true;
    else if (!/^(?:\+|\{\d)/.test(piece)) read(false);
  }
  return group.some || (group.all && group.last);
}
