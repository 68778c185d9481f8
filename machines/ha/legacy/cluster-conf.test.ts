import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fenceCommands, parseFenceConfig } from '../fencing/fence-config.ts';
import { parseResources } from '../resources.ts';
import { parseRules } from '../rules/rule-set.ts';
import { type Imported, importClusterConf } from './cluster-conf.ts';

type Success = Exclude<Imported, { readonly failure: string }>;

function imported(inner: string, guests = {}): Success {
  const result = importClusterConf(`<cluster>${inner}</cluster>`, guests);
  if ('failure' in result) throw new Error(result.failure);
  return result;
}

function report(inner: string): readonly string[] {
  return imported(inner).report.split('\n').slice(0, -1);
}

const node = (name: string, ...methods: readonly (readonly string[])[]) =>
  `<clusternode name="${name}"><fence>${methods
    .map((devices, i) => `<method name="m${i}">${devices.join('')}</method>`)
    .join('')}</fence></clusternode>`;
const device = (name: string, more = '') => `<device name="${name}" ${more}/>`;
const fencedevices = (...names: readonly string[]) =>
  `<fencedevices>${names.map((name) => `<fencedevice name="${name}" agent="fence_x" ip="${name}"/>`).join('')}</fencedevices>`;

function tries(fence: string, nodeName: string): readonly string[] {
  const parsed = parseFenceConfig(fence);
  if ('failure' in parsed) throw new Error(parsed.failure);
  const found: string[] = [];
  for (let i = 0; ; i++) {
    const commands = fenceCommands(parsed.config, nodeName, i).map(({ line }) => line.replace('fence_x --ip=', ''));
    if (commands.length === 0) return found;
    found.push(commands.join(' + '));
  }
}

test('what gives no output at all', () => {
  const failure = (text: string) => {
    const result = importClusterConf(text, {});
    return 'failure' in result ? result.failure : undefined;
  };
  assert.match(failure('<cluster>')!, /^cluster\.conf is no well-formed XML: 1:\d+: /);
  assert.is(failure('<corosync/>'), "the root element is 'corosync', not 'cluster'");
  const twice = '<clusternode name="a.x"/><clusternode name="a.y"/>';
  assert.is(failure(`<cluster><clusternodes>${twice}</clusternodes></cluster>`), "two cluster nodes have the name 'a'");
});

test('fencing: the order of methods is kept for each node', () => {
  const { files } = imported(
    fencedevices('a', 'b', 'c') +
      `<clusternodes>${node('n1', [device('a')], [device('b')])}${node('n2', [device('c')], [device('a')])}</clusternodes>`,
  );
  assert.equal(tries(files['ha/fence.cfg'], 'n1'), ['a --verbose', 'b --verbose']);
  assert.equal(tries(files['ha/fence.cfg'], 'n2'), ['c --verbose', 'a --verbose']);
});

test('fencing: nodes that contradict each other; the report has the try that it really is', () => {
  const result = imported(
    fencedevices('a', 'b') +
      `<clusternodes>${node('n1', [device('a')], [device('b')])}${node('n2', [device('b')], [device('a')])}</clusternodes>`,
  );
  assert.equal(tries(result.files['ha/fence.cfg'], 'n2'), ['a --verbose', 'b --verbose']);
  assert.match(result.report, /clusternode\[n2\]\/fence\/method\[m0\]\/@name -> ha\/fence\.cfg: try 1\n/);
});

test('fencing: two outlets of one bar, and names that come to the same', () => {
  const { files } = imported(
    fencedevices('a.b', 'a-b') +
      `<clusternodes>${node('n1', [device('a.b', 'plug="1"'), device('a.b', 'plug="2"')])}` +
      `${node('n2', [device('a.b')], [device('a-b')])}</clusternodes>`,
  );
  assert.equal(tries(files['ha/fence.cfg'], 'n1'), ['a.b --plug=1 + a.b --plug=2']);
  assert.equal(tries(files['ha/fence.cfg'], 'n2'), ['a.b --verbose', 'a-b --verbose']);
  assert.match(files['ha/fence.cfg'], /\ndevice a_b_2:1 fence_x ip=a-b\n/);
});

test('fencing: a value that would break its line is left out', () => {
  const lines = report(
    `${fencedevices('a')}<clusternodes>${node('n1', [device('a', 'x="1&#10;2" y="3"')])}</clusternodes>`,
  );
  assert.ok(lines.some((line) => line.endsWith('/@x -> unmapped: the value contains a line feed')));
  assert.ok(lines.some((line) => line.endsWith('/@y -> ha/fence.cfg: argument y')));
});

