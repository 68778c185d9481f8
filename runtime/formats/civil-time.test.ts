import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedZone, isoWeek, localZone, utc } from './civil-time.ts';

test('there and back in every zone without a change of the clock', () => {
  const seconds = fc.integer({ min: -62_000_000_000, max: 250_000_000_000 });
  fc.assert(
    fc.property(seconds, fc.integer({ min: -14, max: 14 }), (epoch_s, hours) => {
      const zone = fixedZone(hours * 3600);
      assert.is(zone.epoch_s(zone.civil(epoch_s)), epoch_s);
    }),
  );
});

test('what the calendar lacks is no time', () => {
  const noon = { year: 2021, month: 2, day: 28, hour: 12, minute: 0, second: 0 };
  assert.is(utc.epoch_s({ ...noon, day: 29 }), undefined);
  assert.is(utc.epoch_s({ ...noon, month: 13 }), undefined);
  assert.is(utc.epoch_s({ ...noon, hour: 24 }), undefined);
  assert.is(localZone.epoch_s({ ...noon, second: 60 }), undefined);
  assert.equal(localZone.civil(localZone.epoch_s(noon)!), noon);
});

test('weeks belong to the year of their Thursday', () => {
  const week = (year: number, month: number, day: number) => {
    const found = isoWeek({ year, month, day, hour: 0, minute: 0, second: 0 });
    return [found.year, found.week];
  };
  assert.equal(week(2021, 1, 3), [2020, 53]);
  assert.equal(week(2021, 1, 4), [2021, 1]);
  assert.equal(week(2018, 12, 31), [2019, 1]);
  assert.equal(week(1970, 1, 1), [1970, 1]);
  assert.equal(week(1969, 12, 28), [1969, 52]);
});

test.run();
