/** Log messages and what they mean for a fencing: the catalogue of spec/ha.md §9 and §10, and the lines of corosync, pmxcfs, systemd and the kernel. */
import type { DaemonName, Fact } from './evidence.ts';

type Match = RegExpExecArray;
type Reading = (match: Match) => Fact;
type Vocabulary = readonly (readonly [form: RegExp, fact: Reading])[];

const ids = (text: string | undefined): readonly number[] => (text?.match(/\d+/g) ?? []).map(Number);

const daemonWords = (daemon: DaemonName): Vocabulary => [
  [/^status change (\S+) => (\S+)$/, ([, from, to]) => ({ is: 'daemon-state', daemon, from: from!, to: to! })],
  [
    /^successfully acquired lock '([^']+)'/,
    ([, name]) => ({ is: 'lock', name: name!, isHeld: true, error: undefined }),
  ],
  [/^lost lock '(\S+?)'? - (.*)$/, ([, name, error]) => ({ is: 'lock', name: name!, isHeld: false, error: error! })],
  [/^watchdog active$/, () => ({ is: 'watchdog', event: 'opened' })],
  [/^watchdog closed \(disabled\)$/, () => ({ is: 'watchdog', event: 'closed' })],
  [/^watchdog update failed/, () => ({ is: 'watchdog', event: 'feed-failed' })],
  [
    /^loop took too long \((\d+(?:\.\d+)?) seconds\)/,
    ([, s]) => ({ is: 'stall', of: programOf[daemon], ms: Number(s) * 1000 }),
  ],
  [/^cluster file system update failed - (.*)$/, ([, error]) => ({ is: 'cfs-failed', error: error! })],
  [/^got unexpected error - (.*)$/, ([, error]) => ({ is: 'cfs-failed', error: error! })],
];

const programOf = { crm: 'pve-ha-crm', lrm: 'pve-ha-lrm' } as const;

const manager: Vocabulary = [
  [
    /^node '([^']+)': state changed from '(\S+)' => '(\S+)'$/,
    ([, about, from, to]) => ({ is: 'node-state', about: about!, from: from!, to: to! }),
  ],
  [
    /^fencing: acknowledged - got agent lock for node '([^']+)'/,
    ([, about]) => ({ is: 'fence-acknowledged', about: about! }),
  ],
  [
    /^service '([^']+)': state changed from '(\S+)' to '(\S+)'(?: {2}\((.*)\))?$/,
    ([, sid, from, to, parameters]) => {
      const on = /\bnode = ([^,)]+)/.exec(parameters ?? '')?.[1];
      return { is: 'service', sid: sid!, from: from!, to: to!, ...(on !== undefined && { on }) };
    },
  ],
  [
    /^recover service '([^']+)' from fenced node '([^']+)' to node '([^']+)'$/,
    ([, sid, from, to]) => ({ is: 'recover', sid: sid!, from: from!, to: to! }),
  ],
  [
    /^recover service '([^']+)' to previous failed and fenced node '([^']+)' again$/,
    ([, sid, from]) => ({ is: 'recover', sid: sid!, from: from!, to: from! }),
  ],
  [
    /^recovering service '([^']+)' from fenced node '([^']+)' failed, no recovery node found$/,
    ([, sid, from]) => ({ is: 'no-recovery-node', sid: sid!, from: from! }),
  ],
];

const local: Vocabulary = [
  [/^node needs to be fenced\b/, () => ({ is: 'told-to-fence' })],
  [
    /^service status (\S+) (started|stopped)$/,
    ([, sid, did]) => ({ is: 'guest', sid: sid!, did: did as 'started' | 'stopped' }),
  ],
  [
    /^unable to start service (\S+)(?: on local node after \d+ retries)?$/,
    ([, sid]) => ({ is: 'guest', sid: sid!, did: 'failed' }),
  ],
  [/^got shutdown request with shutdown policy '(\S+)'/, ([, policy]) => ({ is: 'shutdown', how: `policy ${policy}` })],
];

/** The text behind `[KNET  ]` and the like. */
const engine: Vocabulary = [
  [
    /^A new membership \(([\d.a-fx:]+)\) was formed\.(?: Members)?(.*)$/,
    ([, ring, changes]) => ({
      is: 'ring',
      ring: ring!,
      left: ids(/left: ([\d ,]+)/.exec(changes!)?.[1]),
      joined: ids(/joined: ([\d ,]+)/.exec(changes!)?.[1]),
    }),
  ],
  [/^Members\[\d+\]: ([\d ]+)$/, ([, list]) => ({ is: 'members', ids: ids(list) })],
  [/^This node is within the (non-)?primary component/, ([, non]) => ({ is: 'quorum', quorate: non === undefined })],
  [
    /^(?:link|rx): host: (\d+) link: (\d+) (?:\(.*\) )?is (up|down)/,
    ([, peer, link, state]) => ({ is: 'link', peer: Number(peer), link: Number(link), isUp: state === 'up' }),
  ],
  [/^host: host: (\d+) has no active links/, ([, peer]) => ({ is: 'unreachable', peer: Number(peer) })],
  [/^Token has not been received in (\d+) ms/, ([, ms]) => ({ is: 'token-late', ms: Number(ms) })],
  [/^A processor failed, forming new configuration/, () => ({ is: 'token-late', ms: undefined })],
  [
    /^Corosync main process was not scheduled (?:\(.*?\) )?for (\d+(?:\.\d+)?) ms/,
    ([, ms]) => ({ is: 'stall', of: 'corosync', ms: Number(ms) }),
  ],
];

