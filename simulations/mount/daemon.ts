/**
 * A small daemon in local mode: memory tree, SQLite, file-system layer and mount, and nothing of the cluster. Corpora
 * and tests run it as a child process, since whoever touches a mount must not be the one who serves it.
 *
 *   node --import tsx simulations/mount/daemon.ts '<DaemonOptions as JSON>'
 *
 * Prints one line of JSON when it serves, or why it can't; ends on SIGTERM or when its standard input ends.
 */

import { createFileSystem } from '../../actors/pmxcfs/file-system.ts';
import type { ComputedTexts } from '../../actors/pmxcfs/file-system-plugs.ts';
import { createLocalSubmit } from '../../actors/pmxcfs/local-changes.ts';
import { membersText, versionText, vmlistText } from '../../machines/pmxcfs/status/published-files.ts';
import { Memdb, type TreeMode } from '../../machines/pmxcfs/tree/memdb.ts';
import { wallSeconds } from '../../runtime/clock/clock.ts';
import { createRealClock } from '../../runtime/clock/real.ts';
import { mountFuse } from '../../runtime/file-system/fuse-mount.ts';
import { entryOwner } from '../../runtime/file-system/owner.ts';
import type { Log } from '../../runtime/log/log.ts';
import { openSqliteStore } from '../../runtime/store/sqlite.ts';

export interface DaemonOptions {
  readonly mountPoint: string;
  readonly database: string;
  readonly hostName: string;
  readonly treeMode: TreeMode;
  readonly isQuorate: boolean;
  /** What a new database holds: path → text, or null for a directory; parents first. */
  readonly tree: Readonly<Record<string, string | null>>;
}

/** The line that the daemon prints. */
export type DaemonAnswer = { readonly serving: true } | { readonly code: string; readonly failure: string };

const log: Log = {
  write: (domain, level, message) => {
    process.stderr.write(`[${domain}] ${level}: ${message}\n`);
  },
};

function answer(line: DaemonAnswer): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function serve(options: DaemonOptions): Promise<void> {
  const clock = createRealClock();
  const owner = entryOwner();
  if ('failure' in owner) return answer({ code: 'no-group', failure: owner.failure });
  const store = openSqliteStore(options.database);
  if ('message' in store) return answer({ code: 'no-database', failure: store.message });
  const memdb = new Memdb({ mode: options.treeMode });
  const rows = store.load();
  if ('failure' in rows) return answer({ code: 'no-database', failure: rows.failure.message });
  const now = { wall_s: wallSeconds(clock), monotonic_s: clock.monotonic_ms() / 1000 };
  const opened = memdb.open(rows.rows, now);
  if ('failure' in opened) return answer({ code: 'no-database', failure: opened.failure });
  store.commit(opened.changes);
  if (store.isNew) plant(memdb, options.tree, now.wall_s);
  store.commit(memdb.takeChanges());

  const fileSystem = createFileSystem({
    memdb,
    treeMode: options.treeMode,
    hostName: options.hostName,
    plugs: computedTexts(memdb, options.hostName, now.wall_s),
    ...owner,
    log,
    isQuorate: () => options.isQuorate,
    submit: createLocalSubmit({ memdb, store, clock, log }),
  });
  const mount = await mountFuse({ mountPoint: options.mountPoint, fileSystem, ...owner, log });
  if (!mount.ok) return answer({ code: mount.code, failure: mount.message });
  answer({ serving: true });

  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.stdin.once('end', resolve).resume();
  });
  await mount.unmount();
  store.close();
  process.exit(0);
}

function plant(memdb: Memdb, tree: DaemonOptions['tree'], time: number): void {
  const stamp = { writer: 0, time, monotonic_s: 0 };
  for (const [path, text] of Object.entries(tree)) {
    if (text === null) memdb.mkdir(path, stamp);
    else {
      memdb.create(path, stamp);
      memdb.write(path, Buffer.from(text), 0, false, stamp);
    }
  }
}

/** What the published files say in local mode. Kv store and cluster log stay empty. */
function computedTexts(memdb: Memdb, hostName: string, starttime: number): ComputedTexts {
  let isDebug = false;
  return {
    version: () =>
      versionText({
        starttime,
        clinfo: 0,
        vmlist: memdb.guests.version,
        paths: memdb.counters.entries(),
        kvstores: [{ node: hostName, keys: [] }],
      }),
    members: () => membersText({ nodename: hostName, version: 0, cluster: undefined }),
    vmlist: () =>
      vmlistText(
        memdb.guests.version,
        Array.from(memdb.guests.entries(), ([vmid, guest]) => ({ vmid, ...guest })),
      ),
    rrd: () => '',
    clusterlog: () => '{\n"data": [\n]\n}\n',
    debug: {
      get: () => isDebug,
      set: (enabled) => {
        isDebug = enabled;
      },
    },
  };
}

await serve(JSON.parse(process.argv[2] ?? '{}') as DaemonOptions);
