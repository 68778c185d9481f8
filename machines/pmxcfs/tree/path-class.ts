/**
 * What a path means to the daemon beside being a name: splitting, private paths, lock directories, guest
 * configurations, legacy scripts, and the modes computed from them (spec/pmxcfs.md §1.1, §1.2, §2.6, §2.7).
 * Paths are byte strings, with or without leading slashes.
 */

/** Path components; the empty list is the root (`''`, `.` and `/`). `.` and `..` elsewhere are plain names here. */
export function components(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.length === 1 && parts[0] === '.' ? [] : parts;
}

/** A last component that no operation creates. */
export function isBadName(name: string): boolean {
  return name === '' || name === '.' || name === '..';
}

function withoutLeadingSlashes(path: string): string {
  return path.replace(/^\/+/, '');
}

/** `priv`, `nodes/<any>/priv` and everything below; `<any>` may be empty (§1.2). */
export function isPrivatePath(path: string): boolean {
  return /^(?:nodes\/[^/]*\/)?priv(?:\/|$)/.test(withoutLeadingSlashes(path));
}

/** Something below `priv/lock`, at any depth (§2.6). */
export function isLockPath(path: string): boolean {
  return /^priv\/lock\/+[^/]/.test(withoutLeadingSlashes(path));
}

/** `priv/lock/<name>`: the lock directories that have the rules of renewal and an automatic table entry (§2.6). */
export function isLockDirectory(parts: readonly string[]): boolean {
  return parts.length === 3 && parts[0] === 'priv' && parts[1] === 'lock';
}

/** Legacy container scripts, which keep an execute bit (§1.2 step 2). `name` is the last component. */
export function isLegacyScript(name: string): boolean {
  return /^(?:vps|[1-9][0-9]*)\.(?:mount|umount|start|stop|premount|postumount)$/.test(name);
}

export type GuestType = 'qemu' | 'lxc' | 'openvz';

/** A guest configuration path, taken apart (§2.7). */
export interface GuestConfig {
  readonly vmid: number;
  readonly node: string;
  readonly type: GuestType;
}

const GUEST_TYPES: ReadonlyMap<string, GuestType> = new Map([
  ['qemu-server', 'qemu'],
  ['openvz', 'openvz'],
  ['lxc', 'lxc'],
]);

/** Directories of guest configurations below a node, in the order in which a rebuild looks at them. */
export const GUEST_DIRECTORIES: readonly string[] = [...GUEST_TYPES.keys()];

const MAX_VMID = 4_294_967_295;

/** Letters, digits and inner hyphens. */
function isNodeName(name: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/.test(name);
}

/** `nodes/<node>/<dir>/<vmid>.conf`, or undefined for a path that is none. */
export function guestConfigOf(parts: readonly string[]): GuestConfig | undefined {
  const [top, node, directory, file] = parts;
  if (parts.length !== 4 || top !== 'nodes' || node === undefined || !isNodeName(node)) return undefined;
  const type = GUEST_TYPES.get(directory ?? '');
  const digits = /^([1-9][0-9]*)\.conf$/.exec(file ?? '')?.[1];
  if (type === undefined || digits === undefined) return undefined;
  const vmid = Number(digits);
  return vmid <= MAX_VMID ? { vmid, node, type } : undefined;
}

/** As `guestConfigOf`, from a path. */
export function parseGuestConfig(path: string): GuestConfig | undefined {
  return guestConfigOf(components(path));
}

/** Kinds of entries that have a mode; `computed` and `computed-writable` are the computed files without and with a writer. */
export type ModeKind = 'root' | 'directory' | 'file' | 'symlink' | 'computed' | 'computed-writable';

/** Permission bits as `stat` shows them (§1.2), without the type bits. */
export function permissionsOf(kind: ModeKind, path: string, quorate: boolean): number {
  const base = basePermissions(kind, path, quorate);
  if (isPrivatePath(path)) return base & 0o700;
  const wide = kind === 'root' || kind === 'directory' || kind === 'symlink';
  return base & (wide ? 0o755 : 0o750);
}

function basePermissions(kind: ModeKind, path: string, quorate: boolean): number {
  switch (kind) {
    case 'root':
      return 0o777;
    case 'directory':
    case 'symlink':
      return quorate ? 0o777 : 0o555;
    case 'computed':
      return 0o440;
    case 'computed-writable':
      return 0o640;
    case 'file': {
      const script = isLegacyScript(components(path).at(-1) ?? '') ? 0o100 : 0;
      return (quorate ? 0o666 : 0o444) | script;
    }
  }
}
