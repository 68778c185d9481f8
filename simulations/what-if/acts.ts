/** What-if: what somebody does, or what befalls the cluster, as it is typed: `power n2 off at 30s`. */

export type Act =
  | { readonly act: 'power'; readonly node: string; readonly isOn: boolean }
  | { readonly act: 'network'; readonly node: string; readonly isOn: boolean }
  | { readonly act: 'shutdown'; readonly node: string }
  | { readonly act: 'reboot'; readonly node: string }
  | { readonly act: 'maintenance'; readonly node: string; readonly isOn: boolean }
  | { readonly act: 'service'; readonly sid: string; readonly state: string }
  | { readonly act: 'move'; readonly verb: 'migrate' | 'relocate'; readonly sid: string; readonly target: string }
  | { readonly act: 'disarm'; readonly mode: 'freeze' | 'ignore' }
  | { readonly act: 'arm' };

export interface TimedAct {
  readonly at_s: number;
  readonly act: Act;
  /** As it was typed, without its time. */
  readonly text: string;
}

/** What the words may name. */
export interface Known {
  readonly nodes: readonly string[];
  /** HA resources. */
  readonly sids: readonly string[];
}

export const longest_s = 3600;

const states = ['started', 'stopped', 'disabled', 'ignored'];

type Reading = Act | { readonly problem: string };

/** The acts in the order of time, or a sentence about the first that can't be read. */
export function readActs(texts: readonly string[], known: Known): readonly TimedAct[] | { readonly problem: string } {
  const acts: TimedAct[] = [];
  for (const text of texts) {
    const timed = readTimed(text, known);
    if ('problem' in timed) return timed;
    acts.push(timed);
  }
  return acts.sort((a, b) => a.at_s - b.at_s);
}

function readTimed(whole: string, known: Known): TimedAct | { readonly problem: string } {
  const match = /^(.*?)(?:\s+at\s+(\S+))?$/.exec(whole.trim())!;
  const text = match[1]!.replace(/\s+/g, ' ');
  const at_s = match[2] === undefined ? 0 : seconds(match[2]);
  if (at_s === undefined) return { problem: `'${whole}': '${match[2]}' is no time; write 30s, 2m or 1h` };
  if (at_s > longest_s) return { problem: `'${whole}': not later than ${longest_s} s` };
  const act = readAct(text.split(' '), known);
  return 'problem' in act ? { problem: `'${whole}': ${act.problem}` } : { at_s, act, text };
}

function seconds(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|min|h)?$/.exec(text);
  if (match === null) return undefined;
  const unit = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600 }[match[2] ?? 's']!;
  return Number(match[1]) * unit;
}

/** How each is written. */
export const forms: Readonly<Record<string, string>> = {
  power: 'power NODE on|off',
  network: 'network NODE on|off',
  shutdown: 'shutdown NODE',
  reboot: 'reboot NODE',
  maintenance: 'maintenance NODE on|off',
  service: `service SID ${states.join('|')}`,
  migrate: 'migrate SID NODE',
  relocate: 'relocate SID NODE',
  disarm: 'disarm freeze|ignore',
  arm: 'arm',
};

function readAct([verb = '', first = '', second = '', ...rest]: readonly string[], known: Known): Reading {
  const form = forms[verb];
  if (form === undefined) return { problem: `'${verb}' is no command; there are: ${Object.values(forms).join(', ')}` };
  const wanted = form.split(' ').length - 1;
  const given = [first, second].filter((word) => word !== '').length + rest.length;
  if (given !== wanted) return { problem: `write: ${form}` };
  switch (verb) {
    case 'power':
    case 'network':
    case 'maintenance': {
      if (second !== 'on' && second !== 'off') return { problem: `write: ${form}` };
      return onNode(first, known) ?? { act: verb, node: first, isOn: second === 'on' };
    }
    case 'shutdown':
    case 'reboot':
      return onNode(first, known) ?? { act: verb, node: first };
    case 'service':
      if (!states.includes(second)) return { problem: `write: ${form}` };
      return onService(first, known) ?? { act: 'service', sid: sidOf(first, known), state: second };
    case 'migrate':
    case 'relocate': {
      const move = { act: 'move', verb, sid: sidOf(first, known), target: second } as const;
      return onService(first, known) ?? onNode(second, known) ?? move;
    }
    case 'disarm':
      return first === 'freeze' || first === 'ignore' ? { act: 'disarm', mode: first } : { problem: `write: ${form}` };
    default:
      return { act: 'arm' };
  }
}

function onNode(name: string, { nodes }: Known): { readonly problem: string } | undefined {
  return nodes.includes(name) ? undefined : { problem: `there is no node '${name}'; there are: ${nodes.join(', ')}` };
}

/** `101` is `vm:101` or `ct:101`, whichever is there. */
function sidOf(text: string, { sids }: Known): string {
  return sids.find((sid) => sid === text || sid.slice(sid.indexOf(':') + 1) === text) ?? text;
}

function onService(text: string, known: Known): { readonly problem: string } | undefined {
  const isKnown = known.sids.includes(sidOf(text, known));
  return isKnown
    ? undefined
    : { problem: `HA doesn't manage '${text}'; it manages: ${known.sids.join(', ') || 'nothing'}` };
}
