/** Numbers as text: as the original prints one without a format, and with a fixed count of digits as C's `printf` does. */

const significantDigits = 15;

/** Fifteen digits, trailing zeros cut; with an exponent of two digits where it is below -4 or above 14. */
export function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Inf' : '-Inf';
  const [mantissa = '', exponentText = ''] = value.toExponential(significantDigits - 1).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < significantDigits) return cut(value.toFixed(significantDigits - 1 - exponent));
  return `${cut(mantissa)}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function cut(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/**
 * Rounds the exact binary value; an exact tie goes to the even digit, where `toFixed` goes up (spec/formats.md §2).
 * @param digits after the point
 */
export function fixedText(value: number, digits: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const { numerator, exponent } = binaryParts(Math.abs(value));
  const scaled = numerator * 10n ** BigInt(digits);
  const rounded = exponent >= 0 ? scaled << BigInt(exponent) : roundedShift(scaled, BigInt(-exponent));
  const text = rounded.toString().padStart(digits + 1, '0');
  if (digits === 0) return sign + text;
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** `value` = `numerator` × 2^`exponent`. */
function binaryParts(value: number): { readonly numerator: bigint; readonly exponent: number } {
  let numerator = value;
  let exponent = 0;
  while (!Number.isInteger(numerator)) {
    numerator *= 2;
    exponent--;
  }
  return { numerator: BigInt(numerator), exponent };
}

function roundedShift(value: bigint, bits: bigint): bigint {
  if (bits === 0n) return value;
  const quotient = value >> bits;
  const rest = value - (quotient << bits);
  const half = 1n << (bits - 1n);
  if (rest > half || (rest === half && quotient % 2n === 1n)) return quotient + 1n;
  return quotient;
}
