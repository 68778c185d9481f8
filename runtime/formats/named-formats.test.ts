import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mappedId, parseIdMap } from './id-pairs.ts';
import { generalFormats, timeZonesOf } from './named-formats.ts';
import { formatComplaint } from './schema-check.ts';

const zoneTable = '# comment\nAT\t+4813+01620\tEurope/Vienna\nUS\t+404251-0740023\tAmerica/New_York\tEastern\n';
const formats = generalFormats({ timeZones: timeZonesOf(zoneTable) });
const complaint = (format: string, text: string) => formatComplaint(text, format, formats);

/** Format, what fits, what doesn't. */
const samples: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['pve-configid', ['a0', 'A_-'], ['a', '1a', 'a+', '']],
  ['pve-storage-id', ['a.b', 'Z9'], ['a', 'a.', '9a', 'a/b']],
  ['acme-plugin-id', ['a.b'], ['a', 'a.']],
  ['pve-vmid', ['100', '999999999'], ['99', '0100', '1000000000', '']],
  ['pve-node', ['n', 'a-1'], ['-a', 'a-', 'a.b', '']],
  ['pve-bridge-id', ['vmbr0', 'a.b-c_d'], ['a b', '']],
  ['pve-iface', ['eth0', 'ETH0.100', 'en:1'], ['e', '0eth', 'eth0.', `e${'x'.repeat(21)}`]],
  ['pve-vlan-id-or-range', ['2', '4094', '2-3'], ['1', '4095', '3-3', '3-2', '2-', 'x']],
  ['mac-addr', ['AA:bb:00:11:22:33'], ['AB:bb:00:11:22:33', 'AA-bb-00-11-22-33', 'AA:bb:00:11:22']],
  ['ipv4', ['1.2.3.4'], ['1.2.3', '01.2.3.4', '1.2.3.256', '::1']],
  ['ipv6', ['::1', '::ffff:1.2.3.4'], ['fe80::1%eth0', '1.2.3.4', ':::']],
  ['ip', ['::1', '1.2.3.4'], ['a.b']],
  ['ipv4mask', ['0.0.0.0', '255.255.128.0', '255.255.255.255'], ['255.0.255.0', '1.0.0.0', '24']],
  ['CIDRv4', ['10.0.0.0/8', '10.0.0.1/32'], ['10.0.0.0/7', '10.0.0.0/33', '10.0.0.0', '::/8']],
  ['CIDRv6', ['::/8', 'fd00::/128'], ['::/7', '::/129', '10.0.0.0/8']],
  ['CIDR', ['10.0.0.0/8', '::/64'], ['10.0.0.0/64']],
  ['pve-ipv4-config', ['dhcp', 'manual', '10.0.0.1/24'], ['auto', '10.0.0.1']],
  ['pve-ipv6-config', ['dhcp', 'auto', 'fd00::1/64'], ['10.0.0.1/24', 'AUTO']],
  ['dns-name', ['a', 'a-b.c1'], ['a.', '-a', 'a_b', 'a..b']],
  ['address', ['a.b', '::1', '1.2.3.4'], ['a_b', '']],
  ['email', ['a.b+c@d-e.f', '~@x'], ['a', 'a@', '@b', 'a@b.', '.a@b', 'a@b_c']],
  ['email-or-username', ['a.b', 'a@b'], ['a@', 'a b']],
  ['timezone', ['UTC', 'Europe/Vienna', 'America/New_York'], ['Europe', 'utc', '']],
  ['ldap-simple-attr', ['uid'], ['a-b', '']],
  ['urlencoded', ['', "%20(a)!~*'"], ['a b', 'ä']],
  ['disk-size', ['32G', '1.5', '3TiB'], ['32g', 'G', '']],
  ['pve-tag', ['a', '_a.b+C-1'], ['-a', 'a b', '']],
  ['pve-startup-order', ['order=1,up=2,down=3', '5'], ['up', 'order=a', 'x=1']],
  [
    'pve-tfa-secret',
    ['A2='.repeat(5).concat('B'), 'v2-0x0123456789abcdef', 'v2-ABCDEFGHIJKLMNOP', 'a'.repeat(40)],
    ['A'.repeat(15), 'v2-0x0123', 'v2-abcdefghijklmnop', ''],
  ],
  ['pve-task-status-type', ['ok', 'WARNING'], ['warnings', '']],
  ['pve-calendar-event', ['daily', '8..17:0/15'], ['24:00']],
  ['storage-pair', ['1', 'local', 'a1:b1'], ['a', 'a1:b', 'a1:b1:c1']],
  ['storage-pair-list', ['', '1', 'aa:bb,cc', 'aa:bb,cc:dd'], ['1,aa', 'aa,bb', 'aa:bb,aa:cc', 'aa:b']],
  ['bridge-pair-list', ['vmbr0:vmbr1', '1'], ['vmbr0,vmbr1']],
  ['bwlimit', ['default=1.5', 'clone=0,move=1'], ['default=-1', 'migrate=1', '5']],
  [
    'prune-backups',
    ['keep-last=1', 'keep-all=1', 'keep-all=1,keep-last=0'],
    ['keep-all=1,keep-last=1', 'keep-last=-1'],
  ],
];

