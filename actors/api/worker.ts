/** A worker of pveproxy or pvedaemon: the API behind an inherited socket. */
import type { Buffer } from 'node:buffer';
import { accessLogFile } from '../../runtime/http/access-log.ts';
import { ApiServer } from '../../runtime/http/api-server.ts';
import { createPassOn } from '../../runtime/http/pass-on.ts';
import { type DefaultKey, proxyDefaults } from '../../runtime/http/proxy-defaults.ts';
import type { Worker, WorkerBase } from '../../runtime/http/worker-child.ts';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { createForwarder } from './forwarding.ts';
import { answerApiRequest } from './http-face.ts';
import { createNodeWorld } from './node-world.ts';
import { proxyPlaces } from './proxy-places.ts';
import type { ApiWorld } from './world.ts';

export interface WorkerSettings {
  readonly daemon: 'pveproxy' | 'pvedaemon';
  readonly root: string;
  readonly nodeName: string;
  /** Where pvedaemon of this node listens. */
  readonly daemonPlace: { readonly host: string; readonly port: number };
  /** Values of `/etc/default/pveproxy`, already checked. */
  readonly defaults: readonly (readonly [DefaultKey, string])[];
  /** After so many requests the worker gives way to a new one; undefined: never. */
  readonly recycleAfter_requests?: number;
}

export async function startWorker(base: WorkerBase, given: unknown): Promise<Worker & { readonly port: number }> {
  const settings = given as WorkerSettings;
  const layout = nodeLayout(settings.root);
  const isDaemon = settings.daemon === 'pvedaemon';
  const world = createNodeWorld({ ...base, layout, nodeName: settings.nodeName, isPrivileged: isDaemon });
  const read = proxyDefaults(new Map(settings.defaults), 1);
  if ('error' in read) throw new Error(read.error);
  const { defaults } = read;
  const forwarder = createForwarder(world, createPassOn(), {
    daemon: settings.daemonPlace,
    proxyOf: (node) => proxyPlaces(world, node),
  });
  const tls = isDaemon
    ? undefined
    : {
        ...(await certificateOf(world, settings.nodeName, defaults.keyFile)),
        ...(defaults.ciphers !== undefined && { ciphers: defaults.ciphers }),
        honorCipherOrder: defaults.honorsCipherOrder,
        minVersion: defaults.tlsVersions[0]!,
        maxVersion: defaults.tlsVersions.at(-1)!,
      };
  let served = 0;
  const server = await ApiServer.start(
    {
      handler: (request) => answerApiRequest(request, { world, isDaemon, forwarder }),
      tls,
      compresses: defaults.compresses,
      accessLog: isDaemon ? () => {} : accessLogFile(`${layout.root}/var/log/pveproxy/access.log`),
      clock: base.clock,
      onRequest: () => {
        served += 1;
        if (served === settings.recycleAfter_requests) base.giveWay();
      },
      ...(!isDaemon && { accessList: defaults.accessList, realAddress: defaults.realAddress }),
    },
    { fd: base.fd },
  );
  return {
    port: server.port,
    drain: async () => {
      await server.drain();
      world.close();
    },
  };
}

interface Certificate {
  readonly cert: Buffer | string;
  readonly key: Buffer | string;
}

/** spec/api.md §1.4 */
async function certificateOf(
  { cluster, host }: ApiWorld,
  nodeName: string,
  keyFile: string | undefined,
): Promise<Certificate> {
  const own = `nodes/${nodeName}/pveproxy-ssl`;
  const cert = await cluster.read(`${own}.pem`);
  const key = keyFile === undefined ? await cluster.read(`${own}.key`) : host.read(keyFile);
  if (cert !== undefined && key !== undefined) return { cert, key };
  const [issued, issuedKey] = await Promise.all(
    ['pem', 'key'].map((suffix) => cluster.read(`nodes/${nodeName}/pve-ssl.${suffix}`)),
  );
  if (issued !== undefined && issuedKey !== undefined) return { cert: issued, key: issuedKey };
  throw new Error(`nodes/${nodeName}/pve-ssl.pem or its key is missing; pvecm updatecerts makes them`);
}
