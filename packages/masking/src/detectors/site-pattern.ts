/**
 * A site's own form of record numbers, in a language that is small on purpose: each character decides alone what the next may be, so nothing is
 * ever tried twice, and no text takes longer than its length times the number of patterns.
 *
 *     pattern   = atom *( [separator ["?"]] atom )      separators side by side are all required
 *     atom      = ("#" / "@") [ "{" n ["," m] "}" ]     digits, letters of ASCII; n to m of them
 *               / letter / digit                        itself, letters in either case
 *     separator = "-" / "." / "/" / "_" / ":" / " "     "?": it may be missing
 */
export interface SitePattern {
  /** Finds every one; sticky at a place: the one that begins there. */
  readonly everywhere: RegExp;
  readonly at: RegExp;
  /** How many characters may stand before the first digit, most first. */
  readonly leads: readonly number[];
  /** How many digits the first row of them may have: a bit for each number, the highest for 31 and more. */
  readonly digits: number;
}

export interface WrittenPattern {
  readonly pattern: string;
  /** Words, one of which must stand before the number; none: it is known by its form alone. */
  readonly words?: readonly string[];
}

/** Of one site: every text is searched for each. */
export const MOST_SITE_PATTERNS = 20;
/** Characters of a number; digits and letters that it must mean at least, or every figure of a lab report would be one. */
export const LONGEST_NUMBER = 40;
export const SHORTEST_NUMBER = 4;
export const MOST_WORDS = 10;
export const LONGEST_WORD = 40;

type Atom =
  | { readonly kind: "digit" | "letter"; readonly source: string; readonly least: number; readonly most: number }
  | { readonly kind: "separator"; readonly source: string; readonly optional: boolean };

/** What is wrong with a pattern or its words and what to write; it says places, not characters. */
export class SitePatternError extends Error {
  readonly where: "pattern" | "words";
  constructor(message: string, where: "pattern" | "words" = "pattern") {
    super(message);
    this.where = where;
  }
}

/** @throws SitePatternError */
export function sitePattern({ pattern, words = [] }: WrittenPattern): SitePattern {
  const atoms = atomsOf(pattern);
  checkOrder(atoms);
  const number = atoms.map(sourceOf).join("");
  const source = `${before(words)}${number}(?![A-Za-z0-9])`;
  const { leads, digits } = firstDigits(atoms);
  return { everywhere: new RegExp(source, "g"), at: new RegExp(source, "y"), leads, digits };
}

/** Digits and letters may not go on before the number, unless it is the word that says what it is. */
function before(words: readonly string[]): string {
  if (words.length === 0) return "(?<![A-Za-z0-9])";
  if (words.length > MOST_WORDS) throw new SitePatternError(`has more than ${MOST_WORDS} words`, "words");
  for (const word of words)
    if (word.length > LONGEST_WORD || !/^[A-Za-z](?:[A-Za-z.]| (?=[A-Za-z]))*$/.test(word))
      throw new SitePatternError(
        `has a word that isn't letters and dots with single spaces between, at most ${LONGEST_WORD} characters`,
        "words",
      );
  const each = words.map((word) => [...word].map((c) => (c === "." ? "\\." : eitherCase(c))).join(""));
  return `(?<=(?<![A-Za-z0-9])(?:${each.join("|")})["']?(?: is)? {0,2}[:#=]? {0,2}["'#]?)`;
}

