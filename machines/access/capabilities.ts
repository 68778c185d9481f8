/** The coarse map of capabilities that comes with a ticket: what a user interface may offer (spec/api.md §4.6). */
import { aclPathSegments } from '../../runtime/formats/access/acl-path.ts';
import { walkAcl } from '../../runtime/formats/access/acl-tree.ts';
import type { UserConfig } from '../../runtime/formats/access/user-config.ts';
import { type Identity, privilegesOn } from './effective-roles.ts';

const alwaysAsked = ['/', '/nodes', '/access/groups', '/vms', '/storage', '/sdn', '/mapping'] as const;

/** First name of a path → the privileges of its kind. The root stands for the data centre. */
const kinds = {
  vms: /^(?:VM\.|Permissions\.Modify)/,
  storage: /^(?:Datastore\.|Permissions\.Modify)/,
  access: /^(?:User\.|Group\.|Permissions\.Modify)/,
  nodes: /^(?:Sys\.|Permissions\.Modify)/,
  sdn: /^(?:SDN\.|Permissions\.Modify)/,
  dc: /^(?:Sys\.Audit|Sys\.Modify|SDN\.)/,
  mapping: /^(?:Mapping\.|Permissions\.Modify)/,
} as const;

type Kind = keyof typeof kinds;

export type Capabilities = { readonly [kind in Kind]: { readonly [privilege: string]: 1 } };

/** What pools give reaches guests and storages. */
const kindsOfPools: readonly (readonly [Kind, RegExp])[] = [
  ['vms', /^VM\./],
  ['storage', /^Datastore\./],
];

export function capabilitiesOf(config: UserConfig, identity: Identity): Capabilities {
  const found = { vms: {}, storage: {}, access: {}, nodes: {}, sdn: {}, dc: {}, mapping: {} } as {
    [kind in Kind]: Record<string, 1>;
  };
  const paths = new Set<string>([...alwaysAsked, ...[...walkAcl(config.acl)].map(({ path }) => path)]);
  for (const path of paths) {
    const wanted = kindsOn(path);
    if (wanted.length === 0) continue;
    const privileges = [...privilegesOn(config, identity, path).keys()];
    for (const [kind, pattern] of wanted) {
      for (const privilege of privileges) if (pattern.test(privilege)) found[kind][privilege] = 1;
    }
  }
  return found;
}

function kindsOn(path: string): readonly (readonly [Kind, RegExp])[] {
  const [first = 'dc'] = aclPathSegments(path);
  if (first === 'pool') return kindsOfPools;
  return Object.hasOwn(kinds, first) ? [[first as Kind, kinds[first as Kind]]] : [];
}
