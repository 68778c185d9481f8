/**
 * The fixed entries of the root that shadow the replicated tree (spec/pmxcfs.md §1.1, §1.4, §1.8): four links into the
 * node's own directory, and the computed files.
 */
import { permissionsOf } from '../../machines/pmxcfs/tree/path-class.ts';
import { EIO } from '../../runtime/file-system/errno.ts';
import type { Errno, FileAttributes } from '../../runtime/file-system/file-system.ts';
import type { Log } from '../../runtime/log/log.ts';

/** Where the texts of the computed files come from; byte strings, made anew at every call. */
export interface ComputedTexts {
  version(): string;
  members(): string;
  vmlist(): string;
  rrd(): string;
  clusterlog(): string;
  readonly debug: { get(): boolean; set(enabled: boolean): void };
}

export interface LinkPlug {
  readonly kind: 'symlink';
  readonly name: string;
  readonly target: string;
}

/** A computed file. Its bytes are those of the last `getattr`, for all handles (§1.4). */
export interface ComputedPlug {
  readonly kind: 'file';
  readonly name: string;
  /** Makes the content anew. */
  readonly generate: () => Buffer;
  /** Takes a write; undefined for a file without a writer. */
  readonly write: ((data: Buffer, offset: number) => number) | undefined;
  content: Buffer;
}

export type Plug = LinkPlug | ComputedPlug;

const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;

/** All plugs by name, in the order in which the root lists them. */
export function createPlugs(hostName: string, texts: ComputedTexts, log: Log): ReadonlyMap<string, Plug> {
  const plugs: readonly Plug[] = [
    link('local', `nodes/${hostName}`),
    link('qemu-server', `nodes/${hostName}/qemu-server`),
    link('lxc', `nodes/${hostName}/lxc`),
    link('openvz', `nodes/${hostName}/openvz`),
    computed('.version', () => texts.version()),
    computed('.members', () => texts.members()),
    computed('.vmlist', () => texts.vmlist()),
    computed('.rrd', () => texts.rrd()),
    computed('.clusterlog', () => texts.clusterlog()),
    computed(
      '.debug',
      () => (texts.debug.get() ? '1\n' : '0\n'),
      (data, offset) => writeDebug(texts.debug, data, offset, log),
    ),
  ];
  return new Map(plugs.map((plug) => [plug.name, plug]));
}

/** Plugs have no blocks, whatever their size (observed on the original). */
export function linkAttributes(plug: LinkPlug, isQuorate: boolean): FileAttributes {
  const mode = S_IFLNK | permissionsOf('symlink', plug.name, isQuorate);
  return { mode, nlink: 1, size: plug.target.length, mtime: 0, blocks: 0 };
}

/** Makes the content anew, which fixes the size. */
export function computedAttributes(plug: ComputedPlug): FileAttributes {
  plug.content = plug.generate();
  const kind = plug.write === undefined ? 'computed' : 'computed-writable';
  const mode = S_IFREG | permissionsOf(kind, plug.name, true);
  return { mode, nlink: 1, size: plug.content.length, mtime: 0, blocks: 0 };
}

function link(name: string, target: string): LinkPlug {
  return { kind: 'symlink', name, target };
}

function computed(name: string, text: () => string, write?: (data: Buffer, offset: number) => number): ComputedPlug {
  return { kind: 'file', name, generate: () => Buffer.from(text(), 'latin1'), write, content: Buffer.alloc(0) };
}

/** §1.8. Each line is written while debug mode is on, so that it is seen. */
function writeDebug(debug: ComputedTexts['debug'], data: Buffer, offset: number, log: Log): number | Errno {
  const word = data.toString('latin1', 0, 2);
  if (offset !== 0 || (word !== '0\n' && word !== '1\n')) return -EIO;
  if (word === '1\n') {
    debug.set(true);
    log.write('main', 'debug', 'enable debug mode');
  } else {
    log.write('main', 'debug', 'disable debug mode');
    debug.set(false);
  }
  return word.length;
}
