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
  '/access/users': () => import('./access/users.ts'),
  '/cluster': () => import('./cluster.ts'),
  '/cluster/config': () => import('./cluster/config.ts'),
  '/cluster/ha': () => import('./cluster/ha.ts'),
  '/cluster/options': () => import('./cluster/options.ts'),
  '/nodes': () => import('./nodes.ts'),
  '/nodes/{node}/dns': () => import('./nodes/_node/dns.ts'),
  '/nodes/{node}/hosts': () => import('./nodes/_node/hosts.ts'),
  '/nodes/{node}/services': () => import('./nodes/_node/services.ts'),
  '/nodes/{node}/status': () => import('./nodes/_node/status.ts'),
  '/nodes/{node}/tasks': () => import('./nodes/_node/tasks.ts'),
  '/nodes/{node}/time': () => import('./nodes/_node/time.ts'),
  '/nodes/{node}/version': () => import('./nodes/_node/version.ts'),
  '/pools': () => import('./pools.ts'),
  '/storage': () => import('./storage.ts'),
  '/version': () => import('./version.ts'),
};
