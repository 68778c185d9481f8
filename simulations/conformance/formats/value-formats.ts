/** The corpus `formats`: identifiers, renderers, sizes (its README). */
import { convertSize } from '../../../runtime/formats/byte-size.ts';
import { fixedZone } from '../../../runtime/formats/civil-time.ts';
import { generalFormats } from '../../../runtime/formats/named-formats.ts';
import {
  renderBytes,
  renderDuration,
  renderFractionAsPercentage,
  renderTimestamp,
  renderTimestampGmt,
} from '../../../runtime/formats/renderers.ts';
import { formatComplaint } from '../../../runtime/formats/schema-check.ts';
import { differenceOf } from '../corpus.ts';
import { vectorCorpus } from '../vectors.ts';

interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly in?: string;
  readonly valid?: boolean;
  readonly renderer?: string;
  readonly value?: unknown;
  readonly arg?: unknown;
  readonly tz_offset?: string;
  readonly expect?: unknown;
  readonly from?: string | null;
  readonly to?: string | null;
  readonly no_round_up?: unknown;
  readonly error_prefix?: string;
}

const formats = generalFormats();

export const valueFormats = vectorCorpus<Vector, { readonly cases: readonly Vector[] }>('formats', (vector) => {
  if (vector.kind === 'render') return differenceOf(rendered(vector), vector.expect);
  if (vector.kind === 'convert_size') return sizeDifference(vector);
  return differenceOf(formatComplaint(vector.in ?? '', vector.kind, formats) === undefined, vector.valid);
});

function rendered({ renderer, value, arg, tz_offset = '' }: Vector): unknown {
  const number = value === null || value === undefined ? undefined : Number(value);
  switch (renderer) {
    case 'timestamp':
      return renderTimestamp(number ?? 0, fixedZone(secondsEast(tz_offset)));
    case 'timestamp_gmt':
      return renderTimestampGmt(number ?? 0);
    case 'duration':
      return renderDuration(number, isTrue(arg) ? 'limited' : 'full');
    case 'fraction_as_percentage':
      return renderFractionAsPercentage(number ?? 0);
    case 'bytes':
      return renderBytes(number ?? 0, digitsOf(arg));
    default:
      return `no renderer ${renderer}`;
  }
}

/** `+01:00 (TZ=UTC-1)` */
function secondsEast(text: string): number {
  const [, sign, hours, minutes] = /^([+-])([0-9]{2}):([0-9]{2})/.exec(text) ?? [];
  const seconds = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60;
  return sign === '-' ? -seconds : seconds;
}

function digitsOf(arg: unknown): number {
  const digits = typeof arg === 'object' && arg !== null && 'precision' in arg ? arg.precision : arg;
  return Number(digits ?? 0);
}

/** As the original's language has it. */
function isTrue(value: unknown): boolean {
  return Boolean(value) && value !== '0';
}

function sizeDifference({ value, from, to, no_round_up, expect, error_prefix }: Vector): string | undefined {
  const size = convertSize(value, from, to, isTrue(no_round_up) ? 'down' : 'up');
  if (error_prefix === undefined) return differenceOf('error' in size ? size.error : size.value, expect);
  const error = 'error' in size ? size.error : `no error, but ${size.value}`;
  return error.startsWith(error_prefix) ? undefined : `expected ${error_prefix}, got ${error}`;
}
