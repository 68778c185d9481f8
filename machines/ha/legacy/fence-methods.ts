/**
 * Fence methods of a cluster.conf as tries of fence.cfg (spec/ha.md §15.1, "Fence devices"). A method is one try; its
 * devices are parallel sub-devices of one device, which all methods with the same devices share.
 *
 *  I1 For each node the order of its tries is the order of its methods, unless the nodes contradict each other.
 *  I2 An argument that fence.cfg can't hold is left out, and the report says so.
 */
import type { XmlElement } from '../../../runtime/formats/xml-elements.ts';
import type { FenceConfig, FenceSubDevice } from '../fencing/fence-config.ts';
import { elementsAt, freeName, shortNodeName } from './import-report.ts';

/** What becomes of a `method` element. */
export type MethodOutcome =
  | { readonly kind: 'try'; readonly attempt: number }
  | { readonly kind: 'missing' }
  | { readonly kind: 'repeated' };

/** What becomes of a `device` element in a method that is a try. */
export interface ConnectedDevice {
  readonly device: string;
  readonly nr: number;
  readonly node: string;
}

export interface FencePlan {
  readonly config: FenceConfig;
  readonly methods: ReadonlyMap<XmlElement, MethodOutcome>;
  readonly connected: ReadonlyMap<XmlElement, ConnectedDevice>;
  /** `fencedevice` elements to the devices made from them, in file order. */
  readonly madeFrom: ReadonlyMap<XmlElement, readonly string[]>;
}

/** Attributes that are no arguments of the agent. */
const notArguments = new Set(['name', 'agent', 'action', 'option']);

/** Why an argument can't be written, or undefined. `=` would cut the value, and a line feed the line. */
export function unwritable(value: string): string | undefined {
  if (value.includes('=')) return 'unmapped: the value contains =';
  return /[\r\n]/.test(value) ? 'unmapped: the value contains a line feed' : undefined;
}

/** A device of fence.cfg in the making: the devices of a method, in order. */
interface Planned {
  readonly name: string;
  readonly sources: readonly XmlElement[];
}

/** A method that is a try. */
interface Try {
  readonly node: string;
  readonly method: XmlElement;
  readonly devices: readonly XmlElement[];
  readonly planned: Planned;
}

export function planFencing(cluster: XmlElement): FencePlan {
  const plan = new MethodPlan(fenceDevices(cluster));
  const nodes = elementsAt(cluster, 'clusternodes', 'clusternode').map((node) => plan.triesOf(node));
  const ordered = orderDevices(plan.devices, nodes);
  const connected = new Map<XmlElement, ConnectedDevice>();
  for (const tries of nodes) {
    const byPlace = [...tries].sort((a, b) => ordered.indexOf(a.planned) - ordered.indexOf(b.planned));
    for (const [attempt, { method }] of byPlace.entries()) plan.methods.set(method, { kind: 'try', attempt });
    for (const { node, devices, planned } of tries) {
      for (const [i, device] of devices.entries()) connected.set(device, { device: planned.name, nr: i + 1, node });
    }
  }
  return { config: configOf(ordered, nodes.flat()), methods: plan.methods, connected, madeFrom: origins(ordered) };
}

/** By name; a device needs an agent, and the first of a name counts. */
function fenceDevices(cluster: XmlElement): ReadonlyMap<string, XmlElement> {
  const devices = new Map<string, XmlElement>();
  for (const element of elementsAt(cluster, 'fencedevices', 'fencedevice')) {
    const name = element.attributes.get('name');
    if (name !== undefined && element.attributes.has('agent') && !devices.has(name)) devices.set(name, element);
  }
  return devices;
}

class MethodPlan {
  readonly methods = new Map<XmlElement, MethodOutcome>();
  readonly #sources: ReadonlyMap<string, XmlElement>;
  /** By the list of device names, in the order of first use. */
  readonly #planned = new Map<string, Planned>();

