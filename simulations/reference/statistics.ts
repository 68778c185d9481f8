/** Simulated loads (spec/ha.md §7.2). Asking for dynamic ones logs what is overcommitted. */
import type { GuestOfStatistics, GuestStatistics, LoadFigures, SchedulerMode } from '../../machines/ha/port.ts';
import { sortedKeys } from '../../machines/ha/state-files.ts';
import type { Hardware } from './hardware.ts';
import { DEFAULT_NODE } from './scenario.ts';

type Warn = (text: string) => void;
type Loads = Record<string, LoadFigures>;

export function guestStatistics(hardware: Hardware, mode: SchedulerMode, warn: Warn): GuestStatistics {
  const guests: Record<string, GuestOfStatistics> = {};
  for (const [sid, { node, state }] of Object.entries(hardware.configs)) {
    guests[sid] = { node, state, running: state === 'started' };
  }
  if (mode === 'basic') return { nodes: {}, services: {}, guests };
  if (mode === 'static') return { nodes: staticNodes(hardware), services: staticServices(hardware), guests };
  const services = dynamicServices(hardware, warn);
  return { nodes: dynamicNodes(hardware, services, warn), services, guests };
}

function staticNodes(hardware: Hardware): Loads {
  const nodes: Loads = {};
  for (const [name, { maxcpu, maxmem }] of hardware.nodes) {
    nodes[name] = {
      ...(maxcpu !== undefined && { maxcpu: Math.trunc(maxcpu) }),
      ...(maxmem !== undefined && { maxmem: Math.trunc(maxmem) }),
    };
  }
  return nodes;
}

/** A configured service has an entry, if an empty one. */
function staticServices({ configs, staticStats }: Hardware): Loads {
  const services: Loads = { ...staticStats };
  for (const sid of Object.keys(configs)) services[sid] ??= {};
  return services;
}

function dynamicServices(hardware: Hardware, warn: Warn): Loads {
  const services: Loads = {};
  const figures = staticServices(hardware);
  for (const sid of sortedKeys({ ...figures, ...hardware.dynamicStats })) {
    services[sid] = { ...figures[sid], ...hardware.dynamicStats[sid] };
    warnOfOvercommitment(sid, services[sid], warn);
  }
  return services;
}

/** What runs on a node is its load. */
function dynamicNodes(hardware: Hardware, services: Loads, warn: Warn): Loads {
  const nodes: Loads = {};
  for (const name of hardware.nodeNames) {
    const { maxcpu, maxmem, running } = hardware.node(name);
    let cpu = 0;
    let mem = 0;
    for (const sid of sortedKeys(hardware.configs)) {
      if (hardware.configs[sid]!.node !== name || !running.get(sid)) continue;
      cpu += services[sid]?.cpu ?? 0;
      mem += services[sid]?.mem ?? 0;
    }
    nodes[name] = { maxcpu: maxcpu ?? DEFAULT_NODE.maxcpu, maxmem: maxmem ?? DEFAULT_NODE.maxmem, cpu, mem };
    warnOfOvercommitment(name, nodes[name], warn);
  }
  return nodes;
}

function warnOfOvercommitment(name: string, { cpu, maxcpu, maxmem, mem }: LoadFigures, warn: Warn): void {
  if (cpu !== undefined && maxcpu !== undefined && cpu > maxcpu) warn(`overcommitted cpu on '${name}'`);
  if (mem !== undefined && maxmem !== undefined && mem > maxmem) warn(`overcommitted mem on '${name}'`);
}
