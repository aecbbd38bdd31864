/** From a text to a hostile one near it: what is cut, doubled, swapped, spliced, nested, or put in between. */
import type { Random } from "./random.ts";

/** What readers of SQL get wrong: quotes, comments, escapes, other spaces, characters that are none, numbers beside names. */
const INSERTIONS: readonly string[] = [
  ..."'\"`()[]{}<>,;.:?@$#\\|&^~!=+-*/%_ \n\r\t\b\f\v\0",
  ..."\u00a0\u0085\u1680\u180e\u2000\u200b\u200d\u2028\u2029\u202e\u202f\u205f\u2060\u3000\ufeff\ufffd\ud800\udc00\u0301éſKＡ😀",
  ...["'''", '"""', "''", '""', "``", "r'", "R\"", "b'", "rb'''", 'br"""', "u'", "\\'", '\\"', "\\`", "\\\\", "\\\n", "\\\r\n"],
  ...["\\x41", "\\x4", "\\u0041", "\\u004", "\\ud800", "\\U0001f600", "\\U00110000", "\\101", "\\400", "\\8", "\\q", "\\0"],
  ...["/*", "*/", "/**/", "/* */", "--", "-- x\n", "-- x\r", "# x\n", "#", "/*/", "**/", "*/*", "--*/", "/*--"],
  ...["1", "0", "1.", ".5", "1.e", "1e", "1e5", "1.5e-3", "0x", "0x1F", "0X1g", "1_000", "1x", "9223372036854775808", ".1.2", "1..2"],
  ...["||", "|>", "<<", ">>", "<=", "<>", "!=", "=>", "->", "+=", "-=", "**", "@@", "@{", "@1", "@a", "@@a.b", "?", "::", "..", ".*", ".(a)"],
  ...["a.1b", "`a``b`", "`a.b`", "x AS select", "a b c", ".f()", "[0]", "[OFFSET(1)]", "(1, 2)", "()", "[]", "STRUCT<", "ARRAY<", ">>(", "NUMERIC '1'"],
  ...[" SELECT ", " FROM ", " WHERE ", " GROUP BY ", " HAVING ", " QUALIFY ", " WINDOW ", " ORDER BY ", " LIMIT 1 ", " OFFSET 1 "],
  ...[" UNION ALL ", " INTERSECT DISTINCT ", " EXCEPT DISTINCT ", " JOIN ", " LEFT JOIN ", " CROSS JOIN ", " ON ", " USING (a) ", " UNNEST(", " WITH "],
  ...[" AS ", " a ", " NOT ", " AND ", " OR ", " IN ", " BETWEEN ", " LIKE ", " IS NULL ", " IS DISTINCT FROM ", " EXISTS ", " ANY ", " ALL ", " DISTINCT "],
  ...[" CASE ", " WHEN ", " THEN ", " ELSE ", " END ", " IF(", " CAST(", " AS INT64) ", " INTERVAL ", " DAY ", " EXTRACT(", " DATE ", " OVER ", " OVER (", " ROWS "],
  ...[" (SELECT 1) ", " SELECT * FROM t ", " WITH a AS (SELECT 1) ", " |> WHERE a ", " |> AGGREGATE ", " FOR SYSTEM_TIME AS OF ", " PIVOT(", " UNPIVOT(", " TABLESAMPLE SYSTEM (1 PERCENT) "],
  ...[" SELECT AS STRUCT ", " SELECT AS VALUE ", " EXCEPT (a) ", " REPLACE (1 AS a) ", " NULLS FIRST ", " IGNORE NULLS ", " HAVING MAX ", " DESC ", " COLLATE ''", " WITH OFFSET "],
  ...[" BEGIN ", " END; ", " DECLARE ", " SET ", " INSERT ", " UPDATE ", " DELETE ", " MERGE ", " VALUES ", " CREATE ", " OPTIONS(", " RETURNING "],
]; // biome-ignore format: a kind a line

