import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TfaConfig, TfaEntry, UserTfa } from '../../../runtime/formats/access/tfa-config.ts';
import { totpCode } from '../../../runtime/formats/access/totp-code.ts';
import {
  decodeBase32,
  decodeOathSecret,
  readTotpUri,
  type TotpParameters,
} from '../../../runtime/formats/access/totp-uri.ts';
import type { Result } from '../refusal.ts';
import {
  type Answer,
  judgeAnswer,
  parseAnswer,
  realmDemand,
  type SecondFactors,
  secondFactorNeed,
} from './challenge.ts';
import {
  addEntry,
  addRecovery,
  addTotp,
  deleteEntry,
  listAllFactors,
  readFactor,
  tfaTypes,
  unlockUser,
  updateEntry,
  withoutUser,
} from './entries.ts';
import { type FailureCounters, noFailures } from './lockout.ts';
import { availableCodes, makeRecoveryKeys, useRecoveryCode } from './recovery.ts';
import { useTotpCode } from './totp.ts';

const now_s = 1_800_000_000;
const secret = Buffer.from('12345678901234567890');
const uri = 'otpauth://totp/PVE:a%40pve?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=PVE&digits=6&period=30';
const parameters: TotpParameters = { secret, algorithm: 'SHA1', digits: 6, period_s: 30 };
const codeAt = (time_s: number) => totpCode(parameters, Math.floor(time_s / 30));
const device: TfaEntry = { id: 'one', description: 'phone', created: 1, entry: uri };

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.refusal.message);
  return result.value;
}

test('codes of RFC 6238, appendix B', () => {
  const seeds = {
    SHA1: '12345678901234567890',
    SHA256: '12345678901234567890123456789012',
    SHA512: '1234567890123456789012345678901234567890123456789012345678901234',
  } as const;
  const known: readonly (readonly [number, keyof typeof seeds, string])[] = [
    [59, 'SHA1', '94287082'],
    [59, 'SHA256', '46119246'],
    [59, 'SHA512', '90693936'],
    [1111111109, 'SHA1', '07081804'],
    [1234567890, 'SHA256', '91819424'],
    [2000000000, 'SHA512', '38618901'],
    [20000000000, 'SHA1', '65353130'],
    [20000000000, 'SHA512', '47863826'],
  ];
  for (const [time_s, algorithm, code] of known) {
    const of = { secret: Buffer.from(seeds[algorithm]), algorithm, digits: 8, period_s: 30 };
    assert.is(totpCode(of, Math.floor(time_s / 30)), code);
  }
});

test('otpauth URIs', () => {
  assert.equal(readTotpUri(uri), { totp: { ...parameters, issuer: 'PVE', account: 'a@pve' } });
  for (const bad of [
    'otpauth://hotp/x?secret=AAAA',
    'otpauth://totp/x',
    'otpauth://totp/x?digits=6',
    'otpauth://totp/x?secret=A1',
    'otpauth://totp/x?secret=AAAA&digits=9',
    'otpauth://totp/x?secret=AAAA&period=0',
    'otpauth://totp/x?secret=AAAA&algorithm=MD5',
    'otpauth://totp/x?secret=AAAA&secret=BBBB',
    'otpauth://totp/x?secret=%zz',
  ]) {
    assert.ok('error' in readTotpUri(bad), bad);
  }
});

test('secrets: base32 in any case, with and without padding; legacy forms', () => {
  assert.equal(decodeBase32('gezdgnbv'), Buffer.from('12345'));
  assert.equal(decodeBase32('ME======'), Buffer.from('a'));
  assert.is(decodeBase32('A1'), undefined);
  assert.equal(decodeOathSecret('GEZDGNBVGY3TQOJQ'), Buffer.from('1234567890'));
  assert.equal(decodeOathSecret('3132333435363738393031323334353637383930'), secret);
  assert.equal(decodeOathSecret('v2-0x31323334353637383930'), Buffer.from('1234567890'));
  assert.equal(decodeOathSecret('v2-GEZDGNBVGY3TQOJQ'), Buffer.from('1234567890'));
  assert.is(decodeOathSecret('short'), undefined);
});

test('a code counts one step either side', () => {
  for (const shift_s of [-30, 0, 30]) assert.ok(useTotpCode([device], codeAt(now_s + shift_s), now_s), String(shift_s));
  for (const shift_s of [-60, 60]) assert.not(useTotpCode([device], codeAt(now_s + shift_s), now_s), String(shift_s));
  assert.not(useTotpCode([device], '', now_s));
  assert.not(useTotpCode([device], `${codeAt(now_s)}0`, now_s));
});

test('a code counts once, and an older one not after it', () => {
  const used = useTotpCode([device], codeAt(now_s), now_s)!;
  assert.equal(used[0]!.entry, { totp: uri, 'last-count': now_s / 30 });
  assert.not(useTotpCode(used, codeAt(now_s), now_s));
  assert.not(useTotpCode(used, codeAt(now_s - 30), now_s));
  assert.ok(useTotpCode(used, codeAt(now_s + 30), now_s));
});

