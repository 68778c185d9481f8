/** The real ports of the HA daemons of a node. */
import { type HaTimes, haTimes } from '../../../machines/ha/times.ts';
import type { BasePorts } from '../../../runtime/comedy/actor-module.ts';
import { GuestProcesses } from '../../../runtime/guest/guest-process.ts';
import { createHostView } from '../../../runtime/node/host-view.ts';
import { type NodeLayout, nodeLayout } from '../../../runtime/node/layout.ts';
import { startShellLine } from '../../../runtime/node/shell-program.ts';
import { shutdownMarker } from '../../../runtime/node/shutdown-jobs.ts';
import { WatchdogClient } from '../../../runtime/watchdog/client.ts';
import { release } from '../../api/release.ts';
import type { HaPorts } from '../ports.ts';
import { noHypervisor, processHypervisor } from './hypervisors.ts';
import { notifier } from './notifier.ts';
import { keepPublished } from './published-info.ts';
import { SocketFiles } from './socket-files.ts';

/** What `boot` hands to all daemons of a node, as far as these read it. */
export interface HaParameters {
  /** Absolute path. */
  readonly root: string;
  readonly nodeName: string;
  /** For tests: a part of all times. */
  readonly timeScale?: number;
  /** `process`: guests are processes that their configurations name. For tests. */
  readonly hypervisor?: 'none' | 'process';
}

export interface DaemonPorts extends HaPorts {
  readonly layout: NodeLayout;
  readonly times: HaTimes;
  /** What is about to happen to the machine. */
  readonly shutdownMarker: () => Promise<'' | 'shutdown' | 'reboot'>;
  /** Publishes what HA needs to know of this node; returns what ends that. */
  readonly keepPublished: () => () => void;
  close(): void;
}

export function realPorts({ clock, log, random }: BasePorts, given: unknown): DaemonPorts {
  const { hypervisor = 'none', nodeName: node, root, timeScale = 1 } = given as HaParameters;
  const layout = nodeLayout(root);
  const times = haTimes(timeScale);
  const files = new SocketFiles(layout, times.file_deadline_s * 1000);
  const guests = new GuestProcesses(layout.guestDirectory);
  return {
    node,
    clock,
    random,
    log,
    files,
    watchdog: new WatchdogClient(layout.watchdogSocket),
    hypervisor: hypervisor === 'process' ? processHypervisor({ node, clock, files, guests, log }) : noHypervisor(log),
    fencePrograms: { run: startShellLine },
    notify: notifier(layout, node),
    layout,
    times,
    // Below another root there is no machine of our own that could go down.
    shutdownMarker: root === '/' ? shutdownMarker : () => Promise.resolve(''),
    keepPublished: () => keepPublished({ clock, socket: layout.ipcSocket, values: publishedInfo(root) }),
    close: () => files.close(),
  };
}

/** Values of the original's statistics daemon, as far as HA reads them. */
function publishedInfo(root: string): Readonly<Record<string, object>> {
  const { cpus, memory } = createHostView(root).facts();
  return {
    'version-info': release,
    'static-info': { cpus: cpus.count, memory: memory.total },
  };
}
