/** What the report says about each element of a cluster.conf (spec/ha.md §15.1, the table). */
import type { XmlElement } from '../../../runtime/formats/xml-elements.ts';
import { type FencePlan, unwritable } from './fence-methods.ts';
import { isGuestElement, type ServicePlan } from './guest-services.ts';
import { type Describe, type ElementEntry, ImportReport, isTrueWord, shortNodeName } from './import-report.ts';

export interface ImportPlan {
  /** Short names. */
  readonly nodes: ReadonlySet<string>;
  readonly fencing: FencePlan;
  readonly services: ServicePlan;
}

export function describeCluster(cluster: XmlElement, plan: ImportPlan): string {
  const description = new ClusterDescription(plan);
  description.describe(cluster);
  return description.report.text;
}

const totemOptions = new Set([
  'token',
  'join',
  'consensus',
  'send_join',
  'max_messages',
  'window_size',
  'token_retransmits_before_loss_const',
  'secauth',
]);

const cmanTargets: ReadonlyMap<string, string> = new Map([
  ['two_node', 'unmapped: two nodes need a quorum device'],
  ['expected_votes', 'unmapped: computed from the node list'],
  ['keyfile', 'unmapped: set at cluster creation'],
  ['transport', 'unmapped: set at cluster creation'],
  ['port', 'unmapped: set at cluster creation'],
]);

const callerChooses = 'unmapped: the caller chooses the action';
const onlyGuests = 'unmapped: only guests are resources';
const sameDevices = 'unmapped: an earlier method of the node uses the same devices';

class ClusterDescription {
  readonly report = new ImportReport();
  readonly #plan: ImportPlan;

  constructor(plan: ImportPlan) {
    this.#plan = plan;
  }