test('a device that is switched off opens nothing; the next one is tried', () => {
  const off = { ...device, enable: false };
  assert.not(useTotpCode([off], codeAt(now_s), now_s));
  const used = useTotpCode([off, device], codeAt(now_s), now_s)!;
  assert.equal(used[0], off);
});

test('a recovery code counts once', () => {
  const keys = makeRecoveryKeys(['1111-2222-3333-4444', '5555-6666-7777-8888'], 'abcd', 5);
  assert.match(keys.entries[0]!, /^[0-9a-f]{64}$/);
  const used = useRecoveryCode(keys, '5555-6666-7777-8888')!;
  assert.equal(availableCodes(used), [0]);
  assert.not(useRecoveryCode(used, '5555-6666-7777-8888'));
  assert.not(useRecoveryCode(keys, ''));
});

const recovery = makeRecoveryKeys(['1111-2222-3333-4444'], 'abcd', 5);
const second = (factors: UserTfa, more: Partial<SecondFactors> = {}): SecondFactors => ({
  factors,
  keys: 'x',
  demand: undefined,
  ...more,
});

test('I1, I2: what a login needs', () => {
  const oath = realmDemand('type=oath,digits=8,step=60');
  assert.equal(oath, { kind: 'totp', digits: 8, period_s: 60 });
  assert.equal(secondFactorNeed(second({})), { kind: 'none' });
  assert.equal(secondFactorNeed(second({ totp: [device], recovery })), {
    kind: 'challenge',
    challenge: { totp: true, recovery: [0] },
  });
  assert.equal(secondFactorNeed(second({ totp: [{ ...device, enable: false }] })), { kind: 'none' });
  assert.equal(secondFactorNeed(second({}, { demand: oath })), {
    kind: 'refused',
    message: 'missing required 2nd keys',
  });
  assert.equal(secondFactorNeed(second({ yubico: [device] }, { demand: oath })), {
    kind: 'refused',
    message: 'missing required 2nd keys',
  });
  assert.equal(secondFactorNeed(second({}, { demand: oath, keys: 'GEZDGNBVGY3TQOJQ' })), {
    kind: 'challenge',
    challenge: { totp: true },
  });
  const yubico = realmDemand('type=yubico,id=1,key=k');
  assert.equal(secondFactorNeed(second({ webauthn: [device], recovery }, { demand: yubico })), {
    kind: 'challenge',
    challenge: { recovery: [0] },
  });
});

test('answers as they are sent', () => {
  assert.equal(parseAnswer('totp:123456'), { kind: 'totp', value: '123456' });
  assert.equal(parseAnswer('webauthn:{"id":"a:b"}'), { kind: 'webauthn', value: '{"id":"a:b"}' });
  for (const bad of ['123456', 'sms:1', ':1', 'TOTP:1']) assert.is(parseAnswer(bad), undefined);
});

const judge = (
  factors: UserTfa,
  answer: Answer,
  more: Partial<SecondFactors> = {},
  failures: FailureCounters = noFailures,
  at_s = now_s,
) => judgeAnswer(second(factors, more), failures, answer, at_s);

test('right answers of each kind', () => {
  const totp: Answer = { kind: 'totp', value: codeAt(now_s) };
  assert.ok(judge({ totp: [device] }, totp).isRight);
  assert.ok(judge({ recovery }, { kind: 'recovery', value: '1111-2222-3333-4444' }).isRight);
  assert.ok(judge({}, { kind: 'yubico', value: 'otp', isVerified: true }).isRight);
  assert.not(judge({}, { kind: 'webauthn', value: 'otp' }).isRight);
  assert.not(judge({}, totp).isRight);
  const legacy = {
    demand: realmDemand('type=oath'),
    keys: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ v2-GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
  };
  assert.ok(judge({}, totp, legacy).isRight);
});

test('I2: a realm that demands a kind takes no other, but recovery codes', () => {
  const demand = realmDemand('type=oath');
  const verdict = judge({ yubico: [device] }, { kind: 'yubico', value: 'x', isVerified: true }, { demand });
  assert.equal([verdict.isRight, verdict.message], [false, 'realm requires totp authentication']);
  assert.ok(judge({ recovery }, { kind: 'recovery', value: '1111-2222-3333-4444' }, { demand }).isRight);
});

test('8 wrong codes lock TOTP, until another factor succeeds', () => {
  let factors: UserTfa = { totp: [device], recovery };
  let failures = noFailures;
  for (let time = 1; time <= 8; time++) {
    assert.is(factors['totp-locked'], undefined);
    ({ factors, failures } = judge(factors, { kind: 'totp', value: '000000' }, {}, failures));
  }
  assert.is(factors['totp-locked'], true);
  assert.not(judge(factors, { kind: 'totp', value: codeAt(now_s) }, {}, failures).isRight);
  const opened = judge(factors, { kind: 'recovery', value: '1111-2222-3333-4444' }, {}, failures);
  assert.ok(opened.isRight);
  assert.is(opened.factors['totp-locked'], undefined);
  assert.equal(opened.failures, noFailures);
});

