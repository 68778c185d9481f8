/**
 * An HA daemon of a real node as an actor in a process of its own. Its end in order is the daemon's (spec/ha.md §2.2, §4.6), and takes
 * the time that it needs within its supervisor's bound; a failure ends the process, so that the watchdog sees it.
 */
import { type ActorDefinition, defineBehaviour } from '../../../runtime/actor-system/definition.ts';
import { removeFile, writePidFile } from '../../../runtime/node/node-directories.ts';
import { type DaemonEnd, DaemonHost, type DaemonKind } from '../daemon-host.ts';
import { daemonTrace } from './daemon-trace.ts';
import type { DaemonPorts } from './ports.ts';

/** A question for the daemon's state. */
export type DaemonProtocol = { readonly status: { readonly fields: object; readonly reply: unknown } };

/** How often a cluster process that is not there yet is looked for before the first iteration, and for how long. */
const LOOK_MS = 200;
const LOOKS = 50;

export function daemonActor(kind: DaemonKind): ActorDefinition<DaemonPorts, DaemonProtocol> {
  const name = `pve-ha-${kind}`;
  return defineBehaviour<DaemonPorts, DaemonProtocol>()({
    name,
    mailbox: { capacity: 64, whenFull: 'refuse' },
    start: ({ clock, crash, finished, log, ports, reply }) => {
      const { layout, node, times } = ports;
      const trace = daemonTrace({ node, actor: kind, clock, path: layout.daemonBlackBox(kind) });
      const ended = (end: DaemonEnd): void => {
        if (end.how === 'failed') return void crash(end.error);
        log.write(name, 'info', 'server stopped');
        finished();
      };
      const host = new DaemonHost({ kind, ports: { ...ports, clock, log }, times, trace, onEnd: ended });
      let unpublish = (): void => {};
      let hasBegun = false;
      let isEnding = false;
      const begin = (looks: number): void =>
        ports.files.read('.version', (read) => {
          if (isEnding) return;
          if (typeof read === 'number' && looks > 0) {
            clock.setTimeout(() => begin(looks - 1), LOOK_MS);
            return;
          }
          hasBegun = true;
          log.write(name, 'info', 'starting server');
          host.start();
          if (kind === 'crm') unpublish = ports.keepPublished();
        });
      writePidFile(layout.daemonPidFile(name));
      begin(LOOKS);
      return {
        receive: (_message, ask) => reply(ask, host.describe()),
        drain: () => {
          isEnding = true;
          log.write(name, 'info', 'server closing');
          if (!hasBegun) return void finished();
          void ports.shutdownMarker().then((marker) => host.requestShutdown(marker));
        },
        stop: () => {
          unpublish();
          host.abandon();
          trace.close();
          ports.close();
          removeFile(layout.daemonPidFile(name));
        },
      };
    },
  });
}
