/** The collections that have handlers, by the path that their files mirror: a URL tells the file. */
import type { Method } from '../method.ts';

export interface Collection {
  readonly methods: readonly Method[];
}

export const collections: Readonly<Record<string, () => Promise<Collection>>> = {
  '/': () => import('./root.ts'),
  '/access': () => import('./access.ts'),
  '/access/acl': () => import('./access/acl.ts'),
  '/access/domains': () => import('./access/domains.ts'),
  '/access/groups': () => import('./access/groups.ts'),
  '/access/roles': () => import('./access/roles.ts'),
  '/access/tfa': () => import('./access/tfa.ts'),
  '/access/users': () => import('./access/users.ts'),
  '/cluster': () => import('./cluster.ts'),
  '/cluster/backup': () => import('./cluster/backup.ts'),
  '/cluster/config': () => import('./cluster/config.ts'),
  '/cluster/ha': () => import('./cluster/ha.ts'),
  '/cluster/jobs': () => import('./cluster/jobs.ts'),
  '/cluster/options': () => import('./cluster/options.ts'),
  '/cluster/replication': () => import('./cluster/replication.ts'),
  '/nodes': () => import('./nodes.ts'),
  '/nodes/{node}/certificates': () => import('./nodes/_node/certificates.ts'),
  '/nodes/{node}/config': () => import('./nodes/_node/config.ts'),
  '/nodes/{node}/dns': () => import('./nodes/_node/dns.ts'),
  '/nodes/{node}/hosts': () => import('./nodes/_node/hosts.ts'),
  '/nodes/{node}/journal': () => import('./nodes/_node/journal.ts'),
  '/nodes/{node}/lxc': () => import('./nodes/_node/lxc.ts'),
  '/nodes/{node}/qemu': () => import('./nodes/_node/qemu.ts'),
  '/nodes/{node}/services': () => import('./nodes/_node/services.ts'),
  '/nodes/{node}/status': () => import('./nodes/_node/status.ts'),
  '/nodes/{node}/subscription': () => import('./nodes/_node/subscription.ts'),
  '/nodes/{node}/syslog': () => import('./nodes/_node/syslog.ts'),
  '/nodes/{node}/tasks': () => import('./nodes/_node/tasks.ts'),
  '/nodes/{node}/time': () => import('./nodes/_node/time.ts'),
  '/nodes/{node}/version': () => import('./nodes/_node/version.ts'),
  '/pools': () => import('./pools.ts'),
  '/storage': () => import('./storage.ts'),
  '/version': () => import('./version.ts'),
};
