// Characters are code points. Both walk from an end, so that a long value costs no more than a short one.

/** Where the last `count` characters begin; undefined if the value has no more than these. */
export function startOfLast(value: string, count: number): number | undefined {
  let at = value.length;
  for (let i = 0; i < count && at > 0; i++) at -= at >= 2 && isPair(value, at - 2) ? 2 : 1;
  return at > 0 ? at : undefined;
}

/** Where the first `count` characters end; undefined if the value has no more than these. */
export function endOfFirst(value: string, count: number): number | undefined {
  let at = 0;
  for (let i = 0; i < count && at < value.length; i++) at += isPair(value, at) ? 2 : 1;
  return at < value.length ? at : undefined;
}

/** More than so many characters stand in the value beside the spaces around it, or what else fills it up (up to U+0020). */
export function hasMoreThan(value: string, count: number): boolean {
  let start = 0;
  while (value.charCodeAt(start) <= SPACE) start++;
  let end = value.length;
  while (end > start && value.charCodeAt(end - 1) <= SPACE) end--;
  for (let i = 0; i < count && start < end; i++) start += isPair(value, start) ? 2 : 1;
  return start < end;
}

const SPACE = 0x20;

/** A surrogate pair stands at `at`. */
function isPair(value: string, at: number): boolean {
  return (value.charCodeAt(at) & 0xfc00) === 0xd800 && (value.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
}