function atomsOf(pattern: string): readonly Atom[] {
  const atoms: Atom[] = [];
  const ATOM = /([#@])(?:\{(\d{1,2})(?:,(\d{1,2}))?\})?|([A-Za-z])|(\d)|([-./_: ])(\??)/y;
  while (ATOM.lastIndex < pattern.length) {
    const place = ATOM.lastIndex + 1;
    const match = ATOM.exec(pattern);
    if (match === null)
      throw new SitePatternError(
        `has at character ${place} what no pattern has: # is a digit, @ a letter, {6} or {6,8} behind one how many, letters and digits stand for themselves, of - . / _ : and space each with ? behind it may be missing`,
      );
    const [, set, least = "1", most = least, letter, digit, separator, mark] = match;
    if (set !== undefined) {
      const [from, to] = [Number(least), Number(most)];
      if (from < 1 || to < from)
        throw new SitePatternError(`has at character ${place} a number of characters that none has`);
      const isDigit = set === "#";
      atoms.push({
        kind: isDigit ? "digit" : "letter",
        source: isDigit ? "[0-9]" : "[A-Za-z]",
        least: from,
        most: to,
      });
    } else if (letter !== undefined) atoms.push({ kind: "letter", source: eitherCase(letter), least: 1, most: 1 });
    else if (digit !== undefined) atoms.push({ kind: "digit", source: digit, least: 1, most: 1 });
    else if (separator !== undefined)
      atoms.push({ kind: "separator", source: separator === " " ? " " : `\\${separator}`, optional: mark === "?" });
  }
  return atoms;
}

/** What keeps it linear, and what keeps a pattern from meaning nearly every word. */
function checkOrder(atoms: readonly Atom[]): void {
  const [first, last] = [atoms[0], atoms[atoms.length - 1]];
  if (first === undefined || last === undefined || first.kind === "separator" || last.kind === "separator")
    throw new SitePatternError("must begin and end with a digit or a letter");
  let least = 0;
  let most = 0;
  for (const [i, atom] of atoms.entries()) {
    const next = atoms[i + 1];
    if (atom.kind === "separator") {
      most++;
      if (next?.kind === "separator" && (atom.optional || next.optional))
        throw new SitePatternError("has two separators side by side of which one may be missing");
      continue;
    }
    least += atom.least;
    most += atom.most;
    const beyond = next?.kind === "separator" && next.optional ? atoms[i + 2] : next;
    if (atom.least !== atom.most && beyond?.kind === atom.kind)
      throw new SitePatternError(
        `has ${atom.kind}s behind a varying number of ${atom.kind}s: put a separator that may not be missing between, or one number`,
      );
  }
  if (!atoms.some(({ kind }) => kind === "digit")) throw new SitePatternError("must hold a digit");
  if (least < SHORTEST_NUMBER) throw new SitePatternError(`must mean at least ${SHORTEST_NUMBER} digits and letters`);
  if (most > LONGEST_NUMBER) throw new SitePatternError(`must mean at most ${LONGEST_NUMBER} characters`);
}

function sourceOf(atom: Atom): string {
  if (atom.kind === "separator") return atom.optional ? `${atom.source}?` : atom.source;
  return atom.most === 1 ? atom.source : `${atom.source}{${atom.least},${atom.most}}`;
}

function eitherCase(letter: string): string {
  return `[${letter.toLowerCase()}${letter.toUpperCase()}]`;
}

/** Where the first row of digits stands in a number and how long it is: by that the fast search knows a place worth a look. */
function firstDigits(atoms: readonly Atom[]): { readonly leads: readonly number[]; readonly digits: number } {
  const first = atoms.findIndex(({ kind }) => kind === "digit");
  let leads = new Set([0]);
  for (const atom of atoms.slice(0, first))
    leads = atom.kind === "separator" ? grown(leads, atom.optional ? 0 : 1, 1) : grown(leads, atom.least, atom.most);
  let digits = 0;
  let lengths: ReadonlySet<number> = new Set([0]);
  const endHere = () => {
    for (const length of lengths) digits |= 1 << Math.min(length, 31);
  };
  for (const atom of atoms.slice(first)) {
    if (atom.kind === "digit") {
      lengths = grown(lengths, atom.least, atom.most);
      continue;
    }
    if (atom.kind === "separator" && atom.optional) {
      endHere();
      continue;
    }
    break;
  }
  endHere();
  return { leads: descending(leads), digits: digits >>> 0 };
}

function grown(lengths: ReadonlySet<number>, least: number, most: number): Set<number> {
  const all = new Set<number>();
  for (const length of lengths) for (let more = least; more <= most; more++) all.add(length + more);
  return all;
}

function descending(lengths: ReadonlySet<number>): readonly number[] {
  return [...lengths].sort((a, b) => b - a);
}
