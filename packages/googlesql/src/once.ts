/** What `make` gives, made when it is first asked for: a process that starts builds no table that its queries may never need. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