test('every attribute has one line, in document order; unknown ones and unknown elements too', () => {
  assert.equal(report('<cman keyfile="k" odd="1"><multicast addr="a"/><odd x="1"><y z="1"/></odd></cman><dlm/>'), [
    'cluster/cman/@keyfile -> unmapped: set at cluster creation',
    'cluster/cman/@odd -> unmapped: unknown attribute',
    'cluster/cman/multicast -> unmapped: links are unicast',
    'cluster/cman/odd -> unmapped: unknown element',
    'cluster/dlm -> unmapped: unknown element',
  ]);
});

test('what is not made is not promised: parts of unused domains, devices and services', () => {
  const lines = report(
    '<fencedevices><fencedevice name="a" agent="x" action="off"/></fencedevices><clusternodes><clusternode name="n1"/></clusternodes>' +
      '<rm><failoverdomains><failoverdomain name="d" restricted="1"><failoverdomainnode name="n1"/></failoverdomain></failoverdomains>' +
      '<service name="s" domain="d" autostart="0"/></rm>',
  );
  assert.equal(
    lines.filter((line) => !line.includes('/clusternodes/')).map((line) => line.replace(/^.* -> /, '')),
    [
      ...Array(3).fill('unmapped: no node uses the device'),
      ...Array(3).fill('unmapped: no resource uses the domain'),
      ...Array(3).fill('unmapped: no guest in the service'),
    ],
  );
});

test('resources: what a guest has not itself, it takes from its service', () => {
  const { files } = imported(
    '<rm><service name="s" autostart="off" recovery="disable" max_restarts="7">' +
      '<vm name="101" recovery="restart"/><pvevm vmid="102"/></service><vm name="103" max_restarts="1"/></rm>',
    { 102: 'ct' },
  );
  assert.is(
    files['ha/resources.cfg'],
    'vm: 101\n\tmax_restart 7\n\tstate stopped\n\nct: 102\n\tmax_relocate 0\n\tmax_restart 0\n\tstate stopped\n\nvm: 103\n\tstate started\n\n',
  );
  assert.is(
    files['ha/rules.cfg'],
    "resource-affinity: svc-s\n\tcomment Imported from service 's'.\n\taffinity positive\n\tresources ct:102,vm:101\n\n",
  );
});

test('domains: the best priority becomes the highest; a domain whose nodes are all gone is no rule', () => {
  const domain = (name: string, ordered: string, ...nodes: readonly string[]) =>
    `<failoverdomain name="${name}" ordered="${ordered}">${nodes.join('')}</failoverdomain>`;
  const member = (name: string, priority: string) => `<failoverdomainnode name="${name}" priority="${priority}"/>`;
  const { files, report: text } = imported(
    '<clusternodes><clusternode name="n1"/><clusternode name="n2"/></clusternodes>' +
      `<rm><failoverdomains>${domain('a', 'yes', member('n1', '3'), member('n2', '10'), member('n9', '20'))}` +
      `${domain('b', '0', member('n9', '1'))}</failoverdomains><vm name="1" domain="a"/><vm name="2" domain="b"/></rm>`,
  );
  assert.is(
    files['ha/rules.cfg'],
    "node-affinity: fd-a\n\tcomment Imported from failover domain 'a'.\n\tnodes n1:8,n2:1\n\tresources vm:1\n\n",
  );
  assert.match(text, /vm\[2\]\/@domain -> unmapped: no such node\n/);
});

