/**
 * An act: one thing that befalls machines, cables or clocks, as plain JSON data. Faults are drawn as acts (faults.ts), schedules
 * and scenarios hold them, and `perform` of acts.ts carries them out; nothing else harms a simulated cluster.
 */
import type { Fields, Values } from '../schedule/fields.ts';

export type { Way } from '../schedule/fields.ts';

const onNode = { node: 'node' } as const;
const onWays = { ways: 'ways' } as const;
const onDaemon = { node: 'node', daemon: 'text' } as const;

/** What each act needs to know. */
export const ACT_FIELDS = {
  boot: onNode,
  /** The daemon dies, the machine stays. */
  crash: onNode,
  /** `kept`: so many of the commits that the disk hadn't made safe survive. */
  'lose-power': { ...onNode, kept: 'number' },
  'shut-down': onNode,
  /** SIGSTOP and SIGCONT of the daemon. */
  pause: onNode,
  resume: onNode,
  cut: onWays,
  mend: onWays,
  link: {
    ...onWays,
    latency_min_ms: 'number',
    latency_max_ms: 'number',
    loss: 'number',
    duplication: 'number',
    bandwidth_kbps: 'number?',
  },
  /** As the network usually is. */
  'link-usual': onWays,
  clog: onWays,
  unclog: onWays,
  /** All cables are whole, and as they usually are. */
  'heal-network': {},
  'disk-full': onNode,
  /** Commits fail. */
  'disk-error': onNode,
  /** A daemon that starts can't read its database. */
  'disk-unreadable': onNode,
  /** The daemon stands still for so long at each commit. */
  'disk-slow': { ...onNode, ms: 'number' },
  /** What it says to have synced is lost with the power. */
  'disk-lies': onNode,
  /** A row changes while the node is down: `field` is one of `ROT_FIELDS`. */
  'bit-rot': { ...onNode, inode: 'number', field: 'text' },
  /** Ends all faults of the disk. */
  'disk-healthy': onNode,
  /** A copy of the database is put aside. */
  'disk-backup': onNode,
  /** While the node is down its database is replaced by the copy. */
  'disk-restore': onNode,
  /** Of the machine's wall clock. */
  'clock-step': { ...onNode, step_ms: 'number' },
  /** Seconds that pass on the machine's clocks in a second. */
  'clock-rate': { ...onNode, monotonic: 'number', wall: 'number' },
  /** Its software has another version from its next start on. */
  upgrade: onNode,
  /** `pvecm expected`. */
  expected: { ...onNode, votes: 'number' },
  /** A daemon of high availability, `crm` or `lrm`: SIGKILL, SIGSTOP, SIGCONT, and an orderly restart. */
  'kill-daemon': onDaemon,
  'pause-daemon': onDaemon,
  'resume-daemon': onDaemon,
  'restart-daemon': onDaemon,
  /** All of the machine stands still, but for the device that watches over it. */
  freeze: onNode,
  thaw: onNode,
  /** That device fires though it was fed. */
  reset: onNode,
  /** It fires later than it should. */
  'watchdog-late': { ...onNode, ms: 'number' },
  /** An orderly end of the machine. */
  'node-reboot': onNode,
  'node-shutdown': onNode,
  /** A guest ends by itself. */
  'guest-crash': { ...onNode, sid: 'text' },
  /** The fence device of the node answers nothing, and answers again. */
  'switch-dead': onNode,
  'switch-alive': onNode,
  /** A line for the manager, as `ha-manager` leaves it. */
  'ha-command': { ...onNode, line: 'text' },
  /** A file of high availability is replaced. */
  'ha-file': { ...onNode, path: 'text', content: 'text' },
  /** Ends all that faults have done, and starts what is down. */
  heal: {},
} as const satisfies Readonly<Record<string, Fields>>;

export type ActName = keyof typeof ACT_FIELDS;

export type ActParameters = { readonly [N in ActName]: Values<(typeof ACT_FIELDS)[N]> };

export type Act = { readonly [N in ActName]: { readonly act: N } & ActParameters[N] }[ActName];

/** Acts that harm nobody: they end a fault, or hit what the cluster doesn't rely on. */
export const HARMLESS_ACTS: ReadonlySet<ActName> = new Set([
  'boot',
  'resume',
  'mend',
  'link-usual',
  'unclog',
  'heal-network',
  'disk-healthy',
  'disk-backup',
  'clock-step',
  'clock-rate',
  'upgrade',
  'resume-daemon',
  'restart-daemon',
  'thaw',
  'guest-crash',
  'switch-alive',
  'ha-command',
  'ha-file',
  'heal',
]);
