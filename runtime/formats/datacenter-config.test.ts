import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { editDatacenterConfig, readDatacenterConfig } from './datacenter-config.ts';

test('what is not there has its default', () => {
  const { config, warnings } = readDatacenterConfig('');
  assert.equal(config, { fencing: 'watchdog', max_workers: 4, values: new Map() });
  assert.equal(warnings, []);
});

test('a whole file; keys of others stay readable as text', () => {
  const { config, warnings } = readDatacenterConfig(
    '# a description\n\nkeyboard: de\nha: shutdown_policy=migrate\n' +
      'crs: ha=static,ha-rebalance-on-start=yes,ha-auto-rebalance=1,ha-auto-rebalance-threshold=25,ha-auto-rebalance-margin=12.5,' +
      'ha-auto-rebalance-method=topsis,ha-auto-rebalance-hold-duration=5\n' +
      'max_workers:   2  \nfencing: both\nmigration: type=secure,network=10.0.0.0/8\n',
  );
  assert.equal(warnings, []);
  assert.equal(config.ha, { shutdown_policy: 'migrate' });
  assert.equal(config.crs, {
    ha: 'static',
    'ha-rebalance-on-start': 1,
    'ha-auto-rebalance': 1,
    'ha-auto-rebalance-threshold': 0.25,
    'ha-auto-rebalance-margin': 0.125,
    'ha-auto-rebalance-method': 'topsis',
    'ha-auto-rebalance-hold-duration': 5,
  });
  assert.is(config.max_workers, 2);
  assert.is(config.fencing, 'both');
  assert.is(config.values.get('migration'), 'type=secure,network=10.0.0.0/8');
});

test('the unit of threshold and margin can be fractions', () => {
  const text = 'crs: ha-auto-rebalance=1,ha-auto-rebalance-threshold=0.3\n';
  const { crs } = readDatacenterConfig(text, { rebalanceUnit: 'fraction' }).config;
  assert.is(crs!['ha-auto-rebalance-threshold'], 0.3);
});

test('I1 broken lines and values: a warning each, the rest counts', () => {
  const { config, warnings } = readDatacenterConfig(
    'no colon\nha: shutdown_policy=never\nmax_workers: 0\nfencing: maybe\ncrs: ha=static,foo=1\nempty:\n leading: blank\n',
  );
  assert.equal(warnings, [
    'file datacenter.cfg line 1 - ignore config line: no colon',
    'file datacenter.cfg line 6 - ignore config line: empty:',
    'file datacenter.cfg line 7 - ignore config line:  leading: blank',
    "file datacenter.cfg - ignore value of 'ha': format error",
    "file datacenter.cfg - ignore value of 'ha': shutdown_policy: value 'never' does not have a value in the enumeration 'freeze, failover, conditional, migrate'",
    "file datacenter.cfg - ignore value of 'crs': invalid key in comma-separated list property: foo",
    "file datacenter.cfg - ignore value of 'fencing': value 'maybe' does not have a value in the enumeration 'watchdog, hardware, both'",
    "file datacenter.cfg - ignore value of 'max_workers': value must have a minimum value of 1",
  ]);
  assert.equal([config.ha, config.crs, config.fencing, config.max_workers], [undefined, undefined, 'watchdog', 4]);
});

test('settings of the rebalancing need the rebalancing', () => {
  const { config, warnings } = readDatacenterConfig('crs: ha=dynamic,ha-auto-rebalance-margin=5\n');
  assert.is(config.crs, undefined);
  assert.equal(warnings, [
    "file datacenter.cfg - ignore value of 'crs': ha-auto-rebalance: missing property required by 'ha-auto-rebalance-margin'",
  ]);
});

test('the last line of a key counts, and an edit leaves one', () => {
  const text = 'max_workers: 1\n# note\nmax_workers: 3\nkeyboard: de';
  assert.is(readDatacenterConfig(text).config.max_workers, 3);
  assert.is(editDatacenterConfig(text, new Map([['max_workers', '9']])), '# note\nmax_workers: 9\nkeyboard: de\n');
  assert.is(editDatacenterConfig(text, new Map([['max_workers', null]])), '# note\nkeyboard: de\n');
  assert.is(editDatacenterConfig('', new Map([['fencing', 'both']])), 'fencing: both\n');
});

const line = fc.oneof(
  fc.constantFrom('# words', '', 'broken', 'keyboard: de', 'crs: ha=static', 'max_workers: 2', 'x:', ' y: z'),
  fc.stringMatching(/^[a-z]{1,4}: [a-z=,]{1,8}$/),
);

test('I2 adding a key and removing it gives the text back; nothing else changes', () => {
  fc.assert(
    fc.property(fc.array(line), fc.stringMatching(/^[A-Z]{1,5}$/), (lines, key) => {
      const text = lines.map((one) => `${one}\n`).join('');
      const added = editDatacenterConfig(text, new Map([[key, 'v=1']]));
      assert.is(added, `${text}${key}: v=1\n`);
      assert.is(editDatacenterConfig(added, new Map([[key, null]])), text);
    }),
  );
});

test.run();