const nodeNames = ['n1', 'n2', 'n3'];
const text = fc.stringMatching(/^[a-z '=.é-]{1,6}$/);
const attributes = (options: Readonly<Record<string, fc.Arbitrary<string>>>) =>
  fc.record(options, { requiredKeys: [] }).map((values) =>
    Object.entries(values)
      .map(([key, value]) => ` ${key}="${value}"`)
      .join(''),
  );
const flag = fc.constantFrom('0', '1', 'yes', 'off');
const policy = attributes({
  autostart: flag,
  domain: fc.constantFrom('d0', 'd1', 'd9'),
  recovery: fc.constantFrom('restart', 'relocate', 'disable'),
  max_restarts: fc.constantFrom('0', '1', '5'),
  exclusive: flag,
  odd: text,
});
const guest = fc
  .tuple(fc.integer({ min: 100, max: 105 }), policy)
  .map(([id, more]) => (id % 2 === 0 ? `<vm name="${id}"${more}/>` : `<pvevm vmid="${id}"${more}/>`));
const guestList = fc.array(guest, { maxLength: 3 }).map((list) => list.join(''));
const service = fc
  .tuple(text, policy, guestList)
  .map(([name, more, inner]) => `<service name="${name}"${more}>${inner}<ip/></service>`);
const domainNode = fc
  .tuple(fc.constantFrom(...nodeNames, 'n9'), fc.option(fc.nat(9)))
  .map(
    ([name, priority]) => `<failoverdomainnode name="${name}"${priority === null ? '' : ` priority="${priority}"`}/>`,
  );
const domain = fc
  .tuple(attributes({ ordered: flag, restricted: flag, nofailback: flag }), fc.array(domainNode, { maxLength: 3 }))
  .map(([more, inner]) => `${more}>${inner.join('')}</failoverdomain>`);
const use = fc
  .tuple(fc.constantFrom('a.b', 'a-b', 'c', 'gone'), attributes({ port: text, action: fc.constantFrom('on', 'off') }))
  .map(([name, more]) => `<device name="${name}"${more}/>`);
const methodLists = fc.array(fc.array(fc.array(use, { maxLength: 3 }), { maxLength: 3 }), {
  minLength: 3,
  maxLength: 3,
});
const anyCluster = fc
  .tuple(methodLists, fc.array(domain, { maxLength: 2 }), fc.array(fc.oneof(guest, service), { maxLength: 4 }), text)
  .map(
    ([methods, domains, services, password]) =>
      `<fencedevices>${['a.b', 'a-b', 'c'].map((name) => `<fencedevice name="${name}" agent="fence_x" pw="${password}"/>`).join('')}</fencedevices>` +
      `<clusternodes>${nodeNames.map((name, i) => node(`${name}.example`, ...methods[i]!)).join('')}</clusternodes>` +
      `<rm><failoverdomains>${domains.map((one, i) => `<failoverdomain name="d${i}"${one}`).join('')}</failoverdomains>${services.join('')}</rm>`,
  );

test('I2 our own readers take the files, and the report promises nothing that is not in them', () => {
  fc.assert(
    fc.property(anyCluster, (inner) => {
      const { files, report: lines } = imported(inner, { 101: 'ct' });
      const { resources, warnings } = parseResources(files['ha/resources.cfg']);
      const parsed = parseRules(files['ha/rules.cfg']);
      const fencing = parseFenceConfig(files['ha/fence.cfg']);
      assert.equal([...warnings, ...parsed.warnings, ...fencing.warnings], []);
      assert.ok('config' in fencing);
      for (const [, { resources: sids }] of parsed.rules.ids) for (const sid of sids) assert.ok(resources.ids.has(sid));
      for (const line of lines.split('\n').slice(0, -1)) {
        const [, rule, sid] =
          / -> ha\/(?:rules\.cfg: ((?:fd|svc)-.*)|resources\.cfg: ((?:vm|ct):.*))$/.exec(line) ?? [];
        if (rule !== undefined) assert.ok(parsed.rules.ids.has(rule), line);
        if (sid !== undefined) assert.ok(resources.ids.has(sid), line);
        const [, name, attempt] =
          /clusternode\[(n\d)[^/]*\]\/fence\/method\[m\d\]\/@name -> ha\/fence\.cfg: try (\d)$/.exec(line) ?? [];
        if (name !== undefined) assert.ok(fenceCommands(fencing.config, name, Number(attempt)).length > 0, line);
      }
    }),
  );
});

test('I1 an attribute of a known element has exactly one line', () => {
  fc.assert(
    fc.property(anyCluster, (inner) => {
      const lines = report(inner);
      const domainNodes = lines.filter((line) => /failoverdomainnode\[.*\]\/@(name|priority) -> /.test(line)).length;
      const written = [...inner.matchAll(/<failoverdomainnode name="n\d"( priority)?/g)];
      assert.is(
        domainNodes,
        written.reduce((sum, [, priority]) => sum + (priority === undefined ? 1 : 2), 0),
      );
      assert.ok(lines.every((line) => / -> (ha\/|node |corosync\.conf: |unmapped: |default$)/.test(line)));
    }),
  );
});

test.run();
