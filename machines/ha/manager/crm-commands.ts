/** One line of the queue of CRM commands (spec/ha.md §3.5). */
import type { CompiledRules } from '../rules/compile.ts';
import type { ServiceConfigs } from '../state-files.ts';
import type { ManagerMemory } from './memory.ts';
import { queueMotion } from './motion.ts';

/** True: the line lifts a disarm of mode ignore, and `rearm` with a fresh configuration has to follow. */
export function takeCrmCommand(memory: ManagerMemory, rules: CompiledRules, line: string): boolean {
  const [verb = '', first, second, ...more] = line.split(/\s+/);
  if (more.length === 0 && second !== undefined && first !== undefined) {
    if (verb === 'migrate' || verb === 'relocate') {
      move(memory, rules, { line, verb, sid: first, target: second });
      return false;
    }
    if (verb === 'stop') {
      stop(memory, line, first, second);
      return false;
    }
  }
  if (first !== undefined && second === undefined) {
    if (verb === 'enable-node-maintenance') {
      enableMaintenance(memory, line, first);
      return false;
    }
    if (verb === 'disable-node-maintenance') {
      disableMaintenance(memory, first);
      return false;
    }
    if (verb === 'disarm-ha' && (first === 'freeze' || first === 'ignore')) {
      disarm(memory, first);
      return false;
    }
  }
  if (line === 'arm-ha') return arm(memory);
  memory.log('err', `unable to parse crm command: ${line}`);
  return false;
}

/** The end of a disarm of mode ignore: services are where they were put meanwhile. */
export function rearm(memory: ManagerMemory, configs: ServiceConfigs): void {
  for (const sid of memory.sids) {
    const config = configs[sid];
    const { node } = memory.services[sid]!;
    if (config === undefined || config.node === node) continue;
    memory.log('info', `service '${sid}': updating node '${node}' => '${config.node}' (changed while disarmed)`);
    memory.amend(sid, { node: config.node });
  }
  memory.disarm = undefined;
}

function move(
  memory: ManagerMemory,
  rules: CompiledRules,
  motion: { readonly line: string; readonly verb: string; readonly sid: string; readonly target: string },
) {
  const { line, sid, target } = motion;
  if (!memory.has(sid)) return memory.log('err', `crm command error - no such service: ${line}`);
  if (memory.nodes.state(target) !== 'online') {
    return memory.log('err', `crm command error - node not online: ${line}`);
  }
  if (memory.services[sid]!.node === target) {
    return memory.log('info', `ignore crm command - service already on target node: ${line}`);
  }
  queueMotion(memory, rules, motion);
}

function stop(memory: ManagerMemory, line: string, sid: string, timeout: string) {
  if (!memory.has(sid)) return memory.log('err', `crm command error - no such service: ${line}`);
  memory.log('info', `got crm command: ${line}`);
  memory.queue(sid, ['stop', timeout]);
}

function enableMaintenance(memory: ManagerMemory, line: string, node: string) {
  if (memory.disarm !== undefined) {
    return memory.log('warning', `ignoring maintenance command for node ${node} - HA stack is disarmed`);
  }
  const state = memory.nodes.state(node);
  if (state === 'online') return memory.requestMaintenance(node);
  if (state === 'maintenance') {
    return memory.log('info', `ignoring crm command - node ${node} is already in maintenance state`);
  }
  memory.log('err', `crm command error - node not online: ${line}`);
}

function disableMaintenance(memory: ManagerMemory, node: string): void {
  const state = memory.nodes.state(node);
  if (state !== 'maintenance') {
    memory.log('warning', `clearing maintenance of node ${node} requested, but it's in state ${state}`);
  }
  memory.clearMaintenance(node);
}

function disarm(memory: ManagerMemory, mode: 'freeze' | 'ignore') {
  if (memory.disarm !== undefined) {
    return memory.log('notice', `ignoring disarm-ha command - already in disarm state (${memory.disarm.state})`);
  }
  memory.log('info', `got crm command: disarm-ha ${mode}`);
  if (mode === 'ignore') {
    for (const sid of memory.sids) memory.log('info', `disarm: suspending HA tracking for service '${sid}'`);
  }
  memory.disarm = { mode, state: 'disarming' };
}

function arm(memory: ManagerMemory): boolean {
  if (memory.disarm === undefined) {
    memory.log('notice', 'ignoring arm-ha command - HA stack is not disarmed');
    return false;
  }
  memory.log('info', 'got crm command: arm-ha');
  if (memory.disarm.mode === 'ignore') return true;
  memory.disarm = undefined;
  return false;
}
