import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { calendarEventComplaint, parseCalendarEvent } from './calendar-event.ts';

function read(text: string): Record<string, unknown> | string {
  const parsed = parseCalendarEvent(text);
  return 'error' in parsed ? parsed.error : { ...parsed.value };
}

const midnight = { hours: [0], minutes: [0], seconds: [0] };
const anyDay = { isUtc: false, weekdays: undefined, years: undefined, months: undefined, days: undefined };

test('keywords, and the zone', () => {
  assert.equal(read('daily'), { ...anyDay, ...midnight });
  assert.equal(read('hourly UTC'), { ...anyDay, isUtc: true, hours: undefined, minutes: [0], seconds: [0] });
  assert.equal(read('quarterly'), { ...anyDay, ...midnight, months: [1, 4, 7, 10], days: [1] });
});

test('times: a minute, hour and minute, all three', () => {
  assert.equal(read('30'), { ...anyDay, hours: undefined, minutes: [30], seconds: [0] });
  assert.equal(read('8..10:0/20'), { ...anyDay, hours: [8, 9, 10], minutes: [0, 20, 40], seconds: [0] });
  assert.equal(read('*/12:5/0:*'), { ...anyDay, hours: [0, 12], minutes: [5], seconds: undefined });
  assert.equal(read('1..9/4:0'), { ...anyDay, hours: [1, 5, 9], minutes: [0], seconds: [0] });
});

test('days: ranges wrap, dates have two or three parts', () => {
  assert.equal(read('fri..Monday,wed'), { ...anyDay, ...midnight, weekdays: [0, 2, 4, 5, 6] });
  assert.equal(read('2020-*/6-1 10:00'), {
    ...anyDay,
    years: [2020],
    months: [1, 7],
    days: [1],
    hours: [10],
    minutes: [0],
    seconds: [0],
  });
  assert.equal(read('02-30'), { ...anyDay, ...midnight, months: [2], days: [30] });
});

test('what is refused', () => {
  assert.is(read('  '), 'unable to parse calendar event - event is empty');
  const wrong = ['24:00', '60', '*:*:60', '13-1', '1-32', '2200-1-1', '*/0', '*/60', '10..5', 'mond', 'Daily', 'UTC'];
  for (const text of [...wrong, '1:2:3:4', '1-1-', '10:00 x', 'mon,', '1,,2', 'utc']) {
    assert.match(String(read(text)), /^unable to parse calendar event/, text);
    assert.ok(calendarEventComplaint(text)!.startsWith(`invalid calendar event '${text}' - unable to parse`));
  }
});

test('no text makes an exception or takes long', () => {
  const token = fc.constantFrom('mon', '..', '1', '*', '/', '-', ':', ',', ' ', 'UTC', '59', 'x');
  fc.assert(
    fc.property(fc.array(token, { maxLength: 30 }), (tokens) => {
      const parsed = parseCalendarEvent(tokens.join(''));
      assert.ok('error' in parsed || parsed.value.minutes?.every((minute) => minute < 60) !== false);
    }),
  );
});

test.run();
