/** Times of the calendar in a zone, and back. A zone is a parameter wherever a format depends on it. */

export interface CivilTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

export interface TimeZone {
  /** @param epoch_s fractions of a second are dropped */
  civil(epoch_s: number): CivilTime;
  /** Undefined where there is no such date or time of day. */
  epoch_s(civil: CivilTime): number | undefined;
  /** Fields beyond their range carry over, and a time that the change of the clock skips moves on, as C's `mktime` has it. */
  normalized_s(civil: CivilTime): number;
}

/** @param offset_s seconds east of UTC, always */
export function fixedZone(offset_s: number): TimeZone {
  return {
    civil: (epoch_s) => utcFields(new Date((Math.floor(epoch_s) + offset_s) * 1000)),
    epoch_s: (civil) => (isValid(civil) ? utcMilliseconds(civil) / 1000 - offset_s : undefined),
    normalized_s: (civil) => utcMilliseconds(civil) / 1000 - offset_s,
  };
}

export const utc: TimeZone = fixedZone(0);

/** The zone of this process. */
export const localZone: TimeZone = {
  civil(epoch_s) {
    const date = new Date(Math.floor(epoch_s) * 1000);
    return {
      year: date.getFullYear(),
      month: date.getMonth() + 1,
      day: date.getDate(),
      hour: date.getHours(),
      minute: date.getMinutes(),
      second: date.getSeconds(),
    };
  },
  epoch_s(civil) {
    return isValid(civil) ? localZone.normalized_s(civil) : undefined;
  },
  normalized_s({ year, month, day, hour, minute, second }) {
    const date = new Date(0);
    date.setFullYear(year, month - 1, day);
    return date.setHours(hour, minute, second, 0) / 1000;
  },
};

function utcFields(date: Date): CivilTime {
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}

/** `Date.UTC` would read the years 0 to 99 as 1900 to 1999. */
function utcMilliseconds({ year, month, day, hour, minute, second }: CivilTime): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.setUTCHours(hour, minute, second, 0);
}

function isValid(civil: CivilTime): boolean {
  const same = utcFields(new Date(utcMilliseconds(civil)));
  return same.month === civil.month && same.day === civil.day && same.hour === civil.hour && isTime(civil);
}

function isTime({ hour, minute, second }: CivilTime): boolean {
  return hour < 24 && minute < 60 && second < 60;
}

/** From 0 for Monday. */
export function weekdayOf({ year, month, day }: CivilTime): number {
  const days = utcMilliseconds({ year, month, day, hour: 0, minute: 0, second: 0 }) / 86_400_000;
  // The first of January 1970 was a Thursday.
  return (((days + 3) % 7) + 7) % 7;
}

/** The ISO 8601 week, which belongs to the year of its Thursday. */
export function isoWeek({ year, month, day }: CivilTime): { readonly year: number; readonly week: number } {
  const midnight = { year, month, day, hour: 0, minute: 0, second: 0 };
  const days = utcMilliseconds(midnight) / 86_400_000;
  const thursday = days - weekdayOf(midnight) + 3;
  const weekYear = utcFields(new Date(thursday * 86_400_000)).year;
  const firstOfYear = utcMilliseconds({ ...midnight, year: weekYear, month: 1, day: 1 }) / 86_400_000;
  return { year: weekYear, week: Math.floor((thursday - firstOfYear) / 7) + 1 };
}

export function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
