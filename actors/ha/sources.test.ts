import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Source } from '../../machines/ha/port.ts';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { EIO } from '../../runtime/file-system/errno.ts';
import { readStatistics } from './guest-statistics.ts';
import { MemoryCluster } from './memory-cluster.ts';
import type { Outcome } from './outcome.ts';
import type { ClusterFiles } from './ports.ts';
import { removeGuestLock, stealGuest } from './service-files.ts';
import { Sources } from './sources.ts';

function newSources(change: (files: ClusterFiles) => ClusterFiles = (files) => files) {
  const cluster = new MemoryCluster({ clock: new VirtualClock(), nodes: ['n1', 'n2'] });
  const files = change(cluster.files('n1'));
  const warnings: string[] = [];
  const sources = new Sources({ node: 'n1', files }, (text) => warnings.push(text));
  const read = (what: Source): unknown => {
    let answer: Outcome<readonly unknown[]> | undefined;
    sources.read([what], (outcome) => {
      answer = outcome;
    });
    return answer?.ok ? answer.value[0] : answer?.error;
  };
  return { cluster, files, read, warnings };
}

test('nothing is there yet: everything is empty, and no node is taken for active', () => {
  const { read } = newSources();
  assert.equal(read('manager_status'), {});
  assert.equal(read('resources'), {});
  assert.equal([read('rules'), read('groups'), read('crmPending')], ['', '', false]);
  assert.equal(read('lrm_status'), { n1: { mode: 'unknown' }, n2: { mode: 'unknown' } });
  assert.equal(read('versions'), {});
});

test('members: who is connected; the own node always, and quorate by itself without a cluster', () => {
  const { cluster, read } = newSources();
  assert.equal(read('members'), { quorate: true, online: { n1: true, n2: true } });
  cluster.connect('n1', false);
  assert.equal(read('members'), { quorate: false, online: { n1: true, n2: false } });
  const alone = newSources((files) => ({
    ...files,
    read: (_, done) => done(Buffer.from('{\n"nodename": "n1",\n"version": 3\n}\n')),
  }));
  assert.equal(alone.read('members'), { quorate: true, online: { n1: true } });
});

test('resources are where their guests are; one without a guest is told once and left out', () => {
  const { cluster, read, warnings } = newSources();
  cluster.put('nodes/n2/qemu-server/100.conf', '');
  cluster.put('nodes/n1/lxc/101.conf', '');
  cluster.put(
    'ha/resources.cfg',
    'vm: 100\n\tgroup g\n\tmax_restart 3\n\nct: 101\n\tfailback 0\n\tstate enabled\n\nvm: 102\n\tstate stopped\n',
  );
  const base = { state: 'started', failback: true, max_restart: 1, max_relocate: 1 };
  const expected = {
    'vm:100': { ...base, node: 'n2', max_restart: 3, group: 'g' },
    'ct:101': { ...base, node: 'n1', failback: false },
  };
  assert.equal(read('resources'), expected);
  assert.equal(read('resources'), expected);
  assert.equal(warnings, ["no such guest '102' - ignore resource 'vm:102'"]);
});

test('a broken status of the manager is an error, that of a node makes it unknown', () => {
  const { cluster, read, warnings } = newSources();
  for (const text of ['{', '[]', 'null', '3']) {
    cluster.put('ha/manager_status', text);
    assert.is(read('manager_status'), "unable to parse '/etc/pve/ha/manager_status' - it is no JSON object");
  }
  cluster.put('ha/manager_status', '{"node_status":{"gone":"fence"}}');
  cluster.put('nodes/n1/lrm_status', '{"mode":"active","state":"active"}');
  cluster.put('nodes/n2/lrm_status', '{"mode"');
  assert.equal(read('lrm_status'), {
    gone: { mode: 'unknown' },
    n1: { mode: 'active', state: 'active' },
    n2: { mode: 'unknown' },
  });
  assert.is(warnings.length, 1);
});

