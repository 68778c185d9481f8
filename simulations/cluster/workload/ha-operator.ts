/**
 * Gives the HA stack what people give it: commands, wanted states, resources, rules. It changes the shared files as the management tools
 * do: under the domain lock `ha`, each file replaced as a whole. It never arms a stack while a node is offline, which they refuse.
 */
import { readText, writeText } from '../../../actors/ha/cluster-files.ts';
import { withDomainLock } from '../../../actors/ha/domain-lock.ts';
import { failed, type Outcome, succeeded } from '../../../actors/ha/outcome.ts';
import type { ClusterFiles } from '../../../actors/ha/ports.ts';
import { type HaResource, parseResources, writeResources } from '../../../machines/ha/resources.ts';
import { haTimes } from '../../../machines/ha/times.ts';
import { OpenCalls, simulatedFiles } from '../ha/files.ts';
import { serviceIds } from '../ha/options.ts';
import { SimulatedProcess } from '../process.ts';
import { Client, type ClientPlace } from './client.ts';

const COMMANDS = 'ha/crm_commands';
const RESOURCES = 'ha/resources.cfg';
const RULES = 'ha/rules.cfg';
const MEMBERS = '.members';
const RETRY_MS = 1000;
const STATES = ['started', 'started', 'started', 'stopped', 'disabled', 'ignored'] as const;

type Resources = ReadonlyMap<string, HaResource>;
/** Undefined where there is nothing to do. */
type Change = (text: string) => string | undefined;
type Done = (isDone: boolean) => void;

export class HaOperator extends Client {
  readonly #sids: readonly string[];
  readonly #process: SimulatedProcess;
  readonly #files: ClusterFiles;
  #isDisarmed = false;
  #maintained: string | undefined;
  /** Rules that are taken out and put back. */
  #rules = '';
  #isTidied = false;

  constructor(place: ClientPlace) {
    super(place);
    const { world, nodeid, random } = place;
    this.#sids = serviceIds(world.options.ha?.services ?? 0);
    this.#process = new SimulatedProcess(world.node(nodeid).clock);
    const pid = world.nextPid();
    this.#files = simulatedFiles({ world, nodeid, process: this.#process, pid, random }, new OpenCalls());
  }

  override get isResting(): boolean {
    return super.isResting && (!this.isStopping || this.#isTidied);
  }

  override stop(): void {
    super.stop();
    this.#tidy();
  }

  protected override step(): void {
    const draw = this.random.unit();
    const sid = this.random.pick(this.#sids);
    const { name } = this.random.pick(this.world.nodes);
    const rest = (): void => this.rest();
    if (draw < 0.3) this.#command(`${this.random.pick(['migrate', 'relocate'])} ${sid} ${name}`, rest);
    else if (draw < 0.36) this.#command(`stop ${sid} ${this.random.pick([0, 30])}`, rest);
    else if (draw < 0.5) this.#toggleMaintenance(name, rest);
    else if (draw < 0.62) this.#toggleArms(rest);
    else if (draw < 0.82) this.#setState(sid, this.random.pick(STATES), rest);
    else if (draw < 0.9) this.#addOrRemove(sid, rest);
    else this.#exchangeRules(rest);
  }

  #command(line: string, done: Done): void {
    this.world.trace.write(this.nodeid, 'operator', 'command', { line });
    this.world.observers.tell('wished', line);
    this.#change(COMMANDS, (text) => `${text}${line}\n`, done);
  }

  #toggleMaintenance(name: string, done: Done): void {
    const node = this.#maintained ?? name;
    const verb = this.#maintained === undefined ? 'enable' : 'disable';
    this.#maintained = this.#maintained === undefined ? node : undefined;
    this.world.mark(`maintenance ${verb}d`);
    this.#command(`${verb}-node-maintenance ${node}`, done);
  }

  #toggleArms(done: Done): void {
    this.#whenAllAreOnline((areOnline) => {
      if (!areOnline) return done(false);
      const line = this.#isDisarmed ? 'arm-ha' : `disarm-ha ${this.random.pick(['freeze', 'ignore'])}`;
      this.#isDisarmed = !this.#isDisarmed;
      this.#command(line, done);
    });
  }

  #setState(sid: string, state: (typeof STATES)[number], done: Done): void {
    this.#editResources((ids) => {
      const resource = ids.get(sid);
      return resource === undefined ? ids : new Map([...ids, [sid, { ...resource, state }]]);
    }, done);
  }

  #addOrRemove(sid: string, done: Done): void {
    this.#editResources((ids) => {
      const isThere = ids.has(sid);
      this.world.mark(isThere ? 'resource removed' : 'resource added');
      if (isThere) return new Map([...ids].filter(([other]) => other !== sid));
      return new Map([...ids, [sid, { type: 'vm', state: 'started' } as const]]);
    }, done);
  }

  #exchangeRules(done: Done): void {
    this.#change(
      RULES,
      (text) => {
        const other = this.#rules;
        this.#rules = text;
        return other;
      },
      done,
    );
  }

  /** At the end everything is to run again: armed, no maintenance, every service wanted. */
  #tidy(): void {
    const again = (): void => this.after(RETRY_MS, () => this.#tidy());
    if (!super.isResting) {
      again();
      return;
    }
    const orders = ['arm-ha', ...this.world.nodes.map(({ name }) => `disable-node-maintenance ${name}`)];
    const wanted = (ids: Resources): Resources =>
      new Map([...ids].map(([sid, resource]) => [sid, { ...resource, state: 'started' as const }]));
    this.#whenAllAreOnline((areOnline) => {
      if (!areOnline) return again();
      this.#command(orders.join('\n'), (isDone) => {
        if (!isDone) return again();
        this.#editResources(wanted, (isEdited) => {
          this.#isTidied = isEdited;
          if (!isEdited) again();
        });
      });
    });
  }

  #whenAllAreOnline(done: (areOnline: boolean) => void): void {
    readText(this.#files, MEMBERS, (read) => {
      const count = read.ok ? (read.value ?? '').split('"online": 1').length - 1 : 0;
      done(count === this.world.nodes.length);
    });
  }

  #editResources(edit: (ids: Resources) => Resources, done: Done): void {
    this.#change(
      RESOURCES,
      (text) => {
        const { resources } = parseResources(text);
        return writeResources({ ...resources, ids: edit(resources.ids) });
      },
      done,
    );
  }

  #change(path: string, change: Change, done: Done): void {
    const ports = { clock: this.#process.clock, files: this.#files };
    const use = (end: (outcome: Outcome<undefined>) => void): void =>
      readText(this.#files, path, (read) => {
        if (!read.ok) return end(failed(read.error));
        const content = change(read.value ?? '');
        if (content === undefined || content === read.value) return end(succeeded(undefined));
        writeText(this.#files, path, content, end);
      });
    withDomainLock(ports, haTimes(), use, ({ ok }) => {
      this.successes += ok ? 1 : 0;
      this.after(0, () => done(ok));
    });
  }
}
