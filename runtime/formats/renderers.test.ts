import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedZone } from './civil-time.ts';
import {
  renderBytes,
  renderDuration,
  renderFractionAsPercentage,
  renderTimestamp,
  renderTimestampGmt,
} from './renderers.ts';

test('times', () => {
  assert.is(renderTimestampGmt(86_399), '1970-01-01 23:59:59');
  assert.is(renderTimestamp(0, fixedZone(-3600)), '1969-12-31 23:00:00');
});

test('durations', () => {
  assert.is(renderDuration(undefined), '0s');
  assert.is(renderDuration(0.5), '1s');
  assert.is(renderDuration(-0.3), '0s');
  assert.is(renderDuration(-0.5), '');
  assert.is(renderDuration(3600), '1h');
  assert.is(renderDuration(1_286_544), '2w 21h 22m 24s');
  assert.is(renderDuration(1_286_544, 'limited'), '2w 21h');
  assert.is(renderDuration(86_400 + 3600 + 62, 'limited'), '1d 1h 1m');
  assert.is(renderDuration(3662, 'limited'), '1h 1m 2s');
});

test('shares and sizes', () => {
  assert.is(renderFractionAsPercentage(0.412), '41.20%');
  assert.is(renderBytes(1023), '1023.00 B');
  assert.is(renderBytes(1152), '1.12 KiB');
  assert.is(renderBytes(1152, 1), '1.1 KiB');
  assert.is(renderBytes(1152, 0), '1.12 KiB');
  assert.is(renderBytes(2 ** 62), '4096.00 PiB');
});

test.run();