  constructor(sources: ReadonlyMap<string, XmlElement>) {
    this.#sources = sources;
  }

  get devices(): readonly Planned[] {
    return [...this.#planned.values()];
  }

  /** The tries of a node, in the order of its methods. */
  triesOf(nodeElement: XmlElement): readonly Try[] {
    const node = shortNodeName(nodeElement.attributes.get('name')!);
    const tries: Try[] = [];
    for (const method of elementsAt(nodeElement, 'fence', 'method')) {
      const devices = elementsAt(method, 'device').filter((device) => this.#isUsable(device));
      const planned = devices.length === 0 ? undefined : this.#deviceFor(devices);
      if (planned === undefined) this.methods.set(method, { kind: 'missing' });
      else if (tries.some((one) => one.planned === planned)) this.methods.set(method, { kind: 'repeated' });
      else tries.push({ node, method, devices, planned });
    }
    return tries;
  }

  #isUsable({ attributes }: XmlElement): boolean {
    return attributes.get('action') !== 'on' && this.#sources.has(attributes.get('name') ?? '');
  }

  #deviceFor(devices: readonly XmlElement[]): Planned {
    const names = devices.map(({ attributes }) => attributes.get('name')!);
    const key = JSON.stringify(names);
    const before = this.#planned.get(key);
    if (before !== undefined) return before;
    const taken = new Set(this.devices.map(({ name }) => name));
    const name = freeName(names.join('_').replace(/[^A-Za-z0-9_]/gu, '_'), taken);
    const planned = { name, sources: names.map((one) => this.#sources.get(one)!) };
    this.#planned.set(key, planned);
    return planned;
  }
}

/**
 * The smallest order in which earlier methods of every node come first: again and again the first device, by use in the
 * document, that no remaining one must precede; if there is none, the first.
 */
function orderDevices(devices: readonly Planned[], nodes: readonly (readonly Try[])[]): readonly Planned[] {
  const predecessors = new Map(devices.map((device) => [device, new Set<Planned>()]));
  for (const tries of nodes) {
    for (const [i, { planned }] of tries.entries()) {
      for (const earlier of tries.slice(0, i)) predecessors.get(planned)!.add(earlier.planned);
    }
  }
  const remaining = [...devices];
  const ordered: Planned[] = [];
  while (remaining.length > 0) {
    const free = remaining.findIndex((device) => !remaining.some((other) => predecessors.get(device)!.has(other)));
    ordered.push(...remaining.splice(Math.max(free, 0), 1));
  }
  return ordered;
}

function configOf(ordered: readonly Planned[], tries: readonly Try[]): FenceConfig {
  return new Map(
    ordered.map((planned, priority) => {
      const uses = tries.filter((one) => one.planned === planned);
      const subDevices = planned.sources.map((source, i): readonly [string, FenceSubDevice] => [
        String(i + 1),
        {
          agent: source.attributes.get('agent')!,
          args: argumentsOf(source),
          connected: new Map(uses.map(({ node, devices }) => [node, argumentsOf(devices[i]!)])),
        },
      ]);
      return [planned.name, { priority, subDevices: new Map(subDevices) }];
    }),
  );
}

/** `key=value` in document order. The lines of fence.cfg need an argument; every agent knows `verbose`. */
function argumentsOf({ attributes }: XmlElement): readonly string[] {
  const found = [...attributes].filter(([key, value]) => !notArguments.has(key) && unwritable(value) === undefined);
  return found.length === 0 ? ['verbose'] : found.map(([key, value]) => `${key}=${value}`);
}

function origins(ordered: readonly Planned[]): ReadonlyMap<XmlElement, readonly string[]> {
  const madeFrom = new Map<XmlElement, string[]>();
  for (const { name, sources } of ordered) {
    for (const source of new Set(sources)) madeFrom.set(source, [...(madeFrom.get(source) ?? []), name]);
  }
  return madeFrom;
}
