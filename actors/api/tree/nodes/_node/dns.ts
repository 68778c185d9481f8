import { method, requiredText, textOf } from '../../../method.ts';
import type { Call } from '../../../world.ts';

const FILE = '/etc/resolv.conf';
const NAMES = ['dns1', 'dns2', 'dns3'] as const;

function resolver({ world }: Call): string {
  return world.host.read(FILE) ?? world.host.readSystem(FILE) ?? '';
}

function readDns(call: Call) {
  const text = resolver(call);
  const search = [...text.matchAll(/^(?:search|domain)\s+(\S+)/gm)].at(-1)?.[1];
  const servers = [...text.matchAll(/^nameserver\s+(\S+)/gm)].slice(0, NAMES.length);
  const numbered = servers.map(([, address], place) => [NAMES[place]!, address!] as const);
  return { ...(search !== undefined && { search }), ...Object.fromEntries(numbered) };
}

/** Search domain and servers are replaced, other lines stay. */
function writeDns(call: Call): null {
  const kept = resolver(call)
    .split('\n')
    .filter((line) => line !== '' && !/^(?:search|domain|nameserver)\b/.test(line));
  const servers = NAMES.map((name) => textOf(call, name)).filter((address) => address !== undefined);
  const lines = [
    `search ${requiredText(call, 'search')}`,
    ...servers.map((address) => `nameserver ${address}`),
    ...kept,
  ];
  call.world.host.replace(FILE, `${lines.join('\n')}\n`);
  return null;
}

export const methods = [method('GET', '/nodes/{node}/dns', readDns), method('PUT', '/nodes/{node}/dns', writeDns)];
