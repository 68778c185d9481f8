/**
 * From the text of `corosync.conf` to the typed `ClusterConfig` (spec/pmxcfs.md §7.7, §6.10, §7.3, §7.4, §13.2.3).
 *
 * Strict where a wrong value could form a wrong cluster, with one sentence per fault that says where and what to do;
 * tolerant of keys that it doesn't know. Names are left as they are: `runtime/datagram/addresses.ts` resolves them.
 */
import type { ClusterConfig, LinkOptions, TotemTimers } from './cluster-config.ts';
import { type Complain, type ConfSection, parseConfLines } from './corosync-conf-lines.ts';
import { readNodes } from './corosync-conf-nodes.ts';
import { interfaceRules, readOptions, totemRules } from './corosync-conf-options.ts';
import { readQuorum } from './corosync-conf-quorum.ts';
import { embeddedTotemTimers, MINIMUM_TIMER_MS } from './totem-timers.ts';

export interface ConfProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

export type ReadClusterConfig =
  | { readonly config: ClusterConfig; readonly warnings: readonly ConfProblem[] }
  | { readonly errors: readonly ConfProblem[]; readonly warnings: readonly ConfProblem[] };

/** UDP payload of a link without `totem.netmtu`: an Ethernet frame less the headers. */
export const DEFAULT_NETMTU = payloadOf(1500);

/** UDP payload of a packet of `mtu` bytes: less the larger of the IP headers (40) and UDP's (8). */
function payloadOf(mtu: number): number {
  return mtu - 48;
}

const KNET_PORT = 5405;
const DEFAULT_PRIORITY = 1;
const DEFAULT_PONG_COUNT = 2;

/** Sections of other parts of the engine, without a meaning here. */
const foreignSections = new Set(['logging', 'uidgid', 'qb', 'service', 'system', 'resources', 'aisexec', 'nozzle']);

/** Reads `text`; problems come in the order of lines. With errors there is no configuration. */
export function readClusterConfig(text: string, fileName: string): ReadClusterConfig {
  const errors: ConfProblem[] = [];
  const warnings: ConfProblem[] = [];
  const complain: Complain = (line, message) => errors.push({ file: fileName, line, message });
  const warn: Complain = (line, message) => warnings.push({ file: fileName, line, message });
  const config = read(parseConfLines(text, complain), complain, warn);
  warnings.sort(byLine);
  if (errors.length === 0 && config) return { config, warnings };
  return { errors: errors.sort(byLine), warnings };
}

/** `FILE:LINE: MESSAGE`, the form in which people see a problem. */
export function formatConfProblem(problem: ConfProblem): string {
  return `${problem.file}:${problem.line}: ${problem.message}`;
}

function read(root: ConfSection, complain: Complain, warn: Complain): ClusterConfig | undefined {
  for (const { key, line } of root.options) warn(line, `'${key}' stands outside of any section; it is ignored`);
  const sections = topSections(root, complain, warn);
  const totem = sections.get('totem');
  const nodelist = sections.get('nodelist');
  if (!totem) complain(root.line, "section 'totem' is missing; add 'totem { }' with version and cluster_name");
  if (!nodelist) complain(root.line, "section 'nodelist' is missing; add 'nodelist { }' with one node { } per member");
  if (!totem || !nodelist) return undefined;

  const { values, lineOf } = readOptions(totem, 'totem', totemRules, complain, warn);
  const given = new Set(totem.options.map(({ key }) => key));
  if (!given.has('version')) complain(totem.line, "totem.version is missing; add 'version: 2'");
  if (!given.has('cluster_name')) complain(totem.line, "totem.cluster_name is missing; add 'cluster_name: NAME'");
  const nodes = readNodes(nodelist, complain, warn);
  const timers = embeddedTotemTimers(values, nodes.length);
  if (timers.consensus_ms < timers.token_ms) {
    warn(
      lineOf('consensus'),
      `totem.consensus is below the token timeout of ${timers.token_ms} ms; set at least 1.2 × token`,
    );
  }
  const used = new Set(
    nodes.flatMap(({ addresses }) => addresses.flatMap((a, link) => (a === undefined ? [] : [link]))),
  );
  const links = readLinks(totem, [...used].sort(), timers, complain, warn);
  return {
    clusterName: values.cluster_name ?? '',
    configVersion: values.config_version ?? 0,
    nodes,
    timers,
    quorum: readQuorum(sections.get('quorum'), nodes, complain, warn),
    links,
    netmtu: values.netmtu === undefined ? DEFAULT_NETMTU : payloadOf(values.netmtu),
    secauth: values.secauth === 'on',
    transport: values.transport ?? 'knet',
    ipVersion: values.ip_version ?? 'ipv6-4',
    linkMode: values.link_mode ?? 'passive',
  };
}

function topSections(root: ConfSection, complain: Complain, warn: Complain): Map<string, ConfSection> {
  const sections = new Map<string, ConfSection>();
  for (const section of root.sections) {
    const { name, line } = section;
    if (foreignSections.has(name)) continue;
    if (!['totem', 'nodelist', 'quorum'].includes(name)) {
      warn(line, `section '${name}' is not known here; it is ignored`);
    } else if (sections.has(name)) {
      complain(line, `section '${name}' stands a second time; move its lines into the first one`);
    } else {
      sections.set(name, section);
    }
  }
  return sections;
}

function readLinks(
  totem: ConfSection,
  used: readonly number[],
  timers: TotemTimers,
  complain: Complain,
  warn: Complain,
): LinkOptions[] {
  const configured = new Map<number, LinkOptions>();
  for (const [position, section] of totem.sections.entries()) {
    if (section.name !== 'interface') {
      warn(section.line, `section 'totem.${section.name}' is not known here; it is ignored`);
      continue;
    }
    const { values, lineOf } = readOptions(section, 'totem.interface', interfaceRules, complain, warn);
    const linknumber = values.linknumber ?? values.ringnumber ?? position;
    const line = values.linknumber === undefined ? lineOf('ringnumber') : lineOf('linknumber');
    if (configured.has(linknumber)) {
      complain(line, `link ${linknumber} has two interface sections; remove one, or correct its linknumber`);
    }
    if (!used.includes(linknumber)) {
      warn(
        line,
        `no node has an address on link ${linknumber}; add ring${linknumber}_addr to all nodes, or remove the section`,
      );
    }
    configured.set(linknumber, linkOptions(linknumber, timers, values));
  }
  return used.map((linknumber) => configured.get(linknumber) ?? linkOptions(linknumber, timers, {}));
}

type InterfaceValues = ReturnType<typeof readOptions<typeof interfaceRules>>['values'];

/** Link supervision (§7.4): two pings within a timeout that is itself a part of the token's. */
function linkOptions(linknumber: number, timers: TotemTimers, values: InterfaceValues): LinkOptions {
  const pong_count = values.knet_pong_count ?? DEFAULT_PONG_COUNT;
  const share = (divisor: number) => Math.max(MINIMUM_TIMER_MS, Math.floor(timers.token_ms / divisor));
  return {
    linknumber,
    priority: values.knet_link_priority ?? DEFAULT_PRIORITY,
    port: values.mcastport ?? KNET_PORT + linknumber,
    ping_interval_ms: values.knet_ping_interval ?? share(2 * pong_count),
    ping_timeout_ms: values.knet_ping_timeout ?? share(pong_count),
    pong_count,
  };
}

function byLine(a: ConfProblem, b: ConfProblem): number {
  return a.line - b.line;
}
