/** A world in memory for tests of the API: one node, its files, no machine. */
import { Buffer } from 'node:buffer';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { readUserConfig } from '../../runtime/formats/access/read-user-config.ts';
import { MemoryLog } from '../../runtime/log/memory.ts';
import type { HostView } from '../../runtime/node/host-view.ts';
import type { TaskFiles } from '../../runtime/node/task-files.ts';
import { SeededRandom } from '../../runtime/random/seeded.ts';
import type { ApiWorld, ClusterChanges, ClusterMembers, ListedGuest } from './world.ts';

export interface TestWorld extends ApiWorld {
  readonly files: Map<string, string>;
  readonly hostFiles: Map<string, string>;
  readonly guestList: Map<string, ListedGuest>;
  readonly logged: string[];
  members: ClusterMembers;
}

export function createTestWorld(files: Readonly<Record<string, string>> = {}): TestWorld {
  const clock = new VirtualClock();
  const held = new Map(Object.entries(files));
  const hostFiles = new Map<string, string>();
  const guestList = new Map<string, ListedGuest>();
  const logged: string[] = [];
  const read = async (path: string) => {
    const text = held.get(path);
    return text === undefined ? undefined : Buffer.from(text);
  };
  const changes: ClusterChanges = {
    read,
    replace: async (path, content) => void held.set(path, content.toString()),
    remove: async (path) => void held.delete(path),
    withLock: (_id, change) => change(),
    setStatus: async () => {},
    log: async (_priority, ident, tag, message) => void logged.push(`${ident} ${tag} ${message}`),
  };
  const world: TestWorld = {
    nodeName: 'n1',
    root: '/',
    tasks: testTasks(),
    logOwner: undefined,
    clock,
    random: new SeededRandom(1),
    log: new MemoryLog(clock, 100),
    files: held,
    hostFiles,
    guestList,
    logged,
    members: { nodename: 'n1', version: 1 },
    changes,
    cluster: {
      read: async (path) => (path.split('/').includes('priv') ? undefined : read(path)),
      modified: async () => undefined,
      members: async () => world.members,
      guests: async () => guestList,
      nodeStatus: async (key, node) => read(`.kv/${node}/${key}`),
      rrd: async () => held.get('.rrd') ?? '',
      log: async () => '{"data":[]}',
      hasToken: async (line) => (held.get('priv/token.cfg') ?? '').split('\n').includes(line),
    },
    host: testHost(hostFiles),
    askPam: async ({ password }) => (password === 'right for pam' ? undefined : 'Authentication failure'),
    userConfig: async () => readUserConfig(Buffer.from(held.get('user.cfg') ?? '').toString('latin1')).config,
  };
  return world;
}

function testTasks(): TaskFiles {
  let active = '';
  let archive = '';
  return {
    logPath: (upid) => upid,
    log: () => undefined,
    active: () => active,
    archive: (which) => (which === 'index' ? archive : ''),
    locked: async (change) => change(),
    writeActive: (text) => {
      active = text;
    },
    appendArchive: (text) => {
      archive += text;
    },
    start: () => ({ failure: 'starting worker failed: this is a test' }),
    isRunning: () => false,
    signal: () => false,
  };
}

function testHost(files: Map<string, string>): HostView {
  return {
    readSystem: (path) => files.get(path),
    read: (path) => files.get(path),
    replace: (path, content) => void files.set(path, content),
    replaceLink: () => {},
    modified: async () => undefined,
    linkTarget: () => undefined,
    run: async () => ({ code: undefined, stdout: '', stderr: '' }),
    facts: () => ({
      loadavg: [0.5, 0.25, 0.125],
      cpus: { count: 4, model: 'test', mhz: 1000 },
      memory: { total: 4096, free: 1024 },
      uptime_s: 100,
      kernel: { sysname: 'Linux', release: '6.1', version: '#1', machine: 'x86_64' },
      rootfs: { total: 1000, used: 400, avail: 600 },
    }),
  };
}
