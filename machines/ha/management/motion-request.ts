/** POST `/cluster/ha/resources/{sid}/migrate` and `/relocate` (spec/ha.md §13.1, §13.3). */
import { groupsToRules } from '../groups.ts';
import { type CompiledRules, compileRules } from '../rules/compile.ts';
import { transformRules } from '../rules/transform.ts';
import { answered, type Outcome, queued, refused } from './outcome.ts';
import { checkParameters, type Parameters } from './parameters.ts';
import { errorStateRefusal, resolveResourceId } from './resource-id.ts';
import type { HaState } from './state.ts';

export type MotionVerb = 'migrate' | 'relocate';

export interface MotionAnswer {
  readonly sid: string;
  readonly 'requested-node': string;
  /** These go along, sorted. */
  readonly 'comigrated-resources'?: readonly string[];
  /** While these are there the master refuses the command, which is queued nevertheless; sorted. */
  readonly 'blocking-resources'?: readonly { readonly sid: string; readonly cause: 'resource-affinity' }[];
}

const schema = {
  sid: { type: 'string', format: 'pve-ha-resource-or-vm-id' },
  node: { type: 'string', format: 'pve-node' },
} as const;

export function requestMotion(state: HaState, verb: MotionVerb, given: Parameters): Outcome<MotionAnswer> {
  const checked = checkParameters(given, schema);
  if (!checked.ok) return checked;
  const managed = managedResource(state, checked.parameters.get('sid')!);
  if (!managed.ok) return managed;
  const { result: sid } = managed;
  const node = checked.parameters.get('node')!;
  if (!state.nodes.includes(node)) return noSuchNode(node);
  const { together, blocking } = motionPartners(state, sid, node);
  const answer: MotionAnswer = {
    sid,
    'requested-node': node,
    ...(together.length > 0 && { 'comigrated-resources': together }),
    ...(blocking.length > 0 && {
      'blocking-resources': blocking.map((one) => ({ sid: one, cause: 'resource-affinity' as const })),
    }),
  };
  return queued(answer, `${verb} ${sid} ${node}`);
}

export function noSuchNode(node: string) {
  return refused('no-such-node', `no such cluster node '${node}'`);
}

/** The sid of a resource that the manager looks after and that takes commands. */
export function managedResource(state: HaState, text: string): Outcome<string> {
  const id = resolveResourceId(state, text);
  if (!id.ok) return id;
  const resource = state.resources.ids.get(id.sid);
  if (resource === undefined || resource.state === 'ignored') {
    return refused('not-managed', `resource '${id.sid}' is not HA managed`);
  }
  return errorStateRefusal(state, id.sid) ?? answered(id.sid);
}

/** Whom the master will take along, and who keeps it from doing so (§3.5 "queue motion"). */
function motionPartners(state: HaState, sid: string, target: string) {
  const services = state.managerStatus.service_status ?? {};
  const rules = rulesInForce(state);
  const partners = (sids: ReadonlySet<string> | undefined) =>
    [...(sids ?? [])].sort().filter((one) => Object.hasOwn(services, one));
  return {
    together: partners(rules.positive.get(sid)).filter(
      (one) => services[one]!.node !== target && services[one]!.target !== target,
    ),
    blocking: partners(rules.negative.get(sid)).filter((one) => {
      const { node, target: goesTo } = services[one]!;
      return node === target && (goesTo ?? target) === target;
    }),
  };
}

function rulesInForce({ rules, groups, resources, nodes }: HaState): CompiledRules {
  const all = groupsToRules(groups, Object.fromEntries(resources.ids), rules);
  return compileRules(transformRules(all, nodes).rules, nodes);
}
