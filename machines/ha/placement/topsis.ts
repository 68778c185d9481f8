/**
 * TOPSIS (spec/ha.md §7.3): ranks alternatives by how near each is to the best value of every criterion and how far from
 * the worst. All criteria are costs: smaller is better.
 */

/**
 * The closeness of each alternative, 0 (worst) to 1 (best); 0 where an alternative is best and worst at once.
 * @param alternatives a row of criteria each, all as long as `weights`
 */
export function closenesses(
  alternatives: readonly (readonly number[])[],
  weights: readonly number[],
): readonly number[] {
  const columns = weights.map((_weight, j) => normalised(alternatives.map((row) => row[j]!)));
  const best = columns.map((column) => Math.min(...column));
  const worst = columns.map((column) => Math.max(...column));
  return alternatives.map((_row, i) => {
    const point = columns.map((column) => column[i]!);
    const toBest = weightedDistance(point, best, weights);
    const toWorst = weightedDistance(point, worst, weights);
    const divisor = toBest + toWorst;
    return divisor === 0 ? 0 : toWorst / divisor;
  });
}

/** Divided by the column's Euclidean norm, so that criteria of any scale can be compared. */
function normalised(column: readonly number[]): readonly number[] {
  const norm = Math.sqrt(column.reduce((sum, value) => sum + value * value, 0));
  return norm === 0 ? column : column.map((value) => value / norm);
}

function weightedDistance(point: readonly number[], other: readonly number[], weights: readonly number[]): number {
  let sum = 0;
  for (let j = 0; j < weights.length; j++) {
    const part = weights[j]! * (point[j]! - other[j]!);
    sum += part * part;
  }
  return Math.sqrt(sum);
}
