/** Stands for `node:test` where the tables are run again and again: keeps the tests instead of running them. */
export interface Collected {
  readonly name: string;
  readonly run: () => unknown;
}

export const tests: Collected[] = [];

export function test(name: string, run: () => unknown): void {
  tests.push({ name, run });
}

export function it(name: string, run: () => unknown): void {
  test(name, run);
}

export function describe(_name: string, register: () => void): void {
  register();
}
