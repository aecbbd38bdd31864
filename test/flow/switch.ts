/**
 * Which mutant of the resolver is on. All of them stand in one copy of it, each behind `globalThis.mutant(number)`:
 * turning one on costs no loading. Imported before the resolver.
 */
let on = Number(process.env.MUTANT ?? "-1");
/** The mutants whose place was reached since somebody last looked. */
export const reached = new Set<number>();

Object.assign(globalThis, {
  mutant: (number: number): boolean => {
    reached.add(number);
    return number === on;
  },
});

export function turnOn(number: number): void {
  on = number;
}
