/**
 * Fence devices in the hands of a master (spec/ha.md §11.1): one job for each node whose agent lock it wants, where `fencing` of
 * datacenter.cfg is `hardware` or `both`. A job never takes the lock; it says whether the ordinary attempt at it may be made.
 */

import { type Actor, createActor } from 'xstate';
import type { Next } from '../../machines/ha/dialogue.ts';
import { type FenceCommand, fenceTries, parseFenceConfig } from '../../machines/ha/fencing/fence-config.ts';
import { fenceJobMachine } from '../../machines/ha/fencing/job.ts';
import type { LogLevel } from '../../machines/ha/port.ts';
import type { HaTimes } from '../../machines/ha/times.ts';
import { type Inspector, inspectedBy } from '../../runtime/trace/machine-steps.ts';
import { readText } from './cluster-files.ts';
import type { Answer, HaPorts } from './ports.ts';

/** `off`: the devices have said so, and whoever holds the lock has it for nothing. `ordinary`: as pmxcfs says. `not yet`: no attempt. */
export type LockAdvice = 'off' | 'ordinary' | 'not yet';

export interface FenceJobOptions {
  readonly ports: Pick<HaPorts, 'clock' | 'files' | 'fencePrograms'>;
  readonly times: HaTimes;
  readonly log: (level: LogLevel, text: string) => void;
  readonly inspect?: ((machine: string) => Inspector | undefined) | undefined;
}

type Job = Actor<typeof fenceJobMachine>;

export class FenceJobs {
  readonly #options: FenceJobOptions;
  readonly #jobs = new Map<string, Job>();

  constructor(options: FenceJobOptions) {
    this.#options = options;
  }

  /** May the lock of this node be tried? The first question begins its job. */
  advise(node: string, mode: string | undefined, done: Answer<LockAdvice>): Next {
    if (mode !== 'hardware' && mode !== 'both') return done('ordinary');
    const job = this.#jobs.get(node);
    if (job !== undefined) return done(adviceOf(job, mode));
    const { log, ports } = this.#options;
    readText(ports.files, 'ha/fence.cfg', (read) => {
      const parsed = read.ok ? parseFenceConfig(read.value ?? '') : { failure: read.error, warnings: [] };
      for (const warning of parsed.warnings) log('warning', warning);
      if ('failure' in parsed) {
        log('err', parsed.failure);
        // Which nodes have a device isn't known, so none may pass for one that has none.
        return done(mode === 'both' ? 'ordinary' : 'not yet');
      }
      const off = fenceTries(parsed.config, node, 'off');
      done(adviceOf(this.#begin(node, off, fenceTries(parsed.config, node, 'status')), mode));
    });
  }

  /** No longer wanted. */
  end(node: string): void {
    const job = this.#jobs.get(node);
    this.#jobs.delete(node);
    job?.send({ type: 'END' });
    job?.stop();
  }

  endAll(): void {
    for (const node of [...this.#jobs.keys()]) this.end(node);
  }

  #begin(node: string, off: readonly (readonly FenceCommand[])[], status: readonly (readonly FenceCommand[])[]): Job {
    const { inspect, log, ports, times } = this.#options;
    let kills: (() => void)[] = [];
    const run = (commands: readonly FenceCommand[], ended: (command: number, code: number) => void): void => {
      const turn: (() => void)[] = [];
      kills = turn;
      commands.forEach(({ line }, command) => {
        // What a killed command answers is no news.
        const kill = ports.fencePrograms.run(line, (code) => kills === turn && ended(command, code));
        turn.push(kill);
      });
    };
    const machine = fenceJobMachine.provide({
      actions: {
        execute: ({ self }, { try: index }) => {
          log('notice', `Start fencing node '${node}'`);
          for (const { line } of off[index]!) log('notice', `[fence '${node}'] execute cmd: ${line}`);
          run(off[index]!, (command, code) => self.send({ type: 'COMMAND_ENDED', command, code }));
        },
        askStatus: ({ self }, { try: index }) =>
          run(status[index]!, (command, code) => self.send({ type: 'STATUS', command, code })),
        killAll: () => {
          const turn = kills;
          kills = [];
          for (const kill of turn) kill();
        },
        pause: ({ self }, { seconds }) =>
          void ports.clock.setTimeout(() => self.send({ type: 'TIMER' }), seconds * 1000),
        logFailed: ({ context }, { command, code }) =>
          log(
            'err',
            `fence job for node '${node}' failed, command '${off[context.try]![command]!.line}' exited with '${code}'`,
          ),
        logExhausted: () => log('err', `tried all fence devices for node '${node}'`),
        logBare: () => log('err', `no fence commands for node '${node}'`),
      },
    });
    const job = createActor(machine, {
      ...inspectedBy(inspect?.(`fence-job ${node}`)),
      input: { node, tries: off.map(({ length }) => length), times },
    });
    this.#jobs.set(node, job as Job);
    job.start();
    return job as Job;
  }
}

function adviceOf(job: Job, mode: 'hardware' | 'both'): LockAdvice {
  const { value } = job.getSnapshot();
  if (value === 'confirmed') return 'off';
  return mode === 'both' || value === 'bare' ? 'ordinary' : 'not yet';
}
