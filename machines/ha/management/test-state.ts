/** A cluster of three nodes for tests of HA management: n1 (this one), n2 and n3, with the guests vm 100 to 103 and ct 200. */
import type { Outcome } from './outcome.ts';
import { type HaState, type HaTexts, readState } from './state.ts';

export const NOW_S = 1_700_000_000;

const guests: Readonly<Record<string, { node: string; type: string }>> = {
  '100': { node: 'n1', type: 'qemu' },
  '101': { node: 'n2', type: 'qemu' },
  '102': { node: 'n3', type: 'qemu' },
  '103': { node: 'n3', type: 'qemu' },
  '200': { node: 'n2', type: 'lxc' },
};

export function membersText(online: Readonly<Record<string, 0 | 1>>, quorate: 0 | 1 = 1): string {
  const nodelist = Object.fromEntries(Object.entries(online).map(([name, up], i) => [name, { id: i + 1, online: up }]));
  return JSON.stringify({
    nodename: 'n1',
    version: 1,
    cluster: { name: 'c', version: 1, nodes: 3, quorate },
    nodelist,
  });
}

export function textsWith(texts: Partial<HaTexts> = {}): HaTexts {
  return {
    node: 'n1',
    now_s: NOW_S,
    members: membersText({ n1: 1, n2: 1, n3: 1 }),
    vmlist: JSON.stringify({ version: 1, ids: guests }),
    resources: 'vm: 100\n\nvm: 101\n\tstate stopped\n\nct: 200\n\tcomment two words\n\tmax_restart 2\n\n',
    rules: undefined,
    groups: undefined,
    managerStatus: undefined,
    datacenter: undefined,
    lrmStatus: new Map(),
    agentLocks: new Set(),
    versions: new Map(),
    ...texts,
  };
}

export function stateWith(texts: Partial<HaTexts> = {}): HaState {
  const read = readState(textsWith(texts));
  if (!read.ok) throw new Error(read.refusal.message);
  return read.state;
}

/** Status, sentence and the complaints about parameters of a refusal. */
export function refusalOf(outcome: Outcome<unknown>): readonly unknown[] {
  if (outcome.ok) return ['done'];
  const { status, message, errors } = outcome.refusal;
  return errors === undefined ? [status, message] : [status, message, errors];
}

export function resultOf<Result>(outcome: Outcome<Result>): Result {
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.result;
}

/** New texts by path, and the queued lines. */
export function changesOf(outcome: Outcome<unknown>): readonly [Record<string, string>, readonly string[]] {
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return [Object.fromEntries(outcome.changes.files), outcome.changes.commands];
}
