/**
 * Two decimals as C's printf writes them: the exact binary value counts, and an exact tie goes to the even digit
 * (spec/ha.md §7.5). `toFixed` does the same except for ties, which it rounds up.
 */
export function twoDecimals(value: number): string {
  if (value < 0) return `-${twoDecimals(-value)}`;
  const rounded = value.toFixed(2);
  // Only odd multiples of 1/8 lie exactly between two hundredths.
  const isTie = Number.isInteger(value * 8) && (value * 8) % 2 === 1;
  const isOdd = Number(rounded.at(-1)) % 2 === 1;
  return isTie && isOdd ? (Number(rounded) - 0.01).toFixed(2) : rounded;
}
