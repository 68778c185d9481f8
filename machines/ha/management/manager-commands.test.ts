import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { requestArm, requestDisarm, requestMaintenance, requestStop } from './manager-commands.ts';
import type { HaTexts } from './state.ts';
import { changesOf, membersText, refusalOf, stateWith } from './test-state.ts';

const BAD = 'Parameter verification failed.';

test('stop', () => {
  assert.equal(changesOf(requestStop(stateWith(), { sid: '100', timeout: '060' })), [{}, ['stop vm:100 60']]);
  assert.equal(changesOf(requestStop(stateWith(), { sid: 'vm:100', timeout: 0 }))[1], ['stop vm:100 0']);
  assert.equal(refusalOf(requestStop(stateWith(), { sid: '100', timeout: -1 })), [
    400,
    BAD,
    { timeout: 'value must have a minimum value of 0' },
  ]);
  assert.equal(refusalOf(requestStop(stateWith(), { sid: '103', timeout: 1 })), [
    500,
    "resource 'vm:103' is not HA managed",
  ]);
});

test('maintenance', () => {
  assert.equal(changesOf(requestMaintenance(stateWith(), 'enable', { node: 'n3' })), [
    {},
    ['enable-node-maintenance n3'],
  ]);
  assert.equal(changesOf(requestMaintenance(stateWith(), 'disable', { node: 'n3' }))[1], [
    'disable-node-maintenance n3',
  ]);
  assert.equal(refusalOf(requestMaintenance(stateWith(), 'enable', { node: 'n9' })), [
    500,
    "no such cluster node 'n9'",
  ]);
  const left = stateWith({ managerStatus: '{"node_request":{"n9":{"maintenance":1}}}' });
  assert.ok(requestMaintenance(left, 'disable', { node: 'n9' }).ok, 'of a node that has been removed');
  assert.not.ok(requestMaintenance(left, 'enable', { node: 'n9' }).ok);
});

test('disarm', () => {
  assert.equal(changesOf(requestDisarm(stateWith(), { 'resource-mode': 'freeze' })), [{}, ['disarm-ha freeze']]);
  assert.equal(refusalOf(requestDisarm(stateWith(), { 'resource-mode': 'off' })), [
    400,
    BAD,
    { 'resource-mode': "value 'off' does not have a value in the enumeration 'freeze, ignore'" },
  ]);
});

test('disarm needs nodes that know it, where nodes tell their version', () => {
  const versions = (n2: string | undefined, n3: string) =>
    stateWith({
      versions: new Map([['n1', '9.2.11'], ...(n2 === undefined ? [] : [['n2', n2] as const]), ['n3', n3]]),
    });
  const mode = { 'resource-mode': 'ignore' };
  assert.ok(requestDisarm(versions('9.3.0', '10.0.1'), mode).ok);
  assert.equal(refusalOf(requestDisarm(versions('9.2.10', '9.2.11'), mode)), [
    500,
    "HA: node 'n2' reports pve-manager '9.2.10' (need 9.2.11), not taking the manager role in a mixed cluster",
  ]);
  assert.match(refusalOf(requestDisarm(versions(undefined, '9.2.11'), mode))[1] as string, "node 'n2' reports");
});

interface Case {
  readonly mode?: 'freeze' | 'ignore';
  readonly n3?: 0 | 1;
  readonly lock?: boolean;
  readonly lrm?: string;
  readonly texts?: Partial<HaTexts>;
}

/** n3 was cut off while HA was disarmed; vm:102 and vm:103 are there, and wanted are vm:102 and, by its status, vm:100. */
function disarmed({ mode = 'ignore', n3 = 0, lock = false, lrm = 'wait_for_agent_lock', texts = {} }: Case) {
  return stateWith({
    members: membersText({ n1: 1, n2: 1, n3 }),
    resources: 'vm: 100\n\nvm: 101\n\nvm: 102\n\tstate enabled\n\nvm: 103\n\tstate stopped\n\n',
    managerStatus: JSON.stringify({
      disarm: { mode, state: 'disarmed' },
      service_status: {
        'vm:100': { state: mode === 'freeze' ? 'freeze' : 'started', node: 'n3', uid: 'a' },
        'vm:101': { state: 'started', node: 'n2', uid: 'b' },
        'vm:103': { state: 'stopped', node: 'n3', uid: 'c' },
      },
    }),
    lrmStatus: new Map([['n3', JSON.stringify({ state: lrm, mode: 'disarm', timestamp: 1 })]]),
    agentLocks: new Set(lock ? ['n3'] : []),
    ...texts,
  });
}

test('arm: an offline node without its lock, and with resources that would be started elsewhere', () => {
  const sentence = (sids: string) =>
    `cannot arm HA: node 'n3' is offline and may still run ${sids}; it has released its agent lock while disarmed, so nothing ` +
    'proves that it is off and HA would start them a second time. Bring the node back online, or, if it is powered off for ' +
    "good, remove it from the cluster ('pvecm delnode n3') or these resources from HA first.";
  assert.equal(refusalOf(requestArm(disarmed({}), {})), [500, sentence('vm:102')]);
  const frozen = "by its status, where a frozen resource was; a new one where its guest's configuration is";
  assert.equal(refusalOf(requestArm(disarmed({ mode: 'freeze' }), {})), [500, sentence('vm:100, vm:102')], frozen);
});

test('arm: safe cases', () => {
  const arms = (outcome: ReturnType<typeof requestArm>) => assert.equal(changesOf(outcome), [{}, ['arm-ha']]);
  arms(requestArm(stateWith(), {}));
  arms(requestArm(disarmed({ n3: 1 }), {}));
  arms(requestArm(disarmed({ lock: true, lrm: 'active' }), {}));
  assert.not.ok(requestArm(disarmed({ lock: true }), {}).ok, 'a lock that somebody else left there proves nothing');
  assert.not.ok(requestArm(disarmed({ lrm: 'active' }), {}).ok, 'released, but not yet told');
  const unread = disarmed({ lock: true, texts: { lrmStatus: new Map([['n3', '{"broken']]) } });
  assert.not.ok(requestArm(unread, {}).ok, 'nothing is known of its LRM');
  arms(requestArm(disarmed({ texts: { members: membersText({ n1: 1, n2: 1 }) } }), {}));
  arms(requestArm(disarmed({ texts: { resources: 'vm: 101\n\nvm: 103\n\tstate disabled\n\n' } }), {}));
  const notDisarmed = disarmed({ texts: { managerStatus: '{}' } });
  arms(requestArm(notDisarmed, {}));
});

test('arm takes no parameter', () => {
  assert.is(refusalOf(requestArm(stateWith(), { force: 1 }))[0], 400);
});

test.run();
