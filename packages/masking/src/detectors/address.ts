import { type Detector, whole } from "./detector.ts";

/** Email addresses, more generously than RFC 5321 allows them. */
export const email: Detector = {
  kind: "EMAIL",
  pattern: String.raw`(?<![A-Za-z0-9._%+'-])[A-Za-z0-9._%+'-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?![A-Za-z0-9])`,
};

/** Web addresses with a scheme, or that begin with www. */
export const url: Detector = {
  kind: "URL",
  pattern: String.raw`(?<![A-Za-z0-9])(?:(?:[hH][tT][tT][pP][sS]?|[fF][tT][pP]):\/\/|[wW][wW][wW]\.)[^\s<>"']+`,
  accept(matched) {
    // A sentence's punctuation isn't the address's.
    const to = matched.replace(/[.,;:!?)\]}]+$/, "").length;
    return to > 4 ? { from: 0, to } : undefined;
  },
};

/** RFC 791, in decimal. */
export const ipv4: Detector = {
  kind: "IP",
  pattern: String.raw`(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\d|\.\d)`,
  accept: whole((matched) => matched.split(".").every((part) => Number(part) <= 255)),
};

/** RFC 4291, 2.2, of hexadecimal groups. */
export const ipv6: Detector = {
  kind: "IP",
  pattern: String.raw`(?<![0-9A-Za-z])(?<!(?<![0-9A-Za-z])[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:(?:[0-9A-Fa-f]{1,4}:|:){0,6}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])`,
  accept(matched) {
    // One colon before or behind is the sentence's.
    const from = /^:[^:]/.test(matched) ? 1 : 0;
    const to = matched.length - (/[^:]:$/.test(matched) ? 1 : 0);
    return isIpv6(matched.slice(from, to)) ? { from, to } : undefined;
  },
};

function isIpv6(text: string): boolean {
  const [left = "", right, ...more] = text.split("::");
  if (more.length > 0 || !/[0-9A-Fa-f]/.test(text)) return false;
  const groups = [left, right ?? ""].flatMap((half) => (half === "" ? [] : half.split(":")));
  if (groups.some((group) => group === "")) return false;
  return right === undefined ? groups.length === 8 : groups.length < 8;
}
