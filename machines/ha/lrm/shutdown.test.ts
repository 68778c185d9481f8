import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LrmMode } from '../state-files.ts';
import { shutdownPlan } from './shutdown.ts';

function plan(marker: '' | 'shutdown' | 'reboot', policy: string | undefined, mode: LrmMode = 'active') {
  const { isStopping, lines, mode: next } = shutdownPlan(marker, policy, mode);
  return [next, isStopping, lines.at(-1)!.text];
}

test('the policies, for a shutdown and for a reboot (spec/ha.md §4.6)', () => {
  const stop = ['shutdown', true, 'shutdown LRM, stop all services'];
  const freeze = (marker: string) => ['restart', true, `${marker} LRM, stop and freeze all services`];
  assert.equal(plan('shutdown', undefined), stop);
  assert.equal(plan('reboot', undefined), freeze('reboot'));
  assert.equal(plan('shutdown', 'freeze'), freeze('shutdown'));
  assert.equal(plan('reboot', 'failover'), stop);
  assert.equal(plan('reboot', 'migrate'), [
    'maintenance',
    false,
    'reboot LRM, doing maintenance, removing this node from active list',
  ]);
});

test('an unknown policy is conditional, and said so, also where only the daemon ends', () => {
  for (const marker of ['', 'shutdown', 'reboot'] as const) {
    const { lines } = shutdownPlan(marker, 'odd', 'active');
    assert.ok(lines.some(({ text }) => text === "unknown shutdown policy 'odd', fall back to conditional"));
  }
  assert.equal(plan('reboot', 'odd')[0], 'restart');
});

test('maintenance is kept', () => {
  assert.equal(plan('reboot', 'migrate', 'maintenance'), [
    undefined,
    false,
    'reboot LRM, ignore maintenance policy, already in maintenance mode',
  ]);
  assert.equal(plan('shutdown', 'freeze', 'maintenance'), [
    undefined,
    true,
    'shutdown LRM, ignore freeze policy as manual maintenance mode is enabled',
  ]);
  assert.is(plan('', undefined, 'maintenance')[0], undefined);
});

test.run();
