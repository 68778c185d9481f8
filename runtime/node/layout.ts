import { join } from 'node:path';

/**
 * Where the files of one node are (spec/pmxcfs.md, "Fixed numbers at a glance"). On a real node the root is `/`; with
 * `--root DIR` every absolute path of the specification lies below DIR (§13.2.6), so that several nodes fit one machine.
 */
export interface NodeLayout {
  readonly root: string;
  /** Mount point of the file system, `/etc/pve`. */
  readonly mountPoint: string;
  /** `/var/lib/pve-cluster`, mode 0750. */
  readonly stateDirectory: string;
  readonly database: string;
  /** Sequence of the last quorate ring that the tree belongs to. */
  readonly primaryRing: string;
  /** Whether the database is known to be a beginning of the cluster's history (§13.2.2). */
  readonly provenMark: string;
  readonly backupDirectory: string;
  readonly lockFile: string;
  /** `/run/pve-cluster`, mode 0750. */
  readonly runDirectory: string;
  readonly restartFlag: string;
  readonly pidFile: string;
  /** The twelve IPC requests of the specification. */
  readonly ipcSocket: string;
  /** Commands of this project to the cluster process. */
  readonly controlSocket: string;
  /** Commands to the process that supervises the node's daemons. */
  readonly bootSocket: string;
  readonly bootPidFile: string;
  /** Host copy of the cluster configuration, `/etc/corosync/corosync.conf`. */
  readonly hostConfig: string;
  readonly authkey: string;
  /** Ring ids and `ev_tracking`, `/var/lib/corosync`. */
  readonly ringDirectory: string;
  readonly logDirectory: string;
  readonly logFile: string;
  /** What the control path has decided (runtime/trace/black-box.ts). */
  readonly blackBox: string;
  /** Of a daemon of high availability: each process has a box of its own. */
  readonly daemonBlackBox: (daemon: string) => string;
  readonly daemonPidFile: (daemon: string) => string;
  /** `/run/watchdog-mux.sock`, and the directory that exists while it has clients. */
  readonly watchdogSocket: string;
  readonly watchdogMarker: string;
  readonly watchdogLogFile: string;
  /** Settings of high availability that belong to one node: `/etc/default/pve-ha-manager`. */
  readonly haDefaults: string;
  /** What is known of guests that are plain processes. */
  readonly guestDirectory: string;
  /** Local lock of `pvecm`, `/var/lock/pvecm.lock`. */
  readonly pvecmLock: string;
}

/** Layout below `root`; an absolute path is expected. */
export function nodeLayout(root: string): NodeLayout {
  const at = (...parts: readonly string[]) => join(root, ...parts);
  return {
    root,
    mountPoint: at('etc/pve'),
    stateDirectory: at('var/lib/pve-cluster'),
    database: at('var/lib/pve-cluster/config.db'),
    primaryRing: at('var/lib/pve-cluster/primary_ring'),
    provenMark: at('var/lib/pve-cluster/proven_history'),
    backupDirectory: at('var/lib/pve-cluster/backup'),
    lockFile: at('var/lib/pve-cluster/.pmxcfs.lockfile'),
    runDirectory: at('run/pve-cluster'),
    restartFlag: at('run/pve-cluster/cfs-restart-flag'),
    pidFile: at('var/run/pve-cluster.pid'),
    ipcSocket: at('run/pve-cluster/pmxcfs.sock'),
    controlSocket: at('run/pve-cluster/control.sock'),
    bootSocket: at('run/pve-actors/boot.sock'),
    bootPidFile: at('run/pve-actors/boot.pid'),
    hostConfig: at('etc/corosync/corosync.conf'),
    authkey: at('etc/corosync/authkey'),
    ringDirectory: at('var/lib/corosync'),
    logDirectory: at('var/log/pve-actors'),
    logFile: at('var/log/pve-actors/cluster.log'),
    blackBox: at('var/log/pve-actors/black-box.jsonl'),
    daemonBlackBox: (daemon) => at(`var/log/pve-actors/black-box-${daemon}.jsonl`),
    daemonPidFile: (daemon) => at(`run/${daemon}.pid`),
    watchdogSocket: at('run/watchdog-mux.sock'),
    watchdogMarker: at('run/watchdog-mux.active'),
    watchdogLogFile: at('var/log/pve-actors/watchdog-mux.log'),
    haDefaults: at('etc/default/pve-ha-manager'),
    guestDirectory: at('run/pve-actors/guests'),
    pvecmLock: at('var/lock/pvecm.lock'),
  };
}