test('every format takes what fits and refuses what does not', () => {
  for (const [format, fitting, wrong] of samples) {
    for (const text of fitting) assert.is(complaint(format, text), undefined, `${format} should take '${text}'`);
    for (const text of wrong) assert.type(complaint(format, text), 'string', `${format} should refuse '${text}'`);
  }
  assert.equal([...formats.keys()].filter((name) => !samples.some(([format]) => format === name)).sort(), [
    'backup-fleecing',
    'backup-performance',
    'bridge-pair',
  ]);
});

test('the texts', () => {
  const texts: readonly (readonly [string, string, string])[] = [
    ['pve-storage-id', 'a', "storage ID 'a' cannot be shorter than 2 characters"],
    ['acme-plugin-id', 'a.', "ACME plugin ID 'a.' contains illegal characters"],
    ['pve-vlan-id-or-range', '5-1', "invalid VLAN tag '1'"],
    ['pve-vlan-id-or-range', '5-3', "VLAN range must go from lower to higher tag '5-3'"],
    ['pve-vlan-id-or-range', 'x', "invalid VLAN configuration 'x'"],
    ['storage-pair', 'a1:b', "entry 'a1:b' contains invalid ID - storage ID 'b' cannot be shorter than 2 characters"],
    ['storage-pair-list', '1,aa', 'identity mapping cannot be combined with other mappings'],
    ['storage-pair-list', 'aa,bb', 'default target ID can only be provided once'],
    ['storage-pair-list', 'aa:bb,aa:cc', "duplicate mapping for source 'aa'"],
    ['bwlimit', 'move=x', "format error\nmove: type check ('number') failed - got 'x'"],
    ['bwlimit-list', 'move=1', "'-list' format must have code ref, not hash"],
    ['nothing', 'x', "undefined format 'nothing'"],
    ['pve-vmid-list', '100,x,y', 'value does not look like a valid VM ID'],
  ];
  for (const [format, text, expected] of texts) assert.is(complaint(format, text), expected);
  assert.is(complaint('email-opt', '0'), undefined);
  assert.is(complaint('regex', '('), undefined);
  assert.is(complaint('string-list', 'a'), undefined);
});

test('a map of ids: entry, else default, else the source itself', () => {
  const read = parseIdMap('aa:bb cc', () => undefined);
  if ('error' in read) throw new Error(read.error);
  assert.equal(
    ['aa', 'zz'].map((id) => mappedId(read.map, id)),
    ['bb', 'cc'],
  );
  const identity = parseIdMap('1', () => undefined);
  assert.is('map' in identity && mappedId(identity.map, 'zz'), 'zz');
});

test.run();
