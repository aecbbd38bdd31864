import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * Where a canary can be found in some bytes, in any of the forms in which software writes a text: as it is, in either
 * case, UTF-16 of both orders, hexadecimal, percent-encoded, and base64 at each of the three alignments.
 * The canary is of lower-case letters and digits, so that JSON, SQL and URLs leave it as it is.
 */
export function findCanary(canary: string, bytes: Buffer): string[] {
  const latin = bytes.toString("latin1");
  const folded = latin.toLowerCase();
  const utf8 = Buffer.from(canary);
  const little = Buffer.from(canary, "utf16le");
  const upper = Buffer.from(canary.toUpperCase());
  const forms: [string, string, string][] = [
    ["plain", folded, canary],
    ["UTF-16LE", latin, little.toString("latin1")],
    ["UTF-16BE", latin, Buffer.from(little).swap16().toString("latin1")],
    ["hexadecimal", folded, utf8.toString("hex")],
    ["hexadecimal, upper case", folded, upper.toString("hex")],
    ["percent-encoded", folded, utf8.toString("hex").replace(/../g, "%$&")],
    ["reversed", folded, [...canary].reverse().join("")],
    ...[utf8, upper, little].flatMap((text) =>
      [0, 1, 2].flatMap((shift): [string, string, string][] => [
        ["base64", latin, base64Core(text, shift)],
        ["base64url", latin, base64Core(text, shift).replaceAll("+", "-").replaceAll("/", "_")],
      ]),
    ),
  ];
  return forms.filter(([, text, form]) => text.includes(form)).map(([name]) => name);
}

/** The characters of base64 that depend on the text alone, when so many bytes come before it. */
function base64Core(text: Buffer, shift: number): string {
  const first = (3 - shift) % 3;
  const whole = text.subarray(first, first + Math.floor((text.length - first) / 3) * 3);
  return whole.toString("base64");
}

/** Every file below a folder, whatever its name. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile());
}

/** `file: form`, for every file below the folder that holds the canary. */
export function findInFolder(canary: string, folder: string): string[] {
  return filesBelow(folder).flatMap((file) => findCanary(canary, readFileSync(file)).map((form) => `${file}: ${form}`));
}
