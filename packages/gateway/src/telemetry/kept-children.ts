/** Children of metrics kept (I10); labels come from closed sets, so there are few. */
const MOST = 1000;

/** A metric's child for each set of labels, found once: prom-client looks for it anew, by a text made of all labels, at each observation. */
export function keptChildren<Child>(
  find: (...labels: readonly string[]) => Child,
): (...labels: readonly string[]) => Child {
  const known = new Map<string, Child>();
  return (...labels) => {
    const key = labels.length === 1 ? (labels[0] ?? "") : labels.join("\n");
    const child = known.get(key) ?? find(...labels);
    if (known.size < MOST) known.set(key, child);
    return child;
  };
}
