/** HA resources and rules: names that lead nowhere, rules that can't be kept, services without room (spec/ha.md §5). */
import { groupsToRules } from '../../machines/ha/groups.ts';
import { compileRules, nodeAffinityOf } from '../../machines/ha/rules/compile.ts';
import { enabledRules, type Rule } from '../../machines/ha/rules/rule-set.ts';
import { transformRules } from '../../machines/ha/rules/transform.ts';
import type { ClusterDescription } from './cluster-description.ts';
import { type Finding, list } from './finding.ts';
import type { GuestFacts } from './guest-facts.ts';

/** Rules of rules.cfg, and those that groups stand for. */
export function rulesInForce({ groups, resources, rules }: ClusterDescription) {
  const services = Object.fromEntries([...resources.ids]);
  return groupsToRules(groups, services, rules);
}

export function checkNames(cluster: ClusterDescription): readonly Finding[] {
  const { directories, doubles, groups, guests, nodes, resources } = cluster;
  const findings: Finding[] = [];
  for (const [id, rule] of enabledRules(rulesInForce(cluster))) {
    const strange = rule.type === 'node-affinity' ? [...rule.nodes.keys()].filter((node) => !nodes.includes(node)) : [];
    if (strange.length > 0) {
      findings.push({
        code: 'rule-unknown-node',
        gravity: 'warning',
        what: `rule '${id}' names ${list(strange)}, which the cluster doesn't have`,
        why: 'the rule allows fewer nodes than it seems to',
        todo: `correct its nodes: ha-manager rules set node-affinity ${id} --nodes …`,
      });
    }
    const unmanaged = [...rule.resources].filter((sid) => !resources.ids.has(sid));
    if (unmanaged.length > 0) {
      findings.push({
        code: 'rule-unknown-resource',
        gravity: 'note',
        what: `rule '${id}' names ${list(unmanaged)}, which HA doesn't manage`,
        why: 'the rule does nothing for these guests',
        todo: 'add them to HA, or take them out of the rule',
      });
    }
  }
  for (const [sid, { group }] of resources.ids) {
    const guest = guests.get(vmidOf(sid));
    if (guest === undefined || guest.sid !== sid) {
      findings.push({
        code: 'resource-without-guest',
        gravity: 'warning',
        what: `HA resource ${sid} has no guest`,
        why: 'HA ignores it; it is what a guest leaves that was deleted by hand',
        todo: `ha-manager remove ${sid}`,
      });
    }
    if (group !== undefined && !groups.ids.has(group)) {
      findings.push({
        code: 'unknown-group',
        gravity: 'warning',
        what: `HA resource ${sid} names the group '${group}', which doesn't exist`,
        why: 'it may run anywhere',
        todo: `define the group, or: ha-manager set ${sid} --delete group`,
      });
    }
  }
  for (const [vmid, places] of doubles) {
    findings.push({
      code: 'guest-twice',
      gravity: 'error',
      what: `guest ${vmid} has a configuration on ${list(places)}`,
      why: 'it can be started twice on the same disks',
      todo: 'keep the right one and remove the others',
    });
  }
  const strangers = [...directories].filter((node) => !nodes.includes(node));
  for (const node of strangers) {
    const left = [...guests.values()].filter((guest) => guest.node === node);
    if (left.length === 0) continue;
    findings.push({
      code: 'guests-of-removed-node',
      gravity: 'warning',
      what: `${node} isn't a node any more, but ${list(left.map(({ sid }) => sid))} ${left.length === 1 ? 'is' : 'are'} still configured there`,
      why: 'nobody starts them',
      todo: `move the files from nodes/${node} to a living node, or delete them`,
    });
  }
  return findings;
}

