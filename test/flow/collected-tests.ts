/** Stands for `node:test` where the tables are run again and again: keeps the tests instead of running them. */
export interface Collected {
  readonly name: string;
  readonly run: () => unknown;
}

export const tests: Collected[] = [];

interface Around {
  readonly before: (() => unknown)[];
  readonly after: (() => unknown)[];
}

let around: readonly Around[] = [];

/** What is done before and after all tests of a group is done before and after each, since each is run alone. */
export function test(name: string, run: () => unknown): void {
  const groups = around;
  tests.push({
    name,
    run: () => {
      for (const group of groups) for (const hook of group.before) hook();
      try {
        if (run() instanceof Promise) throw new Error("a test that is asked about mutants may wait for nothing");
      } finally {
        for (const group of groups) for (const hook of group.after) hook();
      }
    },
  });
}

export function it(name: string, run: () => unknown): void {
  test(name, run);
}

export function describe(_name: string, register: () => void): void {
  const outside = around;
  around = [...outside, { before: [], after: [] }];
  register();
  around = outside;
}

export function beforeEach(hook: () => unknown): void {
  around.at(-1)?.before.push(hook);
}

export function afterEach(hook: () => unknown): void {
  around.at(-1)?.after.push(hook);
}

export function before(hook: () => unknown): void {
  beforeEach(hook);
}

export function after(hook: () => unknown): void {
  afterEach(hook);
}
