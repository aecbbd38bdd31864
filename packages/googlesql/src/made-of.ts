import { once } from "./once.ts";

/**
 * Whether a text is as `pattern` says, in which `\p{…}` names letters, digits and signs of every script. `ascii` says the same of ASCII alone
 * and answers for nearly every name: reading Unicode's tables takes a millisecond, and the engine would read them for a pattern in the
 * source as soon as it parses it.
 */
export function madeOf(ascii: RegExp, pattern: string): (text: string) => boolean {
  const unicode = once(() => new RegExp(pattern, "u"));
  return (text) => ascii.test(text) || unicode().test(text);
}
