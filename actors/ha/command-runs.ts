/** Commands of an LRM: a worker (machines/ha/lrm-worker) for each, over the node's hypervisor (spec/ha.md §4.5, §12). */
import type { Next } from '../../machines/ha/dialogue.ts';
import { executeCommand } from '../../machines/ha/lrm-worker/command.ts';
import type { Ask, LogLevel } from '../../machines/ha/port.ts';
import type { ServiceConfigs } from '../../machines/ha/state-files.ts';
import type { Outcome } from './outcome.ts';
import type { Answer, HaPorts } from './ports.ts';

export type Command = Extract<Ask, { op: 'exec' }>;

export interface CommandSurroundings {
  readonly ports: Pick<HaPorts, 'hypervisor' | 'node'>;
  readonly readServices: (done: Answer<Outcome<ServiceConfigs>>) => void;
  readonly log: (level: LogLevel, text: string) => void;
  /** Whatever still comes is no news: the daemon has ended. */
  readonly isOver: () => boolean;
}

/** Exit code of a command that an error has ended. */
const RAISED = 255;
const agents = new Set(['vm', 'ct']);

/** Runs a command to its end, and answers its exit code. */
export function runCommand(command: Command, around: CommandSurroundings, done: Answer<number>): void {
  const { cmd, params, sid } = command;
  const { isOver, log, ports, readServices } = around;
  readServices((services) => {
    if (isOver()) return;
    if (!services.ok) {
      log('err', services.error);
      return done(RAISED);
    }
    const hasAgent = agents.has(sid.slice(0, sid.indexOf(':')));
    const configuredOn = services.value[sid]?.node;
    const run = executeCommand({ node: ports.node, sid, cmd, params, configuredOn, hasAgent, log });
    const go = (step: ReturnType<typeof run.next>): Next => {
      if (step.done) return done(step.value);
      ports.hypervisor.call(sid, step.value, (answer) => {
        if (!isOver()) go(run.next(answer));
      });
    };
    go(run.next());
  });
}