export function checkRules(cluster: ClusterDescription): readonly Finding[] {
  const { messages } = transformRules(rulesInForce(cluster), cluster.nodes);
  return [...new Set(messages)].map((message) => ({
    code: 'rule-dropped',
    gravity: 'warning',
    what: message.replace(/^Drop rule ('.*?'), because (.*)\.$/, 'HA ignores rule $1: $2'),
    why: 'the guests are placed as if the rule were not there',
    todo: 'change or disable one of the rules that contradict each other (ha-manager rules config)',
  }));
}

/** Services that have nowhere to go when one node is lost. */
export function checkRoom(cluster: ClusterDescription): readonly Finding[] {
  const { nodes, resources } = cluster;
  if (nodes.length < 2) return [];
  const { rules } = transformRules(rulesInForce(cluster), nodes);
  const compiled = compileRules(rules, nodes);
  const wanted = [...resources.ids].filter(([, { state = 'started' }]) => state === 'started' || state === 'enabled');
  const stranded = new Map<string, string[]>();
  for (const lost of nodes) {
    const online = new Set(nodes.filter((node) => node !== lost));
    for (const [sid] of wanted) {
      if (nodeAffinityOf(compiled, sid, online).allowed.size > 0) continue;
      stranded.set(lost, [...(stranded.get(lost) ?? []), sid]);
    }
  }
  const findings: Finding[] = [...stranded].map(([lost, sids]) => ({
    code: 'no-room-by-rule',
    gravity: 'warning',
    what: `when ${lost} is lost, strict rules leave no node for ${list(sids)}`,
    why: `${sids.length === 1 ? 'it stays' : 'they stay'} down until ${lost} is back, though other nodes could run ${sids.length === 1 ? 'it' : 'them'}`,
    todo: 'add a second node to the rule, or make it not strict',
  }));
  for (const [id, rule] of enabledRules(rules)) {
    if (!isTight(rule, nodes.length) || id.startsWith('_')) continue;
    findings.push({
      code: 'no-room-kept-apart',
      gravity: 'warning',
      what: `rule '${id}' keeps ${rule.resources.size} services apart on ${nodes.length} nodes`,
      why: 'when one node is lost, one of them has no node left and stays down',
      todo: 'add a node, or take a service out of the rule',
    });
  }
  return findings;
}

function isTight(rule: Rule, nodes: number): boolean {
  return rule.type === 'resource-affinity' && rule.affinity === 'negative' && rule.resources.size === nodes;
}

/** Guests that HA manages and that can't start anywhere else: their disks or devices stay behind. */
export function checkMovable(cluster: ClusterDescription): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [sid] of cluster.resources.ids) {
    const guest = cluster.guests.get(vmidOf(sid));
    const bonds = guest === undefined ? [] : bondsOf(cluster, guest);
    if (bonds.length === 0) continue;
    findings.push({
      code: 'cannot-move',
      gravity: 'warning',
      what: `${sid} is bound to ${guest!.node}: ${list(bonds)}`,
      why: 'when its node is lost HA gives it to another node, where it fails to start',
      todo: 'use a shared storage, replication or a device mapping; or a strict rule that keeps it on its node',
    });
  }
  return findings;
}

/** What keeps a guest on its node, in words. */
export function bondsOf({ nodes, replicated, storages }: ClusterDescription, guest: GuestFacts): readonly string[] {
  const targets = replicated.get(guest.vmid);
  const local = [...guest.storages].filter((name) => {
    const storage = storages.get(name);
    return storage !== undefined && !storage.isShared;
  });
  const bonds = guest.bindings.map((key) => `${key} is a device of this node`);
  if (local.length > 0 && targets === undefined) bonds.push(`its disks are on ${list(local)}, which is local`);
  for (const name of guest.storages) {
    const only = storages.get(name)?.nodes;
    if (only !== undefined && nodes.every((node) => node === guest.node || !only.has(node))) {
      bonds.push(`storage ${name} exists on no other node`);
    }
  }
  return bonds;
}

export function vmidOf(sid: string): string {
  return sid.slice(sid.indexOf(':') + 1);
}
