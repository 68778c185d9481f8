/**
 * The host copy of the cluster configuration (spec/pmxcfs.md §5.8): `corosync.conf` of the tree is written to
 * `/etc/corosync/corosync.conf`, and where the change is ours, the cluster layer is told to reload.
 *
 * Other than in the original, the second of delay and the reload run aside, not on the delivery path (Q20); the order
 * write, delay, notify is kept.
 *
 * Invariants:
 *  I1 a copy is never replaced by one with a lower config version, nor by one without a version;
 *  I2 a reload is asked for at least 1 s after the write that causes it, and only if there was a version before.
 */
import type { Clock, TimerHandle } from '../../runtime/clock/clock.ts';
import type { HostFile } from '../../runtime/file-system/host-file.ts';
import { configVersionOf } from '../../runtime/formats/config-version.ts';
import type { Log } from '../../runtime/log/log.ts';

export interface HostConfigOptions {
  readonly file: HostFile;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes the cluster layer read the file again, as `corosync-cfgtool -R`; `done` gets an exit code, 0 for success. */
  notify(done: (exitCode: number) => void): void;
}

export interface HostConfig {
  /** Brings the host copy up to `treeFile`, the content of `corosync.conf` in the tree (undefined: there is none). */
  synchronise(treeFile: Buffer | undefined, notify: boolean): void;
  /** Drops reloads that are not due yet. */
  stop(): void;
}

const NOTIFY_DELAY_MS = 1000;

export function createHostConfig({ file, clock, log, notify }: HostConfigOptions): HostConfig {
  const pending = new Set<TimerHandle>();
  const crit = (message: string) => log.write('dcdb', 'crit', message);

  const reloadLater = () => {
    const timer = clock.setTimeout(() => {
      pending.delete(timer);
      notify((exitCode) => {
        if (exitCode !== 0) crit(`corosync-cfgtool -R failed with exit code ${exitCode}`);
      });
    }, NOTIFY_DELAY_MS);
    pending.add(timer);
  };

  /** The host file's content; empty where there is none, or none that can be read. */
  const readCopy = (): Buffer => {
    const copy = file.read();
    if (copy === undefined) return Buffer.alloc(0);
    if (!('failure' in copy)) return copy;
    crit(`unable to read cluster config file '${file.path}' - ${copy.failure.cause}`);
    return Buffer.alloc(0);
  };

  const synchronise = (treeFile: Buffer | undefined, notifyAfter: boolean) => {
    if (treeFile === undefined || treeFile.length === 0) return;
    const version = versionOf(treeFile);
    if (version === 0n) return crit('unable to parse cluster config_version');
    const copy = readCopy();
    const oldVersion = versionOf(copy);
    if (copy.equals(treeFile)) return;
    if (version < oldVersion) return crit('local corosync.conf is newer');
    const failure = file.replace(treeFile);
    if (failure !== undefined) return log.write('main', 'crit', failure.message);
    log.write('dcdb', 'notice', `wrote new corosync config '${file.path}' (version = ${version})`);
    if (notifyAfter && oldVersion > 0n) reloadLater();
  };

  const stop = () => {
    for (const timer of pending) clock.clearTimeout(timer);
    pending.clear();
  };
  return { synchronise, stop };
}

function versionOf(config: Buffer): bigint {
  return configVersionOf(config.toString('latin1'));
}
