/**
 * Guests, services and failover domains of a cluster.conf as HA resources and rules (spec/ha.md §15.1, "Rules",
 * "Resources").
 *
 *  I1 A guest becomes one resource, by its first entry.
 *  I2 A domain becomes a rule exactly if a resource uses it and one of its nodes exists.
 */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import type { XmlElement } from '../../../runtime/formats/xml-elements.ts';
import type { HaResource } from '../resources.ts';
import type { Rule } from '../rules/rule-set.ts';
import { elementsAt, freeName, isTrueWord, shortNodeName } from './import-report.ts';

/** `vmid` to kind; a guest that is not in it counts as vm. */
export type GuestKinds = Readonly<Record<string, 'vm' | 'ct'>>;

/** What becomes of a guest's element. */
export type GuestOutcome =
  | { readonly kind: 'resource'; readonly sid: string }
  | { readonly kind: 'not-a-guest-id' }
  | { readonly kind: 'defined-twice' };

export interface ServicePlan {
  /** By sid, in document order. */
  readonly resources: ReadonlyMap<string, HaResource>;
  /** By rule id: domains first, then services, in document order. */
  readonly rules: ReadonlyMap<string, Rule>;
  readonly guests: ReadonlyMap<XmlElement, GuestOutcome>;
  /** `service` elements to the sids inside. */
  readonly services: ReadonlyMap<XmlElement, readonly string[]>;
  /** `failoverdomain` and `service` elements to their rule's id. */
  readonly ruleOf: ReadonlyMap<XmlElement, string>;
  readonly domains: ReadonlyMap<string, XmlElement>;
  /** `failoverdomain` elements that are used but have no node of the cluster. */
  readonly emptyDomains: ReadonlySet<XmlElement>;
}

export function isGuestElement(name: string): boolean {
  return name === 'pvevm' || name === 'vm';
}

/** @param nodes short names of the cluster's nodes */
export function planServices(cluster: XmlElement, kinds: GuestKinds, nodes: ReadonlySet<string>): ServicePlan {
  const plan = new PlannedServices(cluster, kinds);
  const rules = new Map<string, Rule>();
  const ruleOf = new Map<XmlElement, string>();
  const emptyDomains = new Set<XmlElement>();
  const addRule = (element: XmlElement, wanted: string, rule: Rule) => {
    const id = freeName(wanted.replace(/[^A-Za-z0-9_-]/gu, '_'), rules);
    rules.set(id, rule);
    ruleOf.set(element, id);
  };
  for (const [name, domain] of plan.domains) {
    const users = plan.usersOf(name);
    if (users.length === 0) continue;
    const rule = domainRule(name, domain, users, nodes);
    if (rule === undefined) emptyDomains.add(domain);
    else addRule(domain, `fd-${name}`, rule);
  }
  for (const [service, sids] of plan.services) {
    const name = service.attributes.get('name');
    if (name !== undefined && sids.length >= 2) addRule(service, `svc-${name}`, serviceRule(name, sids));
  }
  const { resources, guests, services, domains } = plan;
  return { resources, guests, services, domains, rules, ruleOf, emptyDomains };
}

class PlannedServices {
  readonly resources = new Map<string, HaResource>();
  readonly guests = new Map<XmlElement, GuestOutcome>();
  readonly services = new Map<XmlElement, readonly string[]>();
  readonly domains = new Map<string, XmlElement>();
  readonly #kinds: GuestKinds;
  /** sid to the name of its domain. */
  readonly #domainOf = new Map<string, string>();

  constructor(cluster: XmlElement, kinds: GuestKinds) {
    this.#kinds = kinds;
    for (const domain of elementsAt(cluster, 'rm', 'failoverdomains', 'failoverdomain')) {
      const name = domain.attributes.get('name');
      if (name !== undefined && !this.domains.has(name)) this.domains.set(name, domain);
    }
    for (const element of elementsAt(cluster, 'rm').flatMap(({ children }) => children)) {
      if (isGuestElement(element.name)) this.#addGuest(element, undefined);
      if (element.name === 'service') this.#addService(element);
    }
  }

