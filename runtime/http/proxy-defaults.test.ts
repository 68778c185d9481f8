import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isAdmitted, plainAddress, readRanges } from './access-list.ts';
import { accessLine } from './access-log.ts';
import { codingFor } from './compression.ts';
import { type DefaultKey, proxyDefaults, readDefaults } from './proxy-defaults.ts';

function defaultsOf(values: Partial<Record<DefaultKey, string>>) {
  return proxyDefaults(new Map(Object.entries(values) as [DefaultKey, string][]), 3);
}

function rangesOf(text: string) {
  const ranges = readRanges(text);
  if (typeof ranges === 'string') throw new Error(ranges);
  return ranges;
}

test('the file is read by a shell: quotes, variables and comments work', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'defaults-'));
  const file = join(folder, 'pveproxy');
  writeFileSync(
    file,
    '# comment\nNET=10.0.0\nALLOW_FROM="$NET.0/24, 192.0.2.1"\nPOLICY=\'deny\'\nLISTEN_IP=\nOTHER=x\n',
  );
  const values = await readDefaults(file);
  rmSync(folder, { recursive: true });
  assert.equal(
    [...values],
    [
      ['ALLOW_FROM', '10.0.0.0/24, 192.0.2.1'],
      ['POLICY', 'deny'],
    ],
  );
  assert.is((await readDefaults(file)).size, 0);
});

test('what is missing has its usual value, what is wrong is fatal or a warning', () => {
  const usual = defaultsOf({});
  assert.ok('defaults' in usual);
  assert.equal(
    [usual.defaults.workers, usual.defaults.compresses, usual.defaults.tlsVersions],
    [3, true, ['TLSv1.2', 'TLSv1.3']],
  );
  assert.equal(defaultsOf({ POLICY: 'maybe' }), { error: "unknown policy 'maybe'" });
  assert.equal(defaultsOf({ COMPRESSION: 'yes' }), { error: "unknown value 'yes' - use 0 or 1" });
  assert.ok('error' in defaultsOf({ DISABLE_TLS_1_2: '1', DISABLE_TLS_1_3: '1' }));
  for (const [written, workers, warnings] of [
    ['1', 1, 0],
    ['127', 127, 0],
    ['0', 3, 1],
    ['128', 3, 1],
    ['x', 3, 1],
  ] as const) {
    const read = defaultsOf({ MAX_WORKERS: written });
    assert.ok('defaults' in read);
    assert.equal([read.defaults.workers, read.warnings.length], [workers, warnings], written);
  }
});

test('the table of who is admitted', () => {
  const allow = rangesOf('10.0.0.0/8');
  const deny = rangesOf('10.1.0.0/16,10.2.0.1-10.2.0.9,2001:db8::/32');
  const cases: readonly (readonly [peer: string, allow: boolean, deny: boolean])[] = [
    ['10.9.9.9', true, true],
    ['10.1.0.1', true, false],
    ['10.2.0.5', true, false],
    ['10.2.0.10', true, true],
    ['192.0.2.1', true, false],
    ['2001:db8::1', false, false],
    ['::ffff:10.9.9.9', true, true],
    ['rubbish', false, false],
  ];
  for (const [peer, underAllow, underDeny] of cases) {
    assert.is(isAdmitted(peer, { allow, deny, policy: 'allow' }), underAllow, `${peer}, policy allow`);
    assert.is(isAdmitted(peer, { allow, deny, policy: 'deny' }), underDeny, `${peer}, policy deny`);
  }
  assert.ok(isAdmitted('2001:db8::1', { allow: rangesOf('all'), deny: [], policy: 'deny' }));
  assert.is(readRanges('10.0.0.0/99'), "unable to parse address '10.0.0.0/99'");
  assert.is(plainAddress('::ffff:192.0.2.1'), '192.0.2.1');
});

test('a log line cannot be broken by what a client sends', () => {
  const entry = { address: '192.0.2.1', user: 'a@pve!t', wall_ms: 0, status: 200, bytes: undefined };
  const line = accessLine({ ...entry, requestLine: 'GET /"\n\\x HTTP/1.1' });
  assert.match(
    line,
    /^192\.0\.2\.1 - a@pve!t \[\d\d\/\d\d\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/\\x22\\x0a\\x5cx HTTP\/1\.1" 200 -$/,
  );
});

test('gzip is preferred, deflate is taken, small bodies and unwilling clients get neither', () => {
  assert.is(codingFor('deflate, gzip', 2000), 'gzip');
  assert.is(codingFor('deflate', 2000), 'deflate');
  assert.is(codingFor('gzip;q=0, deflate', 2000), 'deflate');
  assert.is(codingFor('gzip', 1024), undefined);
  assert.is(codingFor('br', 2000), undefined);
  assert.is(codingFor(undefined, 2000), undefined);
});

test.run();
