import assert from "node:assert/strict";
import { it } from "node:test";
import { leastSquares, logistic } from "./train.ts";

const close = (a: readonly number[], b: readonly number[], within: number) =>
  assert.ok(a.length === b.length && a.every((value, i) => Math.abs(value - (b[i] ?? 0)) < within), `${a} and ${b}`);

it("least squares finds the line that values lie on, and the best where they lie on none", () => {
  const rows = [0, 1, 2, 3].map((x) => [1, x, x % 2]);
  close(
    leastSquares(
      rows,
      rows.map(([, x = 0, odd = 0]) => 3 + 2 * x - 5 * odd),
    ),
    [3, 2, -5],
    1e-4,
  );
  close(
    leastSquares(
      [0, 1, 2].map((x) => [1, x]),
      [0, 0, 3],
    ),
    [-0.5, 1.5],
    1e-4,
  );
});

it("least squares gives columns that say the same a share each", () => {
  const rows = [1, 2, 3].map((x) => [1, x, x]);
  const [, a = 0, b = 0] = leastSquares(rows, [2, 4, 6]);
  close([a + b, a - b], [2, 0], 1e-3);
});

it("a logistic regression has the log-odds of what it saw", () => {
  const rows = [...Array(8).fill([1, 0]), ...Array(8).fill([1, 1])];
  const first = [...Array(8)].map((_, i) => i < 2).concat([...Array(8)].map((_, i) => i < 6));
  close(logistic(rows, first), [Math.log(2 / 6), Math.log(6 / 2) - Math.log(2 / 6)], 0.05);
});
