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
  '/version': () => import('./version.ts'),
};