/** The text behind `[status] notice:` and the like. */
const fileSystem: Vocabulary = [
  [/^node lost quorum$/, () => ({ is: 'quorum', quorate: false })],
  [/^node has quorum$/, () => ({ is: 'quorum', quorate: true })],
  [/^members: ([\d/, ]+)$/, ([, list]) => ({ is: 'members', ids: (list!.match(/\d+(?=\/)/g) ?? []).map(Number) })],
  [
    /^quorum_dispatch failed/,
    () => ({ is: 'daemon-died', daemon: 'corosync', how: 'pmxcfs lost its connection to it' }),
  ],
];

const multiplexer: Vocabulary = [
  [/\bwatchdog is about to expire/, () => ({ is: 'watchdog', event: 'about-to-expire' })],
  [/\bwatchdog was updated before expiring/, () => ({ is: 'watchdog', event: 'fed-in-time' })],
  [/\bwatchdog expired - disable watchdog updates/, () => ({ is: 'watchdog', event: 'expired' })],
  [/^watchdog expired - ending all processes/, () => ({ is: 'watchdog', event: 'reset' })],
  [/\bdid not stop watchdog - disable watchdog updates/, () => ({ is: 'watchdog', event: 'client-died' })],
  [/^exit watchdog-mux with active connections/, () => ({ is: 'watchdog', event: 'left-active' })],
];

const system: Vocabulary = [
  [/^Linux version /, () => ({ is: 'boot' })],
  [
    /^(corosync|pve-cluster|pve-ha-crm|pve-ha-lrm|watchdog-mux)\.service: Main process exited, (.*)$/,
    ([, daemon, how]) => ({ is: 'daemon-died', daemon: daemon!, how: how! }),
  ],
  [
    /\bKilled process \d+ \((corosync|pmxcfs|pve-ha-crm|pve-ha-lrm|watchdog-mux)\)/,
    ([, daemon]) => ({ is: 'daemon-died', daemon: daemon!, how: 'killed by the kernel' }),
  ],
  [
    /^(corosync|pmxcfs|pve-ha-crm|pve-ha-lrm|watchdog-mux)\[\d+\]: segfault/,
    ([, daemon]) => ({ is: 'daemon-died', daemon: daemon!, how: 'segmentation fault' }),
  ],
  [/^System is (rebooting|powering down|halting)/, ([, how]) => ({ is: 'shutdown', how: how! })],
  [
    /^(?:Reached target )?(?:shutdown\.target|System (?:Shutdown|Reboot|Power Off))\b/,
    () => ({ is: 'shutdown', how: 'systemd' }),
  ],
];

const programs: Readonly<Record<string, Vocabulary>> = {
  'pve-ha-crm': [...manager, ...daemonWords('crm')],
  'pve-ha-lrm': [...local, ...daemonWords('lrm')],
  'watchdog-mux': multiplexer,
  corosync: engine,
  pmxcfs: fileSystem,
  kernel: system,
  systemd: system,
  'systemd-logind': system,
  'systemd-shutdown': system,
};

/** Subsystems of corosync, as they stand in brackets; all other brackets are pmxcfs'. */
const engineDomains = new Set(['KNET', 'TOTEM', 'QUORUM', 'MAIN', 'CFG', 'VOTEQ', 'SERV', 'CPG', 'QB']);

/** What a program's message says about a fencing; undefined where it says nothing. */
export function factOf(program: string, message: string): Fact | undefined {
  const vocabulary = programs[program];
  if (vocabulary === undefined) return undefined;
  return factIn(vocabulary, program === 'corosync' || program === 'pmxcfs' ? withoutDomain(message).text : message);
}

/** The same for a line of this project's own log, `[domain] level: message`. */
export function factOfDomain(domain: string, message: string): Fact | undefined {
  const name = domain.trim();
  if (engineDomains.has(name)) return factIn(engine, message);
  return programs[name] === undefined ? factIn(fileSystem, message) : factOf(name, message);
}

function factIn(vocabulary: Vocabulary, text: string): Fact | undefined {
  for (const [form, fact] of vocabulary) {
    const match = form.exec(text);
    if (match !== null) return fact(match);
  }
  return undefined;
}

/** `  [KNET  ] link: …` and `[status] notice: …`, without what stands before the text. */
export function withoutDomain(message: string): { readonly domain: string | undefined; readonly text: string } {
  const match = /^\s*\[([^\]]+)\]\s*(?:(?:crit|error|warning|notice|info|debug): )?(.*)$/.exec(message);
  return match === null ? { domain: undefined, text: message.trim() } : { domain: match[1]!.trim(), text: match[2]! };
}
