/** How people change the files of high availability: under the domain lock `ha`, each replaced as a whole, as the management tools do. */
import { readText, writeText } from '../../../actors/ha/cluster-files.ts';
import { withDomainLock } from '../../../actors/ha/domain-lock.ts';
import { failed, type Outcome, succeeded } from '../../../actors/ha/outcome.ts';
import { haTimes } from '../../../machines/ha/times.ts';
import type { SeededRandom } from '../../../runtime/random/seeded.ts';
import { SimulatedProcess } from '../process.ts';
import { OpenCalls, simulatedFiles } from './files.ts';
import type { HaSurroundings } from './surroundings.ts';

const COMMANDS = 'ha/crm_commands';

/** What is wrong with it, or undefined where it was done. */
export type ToolDone = (problem: string | undefined) => void;

export class HaTools {
  readonly #world: HaSurroundings;
  readonly #nodeid: number;
  readonly #process: SimulatedProcess;
  readonly #files: ReturnType<typeof simulatedFiles>;

  constructor(world: HaSurroundings, nodeid: number, random: SeededRandom) {
    this.#world = world;
    this.#nodeid = nodeid;
    this.#process = new SimulatedProcess(world.node(nodeid).clock);
    const pid = world.nextPid();
    this.#files = simulatedFiles({ world, nodeid, process: this.#process, pid, random }, new OpenCalls());
  }

  /** Gives a line to the manager. */
  command(line: string, done: ToolDone): void {
    this.#world.trace.write(this.#nodeid, 'operator', 'command', { line });
    this.change(COMMANDS, (text) => `${text}${line}\n`, done);
  }

  /** Undefined where nothing answers; empty where there is no such file. */
  read(path: string, done: (text: string | undefined) => void): void {
    readText(this.#files, path, (read) => done(read.ok ? (read.value ?? '') : undefined));
  }

  change(path: string, edit: (text: string) => string, done: ToolDone): void {
    const ports = { clock: this.#process.clock, files: this.#files };
    const use = (end: (outcome: Outcome<undefined>) => void): void =>
      readText(this.#files, path, (read) => {
        if (!read.ok) {
          end(failed(read.error));
          return;
        }
        const text = edit(read.value ?? '');
        if (text === read.value) end(succeeded(undefined));
        else writeText(this.#files, path, text, end);
      });
    withDomainLock(ports, haTimes(), use, (outcome) => done(outcome.ok ? undefined : outcome.error));
  }
}
