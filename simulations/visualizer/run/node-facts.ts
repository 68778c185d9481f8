/**
 * What a record tells of its node, in words for the cluster strip: power, quorum, ring, leader, versions, HA daemons, watchdog.
 * What a trace doesn't tell isn't guessed.
 */
import type { MachineRecord, NoteRecord, TraceRecord } from '../../../runtime/trace/trace.ts';
import { definitionName } from './layout.ts';

export interface Fact {
  readonly node: string;
  readonly key: string;
  readonly value: string;
}

const POWER: Readonly<Record<string, string>> = {
  boot: 'on',
  crash: 'daemon dead',
  stop: 'stopped',
  'power loss': 'off',
  pause: 'paused',
  resume: 'on',
};

export function factsOf(record: TraceRecord): readonly Fact[] {
  switch (record.kind) {
    case 'machine':
      return machineFacts(record);
    case 'core': {
      const version = record.core === 'tree' ? / version (\d+)$/.exec(record.result)?.[1] : undefined;
      return version === undefined ? [] : [{ node: record.node, key: 'tree', value: `version ${version}` }];
    }
    case 'note':
      return noteFacts(record);
    case 'log': {
      const leader = record.domain === 'dcdb' ? /^leader is (\d+)\//.exec(record.message)?.[1] : undefined;
      return leader === undefined ? [] : [{ node: record.node, key: 'leader', value: `node ${leader}` }];
    }
    case 'fault':
      return commandFacts(record.fault);
    default:
      return [];
  }
}

function machineFacts({ node, actor, machine, after, changed }: MachineRecord): readonly Fact[] {
  const state = typeof after === 'string' ? after : JSON.stringify(after);
  switch (definitionName(machine)) {
    case 'quorum-client':
      return 'quorate' in changed ? [{ node, key: 'quorum', value: changed.quorate === true ? 'yes' : 'no' }] : [];
    case 'membership': {
      const { members } = changed as { readonly members?: unknown };
      const count = Array.isArray(members) ? [{ node, key: 'members', value: rangesText(members as number[]) }] : [];
      return [{ node, key: 'ring', value: state }, ...count];
    }
    case 'dfsm':
      return [{ node, key: actor, value: state }];
    case 'crm':
    case 'lrm':
      return [
        { node, key: machine, value: state },
        { node, key: 'power', value: 'on' },
      ];
    default:
      return [];
  }
}

/** `1–3 5`. */
function rangesText(numbers: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const number of numbers) {
    const last = parts.at(-1);
    if (last !== undefined && last[1] + 1 === number) last[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(' ');
}

function noteFacts({ node, actor, event, detail }: NoteRecord): readonly Fact[] {
  const power = actor === 'machine' ? POWER[event] : undefined;
  if (power !== undefined) return [{ node, key: 'power', value: power }];
  if (event !== 'effect watchdog') return [];
  const { ask } = (detail ?? {}) as { readonly ask?: { readonly do?: string } };
  if (ask?.do === undefined) return [];
  return [{ node, key: `${actor} watchdog`, value: ask.do === 'close' ? 'closed' : 'fed' }];
}

/** Commands of an HA scenario: `power node3 off`, `network node1 on`. */
function commandFacts(text: string): readonly Fact[] {
  const [, key, node, value] = /^(power|network) (\S+) (on|off)$/.exec(text) ?? [];
  return key === undefined || node === undefined || value === undefined ? [] : [{ node, key, value }];
}