  describe(cluster: XmlElement): void {
    const options = new Map([
      ['name', 'corosync.conf: totem.cluster_name'],
      ['config_version', 'corosync.conf: totem.config_version'],
    ]);
    this.report.describe(cluster, 'cluster', {
      attribute: (key) => options.get(key),
      children: {
        cman: this.#entry({
          attribute: (key) => cmanTargets.get(key),
          children: { multicast: this.#line('unmapped: links are unicast') },
        }),
        quorumd: this.#line('unmapped: no quorum disk, use a quorum device'),
        totem: this.#entry({ attribute: totemTarget }),
        fence_daemon: this.#entry({
          attribute: () => 'unmapped: fixed, 60 s offline delay and 120 s lock lifetime',
        }),
        clusternodes: this.#entry({ children: { clusternode: (element, path) => this.#clusterNode(element, path) } }),
        fencedevices: this.#entry({ children: { fencedevice: (element, path) => this.#fenceDevice(element, path) } }),
        rm: this.#entry({ children: this.#resourceManager() }),
      },
    });
  }

  /** An element whose entry doesn't depend on it. */
  #entry(entry: ElementEntry): Describe {
    return (element, path) => this.report.describe(element, path, entry);
  }

  /** One line for the whole element. */
  #line(target: string): Describe {
    return (_element, path) => this.report.line(path, target);
  }

  #clusterNode(element: XmlElement, path: string): void {
    const name = shortNodeName(element.attributes.get('name')!);
    const options = new Map([
      ['name', `node ${name}`],
      ['nodeid', `corosync.conf: nodelist.${name}.nodeid`],
      ['votes', `corosync.conf: nodelist.${name}.quorum_votes`],
    ]);
    this.report.describe(element, path, {
      attribute: (key) => options.get(key),
      children: {
        altname: this.#entry({ attribute: () => 'unmapped: add a second link by hand' }),
        fence: this.#entry({ children: { method: (method, methodPath) => this.#method(method, methodPath) } }),
      },
    });
  }

  #fenceDevice(element: XmlElement, path: string): void {
    const made = this.#plan.fencing.madeFrom.get(element);
    this.report.describe(element, path, {
      attribute: (key, value) => {
        if (made === undefined) return 'unmapped: no node uses the device';
        if (key === 'name') return `ha/fence.cfg: device ${made.join(', ')}`;
        return key === 'agent' ? 'ha/fence.cfg: agent' : argumentTarget(key, value);
      },
    });
  }

  #method(element: XmlElement, path: string): void {
    const outcome = this.#plan.fencing.methods.get(element)!;
    const targets = {
      try: () => `ha/fence.cfg: try ${outcome.kind === 'try' ? outcome.attempt : ''}`,
      missing: () => 'unmapped: all devices of the method are missing',
      repeated: () => sameDevices,
    };
    const device: Describe =
      outcome.kind === 'repeated' ? this.#line(sameDevices) : (child, childPath) => this.#device(child, childPath);
    this.report.describe(element, path, {
      attribute: (key) => (key === 'name' ? targets[outcome.kind]() : undefined),
      children: { device },
    });
  }

  #device(element: XmlElement, path: string): void {
    if (element.attributes.get('action') === 'on') {
      this.report.attribute(path, 'action', 'unmapped: power stays off after fencing');
      return;
    }
    const connected = this.#plan.fencing.connected.get(element);
    this.report.describe(element, path, {
      attribute: (key, value) => {
        if (connected === undefined) return 'unmapped: no such fence device';
        if (key === 'agent') return undefined;
        if (key !== 'name') return argumentTarget(key, value);
        return `ha/fence.cfg: connect ${connected.device}:${connected.nr} node=${connected.node}`;
      },
    });
  }

  #resourceManager(): Readonly<Record<string, Describe>> {
    const guest: Describe = (element, path) => this.#guest(element, path);
    return {
      failoverdomains: this.#entry({ children: { failoverdomain: (element, path) => this.#domain(element, path) } }),
      resources: this.#line(onlyGuests),
      events: this.#line(onlyGuests),
      pvevm: guest,
      vm: guest,
      service: (element, path) => this.#service(element, path),
    };
  }

  #domain(element: XmlElement, path: string): void {
    const rule = this.#plan.services.ruleOf.get(element);
    const unused = rule === undefined ? this.#whyNoRule(element) : undefined;
    const isOrdered = isTrueWord(element.attributes.get('ordered'));
    this.report.describe(element, path, {
      attribute: (key, value) => unused ?? domainTarget(key, value, rule!),
      children: {
        failoverdomainnode: (node, nodePath) =>
          this.report.describe(node, nodePath, {
            attribute: (key) => unused ?? this.#domainNodeTarget(node, key, isOrdered),
          }),
      },
    });
  }

  #domainNodeTarget(node: XmlElement, key: string, isOrdered: boolean): string | undefined {
    if (key !== 'name' && key !== 'priority') return undefined;
    if (!this.#plan.nodes.has(shortNodeName(node.attributes.get('name') ?? ''))) return 'unmapped: no such node';
    return key === 'priority' && !isOrdered ? 'unmapped: the domain is not ordered' : 'ha/rules.cfg: nodes';
  }

  #guest(element: XmlElement, path: string): void {
    const outcome = this.#plan.services.guests.get(element)!;
    if (outcome.kind !== 'resource') {
      this.report.line(path, outcome.kind === 'defined-twice' ? 'unmapped: defined twice' : 'unmapped: not a guest id');
      return;
    }
    const idKey = element.name === 'pvevm' ? 'vmid' : 'name';
    this.report.describe(element, path, {
      attribute: (key, value) => (key === idKey ? `ha/resources.cfg: ${outcome.sid}` : this.#policyTarget(key, value)),
    });
  }

  #service(element: XmlElement, path: string): void {
    const sids = this.#plan.services.services.get(element)!;
    const rule = this.#plan.services.ruleOf.get(element);
    const guests = element.children.filter(({ name }) => isGuestElement(name)).map(({ name }) => name);
    this.report.describe(element, path, {
      attribute: (key, value) => {
        if (sids.length === 0) return 'unmapped: no guest in the service';
        if (key !== 'name') return this.#policyTarget(key, value);
        return rule === undefined ? `ha/resources.cfg: ${sids[0]}` : `ha/rules.cfg: ${rule}`;
      },
      children: Object.fromEntries(guests.map((name) => [name, (child, at) => this.#guest(child, at)])),
      otherChildren: onlyGuests,
    });
  }

  /** Attributes that guests and services share. */
  #policyTarget(key: string, value: string): string | undefined {
    if (key === 'domain') return this.#domainUse(value);
    if (key === 'exclusive') {
      return isTrueWord(value) ? 'unmapped: write negative resource-affinity rules by hand' : 'default';
    }
    return policyTargets.get(key);
  }

  #domainUse(name: string): string {
    const { domains, ruleOf } = this.#plan.services;
    const domain = domains.get(name);
    if (domain === undefined) return 'unmapped: no such failover domain';
    const rule = ruleOf.get(domain);
    return rule === undefined ? this.#whyNoRule(domain) : `ha/rules.cfg: ${rule}`;
  }

  #whyNoRule(domain: XmlElement): string {
    const isEmpty = this.#plan.services.emptyDomains.has(domain);
    return isEmpty ? 'unmapped: no such node' : 'unmapped: no resource uses the domain';
  }
}

const policyTargets: ReadonlyMap<string, string> = new Map([
  ['autostart', 'ha/resources.cfg: state'],
  ['recovery', 'ha/resources.cfg: recovery policy'],
  ['max_restarts', 'ha/resources.cfg: recovery policy'],
  ['restart_expire_time', 'unmapped: restarts are counted without a window'],
  ['depend', 'unmapped: no dependencies between resources'],
  ['depend_mode', 'unmapped: no dependencies between resources'],
]);

function totemTarget(key: string): string | undefined {
  if (key === 'rrp_mode') return 'unmapped: redundant rings are links now';
  return totemOptions.has(key) ? `corosync.conf: totem.${key}` : undefined;
}

function argumentTarget(key: string, value: string): string {
  if (key === 'action' || key === 'option') return callerChooses;
  return unwritable(value) ?? `ha/fence.cfg: argument ${key}`;
}

function domainTarget(key: string, value: string, rule: string): string | undefined {
  const isTrue = isTrueWord(value);
  if (key === 'name') return `ha/rules.cfg: ${rule}`;
  if (key === 'ordered') return isTrue ? 'ha/rules.cfg: node priorities' : 'ha/rules.cfg: equal priorities';
  if (key === 'restricted') return isTrue ? 'ha/rules.cfg: strict' : 'default';
  return key === 'nofailback' ? (isTrue ? 'ha/resources.cfg: failback' : 'default') : undefined;
}
