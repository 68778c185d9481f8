import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CalendarEvent, parseCalendarEvent } from './calendar-event.ts';
import { nextOccurrence } from './calendar-next.ts';
import { fixedZone, utc, weekdayOf } from './civil-time.ts';

function event(text: string): CalendarEvent {
  const parsed = parseCalendarEvent(text);
  if ('error' in parsed) throw new Error(parsed.error);
  return parsed.value;
}

const at = (text: string) => Date.parse(`${text}Z`) / 1000;
const next = (text: string, last: string) => nextOccurrence(event(text), at(last), utc);

test('strictly after the last, over the ends of hour, day, month and year', () => {
  assert.is(next('daily', '2021-01-01T00:00:00'), at('2021-01-02T00:00:00'));
  assert.is(next('*:*:30', '2021-12-31T23:59:30'), at('2022-01-01T00:00:30'));
  assert.is(next('mon', '2021-01-31T12:00:00'), at('2021-02-01T00:00:00'));
  assert.is(next('02-29 3:00', '2021-01-01T00:00:00'), at('2024-02-29T03:00:00'));
  assert.is(next('sat 22:30/20', '2021-01-02T22:50:00'), at('2021-01-09T22:30:00'));
});

test('never', () => {
  for (const text of ['02-30', '2020-1-1', '2021-02-29', '0-1', '1-0']) {
    assert.is(next(text, '2020-06-01T00:00:00'), undefined, text);
  }
});

test('an event in UTC does not ask the zone', () => {
  const east = fixedZone(3600);
  assert.is(nextOccurrence(event('daily UTC'), 0, east), 86_400);
  assert.is(nextOccurrence(event('daily'), 0, east), 82_800);
});

test('it is the first second that matches every field', () => {
  const hours = fc.constantFrom('*', '8..17', '*/5', '3,22');
  const minutes = fc.constantFrom('*', '0', '5/20', '58..59');
  const days = fc.constantFrom('', 'mon..fri ', 'sun,wed ', '*-*-1..7 ', 'sat *-2,3-* ');
  fc.assert(
    fc.property(days, hours, minutes, fc.integer({ min: 0, max: 4_000_000_000 }), (day, hour, minute, last_s) => {
      const parsed = event(`${day}${hour}:${minute}`);
      const found_s = nextOccurrence(parsed, last_s, utc)!;
      assert.ok(found_s > last_s);
      assert.ok(isMatch(parsed, found_s));
      // Every matching second is at the beginning of a minute, so only these need a look; a day of them is enough.
      const firstMinute_s = Math.ceil((last_s + 1) / 60) * 60;
      for (let second = firstMinute_s; second < Math.min(found_s, firstMinute_s + 86_400); second += 60) {
        assert.not.ok(isMatch(parsed, second));
      }
    }),
    { numRuns: 60 },
  );
});

function isMatch({ weekdays, years, months, days, hours, minutes, seconds }: CalendarEvent, epoch_s: number): boolean {
  const time = utc.civil(epoch_s);
  const pairs = [
    [weekdays, weekdayOf(time)],
    [years, time.year],
    [months, time.month],
    [days, time.day],
    [hours, time.hour],
    [minutes, time.minute],
    [seconds, time.second],
  ] as const;
  return pairs.every(([field, value]) => field === undefined || field.includes(value));
}

test.run();
