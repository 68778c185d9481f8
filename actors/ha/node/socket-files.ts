/**
 * `ClusterFiles` of a real node: over the control socket of the cluster process, and its IPC socket for what nodes publish. Never by the
 * mount, which would block this process while that one stands still. Each call ends within its deadline: ETIMEDOUT where nobody answers,
 * ENOTCONN where nobody is there.
 */
import { EIO, ENOENT } from '../../../runtime/file-system/errno.ts';
import type { Errno } from '../../../runtime/file-system/file-system.ts';
import { connectIpc, type IpcClient } from '../../../runtime/ipc/client.ts';
import { ControlClient, connectControl } from '../../../runtime/ipc/control-client.ts';
import type { NodeLayout } from '../../../runtime/node/layout.ts';
import { ownPid } from '../../../runtime/node/node-directories.ts';
import { isObject } from '../cluster-files.ts';
import { ENOTCONN, ETIMEDOUT } from '../outcome.ts';
import type { Answer, ClusterFiles } from '../ports.ts';

const GET_STATUS = 5;
const NAME_BYTES = 256;
/** Generic data of a node (spec/pmxcfs.md §6.2). */
const PUBLISHED = 'kv/';

export class SocketFiles implements ClusterFiles {
  readonly #layout: NodeLayout;
  readonly #deadline_ms: number;
  #control: Promise<ControlClient | undefined> | undefined;

  /** @param deadline_ms of each call */
  constructor(layout: NodeLayout, deadline_ms: number) {
    this.#layout = layout;
    this.#deadline_ms = deadline_ms;
  }

  read(path: string, done: Answer<Buffer | Errno>): void {
    this.#call('file-read', { path: text(path) }, (result) =>
      done(typeof result === 'string' ? Buffer.from(result, 'base64') : errnoOf(result)),
    );
  }

  list(path: string, done: Answer<readonly string[] | Errno>): void {
    this.#call('file-list', { path: text(path) }, (result) => {
      if (!Array.isArray(result)) return void done(errnoOf(result));
      const names = (result as readonly { readonly name: string }[]).map(({ name }) => bytes(name));
      done(names.sort());
    });
  }

  replace(path: string, content: Buffer, done: Answer<Errno>): void {
    const temporary = `${path}.tmp.${ownPid()}`;
    const data = content.toString('base64');
    this.#call('file-write', { path: text(temporary), data }, (written) => {
      if (written !== content.length) return void done(errnoOf(written));
      this.rename(temporary, path, (errno) => {
        if (errno >= 0) return void done(0);
        this.unlink(temporary, () => done(errno));
      });
    });
  }

  mkdir(path: string, done: Answer<Errno>): void {
    this.#change('file-make-directory', { path: text(path) }, done);
  }

  rmdir(path: string, done: Answer<Errno>): void {
    this.#change('file-remove-directory', { path: text(path) }, done);
  }

  unlink(path: string, done: Answer<Errno>): void {
    this.#change('file-remove', { path: text(path) }, done);
  }

  rename(from: string, to: string, done: Answer<Errno>): void {
    this.#change('file-rename', { path: text(from), to: text(to) }, done);
  }

  setTime(path: string, mtime_s: number, done: Answer<Errno>): void {
    this.#change('file-set-times', { path: text(path), mtime: mtime_s }, done);
  }

  published(key: string, done: Answer<Readonly<Record<string, string>> | Errno>): void {
    this.read('.members', (members) => {
      if (typeof members === 'number') return void done(members);
      void this.#publishedBy(nodesIn(members), `${PUBLISHED}${key}`).then(done);
    });
  }

  close(): void {
    void this.#control?.then((control) => control?.close());
    this.#control = undefined;
  }

  #change(method: string, params: object, done: Answer<Errno>): void {
    this.#call(method, params, (result) => done(result === 0 ? 0 : errnoOf(result)));
  }

  #call(method: string, params: object, done: Answer<unknown>): void {
    void this.#result(method, params).then(done);
  }

  async #result(method: string, params: object): Promise<unknown> {
    this.#control ??= this.#connect();
    const control = await this.#control;
    if (control === undefined) {
      this.#control = undefined;
      return { errno: -ENOTCONN };
    }
    const outcome = await control.call(method, params, { deadline_ms: this.#deadline_ms });
    if ('result' in outcome) return outcome.result;
    const isLate = outcome.error.code === 'deadline';
    if (!isLate && outcome.error.code !== 'closed') return { errno: -EIO };
    // What was asked for may still happen; a new connection doesn't hear of it.
    control.close();
    this.#control = undefined;
    return { errno: isLate ? -ETIMEDOUT : -ENOTCONN };
  }

  async #connect(): Promise<ControlClient | undefined> {
    const connected = await connectControl('the cluster process', this.#layout.controlSocket);
    return connected instanceof ControlClient ? connected : undefined;
  }

  async #publishedBy(nodes: readonly string[], key: string): Promise<Readonly<Record<string, string>> | Errno> {
    const client = await connectIpc(this.#layout.ipcSocket);
    if ('failure' in client) return -ENOTCONN;
    const values: Record<string, string> = {};
    for (const node of nodes) {
      const value = await this.#valueOf(client, node, key);
      if (typeof value === 'string') values[node] = value;
    }
    client.close();
    return values;
  }

  async #valueOf(client: IpcClient, node: string, key: string): Promise<string | undefined> {
    const body = Buffer.alloc(2 * NAME_BYTES);
    body.write(key, 0, NAME_BYTES - 1, 'latin1');
    body.write(node, NAME_BYTES, NAME_BYTES - 1, 'latin1');
    const reply = await client.request(GET_STATUS, body, this.#deadline_ms);
    // Stock daemons publish texts with a NUL at their end.
    return 'failure' in reply || reply.error !== 0 ? undefined : reply.body.toString('latin1').replace(/\0$/, '');
  }
}

function nodesIn(members: Buffer): readonly string[] {
  try {
    const { nodelist } = JSON.parse(members.toString('utf8')) as { nodelist?: unknown };
    return isObject(nodelist) ? Object.keys(nodelist) : [];
  } catch {
    return [];
  }
}

function errnoOf(result: unknown): Errno {
  const errno = isObject(result) ? result.errno : undefined;
  if (typeof errno === 'number') return errno;
  // Something else than was asked for: a directory, or a part of what was to be written.
  return result === undefined ? -ENOENT : -EIO;
}

/** The socket speaks UTF-8, paths here are bytes. */
function text(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

function bytes(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1');
}
