/** Sizes: between units (`convertSize`, spec/formats.md §1.2) and as disks' sizes are written (§1.3). */
import { plainText } from './plain-value.ts';

const units = ['b', 'kb', 'mb', 'gb', 'tb', 'pb'];
const positiveNumber = /^(?:[0-9]+\.?[0-9]*|[0-9]*\.[0-9]+)$/;

export type SizeResult = { readonly value: number } | { readonly error: string };

/**
 * @param value a number, or its text
 * @param from units in any case
 * @param rounding what happens to a fraction of the target's unit
 */
export function convertSize(
  value: unknown,
  from: string | undefined | null,
  to: string | undefined | null,
  rounding: 'up' | 'down' = 'up',
): SizeResult {
  if (value === undefined || value === null || value === '') return { error: 'no value given' };
  const [fromUnit, toUnit] = [(from ?? '').toLowerCase(), (to ?? '').toLowerCase()];
  const [fromPower, toPower] = [units.indexOf(fromUnit), units.indexOf(toUnit)];
  if (fromPower < 0 || toPower < 0) {
    return { error: `unknown 'from' and/or 'to' units (${fromUnit} => ${toUnit})` };
  }
  const text = plainText(value);
  if (!positiveNumber.test(text)) return { error: `value '${text}' is not a valid, positive number` };
  const converted = Number(text) * 1024 ** (fromPower - toPower);
  return { value: rounding === 'up' ? Math.ceil(converted) : Math.floor(converted) };
}

const diskSize = /^([0-9]+(?:\.[0-9]+)?)(?:([KMGT])(?:iB)?)?$/;
const diskUnits = ['K', 'M', 'G', 'T'];

/** Bytes, cut off to an integer. */
export function readDiskSize(text: string): SizeResult {
  const match = diskSize.exec(text);
  if (match === null) return { error: `value does not look like a valid disk size: ${text}` };
  const power = match[2] === undefined ? 0 : diskUnits.indexOf(match[2]) + 1;
  return { value: Math.floor(Number(match[1]) * 1024 ** power) };
}

/** The largest unit that divides the bytes without rest; nothing has the largest of all, `0T`. */
export function writeDiskSize(bytes: number): string {
  for (let power = diskUnits.length; power > 0; power--) {
    const unit = 1024 ** power;
    if (bytes % unit === 0) return `${bytes / unit}${diskUnits[power - 1]}`;
  }
  return String(bytes);
}
