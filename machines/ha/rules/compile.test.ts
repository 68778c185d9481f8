import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compileRules, nodeAffinityOf, noRules, resourceAffinityOf } from './compile.ts';
import { parseRules } from './rule-set.ts';

const nodes = ['n1', 'n2', 'n3'];
const compiled = compileRules(
  parseRules(
    'node-affinity: loose\n\tnodes n1:2,n2:2\n\tresources vm:1\n\n' +
      'node-affinity: strict\n\tnodes n3\n\tresources vm:2\n\tstrict\n\n' +
      'resource-affinity: together\n\tresources vm:1,vm:3,vm:4\n\taffinity positive\n\n' +
      'resource-affinity: apart\n\tresources vm:1,vm:5,vm:6\n\taffinity negative\n\n' +
      'resource-affinity: off\n\tresources vm:1,vm:7\n\taffinity negative\n\tdisable\n',
  ).rules,
  nodes,
);

function affinity(sid: string, ...online: readonly string[]) {
  const { allowed, preferred } = nodeAffinityOf(compiled, sid, new Set(online));
  return [[...allowed].sort().join(' '), [...preferred].sort().join(' ')];
}

test('node affinity: the highest priority among the allowed nodes that are online', () => {
  assert.equal(affinity('vm:1', ...nodes), ['n1 n2 n3', 'n1 n2']);
  assert.equal(affinity('vm:1', 'n2', 'n3'), ['n2 n3', 'n2']);
  assert.equal(affinity('vm:1', 'n3'), ['n3', 'n3'], 'a loose rule lets others in when none of its own is there');
  assert.equal(affinity('vm:2', 'n1', 'n2'), ['', ''], 'a strict one does not');
  assert.equal(affinity('vm:9', 'n1', 'n2'), ['n1 n2', 'n1 n2'], 'no rule, no restriction');
  assert.equal(affinity('vm:1'), ['', '']);
});

test('resource affinity: a partner counts where it goes, or else where it is; an opponent in both places', () => {
  const services = {
    'vm:3': { state: 'started', node: 'n1' },
    'vm:4': { state: 'migrate', node: 'n2', target: 'n1' },
    'vm:5': { state: 'migrate', node: 'n2', target: 'n3' },
    'vm:6': { state: 'stopped', node: 'n1' },
    'vm:7': { state: 'started', node: 'n1' },
  };
  const { together, separate } = resourceAffinityOf(compiled, 'vm:1', services, new Set(nodes));
  assert.equal([...together], [['n1', 2]]);
  assert.equal(
    [...separate],
    [
      ['n2', ['vm:5']],
      ['n3', ['vm:5']],
    ],
  );
});

test('services that use no node, or are unknown, count for nothing', () => {
  const { together, separate } = resourceAffinityOf(
    compiled,
    'vm:1',
    { 'vm:3': { state: 'request_start', node: 'n1' }, 'vm:5': { state: 'started', node: 'n9' } },
    new Set(nodes),
  );
  assert.is(together.size + separate.size, 0);
  assert.is(resourceAffinityOf(noRules, 'vm:1', {}, new Set(nodes)).together.size, 0);
});

test.run();