test('a right code ends the row', () => {
  const before = { totp: 7, any: 99 };
  const verdict = judge({ totp: [device] }, { kind: 'totp', value: codeAt(now_s) }, {}, before);
  assert.ok(verdict.isRight);
  assert.equal(verdict.failures, noFailures);
});

test('I3: 100 wrong answers lock everything for an hour', () => {
  let factors: UserTfa = { recovery };
  let failures = noFailures;
  for (let time = 1; time <= 100; time++) {
    assert.is(factors['tfa-locked-until'], undefined, String(time));
    ({ factors, failures } = judge(factors, { kind: 'recovery', value: 'wrong' }, {}, failures));
  }
  assert.is(factors['tfa-locked-until'], now_s + 3600);
  const right: Answer = { kind: 'recovery', value: '1111-2222-3333-4444' };
  assert.not(judge(factors, right, {}, failures, now_s + 3599).isRight);
  const wrongLater = judge(factors, { kind: 'recovery', value: 'wrong' }, {}, failures, now_s + 3600);
  assert.is(wrongLater.factors['tfa-locked-until'], now_s + 3600, 'a new row begins');
  const later = judge(factors, right, {}, failures, now_s + 3600);
  assert.ok(later.isRight);
  assert.is(later.factors['tfa-locked-until'], undefined);
});

const empty: TfaConfig = { users: new Map(), others: {} };

test('adding and removing entries sets and clears the mark in user.cfg', () => {
  const request = { description: 'phone', totp: uri, value: codeAt(now_s) };
  const added = value(addTotp(empty, 'a@pve', request, { id: 'one', now_s }));
  assert.is(added.keys, 'x');
  assert.equal(added.config.users.get('a@pve')!.totp![0]!.entry, { totp: uri, 'last-count': now_s / 30 });
  const both = value(addRecovery(added.config, 'a@pve', { codes: ['c'], secret: 's', now_s }));
  const again = addRecovery(both.config, 'a@pve', { codes: ['c'], secret: 's', now_s });
  assert.is(!again.ok && again.refusal.message, 'user already has recovery keys');
  const one = value(deleteEntry(both.config, 'a@pve', 'one'));
  assert.is(one.keys, 'x');
  const none = value(deleteEntry(one.config, 'a@pve', 'recovery'));
  assert.is(none.keys, '');
  assert.is(withoutUser(both.config, 'a@pve').users.size, 0);
});

test('a device is added only with a current code', () => {
  const wrong = addTotp(empty, 'a@pve', { description: 'd', totp: uri, value: '000000' }, { id: 'i', now_s });
  assert.is(wrong.ok, false);
  for (const missing of ['description', 'totp', 'value']) {
    const request = { description: 'd', totp: uri, value: codeAt(now_s), [missing]: undefined };
    const result = addTotp(empty, 'a@pve', request as never, { id: 'i', now_s });
    assert.equal(!result.ok && Object.keys(result.refusal.errors!), [missing]);
  }
});

test('entries are listed, read, changed', () => {
  const { config } = addEntry(empty, 'a@pve', 'yubico', { ...device, id: 'two' });
  const off = value(updateEntry(config, 'a@pve', 'two', { description: 'key', enable: 0 })).config;
  assert.equal(off.users.get('a@pve')!.yubico, [
    { id: 'two', description: 'key', created: 1, enable: false, entry: uri },
  ]);
  assert.is(
    'enable' in value(updateEntry(off, 'a@pve', 'two', { enable: 1 })).config.users.get('a@pve')!.yubico![0]!,
    false,
  );
  assert.equal(value(readFactor(off, 'a@pve', 'two')), {
    id: 'two',
    type: 'yubico',
    description: 'key',
    created: 1,
    enable: 0,
  });
  const missing = readFactor(off, 'a@pve', 'no');
  assert.equal(!missing.ok && missing.refusal, { status: 404, message: "No such tfa entry 'no'" });
  assert.equal(
    listAllFactors(off, (userid) => userid === 'b@pve'),
    [],
  );
  assert.is(listAllFactors(off, () => true)[0]!.entries.length, 1);
});

test('types of factors, for new and for old clients', () => {
  const factors: UserTfa = { totp: [device, device], u2f: [device], recovery };
  assert.equal(tfaTypes(factors, undefined, true), { types: ['totp', 'u2f', 'recovery'] });
  assert.equal(tfaTypes(factors, 'totp', false), { realm: 'oath', user: 'u2f' });
  assert.equal(tfaTypes({}, undefined, false), {});
});

test('unlocking tells whether it was locked', () => {
  const locked: TfaConfig = {
    users: new Map([['a@pve', { 'totp-locked': true, 'tfa-locked-until': now_s + 5 }]]),
    others: {},
  };
  const open = unlockUser(locked, 'a@pve', now_s);
  assert.ok(open.wasLocked);
  assert.equal(open.config.users.get('a@pve'), {});
  assert.not(unlockUser(open.config, 'a@pve', now_s).wasLocked);
  assert.not(unlockUser(empty, 'a@pve', now_s).wasLocked);
});

test.run();
