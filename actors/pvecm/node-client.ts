/**
 * A node as pvecm sees it: the tree and the state of its cluster process by the control socket (never by the mount, so that
 * all works without one), and the life of that process by the boot socket.
 *
 * Paths are relative to `/etc/pve`. What is refused is thrown as `PvecmFailure` with a sentence.
 */
import { Buffer } from 'node:buffer';
import { EACCES, EEXIST, ENOENT } from '../../runtime/file-system/errno.ts';
import type { TotemTimers } from '../../runtime/formats/cluster-config.ts';
import { ControlClient, connectControl } from '../../runtime/ipc/control-client.ts';
import type { NodeLayout } from '../../runtime/node/layout.ts';
import { ownPid } from '../../runtime/node/node-directories.ts';
import type { QuorumView } from '../cluster/totem-node.ts';
import { PvecmFailure } from './failure.ts';

/** The part of `describe` that pvecm reads. */
export interface NodeDescription {
  readonly node: string;
  readonly mode: 'local' | 'cluster';
  readonly quorate: boolean;
  /** Quorate, and the tree is up to date. */
  readonly ready: boolean;
  readonly cluster?: {
    readonly name: string;
    readonly nodes: readonly ClusterMember[];
    readonly timers: TotemTimers;
  };
  readonly quorum?: QuorumView;
  readonly totem?: { readonly nodeid: number };
}

export interface ClusterMember {
  readonly nodeid: number;
  readonly name: string;
  readonly votes: number;
  /** By link, ascending. */
  readonly addresses: readonly string[];
  readonly online: boolean;
}

export type LifeChange = 'start' | 'stop' | 'restart';

/** Stopping may take ten seconds, starting as long where an old instance is just ending (spec/pmxcfs.md §1.9). */
const LIFE_CHANGE_WITHIN_MS = 60_000;

export class NodeClient {
  readonly #layout: NodeLayout;
  #control: ControlClient | undefined;

  constructor(layout: NodeLayout) {
    this.#layout = layout;
  }

  close(): void {
    this.#control?.close();
    this.#control = undefined;
  }

  describe(): Promise<NodeDescription> {
    return this.call('describe', {}) as Promise<NodeDescription>;
  }

  /** `describe`, or undefined where no cluster process answers. */
  async describeIfRunning(): Promise<NodeDescription | undefined> {
    const control = await this.#connection();
    if (!(control instanceof ControlClient)) return undefined;
    const outcome = await control.call('describe', {});
    if ('error' in outcome) this.close();
    return 'error' in outcome ? undefined : (outcome.result as NodeDescription);
  }

  /** One call of the cluster process; throws its sentence. */
  async call(method: string, params: unknown): Promise<unknown> {
    const control = await this.#connection();
    if (!(control instanceof ControlClient)) {
      throw new PvecmFailure(`${control.failure}; start the node with: ${this.bootCommand()}`);
    }
    const outcome = await control.call(method, params);
    if ('result' in outcome) return outcome.result;
    if (outcome.error.code === 'closed') this.close();
    throw new PvecmFailure(outcome.error.message);
  }

  /** Content of a file; undefined where there is none. */
  async read(path: string): Promise<Buffer | undefined> {
    const result = await this.#file('file-read', path);
    if (typeof result === 'string') return Buffer.from(result, 'base64');
    if (errnoOf(result) === ENOENT) return undefined;
    return this.#refuse(`unable to read file '${this.fullPath(path)}'`, result);
  }