  usersOf(domain: string): readonly string[] {
    return [...this.#domainOf].filter(([, name]) => name === domain).map(([sid]) => sid);
  }

  #addService(service: XmlElement): void {
    const sids: string[] = [];
    for (const child of service.children) {
      if (!isGuestElement(child.name)) continue;
      const outcome = this.#addGuest(child, service);
      if (outcome.kind === 'resource') sids.push(outcome.sid);
    }
    this.services.set(service, sids);
  }

  #addGuest(element: XmlElement, service: XmlElement | undefined): GuestOutcome {
    const outcome = this.#judgeGuest(element);
    this.guests.set(element, outcome);
    if (outcome.kind !== 'resource') return outcome;
    const inherited = (key: string) => element.attributes.get(key) ?? service?.attributes.get(key);
    const domain = inherited('domain');
    if (domain !== undefined) this.#domainOf.set(outcome.sid, domain);
    const isSticky = isTrueWord(this.domains.get(domain ?? '')?.attributes.get('nofailback'));
    this.resources.set(outcome.sid, {
      type: outcome.sid.startsWith('ct:') ? 'ct' : 'vm',
      state: isStopped(inherited('autostart')) ? 'stopped' : 'started',
      ...(isSticky && { failback: 0 }),
      ...recoveryPolicy(inherited('recovery'), inherited('max_restarts')),
    });
    return outcome;
  }

  #judgeGuest({ name, attributes }: XmlElement): GuestOutcome {
    const id = attributes.get(name === 'pvevm' ? 'vmid' : 'name') ?? '';
    if (!/^[0-9]+$/.test(id)) return { kind: 'not-a-guest-id' };
    const sid = `${Object.hasOwn(this.#kinds, id) ? this.#kinds[id] : 'vm'}:${id}`;
    return this.resources.has(sid) ? { kind: 'defined-twice' } : { kind: 'resource', sid };
  }
}

/** Missing means started. */
function isStopped(autostart: string | undefined): boolean {
  return ['0', 'no', 'false', 'off'].includes(autostart ?? '');
}

/** Options that equal the default (1) are left out. */
function recoveryPolicy(recovery: string | undefined, maxRestarts: string | undefined): Partial<HaResource> {
  if (recovery === 'relocate') return { max_restart: 0 };
  if (recovery === 'disable') return { max_restart: 0, max_relocate: 0 };
  const count = /^[0-9]+$/.test(maxRestarts ?? '') ? Number(maxRestarts) : 1;
  return count === 1 ? {} : { max_restart: count };
}

/** Undefined where none of the domain's nodes exists. In cluster.conf priority 1 is the best, in a rule the highest is. */
function domainRule(
  name: string,
  domain: XmlElement,
  users: readonly string[],
  nodes: ReadonlySet<string>,
): Rule | undefined {
  const members = elementsAt(domain, 'failoverdomainnode')
    .map(({ attributes }) => ({
      node: shortNodeName(attributes.get('name') ?? ''),
      priority: Number(attributes.get('priority') ?? Number.NaN),
    }))
    .filter(({ node }) => nodes.has(node));
  if (members.length === 0) return undefined;
  const isOrdered = isTrueWord(domain.attributes.get('ordered'));
  const used = members.map(({ priority }) => priority).filter(Number.isInteger);
  const largest = Math.max(...used);
  const priorityOf = (own: number) => (isOrdered && Number.isInteger(own) ? largest + 1 - own : 0);
  return {
    type: 'node-affinity',
    nodes: new Map(members.map(({ node, priority }) => [node, priorityOf(priority)])),
    resources: new Set([...users].sort(byBytes)),
    ...(isTrueWord(domain.attributes.get('restricted')) && { strict: 1 }),
    comment: `Imported from failover domain '${name}'.`,
  };
}

function serviceRule(name: string, sids: readonly string[]): Rule {
  return {
    type: 'resource-affinity',
    affinity: 'positive',
    resources: new Set(sids),
    comment: `Imported from service '${name}'.`,
  };
}
