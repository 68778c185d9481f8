/**
 * Loads for placement (spec/ha.md §7.2, §12): static ones from guest configurations and what nodes publish of themselves. Measured
 * ones, and which guests that HA doesn't manage are running, come from the statistics daemon of each node; nobody publishes
 * them yet, so the manager falls back to `basic` where they are asked for, and says so.
 */
import type { GuestOfStatistics, GuestStatistics, LoadFigures, SchedulerMode } from '../../machines/ha/port.ts';
import { inTurn, parseObject, readText } from './cluster-files.ts';
import { guestSettings } from './guest-config.ts';
import { type GuestList, guestConfigPath, readGuestList, sidOf } from './guest-list.ts';
import { type Outcome, succeeded } from './outcome.ts';
import type { Answer, ClusterFiles } from './ports.ts';

const MEBIBYTE = 1024 * 1024;
const DEFAULT_MEMORY_MIB = 512;
const STATIC_INFO = 'static-info';

type Loads = Record<string, LoadFigures>;

export function readStatistics(files: ClusterFiles, mode: SchedulerMode, done: Answer<Outcome<GuestStatistics>>): void {
  readGuestList(files, (read) => {
    if (!read.ok) return done(read);
    const guests = unmanagedGuests(read.value);
    if (mode === 'basic') return done(succeeded({ nodes: {}, services: {}, guests }));
    readServiceLoads(files, read.value, (services) => {
      if (!services.ok) return done(services);
      if (mode === 'dynamic') return done(succeeded({ nodes: {}, services: services.value, guests }));
      readNodeLoads(files, (nodes) => done(succeeded({ nodes, services: services.value, guests })));
    });
  });
}

/** Their last known status is `stopped` as long as none is broadcast. */
function unmanagedGuests(list: GuestList): Record<string, GuestOfStatistics> {
  const guests: Record<string, GuestOfStatistics> = {};
  for (const [vmid, guest] of list) {
    guests[sidOf(vmid, guest)] = { node: guest.node, state: 'stopped', running: false };
  }
  return guests;
}

function readServiceLoads(files: ClusterFiles, list: GuestList, done: Answer<Outcome<Loads>>): void {
  const loads: Loads = {};
  inTurn<string, undefined>(
    [...list.keys()],
    (vmid, next) => {
      const guest = list.get(vmid)!;
      readText(files, guestConfigPath(guest.node, vmid, guest), (read) => {
        if (!read.ok) return next(read);
        // Between list and reading it may have been moved: then it has no figures in this round.
        if (read.value !== undefined) loads[sidOf(vmid, guest)] = staticLoad(guest.type, read.value);
        next(succeeded(undefined));
      });
    },
    (all) => done(all.ok ? succeeded(loads) : all),
  );
}

/** 0 CPUs: as many as the node has. */
function staticLoad(type: string, text: string): LoadFigures {
  const settings = guestSettings(text);
  const number = (key: string): number => Number(settings.get(key) ?? 0) || 0;
  const cpus = type === 'qemu' ? number('vcpus') || (number('sockets') || 1) * (number('cores') || 1) : number('cores');
  return { maxcpu: number('cpulimit') || cpus, maxmem: memory_mib(settings.get('memory')) * MEBIBYTE };
}

/** `memory: 2048`, or a property string whose key may be left out. */
function memory_mib(text: string | undefined): number {
  const current = /^(?:current=)?(\d+)(?:,|$)/.exec(text ?? '')?.[1];
  return current === undefined ? DEFAULT_MEMORY_MIB : Number(current);
}

function readNodeLoads(files: ClusterFiles, done: Answer<Loads>): void {
  files.published(STATIC_INFO, (values) => {
    const loads: Loads = {};
    for (const [node, text] of Object.entries(typeof values === 'number' ? {} : values)) {
      const info = parseObject(text, STATIC_INFO);
      if (info.ok) loads[node] = nodeLoad(info.value);
    }
    done(loads);
  });
}

function nodeLoad({ cpus, memory }: Readonly<Record<string, unknown>>): LoadFigures {
  return {
    ...(typeof cpus === 'number' && { maxcpu: cpus }),
    ...(typeof memory === 'number' && { maxmem: memory }),
  };
}
