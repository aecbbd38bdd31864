import { type Detector, digitAt, isDigitAt, type Span, whole } from "./detector.ts";

// What RFC 5321 lets stand before the @ without quotes, and names of any script on both sides (RFC 6531).
const LOCAL = "A-Za-z0-9.!#$%&'*+/=?^_`{|}~\\u0080-\\uffff-";
const WIDE = "\\u0080-\\uffff";
const FIRST_WIDE = 0x80;

// The last label begins with a letter; digits may stand right behind it (`jane@example.org5550123`), or in place of its letters.
const DOMAIN = `@(?:[A-Za-z0-9${WIDE}-]+\\.)+[A-Za-z${WIDE}][A-Za-z0-9${WIDE}]+`;

/** Email addresses, but for those in quotes; several as one where nothing stands between that couldn't be part of one (`a@x.org/b@y.org`). */
export const email: Detector = {
  kind: "EMAIL",
  pattern: `(?<![${LOCAL}])[${LOCAL}]+${DOMAIN}(?:[${LOCAL}]*${DOMAIN})*`,
  accept: withoutMarks,
};

/**
 * The same where something else was found just before, with nothing between: of `(312) 555-0123/a@x.org` the address is left. Longer than RFC 5321's 64 octets
 * by what may stand between; no longer, for it is tried behind everything that is found.
 */
export const emailBehind: Detector = {
  kind: "EMAIL",
  pattern: `[${LOCAL}]{1,128}${DOMAIN}(?:[${LOCAL}]*${DOMAIN})*`,
  accept: withoutMarks,
};

/** Typeset quotes and the like belong to the sentence. */
function withoutMarks(text: string, start: number, end: number): Span {
  let from = start;
  while (isMark(text, from)) from++;
  let to = end;
  while (isMark(text, to - 1)) to--;
  return { start: from, end: to };
}

/** A character beyond ASCII that is no letter, digit or part of one. */
function isMark(text: string, at: number): boolean {
  return text.charCodeAt(at) >= FIRST_WIDE && !/[\p{L}\p{M}\p{N}\p{Cs}]/u.test(text.charAt(at));
}

/** Web addresses with a scheme, or that begin with www. */
export const url: Detector = {
  kind: "URL",
  pattern: String.raw`(?<![A-Za-z0-9])(?:(?:[hH][tT][tT][pP][sS]?|[fF][tT][pP]):\/\/|[wW][wW][wW]\.)[^\s<>"']+`,
  accept(text, start, end) {
    // A sentence's punctuation isn't the address's.
    let to = end;
    while (to > start && ".,;:!?)]}".includes(text.charAt(to - 1))) to--;
    return to > start + 4 ? { start, end: to } : undefined;
  },
};

/** RFC 791, in decimal. */
export const ipv4: Detector = {
  kind: "IP",
  pattern: String.raw`(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\d|\.\d)`,
  accept: whole((text, start, end) => {
    let part = 0;
    for (let i = start; i < end && part <= 255; i++) part = isDigitAt(text, i) ? part * 10 + digitAt(text, i) : 0;
    return part <= 255;
  }),
};

/** RFC 4291, 2.2: hexadecimal groups, of which an IPv4 address may be the last two. */
export const ipv6: Detector = {
  kind: "IP",
  pattern: String.raw`(?<![0-9A-Za-z])(?<!(?<![0-9A-Za-z])[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:(?:[0-9A-Fa-f]{1,4}:|:){0,6}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4})(?![0-9A-Za-z:])`,
  accept(text, start, end) {
    // One colon before or behind is the sentence's.
    const from = isColonAt(text, start) && !isColonAt(text, start + 1) ? start + 1 : start;
    const to = isColonAt(text, end - 1) && !isColonAt(text, end - 2) ? end - 1 : end;
    // The digits before the first point are counted as a group; with the others they are two.
    const most = text.slice(to - 4, to).includes(".") ? 7 : 8;
    return isIpv6(text, from, to, most) ? { start: from, end: to } : undefined;
  },
};

const COLON = 0x3a;

function isColonAt(text: string, at: number): boolean {
  return text.charCodeAt(at) === COLON;
}

/** Of hexadecimal groups and colons: as many groups as there are, or fewer and one `::`. */
function isIpv6(text: string, start: number, end: number, all: number): boolean {
  let groups = 0;
  let gaps = 0;
  for (let i = start; i < end; i++) {
    if (!isColonAt(text, i)) {
      if (i === start || isColonAt(text, i - 1)) groups++;
      continue;
    }
    // A colon alone stands between two groups.
    if (i > start && isColonAt(text, i - 1)) gaps++;
    else if (i === start ? !isColonAt(text, i + 1) : i + 1 === end) return false;
  }
  if (groups === 0) return false;
  return gaps === 0 ? groups === all : gaps === 1 && groups < all;
}
