/**
 * What a checker sees of high availability: the true ground (which guests run on which powered machine), what each daemon asked for and
 * got, and its calls on the file system.
 */
import type { Crm } from '../../../machines/ha/crm/crm.ts';
import type { Lrm } from '../../../machines/ha/lrm/lrm.ts';
import type { AgentCall } from '../../../machines/ha/lrm-worker/command.ts';
import type { Ask, Reply } from '../../../machines/ha/port.ts';

export type DaemonKind = 'crm' | 'lrm';

export interface ObservedMachine {
  readonly nodeid: number;
  readonly name: string;
  readonly isOn: boolean;
  /** Times that it got power. */
  readonly starts: number;
  /** Guests that run on it now. */
  readonly guests: ReadonlySet<string>;
  /** The daemon's process has a handle of the machine's watchdog. */
  hasWatchdogOpen(kind: DaemonKind): boolean;
  daemon(kind: DaemonKind): ObservedDaemon | undefined;
}

export interface ObservedDaemon {
  readonly kind: DaemonKind;
  readonly pid: number;
  readonly machine: ObservedMachine;
  /** What decides in it. */
  readonly core: Crm | Lrm;
  /** Of its machine's monotonic clock. */
  readonly now_ms: number;
}

/** What one daemon asked for, and the answer that it got. */
export interface Deed {
  readonly daemon: ObservedDaemon;
  readonly ask: Ask;
  readonly reply: Reply;
}

export interface ObservedFileCall {
  readonly op: string;
  readonly path: string;
  readonly to?: string;
  readonly mtime_s?: number;
  readonly content?: Buffer;
}

export interface HaView {
  readonly machines: readonly ObservedMachine[];
  machine(name: string): ObservedMachine | undefined;
  /** Services that the cluster began with. */
  readonly fencing: 'watchdog' | 'hardware' | 'both';
  /** No fault is on its way, nothing stands still. */
  readonly isCalm: boolean;
}

/** Hooks of a checker (`Checker`). */
export interface HaHooks {
  power?(machine: ObservedMachine, isOn: boolean): void;
  guest?(machine: ObservedMachine, sid: string, isRunning: boolean): void;
  /** The machine's hypervisor moves the configuration of a guest, as a part of its migration. */
  configMoves?(machine: ObservedMachine, sid: string, target: string): void;
  daemonStarted?(daemon: ObservedDaemon): void;
  daemonEnded?(daemon: ObservedDaemon): void;
  /** It has asked, and waits. */
  asked?(daemon: ObservedDaemon, ask: Ask): void;
  answered?(deed: Deed): void;
  /** The iteration is over. */
  iterated?(daemon: ObservedDaemon): void;
  fileCall?(daemon: ObservedDaemon, call: ObservedFileCall): void;
  /** It has something done to a guest of its machine. */
  agentCall?(daemon: ObservedDaemon, sid: string, call: AgentCall): void;
  notified?(daemon: ObservedDaemon, subject: string): void;
  /** The operator wants this of the stack. */
  wished?(text: string): void;
}
