/** Least squares, plain and reweighted. Small models only: the time grows with the cube of the number of weights. */

/** What keeps a system solvable whose columns say the same: https://en.wikipedia.org/wiki/Ridge_regression */
const RIDGE = 1e-6;
/** Of a logistic regression: without it, labels that a line parts would have infinite weights. */
const LOGISTIC_RIDGE = 1e-2;
const STEPS = 30;

/** One weight a column of `rows`, whose first is the intercept's 1. */
export function leastSquares(rows: readonly (readonly number[])[], values: readonly number[]): number[] {
  return solveWeighted(
    rows,
    values,
    rows.map(() => 1),
    RIDGE,
  );
}

/** Newton's method as reweighted least squares: https://en.wikipedia.org/wiki/Iteratively_reweighted_least_squares */
export function logistic(rows: readonly (readonly number[])[], isFirst: readonly boolean[]): number[] {
  let weights = (rows[0] ?? []).map(() => 0);
  for (let step = 0; step < STEPS; step += 1) {
    const sums = rows.map((row) => dot(row, weights));
    const shares = sums.map((sum) => 1 / (1 + Math.exp(-sum)));
    const spread = shares.map((share) => Math.max(share * (1 - share), 1e-9));
    const aims = sums.map((sum, i) => sum + ((isFirst[i] ? 1 : 0) - (shares[i] ?? 0)) / (spread[i] ?? 1));
    weights = solveWeighted(rows, aims, spread, LOGISTIC_RIDGE);
  }
  return weights;
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

/** (XᵀWX + λ) w = XᵀWy; the intercept has no λ. */
function solveWeighted(
  rows: readonly (readonly number[])[],
  values: readonly number[],
  importance: readonly number[],
  ridge: number,
): number[] {
  const size = rows[0]?.length ?? 0;
  const system = Array.from({ length: size }, (_, i) =>
    Array.from({ length: size + 1 }, (_, j) => (i === j && i > 0 ? ridge : 0)),
  );
  for (const [r, row] of rows.entries()) {
    for (const [i, equation] of system.entries()) {
      const scaled = (row[i] ?? 0) * (importance[r] ?? 0);
      if (scaled === 0) continue;
      for (let j = 0; j < size; j += 1) equation[j] = (equation[j] ?? 0) + scaled * (row[j] ?? 0);
      equation[size] = (equation[size] ?? 0) + scaled * (values[r] ?? 0);
    }
  }
  return solve(system);
}

/** Gaussian elimination with the largest pivot; a column without one has weight 0. */
function solve(system: number[][]): number[] {
  const size = system.length;
  for (let column = 0; column < size; column += 1) {
    const below = system.slice(column).map((equation) => Math.abs(equation[column] ?? 0));
    const at = column + below.indexOf(Math.max(...below));
    const pivot = system[at] ?? [];
    system[at] = system[column] ?? [];
    system[column] = pivot;
    if (Math.abs(pivot[column] ?? 0) < 1e-12) continue;
    for (const [i, equation] of system.entries()) {
      if (i === column) continue;
      const factor = (equation[column] ?? 0) / (pivot[column] ?? 1);
      if (factor === 0) continue;
      for (let j = column; j <= size; j += 1) equation[j] = (equation[j] ?? 0) - factor * (pivot[j] ?? 0);
    }
  }
  return system.map((equation, i) => {
    const own = equation[i] ?? 0;
    return Math.abs(own) < 1e-12 ? 0 : (equation[size] ?? 0) / own;
  });
}
