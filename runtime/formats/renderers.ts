/**
 * Values as people read them in the output of the command line (spec/formats.md §2); YAML is the tools' own
 * output format (actors/command-line/json-text.ts).
 */
import { localZone, type TimeZone, twoDigits, utc } from './civil-time.ts';
import { fixedText } from './number-text.ts';

/** `YYYY-MM-DD HH:MM:SS`, local time unless a zone is given. */
export function renderTimestamp(epoch_s: number, zone: TimeZone = localZone): string {
  const { year, month, day, hour, minute, second } = zone.civil(epoch_s);
  const date = [String(year).padStart(4, '0'), twoDigits(month), twoDigits(day)].join('-');
  return `${date} ${[hour, minute, second].map(twoDigits).join(':')}`;
}

export function renderTimestampGmt(epoch_s: number): string {
  return renderTimestamp(epoch_s, utc);
}

const durationUnits = [
  ['w', 604_800],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** @param accuracy `limited`: no minutes when there are weeks, no seconds when there are weeks or days */
export function renderDuration(duration_s: number | undefined, accuracy: 'full' | 'limited' = 'full'): string {
  // Rounded halves go away from zero; Math.round would take -0.5 to zero.
  const rounded = Math.sign(duration_s ?? 0) * Math.round(Math.abs(duration_s ?? 0));
  if (rounded === 0) return '0s';
  if (rounded < 0) return '';
  let rest = rounded;
  const parts = new Map<string, number>();
  for (const [unit, length] of durationUnits) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.set(unit, count);
  }
  if (accuracy === 'limited') {
    if (parts.has('w') || parts.has('d')) parts.delete('s');
    if (parts.has('w')) parts.delete('m');
  }
  return [...parts].map(([unit, count]) => `${count}${unit}`).join(' ');
}

/** 0.412 → `41.20%` */
export function renderFractionAsPercentage(fraction: number): string {
  return `${fixedText(fraction * 100, 2)}%`;
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** @param digits after the point; 0 means 2, as in the original */
export function renderBytes(bytes: number, digits = 2): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${fixedText(value, digits === 0 ? 2 : digits)} ${byteUnits[unit]}`;
}
