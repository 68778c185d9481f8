/**
 * All workers of an LRM: slots, fairness, the restart policy and the results (spec/ha.md §4.3, §4.4).
 *
 *  W3  A command is executed once per uid; `stopped` each time it is wanted.
 *  W4  A start that failed is tried again in the next round, `max_restart` times, before its failure is reported.
 *  W5  Result 2 (try again) is never reported.
 */
import { type Actor, createActor } from 'xstate';
import { Asking, answerOf, type Next, type Outbox } from '../dialogue.ts';
import { type Inspection, uninspected } from '../inspect.ts';
import type { Reply } from '../port.ts';
import type { CommandResult, DatacenterSettings, ServiceConfigs, ServiceStatus } from '../state-files.ts';
import { type HaTimes, haTimes } from '../times.ts';
import { type Command, workerMachine } from './machine.ts';

type Phase = 'configs-read' | 'executed' | 'waited';

/** Exit codes of a command (§3.7). */
const SUCCESS = 0;
const ERROR = 1;
const TRY_AGAIN = 2;
const NOT_EXECUTED = -1;

type Services = Readonly<Record<string, ServiceStatus>>;

interface Worker {
  readonly actor: Actor<typeof workerMachine>;
  state: 'idle' | 'queued' | 'running';
  /** Exit code of a command that has ended, and is still to be collected. */
  code?: number;
}

export class Workers extends Asking<Phase> {
  /** Commands that failed on the way down. */
  shutdownErrors = 0;
  readonly #maxWorkers: number;
  readonly #inspection: Inspection;
  readonly #times: HaTimes;
  readonly #workers = new Map<string, Worker>();
  readonly #restartTries = new Map<string, number>();
  readonly #results = new Map<string, CommandResult>();
  /** The uids of the manager's status as last read. */
  #wanted: ReadonlySet<string | undefined> = new Set();
  #configs: ServiceConfigs = {};
  /** Commands that run at once in this round. */
  #limit = 0;
  /** Services to be started in this round, and the one being started. */
  #turn: readonly string[] = [];
  #started = '';
  #waited_s = 0;

  /** @param maxWorkers how many commands run at once where datacenter.cfg doesn't say; 0: each ends within its ask */
  constructor(maxWorkers: number, out: Outbox, inspection: Inspection = uninspected, times: HaTimes = haTimes()) {
    super(out);
    this.#times = times;
    this.#maxWorkers = maxWorkers;
    this.#inspection = inspection;
  }

