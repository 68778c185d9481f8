/**
 * Where pveproxy and pvedaemon of a node listen, and as whom their workers run (spec/api.md §1, spec/services.md §1.1). A node of its own
 * root has its own address, so several fit one machine; where a port can't be had, the next rule's is taken and said.
 */
import { Buffer } from 'node:buffer';
import type { BasePorts } from '../../runtime/comedy/actor-module.ts';
import { type ListeningSocket, listenOnAny } from '../../runtime/http/listening-socket.ts';
import { type DefaultKey, proxyDefaults, readDefaults, workerCount } from '../../runtime/http/proxy-defaults.ts';
import type { WorkerOrder } from '../../runtime/http/worker-process.ts';
import { takeHangUps } from '../../runtime/node/hang-up.ts';
import { readHostFile, replaceHostFile } from '../../runtime/node/host-files.ts';
import type { NodeLayout } from '../../runtime/node/layout.ts';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { giveFile, webOwner } from '../../runtime/node/process-owner.ts';
import { NodeClient } from '../pvecm/node-client.ts';
import { updateCertificates } from '../pvecm/update-certs.ts';
import { createNodeWorld } from './node-world.ts';
import { DAEMON_PORT, PORT_KEY, PROXY_PORT } from './proxy-places.ts';
import type { ServicePorts } from './service.ts';
import type { WorkerSettings } from './worker.ts';

export interface ServiceParameters {
  /** Absolute path. */
  readonly root: string;
  readonly nodeName: string;
}

const PROXY_FALLBACK = 8500;
const DAEMON_FALLBACK = 8600;
const ALL_ADDRESSES = ['::', '0.0.0.0'];

export async function daemonPorts(base: BasePorts, parameters: ServiceParameters): Promise<ServicePorts> {
  const layout = nodeLayout(parameters.root);
  const values = await readDefaults(`${layout.root}/etc/default/pvedaemon`);
  const { workers, warnings } = workerCount(values.get('MAX_WORKERS'), usualWorkers(layout));
  for (const warning of warnings) base.log.write('pvedaemon', 'warning', warning);
  return {
    log: base.log,
    workers,
    onHangUp: takeHangUps(`${layout.root}/run/pvedaemon.pid`),
    order: async () => {
      const place = await placeOf(base, parameters, layout);
      const socket = opened('pvedaemon', base, [place.own], [DAEMON_PORT, DAEMON_FALLBACK + place.number]);
      replaceHostFile(daemonPortFile(layout), Buffer.from(`${socket.port}\n`), 0o644);
      return {
        ...orderOf(socket, parameters, 'pvedaemon', { host: socket.address, port: socket.port }, new Map()),
        owner: undefined,
      };
    },
  };
}

export async function proxyPorts(base: BasePorts, parameters: ServiceParameters): Promise<ServicePorts> {
  const layout = nodeLayout(parameters.root);
  const values = await readDefaults(`${layout.root}/etc/default/pveproxy`);
  const read = proxyDefaults(values, usualWorkers(layout));
  if ('error' in read) throw new Error(read.error);
  for (const warning of read.warnings) base.log.write('pveproxy', 'warning', warning);
  const { listenAddress, workers } = read.defaults;
  return {
    log: base.log,
    workers,
    onHangUp: takeHangUps(`${layout.root}/run/pveproxy/pveproxy.pid`),
    order: async () => {
      await makeCertificates(base, layout, parameters);
      const place = await placeOf(base, parameters, layout);
      const addresses =
        listenAddress !== undefined ? [listenAddress] : isWholeMachine(layout) ? ALL_ADDRESSES : [place.own];
      const socket = opened('pveproxy', base, addresses, [PROXY_PORT, PROXY_FALLBACK + place.number]);
      await place.publish(socket.port);
      const host = isWholeMachine(layout) ? '127.0.0.1' : place.own;
      const port = knownDaemonPort(layout) ?? DAEMON_PORT;
      const owner = webOwner();
      if (owner !== undefined) giveFile(`${layout.root}/var/log/pveproxy`, owner);
      return { ...orderOf(socket, parameters, 'pveproxy', { host, port }, values), owner };
    },
  };
}

/** Where pvedaemon tells pveproxy of the same node which port it has got. It starts first. */
function daemonPortFile({ root }: NodeLayout): string {
  return `${root}/run/pvedaemon.port`;
}

function knownDaemonPort(layout: NodeLayout): number | undefined {
  const text = readHostFile(daemonPortFile(layout))?.toString().trim();
  return text !== undefined && /^[0-9]{1,5}$/.test(text) ? Number(text) : undefined;
}

/** Several nodes on one machine do with fewer. */
function usualWorkers(layout: NodeLayout): number {
  return isWholeMachine(layout) ? 3 : 1;
}

/** As the original's unit does before the start; without them the workers say what is missing. */
async function makeCertificates(base: BasePorts, layout: NodeLayout, { nodeName }: ServiceParameters): Promise<void> {
  const client = new NodeClient(layout);
  const ports = { ...base, layout, client, print: () => {}, warn: () => {} };
  try {
    await updateCertificates(ports, { nodeName, silent: true });
  } catch (error) {
    base.log.write('pveproxy', 'warning', `pvecm updatecerts: ${(error as Error).message}`);
  } finally {
    client.close();
  }
}

function isWholeMachine({ root }: NodeLayout): boolean {
  return root === '/';
}

interface NodePlace {
  /** Address of the node's own. */
  readonly own: string;
  readonly number: number;
  publish(port: number): Promise<void>;
}

async function placeOf(base: BasePorts, { nodeName }: ServiceParameters, layout: NodeLayout): Promise<NodePlace> {
  const world = createNodeWorld({ ...base, layout, nodeName, isPrivileged: true });
  try {
    const { nodelist = {} } = await world.cluster.members();
    const own = isWholeMachine(layout) ? '127.0.0.1' : (nodelist[nodeName]?.ip ?? '127.0.0.1');
    const publish = async (port: number) => {
      if (port === PROXY_PORT) return;
      const again = createNodeWorld({ ...base, layout, nodeName, isPrivileged: true });
      await again.changes!.setStatus(PORT_KEY, Buffer.from(`${port}\0`)).finally(() => again.close());
    };
    return { own, number: nodelist[nodeName]?.id ?? 1, publish };
  } finally {
    world.close();
  }
}

function opened(
  name: string,
  { log }: BasePorts,
  addresses: readonly string[],
  [usual, fallback]: readonly [number, number],
): ListeningSocket {
  const first = listenOnAny(addresses, usual);
  if ('fd' in first) return first;
  const { code, message } = first.failure;
  // A port that somebody else has on the usual address is a mistake; one that we may not have is not.
  if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EADDRINUSE') throw new Error(message);
  const second = listenOnAny(addresses, fallback);
  if ('failure' in second) throw new Error(`${message}; ${second.failure.message}`);
  log.write(name, 'warning', `${message}, listening on port ${fallback} instead`);
  return second;
}

function orderOf(
  socket: ListeningSocket,
  { root, nodeName }: ServiceParameters,
  daemon: WorkerSettings['daemon'],
  daemonPlace: WorkerSettings['daemonPlace'],
  values: ReadonlyMap<DefaultKey, string>,
): WorkerOrder & { readonly port: number; close(): void } {
  const settings: WorkerSettings = { daemon, root, nodeName, daemonPlace, defaults: [...values] };
  return {
    module: 'actors/api/worker.ts',
    settings,
    fd: socket.fd,
    title: `${daemon} worker`,
    port: socket.port,
    close: () => socket.close(),
  };
}
