/**
 * `status-files.json`: published texts, made anew from the values that stand in them (spec/pmxcfs.md §6.5, §6.7). The
 * values are read by the grammar of each file and handed over as numbers and strings; nothing of the text survives.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterLogEntry, encodeClusterLogEntry } from '../../../machines/pmxcfs/messages/cluster-log-entry.ts';
import { ClusterLog } from '../../../machines/pmxcfs/status/cluster-log.ts';
import { clusterLogText } from '../../../machines/pmxcfs/status/cluster-log-dump.ts';
import { debugText, membersText, versionText, vmlistText } from '../../../machines/pmxcfs/status/published-files.ts';
import { RrdTable } from '../../../machines/pmxcfs/status/rrd-table.ts';
import { asciiFilter } from '../../../runtime/formats/ascii-filter.ts';
import { fnv1a64 } from '../../../runtime/formats/fnv.ts';
import { type CorpusCase, differenceOf, judged } from '../corpus.ts';

type Json = Record<string, unknown>;

/** Groups of all lines that `pattern` matches, in the order of the text (JSON.parse would sort numeric keys). */
function linesOf(text: string, pattern: RegExp): (string | undefined)[][] {
  return text.split('\n').flatMap((line) => {
    const found = pattern.exec(line);
    return found === null ? [] : [found.slice(1)];
  });
}

/** The number or string behind `"name": ` on its own line. */
function fieldOf(text: string, name: string): string {
  const found = linesOf(text, new RegExp(`^"${name}": "?(.*?)"?,?$`))[0]?.[0];
  if (found === undefined) throw new Error(`no "${name}"`);
  return found;
}

const COUNTER_LINE = /^"(.*)": (\d+)[,}]*$/;

function rebuiltVersion(text: string): string {
  const [head = '', stores = ''] = text.split('"kvstore": {\n');
  const counters = linesOf(head, COUNTER_LINE).map(([name = '', count]) => [name, Number(count)] as const);
  return versionText({
    starttime: Number(fieldOf(head, 'starttime')),
    clinfo: Number(fieldOf(head, 'clinfo')),
    vmlist: Number(fieldOf(head, 'vmlist')),
    paths: counters.filter(([name]) => !['starttime', 'clinfo', 'vmlist'].includes(name)),
    kvstores: stores.split(/^,\n/m).map((store) => ({
      node: String(linesOf(store, /^"(.*)": \{$/)[0]?.[0]),
      keys: linesOf(store, COUNTER_LINE).map(([key = '', version]) => [key, Number(version)] as const),
    })),
  });
}

const CLUSTER_LINE = /^"cluster": \{ "name": "(.*)", "version": (-?\d+), "nodes": \d+, "quorate": ([01]) \},$/;
const NODE_LINE = /^ {2}"(.*)": \{ "id": (-?\d+), "online": ([01])(?:, "ip": "(.*)")?\},?$/;

function rebuiltMembers(text: string): string {
  const nodename = fieldOf(text, 'nodename');
  const version = Number(fieldOf(text, 'version'));
  const [cluster] = linesOf(text, CLUSTER_LINE);
  if (cluster === undefined) return membersText({ nodename, version, cluster: undefined });
  const [name = '', configVersion, quorate] = cluster;
  const nodes = linesOf(text, NODE_LINE).map(([name = '', nodeid, online, address]) => {
    return { name, nodeid: Number(nodeid), online: online === '1', address };
  });
  return membersText({
    nodename,
    version,
    cluster: { name, version: Number(configVersion), quorate: quorate === '1', nodes },
  });
}

const GUEST_LINE = /^"(\d+)": \{ "node": "(.*)", "type": "(.*)", "version": (\d+) \}[,}]?$/;

function rebuiltVmlist(text: string): string {
  const guests = linesOf(text, GUEST_LINE).map(([vmid, node = '', type = '', version]) => {
    return { vmid: Number(vmid), node, type, version: Number(version) };
  });
  return vmlistText(Number(fieldOf(text, 'version')), guests);
}

/** Entries go through a real ring, oldest first. */
function rebuiltClusterLog(text: string): string {
  const { data } = JSON.parse(text) as { readonly data: readonly Json[] };
  const log = new ClusterLog('node');
  for (const shown of data.toReversed()) {
    const entry = entryOf(shown);
    if (!log.insert(entry, encodeClusterLogEntry(entry)))
      throw new Error(`entry ${entry.uid} is older than the one below it`);
  }
  return clusterLogText(log.walk(), data.length);
}

function entryOf(shown: Json): ClusterLogEntry {
  const [node, ident] = [String(shown.node), String(shown.user)];
  return {
    prev: 0,
    next: 0,
    uid: Number(shown.uid),
    time_s: Number(shown.time),
    nodeDigest: fnv1a64(node),
    identDigest: fnv1a64(ident),
    pid: Number(shown.pid),
    priority: Number(shown.pri),
    node,
    ident,
    tag: String(shown.tag),
    message: asciiFilter(Buffer.from(String(shown.msg), 'utf8'), true),
  };
}

function rebuiltRrd(text: string): string {
  const table = new RrdTable();
  for (const line of text.split('\n').slice(0, -1)) {
    const colon = line.indexOf(':');
    table.set(line.slice(0, colon), Buffer.from(`${line.slice(colon + 1)}\0`, 'latin1'), 0);
  }
  return table.dump(0);
}

const REBUILD: Readonly<Record<string, (text: string) => string>> = {
  '.version': rebuiltVersion,
  '.members': rebuiltMembers,
  '.vmlist': rebuiltVmlist,
  '.clusterlog': rebuiltClusterLog,
  '.rrd': rebuiltRrd,
  '.debug': (text) => debugText(Number.parseInt(text, 10) === 1),
};

function differenceIn(file: string, text: string): string | undefined {
  const rebuild = REBUILD[file];
  if (rebuild === undefined) return `no such published file: ${file}`;
  try {
    return differenceOf(rebuild(text), text);
  } catch (error) {
    return `its values can not be read: ${(error as Error).message}`;
  }
}

export async function run(directory: string): Promise<readonly CorpusCase[]> {
  const name = 'status-files.json';
  try {
    const cases = JSON.parse(readFileSync(join(directory, name), 'utf8')) as readonly { file: string; text: string }[];
    return cases.map(({ file, text }, at) => judged(`${name} ${at + 1} ${file}`, differenceIn(file, text)));
  } catch (error) {
    return [judged(name, `cannot be read: ${(error as Error).message}`)];
  }
}
