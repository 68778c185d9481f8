/**
 * The workers of a daemon: how many run, when others are started, how they are replaced and ended (spec/api.md §1.2,
 * spec/services.md §1.3). It starts and signals nobody itself.
 *
 * States:
 *   running   as many workers of the newest generation as wanted are started; older ones are asked to end
 *   stopping  all were asked to end
 *   killing   the grace is over: those left were killed
 *   stopped   none is left
 *
 * Invariants:
 *   P1 in running, every worker that ends is replaced: at once if it was ready, else at the next look
 *   P2 after a reload the older workers are asked to end only when one of the new generation is ready, and no sooner: so the
 *      socket is never without somebody who accepts
 *   P3 a worker is asked to end at most once, and killed only after the grace
 *   P4 stopped is reached only when every worker has ended
 *
 * Drawing: ../drawings/worker-pool.svg
 */
import { assign, setup } from 'xstate';

export interface PoolWorker {
  readonly id: number;
  readonly generation: number;
  readonly isReady: boolean;
  readonly isEnding: boolean;
}

export type WorkerPoolEvent =
  /** It accepts connections. */
  | { readonly type: 'READY'; readonly id: number }
  /** It is gone. */
  | { readonly type: 'ENDED'; readonly id: number }
  /** Every few seconds: are there enough? */
  | { readonly type: 'LOOK' }
  | { readonly type: 'RELOAD' }
  | { readonly type: 'STOP' }
  | { readonly type: 'GRACE_OVER' };

/** `terminate`: accept no more, end when the last connection has ended. */
export interface WorkerOrder {
  readonly kind: 'start' | 'terminate' | 'kill';
  readonly id: number;
}

interface PoolContext {
  /** What `carryOut` has to do. */
  readonly orders: readonly WorkerOrder[];
  readonly wanted: number;
  readonly generation: number;
  readonly nextId: number;
  readonly workers: readonly PoolWorker[];
}

function missing({ wanted, generation, workers }: PoolContext): number {
  const fresh = workers.filter((worker) => worker.generation === generation && !worker.isEnding);
  return Math.max(0, wanted - fresh.length);
}

function filled(context: PoolContext): Pick<PoolContext, 'nextId' | 'workers' | 'orders'> {
  const { nextId, generation, workers } = context;
  const added = Array.from({ length: missing(context) }, (_, index) => ({
    id: nextId + index,
    generation,
    isReady: false,
    isEnding: false,
  }));
  const orders = added.map(({ id }) => ({ kind: 'start', id }) as const);
  return { nextId: nextId + added.length, workers: [...workers, ...added], orders };
}

/** Those that give way to the newest generation, once it can take over. */
function outdated({ generation, workers }: PoolContext): readonly PoolWorker[] {
  const canTakeOver = workers.some((worker) => worker.generation === generation && worker.isReady);
  return canTakeOver ? workers.filter((worker) => worker.generation !== generation && !worker.isEnding) : [];
}

function retired(
  workers: readonly PoolWorker[],
  leaving: readonly PoolWorker[],
): Pick<PoolContext, 'workers' | 'orders'> {
  return {
    workers: workers.map((worker) => (leaving.includes(worker) ? { ...worker, isEnding: true } : worker)),
    orders: leaving.map(({ id }) => ({ kind: 'terminate', id }) as const),
  };
}

export const workerPoolMachine = setup({
  types: { context: {} as PoolContext, events: {} as WorkerPoolEvent, input: {} as { readonly wanted: number } },
  actions: {
    /** Do what `orders` of the context say. */
    carryOut: () => {},
    /** Send GRACE_OVER ten seconds later. */
    armGrace: () => {},
    finished: () => {},
    fill: assign(({ context }) => filled(context)),
    retireOutdated: assign(({ context }) => retired(context.workers, outdated(context))),
    retireAll: assign(({ context }) =>
      retired(
        context.workers,
        context.workers.filter(({ isEnding }) => !isEnding),
      ),
    ),
    killAll: assign({ orders: ({ context }) => context.workers.map(({ id }) => ({ kind: 'kill', id }) as const) }),
    forget: assign({
      workers: ({ context, event }) =>
        event.type === 'ENDED' ? context.workers.filter(({ id }) => id !== event.id) : context.workers,
    }),
    noteReady: assign({
      workers: ({ context, event }) =>
        event.type === 'READY'
          ? context.workers.map((worker) => (worker.id === event.id ? { ...worker, isReady: true } : worker))
          : context.workers,
    }),
    nextGeneration: assign({ generation: ({ context }) => context.generation + 1 }),
  },
  guards: {
    isEmpty: ({ context }) => context.workers.length === 0,
    wasReady: ({ context, event }) =>
      event.type === 'ENDED' && context.workers.some(({ id, isReady }) => id === event.id && isReady),
  },
}).createMachine({
  id: 'worker-pool',
  context: ({ input }) => ({ wanted: input.wanted, generation: 1, nextId: 1, workers: [], orders: [] }),
  initial: 'running',
  states: {
    running: {
      entry: ['fill', 'carryOut'],
      on: {
        READY: { actions: ['noteReady', 'retireOutdated', 'carryOut'] },
        ENDED: [{ guard: 'wasReady', actions: ['forget', 'fill', 'carryOut'] }, { actions: 'forget' }],
        LOOK: { actions: ['fill', 'carryOut'] },
        RELOAD: { actions: ['nextGeneration', 'fill', 'carryOut'] },
        STOP: 'stopping',
      },
    },
    stopping: {
      entry: ['retireAll', 'carryOut', 'armGrace'],
      always: { guard: 'isEmpty', target: 'stopped' },
      on: { ENDED: { actions: 'forget' }, GRACE_OVER: 'killing' },
    },
    killing: {
      entry: ['killAll', 'carryOut'],
      always: { guard: 'isEmpty', target: 'stopped' },
      on: { ENDED: { actions: 'forget' } },
    },
    stopped: { entry: 'finished', type: 'final' },
  },
});