test('a file that cannot be read fails the whole read', () => {
  const { read } = newSources((files) => ({ ...files, read: (_, done) => done(-EIO) }));
  for (const source of ['members', 'manager_status', 'lrm_status', 'resources', 'rules', 'datacenter'] as const) {
    assert.match(String(read(source)), /^unable to read '\/etc\/pve\/[^']+' - Input\/output error$/);
  }
});

test('settings of the data centre, and versions that nodes publish', () => {
  const { cluster, read } = newSources();
  cluster.put('datacenter.cfg', 'ha: shutdown_policy=migrate\nmax_workers: 2\nfencing: both\n');
  const settings = read('datacenter') as { ha: object; max_workers: number; fencing: string };
  assert.equal([settings.ha, settings.max_workers, settings.fencing], [{ shutdown_policy: 'migrate' }, 2, 'both']);
  cluster.publish('n2', 'version-info', '{"version":"9.2.11"}');
  cluster.publish('n1', 'version-info', 'nonsense');
  assert.equal(read('versions'), { n2: '9.2.11' });
});

test('static loads: from the configurations of guests, and what nodes say of themselves', () => {
  const { cluster, files } = newSources();
  cluster.put('nodes/n1/qemu-server/100.conf', 'cores: 2\nsockets: 2\nmemory: current=1024\n[snap]\ncores: 8\n');
  cluster.put('nodes/n1/qemu-server/101.conf', 'cpulimit: 0.5\nvcpus: 3\nmemory: 2048,max=4096\n');
  cluster.put('nodes/n2/lxc/102.conf', 'memory: 256\n');
  cluster.publish('n1', 'static-info', '{"cpus":8,"memory":1000}');
  let answer: unknown;
  readStatistics(files, 'static', (outcome) => {
    answer = outcome;
  });
  const stopped = (node: string) => ({ node, state: 'stopped', running: false });
  assert.equal(answer, {
    ok: true,
    value: {
      nodes: { n1: { maxcpu: 8, maxmem: 1000 } },
      services: {
        'vm:100': { maxcpu: 4, maxmem: 1024 * 1048576 },
        'vm:101': { maxcpu: 0.5, maxmem: 2048 * 1048576 },
        'ct:102': { maxcpu: 0, maxmem: 256 * 1048576 },
      },
      guests: { 'vm:100': stopped('n1'), 'vm:101': stopped('n1'), 'ct:102': stopped('n2') },
    },
  });
});

test('a guest is stolen from where it is, and only from there', () => {
  const { cluster, files } = newSources();
  const clock = new VirtualClock();
  const steal = (sid: string, from: string, to: string): unknown => {
    let answer: unknown;
    stealGuest({ clock, files }, { sid, from, to }, (outcome) => {
      answer = outcome;
    });
    return answer;
  };
  cluster.put('nodes/n2/qemu-server/100.conf', 'memory: 1\n');
  assert.equal(steal('vm:100', 'n2', 'n1'), { ok: true, value: null });
  assert.is(cluster.text('nodes/n1/qemu-server/100.conf'), 'memory: 1\n');
  assert.equal(steal('vm:100', 'n2', 'n1'), { ok: true, value: null }, 'done already');
  assert.equal(steal('vm:100', 'n3', 'n2'), { ok: true, value: 'n1' }, 'where it was found');
  assert.equal(steal('vm:9', 'n1', 'n2'), { ok: false, error: "no such guest 'vm:9'" });
});

test('only a lock of the list is taken out of a configuration', () => {
  const { cluster, files } = newSources();
  const clock = new VirtualClock();
  const remove = (locks: readonly string[]): unknown => {
    let answer: unknown;
    removeGuestLock({ clock, files }, { sid: 'ct:7', locks }, (outcome) => {
      answer = outcome;
    });
    return answer;
  };
  cluster.put('nodes/n2/lxc/7.conf', 'lock: mounted\nmemory: 1\n');
  assert.equal(remove(['backup']), { ok: true, value: null });
  assert.equal(remove(['backup', 'mounted']), { ok: true, value: 'mounted' });
  assert.is(cluster.text('nodes/n2/lxc/7.conf'), 'memory: 1\n');
  assert.equal(remove(['mounted']), { ok: true, value: null });
});

test.run();
