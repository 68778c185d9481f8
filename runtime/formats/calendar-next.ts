/** When a calendar event comes next (spec/scheduler.md §3.2). */
import type { CalendarEvent, CalendarField } from './calendar-event.ts';
import { type CivilTime, type TimeZone, utc, weekdayOf } from './civil-time.ts';

/** Impossible dates end here, and where the change of the clock would never let a time be reached. */
const most_steps = 1000;

/**
 * The first matching second after `last_s`, or undefined: never.
 * @param zone for events that aren't in UTC
 */
export function nextOccurrence(event: CalendarEvent, last_s: number, zone: TimeZone): number | undefined {
  const clock = event.isUtc ? utc : zone;
  let now_s = Math.floor(last_s) + 1;
  for (let step = 0; step < most_steps; step++) {
    const jump = nextCandidate(event, clock.civil(now_s));
    if (jump === 'never') return undefined;
    if (jump === 'matches') return now_s;
    now_s = clock.normalized_s(jump);
  }
  return undefined;
}

/** Fields beyond their range carry over when the time is normalised. */
function nextCandidate(event: CalendarEvent, time: CivilTime): CivilTime | 'matches' | 'never' {
  const { year, month, day, hour, minute, second } = time;
  const midnight = { year, month, day, hour: 0, minute: 0, second: 0 };
  if (!matches(event.years, year)) {
    const nextYear = after(event.years, year);
    return nextYear === undefined ? 'never' : { ...midnight, year: nextYear, month: 1, day: 1 };
  }
  if (!matches(event.months, month)) return { ...midnight, month: after(event.months, month) ?? 13, day: 1 };
  if (!matches(event.days, day)) {
    const nextDay = after(event.days, day);
    return nextDay === undefined ? { ...midnight, month: month + 1, day: 1 } : { ...midnight, day: nextDay };
  }
  const weekday = weekdayOf(time);
  if (!matches(event.weekdays, weekday)) {
    const nextWeekday = after(event.weekdays, weekday) ?? event.weekdays![0]! + 7;
    return { ...midnight, day: day + nextWeekday - weekday };
  }
  if (!matches(event.hours, hour)) return { ...midnight, hour: after(event.hours, hour) ?? 24 };
  if (!matches(event.minutes, minute)) {
    const nextMinute = after(event.minutes, minute);
    return { ...midnight, hour: nextMinute === undefined ? hour + 1 : hour, minute: nextMinute ?? 0 };
  }
  if (matches(event.seconds, second)) return 'matches';
  const nextSecond = after(event.seconds, second);
  return { ...time, minute: nextSecond === undefined ? minute + 1 : minute, second: nextSecond ?? 0 };
}

function matches(field: CalendarField, value: number): boolean {
  return field === undefined || field.includes(value);
}

function after(field: CalendarField, value: number): number | undefined {
  return field?.find((one) => one > value);
}
