/** Children of metrics kept (I10); labels come from closed sets, so there are few. */
const MOST = 1000;

interface Below<Child> {
  child?: Child;
  readonly next: Map<string, Below<Child>>;
}

/** A metric's child for each set of labels, found once: prom-client looks for it anew, by a text made of all labels, at each observation. */
export function keptChildren<Child>(
  find: (...labels: readonly string[]) => Child,
): (...labels: readonly string[]) => Child {
  const root: Below<Child> = { next: new Map() };
  let kept = 0;
  return (...labels) => {
    let at: Below<Child> | undefined = root;
    for (let i = 0; i < labels.length && at !== undefined; i++) at = at.next.get(labels[i] as string);
    if (at?.child !== undefined) return at.child;
    const child = find(...labels);
    if (kept >= MOST) return child;
    kept++;
    at = root;
    for (const label of labels) {
      const next: Below<Child> = at.next.get(label) ?? { next: new Map() };
      at.next.set(label, next);
      at = next;
    }
    at.child = child;
    return child;
  };
}
