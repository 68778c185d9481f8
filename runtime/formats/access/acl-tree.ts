/** The tree of access control lists in memory: per path, which member has which role, and whether it reaches below. */
import { byBytes } from '../byte-string.ts';
import { aclPathSegments } from './acl-path.ts';

export type Flag = 0 | 1;

export const memberKinds = ['users', 'groups', 'tokens'] as const;
export type MemberKind = (typeof memberKinds)[number];

/** Role → whether the entry propagates. */
export type RoleFlags = Map<string, Flag>;

export interface AclNode {
  readonly children: Map<string, AclNode>;
  /** By user id, group name (without `@`) or token id. */
  readonly users: Map<string, RoleFlags>;
  readonly groups: Map<string, RoleFlags>;
  readonly tokens: Map<string, RoleFlags>;
}

export interface AclMember {
  readonly kind: MemberKind;
  readonly id: string;
}

export function createAclNode(): AclNode {
  return { children: new Map(), users: new Map(), groups: new Map(), tokens: new Map() };
}

/** The node of a normalised path, or undefined where no entry made one. */
export function findAclNode(root: AclNode, path: string): AclNode | undefined {
  let node: AclNode | undefined = root;
  for (const name of aclPathSegments(path)) node = node?.children.get(name);
  return node;
}

function nodeAt(root: AclNode, path: string): AclNode {
  let node = root;
  for (const name of aclPathSegments(path)) {
    const child = node.children.get(name) ?? createAclNode();
    node.children.set(name, child);
    node = child;
  }
  return node;
}

/** Sets an entry; one for the same path, member and role is replaced. */
export function setAclEntry(root: AclNode, path: string, member: AclMember, role: string, propagate: Flag): void {
  const members = nodeAt(root, path)[member.kind];
  const roles = members.get(member.id) ?? new Map<string, Flag>();
  members.set(member.id, roles.set(role, propagate));
}

/** Takes an entry away. A member without roles disappears; the node stays. */
export function removeAclEntry(root: AclNode, path: string, member: AclMember, role: string): void {
  const members = findAclNode(root, path)?.[member.kind];
  const roles = members?.get(member.id);
  if (roles?.delete(role) && roles.size === 0) members?.delete(member.id);
}

/** Takes every entry of these members away, on all paths. */
export function removeAclMembers(root: AclNode, kind: MemberKind, isGone: (id: string) => boolean): void {
  for (const { node } of walkAcl(root)) {
    for (const id of [...node[kind].keys()]) if (isGone(id)) node[kind].delete(id);
  }
}

/** Takes every entry of a role away. */
export function removeAclRole(root: AclNode, role: string): void {
  for (const { path, node } of walkAcl(root)) {
    for (const kind of memberKinds) {
      for (const id of [...node[kind].keys()]) removeAclEntry(root, path, { kind, id }, role);
    }
  }
}

/** Takes a path and all that is below it away. */
export function removeAclPath(root: AclNode, path: string): void {
  const name = aclPathSegments(path).at(-1);
  const parent = findAclNode(root, path.slice(0, path.lastIndexOf('/')) || '/');
  if (name !== undefined) parent?.children.delete(name);
}

/** All nodes, depth first, children sorted. */
export function* walkAcl(node: AclNode, path = '/'): Generator<{ readonly path: string; readonly node: AclNode }> {
  yield { path, node };
  for (const name of [...node.children.keys()].sort(byBytes)) {
    yield* walkAcl(node.children.get(name)!, path === '/' ? `/${name}` : `${path}/${name}`);
  }
}

export function copyAcl(node: AclNode): AclNode {
  const members = (of: Map<string, RoleFlags>) => new Map([...of].map(([id, roles]) => [id, new Map(roles)]));
  return {
    children: new Map([...node.children].map(([name, child]) => [name, copyAcl(child)])),
    users: members(node.users),
    groups: members(node.groups),
    tokens: members(node.tokens),
  };
}
