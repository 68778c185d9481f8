import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { requestMotion } from './motion-request.ts';
import { changesOf, refusalOf, resultOf, stateWith } from './test-state.ts';

const resources = ['100', '101', '102', '103'].map((id) => `vm: ${id}\n\n`).join('');
const rules =
  'resource-affinity: together\n\taffinity positive\n\tresources vm:100,vm:101,vm:103,vm:555\n\n' +
  'resource-affinity: apart\n\taffinity negative\n\tresources vm:100,vm:102\n\n';

function stateOf(services: Readonly<Record<string, object>>, more: object = {}) {
  const service_status = Object.fromEntries(
    Object.entries(services).map(([sid, fields]) => [sid, { state: 'started', uid: 'a', ...fields }]),
  );
  return stateWith({ resources, rules, managerStatus: JSON.stringify({ service_status }), ...more });
}

const spread = {
  'vm:100': { node: 'n1' },
  'vm:101': { node: 'n1' },
  'vm:102': { node: 'n3' },
  'vm:103': { node: 'n2' },
};

test('the line, and who goes along', () => {
  const outcome = requestMotion(stateOf(spread), 'migrate', { sid: '100', node: 'n2' });
  assert.equal(changesOf(outcome), [{}, ['migrate vm:100 n2']]);
  assert.equal(resultOf(outcome), {
    sid: 'vm:100',
    'requested-node': 'n2',
    'comigrated-resources': ['vm:101'],
  });
});

test('blocked: it is queued nevertheless, and the answer says by whom', () => {
  const outcome = requestMotion(stateOf(spread), 'relocate', { sid: 'vm:100', node: 'n3' });
  assert.equal(changesOf(outcome), [{}, ['relocate vm:100 n3']]);
  assert.equal(resultOf(outcome)['blocking-resources'], [{ sid: 'vm:102', cause: 'resource-affinity' }]);
});

test('who is on the way elsewhere blocks nothing; who comes to the node already needs no taking along', () => {
  const moving = stateOf({
    ...spread,
    'vm:101': { node: 'n1', state: 'migrate', target: 'n3' },
    'vm:102': { node: 'n3', state: 'migrate', target: 'n2' },
  });
  assert.equal(resultOf(requestMotion(moving, 'migrate', { sid: '100', node: 'n3' })), {
    sid: 'vm:100',
    'requested-node': 'n3',
    'comigrated-resources': ['vm:103'],
  });
});

test('legacy groups count while they are there', () => {
  const grouped = stateWith({
    groups: 'group: web\n\tnodes n1:1,n2:2\n\n',
    rules,
    resources: 'vm: 100\n\tgroup web\n\nvm: 102\n\n',
    managerStatus: JSON.stringify({
      service_status: { 'vm:100': { state: 'started', node: 'n1' }, 'vm:102': { state: 'started', node: 'n3' } },
    }),
  });
  const answer = resultOf(requestMotion(grouped, 'migrate', { sid: '100', node: 'n3' }));
  assert.is(answer['blocking-resources'], undefined, 'priorities of the group make the affinity rule infeasible');
});

test('what is refused', () => {
  assert.equal(refusalOf(requestMotion(stateWith(), 'migrate', { sid: 'vm:103', node: 'n2' })), [
    500,
    "resource 'vm:103' is not HA managed",
  ]);
  const ignored = stateWith({ resources: 'vm: 100\n\tstate ignored\n\n' });
  assert.equal(refusalOf(requestMotion(ignored, 'migrate', { sid: '100', node: 'n2' })), [
    500,
    "resource 'vm:100' is not HA managed",
  ]);
  assert.equal(
    refusalOf(
      requestMotion(stateOf({ 'vm:100': { node: 'n1', state: 'error' } }), 'migrate', { sid: '100', node: 'n2' }),
    ),
    [500, "service 'vm:100' in error state, must be disabled and fixed first"],
  );
  assert.equal(refusalOf(requestMotion(stateOf(spread), 'migrate', { sid: '100', node: 'n7' })), [
    500,
    "no such cluster node 'n7'",
  ]);
  assert.equal(refusalOf(requestMotion(stateOf(spread), 'migrate', { sid: '100', node: '-' })), [
    400,
    'Parameter verification failed.',
    { node: 'invalid format - value does not look like a valid node name' },
  ]);
});

test.run();