  /** Commands that are queued or running. */
  get count(): number {
    let count = 0;
    for (const { state } of this.#workers.values()) if (state !== 'idle') count++;
    return count;
  }

  /** By uid. */
  get results(): Readonly<Record<string, CommandResult>> {
    return Object.fromEntries(this.#results);
  }

  queue(sid: string, command: Command): void {
    if (command.state !== 'stopped' && command.uid !== undefined && this.#results.has(command.uid)) return;
    this.#send(this.#worker(sid), { type: 'QUEUE', command });
  }

  /** Queues what the manager wants of this node (§4.3). */
  queueWanted(services: Services, node: string): void {
    for (const sid of this.#restartTries.keys()) if (services[sid] === undefined) this.#restartTries.delete(sid);
    for (const sid of Object.keys(services).sort()) {
      const { node: of, state, target, timeout, uid } = services[sid]!;
      if (of !== node || uid === undefined || untouched.has(state)) continue;
      const params = { ...(target !== undefined && { target }), ...(timeout !== undefined && { timeout }) };
      this.queue(sid, { uid, state, params });
    }
  }

  /**
   * Answers migrations that were asked for and will not begin any more, as failed: the manager then has the service where it is, and can
   * freeze it.
   */
  refuseMotions(services: Services, node: string): void {
    for (const sid of Object.keys(services).sort()) {
      const { node: of, state, uid } = services[sid]!;
      if (of !== node || uid === undefined || !motions.has(state) || this.#results.has(uid)) continue;
      const worker = this.#workers.get(sid);
      const isTaken = worker?.actor.getSnapshot().context.command?.uid === uid;
      if (!isTaken) this.#results.set(uid, { sid, state, exit_code: ERROR });
    }
  }

  /** Starts a round; it is over when nothing is awaited. `services`: the manager's status as last read. */
  run(services: Services): void {
    this.clearFailure();
    this.#wanted = new Set(Object.values(services).map(({ uid }) => uid));
    this.#waited_s = 0;
    this.ask(
      { op: 'read', what: this.#maxWorkers === 0 ? ['resources'] : ['resources', 'datacenter'] },
      'configs-read',
    );
  }

  /** A command that ran beside the LRM has ended. */
  ended(sid: string, code: number, signal?: number): void {
    const worker = this.#worker(sid);
    if (signal !== undefined) this.log('err', `resource agent ${sid} finished - got signal ${signal}`);
    else if (code === NOT_EXECUTED) this.log('err', `resource agent ${sid} finished - failed to execute`);
    worker.code = signal === undefined ? code : NOT_EXECUTED;
  }

  protected override resume(phase: Phase, reply: Reply): Next {
    switch (phase) {
      case 'configs-read':
        this.#noteConfigs(answerOf(reply) as readonly [ServiceConfigs, DatacenterSettings?]);
        return this.#newTurn();
      case 'executed':
        this.#executed(reply);
        return this.#takeTurn();
      case 'waited':
        return this.#newTurn();
    }
  }

  #noteConfigs([configs, datacenter]: readonly [ServiceConfigs, DatacenterSettings?]): void {
    this.#configs = configs;
    this.#limit = datacenter?.max_workers ?? this.#maxWorkers;
  }

  #newTurn(): Next {
    this.#collect();
    const queued = [...this.#workers].filter(([, { state }]) => state === 'queued');
    const tries = ({ actor }: Worker) => actor.getSnapshot().context.start_tries;
    this.#turn = queued
      .sort(([a, worker], [b, other]) => tries(other) - tries(worker) || (a < b ? -1 : 1))
      .map(([sid]) => sid);
    this.#takeTurn();
  }

  #takeTurn(): Next {
    while (this.#turn.length > 0) {
      const sid = this.#turn[0]!;
      this.#turn = this.#turn.slice(1);
      const worker = this.#worker(sid);
      const isFull = this.#limit > 0 && this.#running >= this.#limit;
      const { command } = worker.actor.getSnapshot().context;
      this.#send(worker, { type: isFull ? 'WAIT' : 'START' });
      if (isFull || command === undefined) continue;
      this.#started = sid;
      return this.tryAsk({ op: 'exec', sid, cmd: command.state, params: command.params }, 'executed');
    }
    if (this.#running === 0 || this.#waited_s >= this.#times.worker_window_s) return;
    const seconds = this.#times.worker_poll_s;
    this.#waited_s += seconds;
    this.ask({ op: 'wait', seconds }, 'waited');
  }

  get #running(): number {
    let count = 0;
    for (const { state } of this.#workers.values()) if (state === 'running') count++;
    return count;
  }

  #executed(reply: Reply): void {
    const sid = this.#started;
    if (reply.ok && reply.value === 'started') return;
    this.ended(sid, reply.ok ? (reply.value as number) : NOT_EXECUTED);
    this.#finish(sid, this.#worker(sid));
  }

  #collect(): void {
    for (const sid of [...this.#workers.keys()].sort()) {
      const worker = this.#workers.get(sid)!;
      if (worker.code !== undefined) this.#finish(sid, worker);
    }
  }

  #finish(sid: string, worker: Worker): void {
    const code = worker.code!;
    delete worker.code;
    const command = worker.actor.getSnapshot().context.command!;
    this.#send(worker, { type: 'DONE' });
    const { state, uid } = command;
    if (uid === undefined) {
      if (code !== SUCCESS) this.shutdownErrors++;
      return;
    }
    const exit_code = state === 'started' ? this.#afterStart(sid, code) : code;
    if (exit_code === TRY_AGAIN) return;
    this.#report(uid, { sid, state, exit_code });
  }

  /** The restart policy. */
  #afterStart(sid: string, code: number): number {
    if (code === SUCCESS) {
      if (this.#restartTries.has(sid)) this.#restartTries.set(sid, 0);
      return code;
    }
    if (code !== ERROR) return code;
    const tries = this.#restartTries.get(sid) ?? 0;
    if (tries >= (this.#configs[sid]?.max_restart ?? 0)) {
      this.log('err', `unable to start service ${sid} on local node after ${tries} retries`);
      this.#restartTries.set(sid, 0);
      return code;
    }
    this.#restartTries.set(sid, tries + 1);
    this.log('warning', `restart policy: retry number ${tries + 1} for service '${sid}'`);
    return TRY_AGAIN;
  }

  /** Keeps the results that the manager may still look for. */
  #report(uid: string, result: CommandResult): void {
    this.#results.set(uid, result);
    for (const known of this.#results.keys()) if (!this.#wanted.has(known)) this.#results.delete(known);
  }

  #worker(sid: string): Worker {
    const known = this.#workers.get(sid);
    if (known !== undefined) return known;
    const actor = createActor(workerMachine, this.#inspection(`lrm-worker ${sid}`));
    actor.start();
    const worker: Worker = { actor, state: 'idle' };
    this.#workers.set(sid, worker);
    return worker;
  }

  #send(worker: Worker, event: Parameters<Worker['actor']['send']>[0]): void {
    worker.actor.send(event);
    worker.state = worker.actor.getSnapshot().value;
  }
}

const motions = new Set(['migrate', 'relocate', 'request_start_balance']);

/** The LRM does nothing for a service in these states. */
const untouched = new Set(['recovery', 'freeze', 'request_start']);
