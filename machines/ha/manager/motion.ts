/** Queueing a migration or relocation, with what affinity rules make of it (spec/ha.md §3.5 "queue motion"). */
import type { CompiledRules } from '../rules/compile.ts';
import type { ManagerMemory } from './memory.ts';

export interface Motion {
  /** The command as it is named in the log. */
  readonly line: string;
  readonly verb: string;
  readonly sid: string;
  readonly target: string;
}

export function queueMotion(memory: ManagerMemory, rules: CompiledRules, { line, verb, sid, target }: Motion): void {
  for (const other of sorted(rules.negative.get(sid))) {
    if (!isUsing(memory, other, target)) continue;
    memory.log(
      'err',
      `crm command '${line}' error - service '${other}' on node '${target}' in negative affinity with service '${sid}'`,
    );
    return;
  }
  memory.log('info', `got crm command: ${line}`);
  memory.queue(sid, [verb, target]);
  for (const other of sorted(rules.positive.get(sid))) {
    if (!memory.has(other)) continue;
    const { node, target: comesTo } = memory.services[other]!;
    if (node === target || comesTo === target) continue;
    memory.log(
      'info',
      `crm command '${line}' - ${verb} service '${other}' to node '${target}' (service '${other}' in positive affinity with service '${sid}')`,
    );
    memory.queue(other, [verb, target]);
  }
}

/** On the node, and not on its way to another, nor coming from elsewhere. */
function isUsing(memory: ManagerMemory, sid: string, target: string): boolean {
  const service = memory.services[sid];
  if (service === undefined || service.node !== target) return false;
  return service.target === undefined || service.target === null || service.target === target;
}

function sorted(sids: ReadonlySet<string> | undefined): readonly string[] {
  return sids === undefined ? [] : [...sids].sort();
}