const PAIRS: readonly (readonly [string, string])[] = [
  ["(", ")"],
  ["[", "]"],
  ["((", "))"],
  ["(SELECT ", ")"],
  ["CASE WHEN ", " THEN 1 END"],
  ["NOT ", ""],
  ["- ", ""],
  ["-", ""],
  ["f(", ")"],
  ["STRUCT(", ")"],
  ["ARRAY<", ">"],
  ["/*", "*/"],
  ["'", "'"],
  ["`", "`"],
  ["'''", "'''"],
  ["EXISTS(SELECT ", ")"],
  ["IF(", ", 1, 2)"],
  ["BEGIN ", "; END"],
];

const PIECE = /[A-Za-z0-9_]+|[^\S\n]+|[^A-Za-z0-9_]/gs;

/** A text and its pieces: words, spaces, single characters. */
export interface Seed {
  readonly pieces: readonly string[];
}

export function seedOf(text: string): Seed {
  return { pieces: text.match(PIECE) ?? [] };
}

/** Longer ones are cut: an input's time should go into many inputs. */
const LONGEST = 4000;

export function mutate(seeds: readonly Seed[], random: Random): string {
  let pieces = [...random.pick(seeds).pieces];
  const edits = 1 + random.below(random.below(4) === 0 ? 8 : 3);
  for (let edit = 0; edit < edits; edit++) pieces = changed(pieces, seeds, random);
  const text = pieces.join("");
  return text.length > LONGEST ? text.slice(0, LONGEST) : text;
}

function changed(pieces: string[], seeds: readonly Seed[], random: Random): string[] {
  const at = random.below(pieces.length + 1);
  const until = Math.min(pieces.length, at + 1 + random.below(random.below(3) === 0 ? 12 : 3));
  const part = pieces.slice(at, until);
  switch (random.below(14)) {
    case 0:
      pieces.splice(at, part.length);
      return pieces;
    case 1:
      pieces.splice(at, 0, ...part);
      return pieces;
    case 2: {
      const to = random.below(pieces.length);
      [pieces[at], pieces[to]] = [pieces[to] ?? "", pieces[at] ?? ""];
      return pieces;
    }
    case 3:
      pieces.splice(at, part.length);
      pieces.splice(random.below(pieces.length + 1), 0, ...part);
      return pieces;
    case 4: {
      const other = random.pick(seeds).pieces;
      return [...pieces.slice(0, at), ...other.slice(random.below(other.length + 1))];
    }
    case 5: {
      const other = random.pick(seeds).pieces;
      const from = random.below(other.length + 1);
      pieces.splice(at, random.below(2) * part.length, ...other.slice(from, from + 1 + random.below(8)));
      return pieces;
    }
    case 6: {
      const [open, close] = random.pick(PAIRS);
      const times = random.below(8) === 0 ? 1 + random.below(300) : 1 + random.below(3);
      pieces.splice(at, part.length, open.repeat(times), ...part, close.repeat(times));
      return pieces;
    }
    case 7: {
      const word = pieces[at];
      if (word !== undefined) pieces[at] = random.below(2) === 0 ? word.toUpperCase() : word.toLowerCase();
      return pieces;
    }
    case 8: {
      const word = pieces[at] ?? "";
      const cut = random.below(word.length + 1);
      pieces[at] = word.slice(0, cut) + random.pick(INSERTIONS) + word.slice(cut + random.below(2));
      return pieces;
    }
    case 9: {
      const separator = random.pick([", ", " + ", " AND ", " OR ", "; ", ".", " ", " UNION ALL ", " |> ", " JOIN "]);
      const times = random.below(10) === 0 ? 1 + random.below(400) : 1 + random.below(4);
      pieces.splice(at, 0, ...Array.from({ length: times }, () => [...part, separator]).flat());
      return pieces;
    }
    case 10: {
      const word = pieces[at];
      if (word !== undefined && /^\w+$/.test(word)) pieces[at] = `\`${word}\``;
      return pieces;
    }
    case 11:
      pieces.splice(at, 0, String.fromCharCode(random.below(random.below(2) === 0 ? 128 : 0x10000)));
      return pieces;
    default:
      pieces.splice(at, random.below(3) === 0 ? part.length : 0, random.pick(INSERTIONS));
      return pieces;
  }
}
