/**
 * The parent of pveproxy and of pvedaemon: opens the listening socket once, keeps the workers by the pool machine, and replaces
 * them at a reload while the socket stays open.
 */
import { workerPoolMachine } from '../../machines/daemons/worker-pool.ts';
import type { ActorDefinition } from '../../runtime/actor-system/definition.ts';
import { defineActor } from '../../runtime/actor-system/machine-actor.ts';
import { startWorkerProcess, type WorkerOrder, type WorkerProcess } from '../../runtime/http/worker-process.ts';
import type { Log } from '../../runtime/log/log.ts';

export interface ServicePorts {
  readonly log: Log;
  readonly workers: number;
  /** Calls back at each SIGHUP. */
  readonly onHangUp: (callback: () => void) => void;
  /** Opens what the workers need, or throws a sentence; closed when the service has ended. */
  readonly order: () => Promise<WorkerOrder & { readonly port: number; close(): void }>;
}

export type ServiceProtocol = {
  readonly status: { readonly fields: object; readonly reply: unknown };
  readonly reload: { readonly fields: object; readonly reply: unknown };
};

const LOOK_MS = 5000;
const GRACE_MS = 10_000;

interface Core {
  readonly processes: Map<number, WorkerProcess>;
  /** Asked to end before they were started. */
  readonly cancelled: Set<number>;
  port: number | undefined;
  order: ReturnType<ServicePorts['order']> | undefined;
}

export function serviceActor(name: string): ActorDefinition<ServicePorts, ServiceProtocol> {
  return defineActor<ServicePorts, ServiceProtocol>()({
    name,
    mailbox: { capacity: 64, whenFull: 'refuse' },
    machine: workerPoolMachine,
    input: ({ ports }) => ({ wanted: ports.workers }),
    drainEvent: { type: 'STOP' },
    core: (): Core => ({ processes: new Map(), cancelled: new Set(), port: undefined, order: undefined }),
    receive: (message, ask, scope, core) => {
      const { value, context } = scope.snapshot();
      if (message.type === 'reload') {
        scope.reply(ask, {});
        return { type: 'RELOAD' } as const;
      }
      const pids = [...core.processes.values()].map(({ pid }) => pid);
      const ready = context.workers.filter(({ isReady }) => isReady).length;
      scope.reply(ask, { state: value, wanted: context.wanted, ready, pids, port: core.port });
      return undefined;
    },
    effects: (scope, core) => {
      const { ports, log, clock } = scope;
      const look = () => {
        clock.setTimeout(() => {
          scope.send({ type: 'LOOK' });
          look();
        }, LOOK_MS);
      };
      look();
      ports.onHangUp(
        scope.guard(() => {
          log.write(name, 'notice', 'received signal HUP');
          scope.send({ type: 'RELOAD' });
        }),
      );
      log.write(name, 'notice', 'starting server');
      const startOne = (id: number) => {
        core.order ??= ports.order();
        core.order.then(
          scope.guard((order) => {
            core.port = order.port;
            if (core.cancelled.delete(id)) return;
            const worker = startWorkerProcess(order, {
              ready: scope.guard(() => scope.send({ type: 'READY', id })),
              ended: scope.guard((reason: string) => {
                log.write(name, 'notice', `worker ${core.processes.get(id)?.pid} finished (${reason})`);
                core.processes.delete(id);
                scope.send({ type: 'ENDED', id });
              }),
              log: (level, domain, message) => log.write(domain, level, message),
            });
            core.processes.set(id, worker);
            log.write(name, 'notice', `worker ${worker.pid} started`);
          }),
          scope.guard((error: Error) => {
            core.order = undefined;
            scope.crash(error.message);
          }),
        );
      };
      const terminate = (id: number) => {
        const worker = core.processes.get(id);
        if (worker !== undefined) {
          worker.terminate();
          return;
        }
        core.cancelled.add(id);
        scope.send({ type: 'ENDED', id });
      };
      const kill = (id: number) => {
        log.write(name, 'error', `kill worker ${core.processes.get(id)?.pid}`);
        core.processes.get(id)?.kill();
      };
      return {
        carryOut: ({ context }) => {
          for (const { kind, id } of context.orders) {
            if (kind === 'start') startOne(id);
            else if (kind === 'kill') kill(id);
            else terminate(id);
          }
        },
        armGrace: () => {
          log.write(name, 'notice', 'server closing');
          clock.setTimeout(() => scope.send({ type: 'GRACE_OVER' }), GRACE_MS);
        },
        finished: () => log.write(name, 'notice', 'server stopped'),
      };
    },
    stop: (core) => {
      for (const worker of core.processes.values()) worker.kill();
      core.order?.then(
        (order) => order.close(),
        () => undefined,
      );
    },
  });
}
