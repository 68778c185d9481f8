/** The corpus `calendar`: events and what comes next (its README). The time zone is that of the process while a case runs. */
import { parseCalendarEvent } from '../../../runtime/formats/calendar-event.ts';
import { nextOccurrence } from '../../../runtime/formats/calendar-next.ts';
import { localZone } from '../../../runtime/formats/civil-time.ts';
import { differenceOf } from '../corpus.ts';
import { vectorCorpus } from '../vectors.ts';

interface Vector {
  readonly id: string;
  readonly event: string;
  readonly tz: string;
  readonly valid: boolean;
  readonly force_utc?: boolean;
  readonly next?: readonly { readonly last: number; readonly expect: number | null }[];
}

export const calendar = vectorCorpus<Vector, { readonly cases: readonly Vector[] }>('calendar', (vector) => {
  const before = process.env.TZ;
  process.env.TZ = vector.tz;
  try {
    return differenceIn(vector);
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
});

function differenceIn({ event, valid, force_utc = false, next = [] }: Vector): string | undefined {
  const parsed = parseCalendarEvent(event);
  if ('error' in parsed) return valid ? parsed.error : undefined;
  if (!valid) return `expected a refusal, got ${JSON.stringify(parsed.value)}`;
  const calendarEvent = force_utc ? { ...parsed.value, isUtc: true } : parsed.value;
  for (const { last, expect } of next) {
    const difference = differenceOf(nextOccurrence(calendarEvent, last, localZone) ?? null, expect);
    if (difference !== undefined) return `after ${last}: ${difference}`;
  }
  return undefined;
}
