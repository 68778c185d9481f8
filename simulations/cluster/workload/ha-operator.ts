/**
 * Gives the HA stack what people give it: commands, wanted states, resources, rules. It changes the shared files as the management tools
 * do: under the domain lock `ha`, each file replaced as a whole. It never arms a stack while a node is offline, which they refuse.
 */
import { type HaResource, parseResources, writeResources } from '../../../machines/ha/resources.ts';
import { serviceIds } from '../ha/options.ts';
import { HaTools } from '../ha/tools.ts';
import { Client, type ClientPlace } from './client.ts';

const RESOURCES = 'ha/resources.cfg';
const RULES = 'ha/rules.cfg';
const MEMBERS = '.members';
const RETRY_MS = 1000;
const STATES = ['started', 'started', 'started', 'stopped', 'disabled', 'ignored'] as const;

type Resources = ReadonlyMap<string, HaResource>;
type Done = (isDone: boolean) => void;

export class HaOperator extends Client {
  readonly #sids: readonly string[];
  readonly #tools: HaTools;
  #isDisarmed = false;
  #maintained: string | undefined;
  /** Rules that are taken out and put back. */
  #rules = '';
  #isTidied = false;

  constructor(place: ClientPlace) {
    super(place);
    const { world, nodeid, random } = place;
    this.#sids = serviceIds(world.options.ha?.services ?? 0);
    this.#tools = new HaTools(world, nodeid, random);
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
    this.world.observers.tell('wished', line);
    this.#tools.command(line, this.#after(done));
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
    this.#tools.read(MEMBERS, (text = '') => {
      done(text.split('"online": 1').length - 1 === this.world.nodes.length);
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

  #change(path: string, edit: (text: string) => string, done: Done): void {
    this.#tools.change(path, edit, this.#after(done));
  }

  #after(done: Done): (problem: string | undefined) => void {
    return (problem) => {
      if (problem === undefined) this.successes += 1;
      this.after(0, () => done(problem === undefined));
    };
  }
}
