import { privilegeRefusal } from '../../../machines/access/permission-check.ts';
import { certificateFingerprint } from '../../../runtime/node/fingerprint.ts';
import { membersOf } from '../cluster-members.ts';
import { nodeFigures } from '../cluster-resources.ts';
import { identityOf, index, method } from '../method.ts';
import { currentCpu, currentMemory, uptimeOf } from '../node-figures.ts';
import type { Call } from '../world.ts';

/** What every index of a node names (spec/api.md §10.4). */
const CHILDREN = [
  'aplinfo',
  'apt',
  'capabilities',
  'ceph',
  'certificates',
  'config',
  'disks',
  'dns',
  'execute',
  'firewall',
  'hardware',
  'hosts',
  'journal',
  'lxc',
  'migrateall',
  'netstat',
  'network',
  'qemu',
  'query-oci-repo-tags',
  'query-url-metadata',
  'replication',
  'report',
  'rrd',
  'rrddata',
  'scan',
  'sdn',
  'services',
  'spiceshell',
  'startall',
  'status',
  'stopall',
  'storage',
  'subscription',
  'suspendall',
  'syslog',
  'tasks',
  'termproxy',
  'time',
  'version',
  'vncshell',
  'vncwebsocket',
  'vzdump',
  'wakeonlan',
] as const;

async function listNodes(call: Call) {
  const { world } = call;
  const config = await world.userConfig();
  const caller = identityOf(call);
  const broadcast = await nodeFigures(world);
  return Promise.all(
    (await membersOf(world)).map(async ({ name, isOnline }) => {
      const seesFigures = privilegeRefusal({ config, caller }, `/nodes/${name}`, ['Sys.Audit']) === undefined;
      const fingerprint = await fingerprintOf(call, name);
      return {
        node: name,
        id: `node/${name}`,
        type: 'node',
        status: isOnline ? 'online' : 'offline',
        level: '',
        ...(fingerprint !== undefined && { ssl_fingerprint: fingerprint }),
        ...(seesFigures && isOnline && broadcast.get(name)),
        ...(seesFigures && name === world.nodeName && ownFigures(call)),
      };
    }),
  );
}

async function fingerprintOf({ world }: Call, node: string): Promise<string | undefined> {
  const own = await world.cluster.read(`nodes/${node}/pveproxy-ssl.pem`);
  const pem = own ?? (await world.cluster.read(`nodes/${node}/pve-ssl.pem`));
  return pem === undefined ? undefined : certificateFingerprint(pem.toString('latin1'));
}

function ownFigures({ world }: Call) {
  const { memory } = currentMemory(world);
  const { rootfs, cpus } = world.host.facts();
  return {
    cpu: currentCpu(world).cpu,
    maxcpu: cpus.count,
    mem: memory.used,
    maxmem: memory.total,
    disk: rootfs.used,
    maxdisk: rootfs.total,
    uptime: uptimeOf(world),
  };
}

export const methods = [method('GET', '/nodes', listNodes), index('/nodes/{node}', CHILDREN)];
