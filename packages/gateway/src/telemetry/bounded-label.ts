const WORD = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/**
 * A label that takes at most `most` different words and calls every other value `other`. A second wall behind the rule that
 * no label comes from a request: should one ever, it can't grow the metrics without end, nor carry a text (I9, I10).
 */
export function boundedLabel(most: number): (value: string) => string {
  const seen = new Set<string>();
  return (value) => {
    if (seen.has(value)) return value;
    if (seen.size >= most || !WORD.test(value)) return "other";
    seen.add(value);
    return value;
  };
}