  async exists(path: string): Promise<boolean> {
    return errnoOf(await this.#file('file-attributes', path)) === undefined;
  }

  /** Makes a directory and those above it; true where it was missing. */
  async makeDirectories(path: string): Promise<boolean> {
    if (await this.exists(path)) return false;
    const slash = path.lastIndexOf('/');
    if (slash > 0) await this.makeDirectories(path.slice(0, slash));
    const errno = await this.tryMakeDirectory(path);
    if (errno === EEXIST) return false;
    if (errno !== undefined) return this.#refuse(`unable to create directory '${this.fullPath(path)}'`, errno);
    return true;
  }

  /** The errno of a refusal, positive; undefined when the directory was made by this very call. */
  async tryMakeDirectory(path: string): Promise<number | undefined> {
    return errnoOf(await this.#file('file-make-directory', path));
  }

  /** The errno of a refusal, positive. */
  async tryRemoveDirectory(path: string): Promise<number | undefined> {
    return errnoOf(await this.#file('file-remove-directory', path));
  }

  /** Asks for the removal of a lock directory if it has expired (§2.6). The answer doesn't tell whether it has. */
  async requestUnlock(path: string): Promise<void> {
    await this.#file('file-set-times', path, { mtime: 0 });
  }

  /** Replaces a file whole: readers see the old content or the new. */
  async replace(path: string, content: Buffer): Promise<void> {
    const temporary = `${path}.tmp.${ownPid()}`;
    await this.write(temporary, content);
    const errno = await this.tryRename(temporary, path);
    if (errno === undefined) return;
    await this.#file('file-remove', temporary);
    return this.#refuse(`unable to rename '${this.fullPath(temporary)}' to '${this.fullPath(path)}'`, errno);
  }

  /** Creates or overwrites; readers may see a part. */
  async write(path: string, content: Buffer): Promise<void> {
    const result = await this.#file('file-write', path, { data: content.toString('base64') });
    const what = `unable to write file '${this.fullPath(path)}'`;
    if (errnoOf(result) !== undefined) return this.#refuse(what, result);
    if (result !== content.length)
      throw new PvecmFailure(`${what} - only ${result} of ${content.length} bytes were taken`);
  }

  async tryRename(from: string, to: string): Promise<number | undefined> {
    return errnoOf(await this.#file('file-rename', from, { to }));
  }

  /** Adds a line to the cluster log, priority `notice`, as the original's pvecm does. */
  async log(message: string): Promise<void> {
    await this.call('log-message', { priority: 5, ident: 'root@pam', tag: 'pvecm', pid: ownPid(), message });
  }

  /** True where `pve-actors boot` runs the node, so that `changeLife` works. */
  async isSupervised(): Promise<boolean> {
    const boot = await connectControl('the node', this.#layout.bootSocket);
    if (!(boot instanceof ControlClient)) return false;
    boot.close();
    return true;
  }

  /** Starts, stops or restarts the cluster process; false where nobody supervises it. Throws when it fails. */
  async changeLife(change: LifeChange): Promise<boolean> {
    const boot = await connectControl('the node', this.#layout.bootSocket);
    if (!(boot instanceof ControlClient)) {
      if (boot.failure.code === 'not-running') return false;
      throw new PvecmFailure(boot.failure.message);
    }
    this.close();
    const outcome = await boot.call(change, { name: 'cluster' }, { deadline_ms: LIFE_CHANGE_WITHIN_MS });
    boot.close();
    if ('error' in outcome) throw new PvecmFailure(`unable to ${change} the cluster process: ${outcome.error.message}`);
    return true;
  }

  fullPath(path: string): string {
    return `${this.#layout.mountPoint}/${path}`;
  }

  bootCommand(): string {
    const { root } = this.#layout;
    return root === '/' ? 'pve-actors boot' : `pve-actors boot --root ${root}`;
  }

  async #file(method: string, path: string, more: object = {}): Promise<unknown> {
    return this.call(method, { path, ...more });
  }

  async #refuse(what: string, result: unknown): Promise<never> {
    const errno = typeof result === 'number' ? result : (errnoOf(result) ?? 0);
    if (errno === EACCES && (await this.describeIfRunning())?.quorate === false) {
      throw new PvecmFailure(`${what} - ${errnoText(errno)}: cluster not ready - no quorum?`);
    }
    throw new PvecmFailure(`${what} - ${errnoText(errno)}`);
  }

  async #connection(): Promise<ControlClient | { readonly failure: string }> {
    if (this.#control !== undefined) return this.#control;
    const connected = await connectControl('the cluster process', this.#layout.controlSocket);
    if (!(connected instanceof ControlClient)) return { failure: connected.failure.message };
    this.#control = connected;
    return connected;
  }
}

/** Results of the file methods are values, or `{ errno }` with a negative number. */
function errnoOf(result: unknown): number | undefined {
  const errno = (result as { readonly errno?: unknown } | null | undefined)?.errno;
  return typeof errno === 'number' ? -errno : undefined;
}

const ERRNO_TEXTS: Readonly<Record<number, string>> = {
  1: 'Operation not permitted',
  2: 'No such file or directory',
  5: 'Input/output error',
  13: 'Permission denied',
  16: 'Device or resource busy',
  17: 'File exists',
  20: 'Not a directory',
  21: 'Is a directory',
  22: 'Invalid argument',
  27: 'File too large',
  39: 'Directory not empty',
};

export function errnoText(errno: number): string {
  return ERRNO_TEXTS[errno] ?? `error ${errno}`;
}
