/**
 * The methods of the cluster process's control socket. Parameters come from outside: what doesn't fit is refused with a
 * sentence and code `bad-parameters`. Files: results are `{ errno }` (negative, as a system call's) or the value.
 */
import type { Done, FileSystem } from '../../../runtime/file-system/file-system.ts';
import type { ControlHandler, ControlOutcome } from '../../../runtime/ipc/control-server.ts';
import type { ClusterNode, Outcome } from '../cluster-node.ts';

type Parameters = Readonly<Record<string, unknown>>;

export function controlHandlers(
  node: ClusterNode,
  transport: () => object | undefined,
): Record<string, ControlHandler> {
  return {
    describe: () => ({ result: { ...node.describe(), transport: transport() } }),
    'set-expected': (params) => withNumber(params, 'votes', (votes) => answered(node.setExpected(votes))),
    'kill-node': (params) => withNumber(params, 'nodeid', (nodeid) => answered(node.killNode(nodeid))),
    'dismiss-losing-side': (params) => withText(params, 'id', (id) => answered(node.dismissLosingSide(id))),
    'log-message': (params) =>
      withText(params, 'message', (message) => logMessage(node, params as Parameters, message)),
    ...fileHandlers(node.fileSystem),
  };
}

function answered(outcome: Outcome): ControlOutcome {
  return outcome.ok ? { result: {} } : { error: { code: outcome.code, message: outcome.message } };
}

function logMessage(node: ClusterNode, params: Parameters, text: string): ControlOutcome {
  const { priority = 6, ident = 'root@pam', tag = 'pvecm', pid = 0 } = params;
  if (typeof priority !== 'number' || typeof pid !== 'number' || typeof ident !== 'string' || typeof tag !== 'string') {
    return badParameters('priority and pid are numbers, ident and tag are texts');
  }
  node.status.logMessage({ priority, ident, tag, pid, message: Buffer.from(text) });
  return { result: {} };
}

function fileHandlers(files: FileSystem): Record<string, ControlHandler> {
  /** A change of one path. */
  const change =
    (run: (path: string, done: Done) => void): ControlHandler =>
    (params) =>
      withText(params, 'path', (path) => changed((done) => run(bytes(path), done)));
  return {
    'file-attributes': (params) => withText(params, 'path', (path) => fileAnswer(files.getattr(bytes(path)))),
    'file-list': (params) =>
      withText(params, 'path', (path) => ({
        result: files.readdir(bytes(path)).map(({ name, kind }) => ({ name: text(name), kind })),
      })),
    'file-link': (params) => withText(params, 'path', (path) => fileAnswer(files.readlink(bytes(path)))),
    'file-read': (params) => withText(params, 'path', (path) => readWhole(files, bytes(path))),
    'file-write': (params) => withText(params, 'path', (path) => writeWhole(files, bytes(path), params as Parameters)),
    'file-make-directory': change((path, done) => files.mkdir(path, done)),
    'file-remove': change((path, done) => files.unlink(path, done)),
    'file-remove-directory': change((path, done) => files.rmdir(path, done)),
    /** `mtime`: seconds; 0 on a lock directory asks for its removal if it has expired (§2.6). */
    'file-set-times': (params) =>
      withNumber(params, 'mtime', (mtime) =>
        withText(params, 'path', (path) => changed((done) => files.utimens(bytes(path), mtime, done))),
      ),
    'file-rename': (params) =>
      withText(params, 'path', (from) =>
        withText(params, 'to', (to) => changed((done) => files.rename(bytes(from), bytes(to), done))),
      ),
  };
}

function readWhole(files: FileSystem, path: string): ControlOutcome {
  const attributes = files.getattr(path);
  if (typeof attributes === 'number') return fileAnswer(attributes);
  const content = files.read(path, 0, Math.max(attributes.size, 1));
  return typeof content === 'number' ? fileAnswer(content) : { result: content.toString('base64') };
}

/** Creates the file where it is missing, and replaces its content. */
async function writeWhole(files: FileSystem, path: string, params: Parameters): Promise<ControlOutcome> {
  if (typeof params.data !== 'string') return badParameters('data is the content in base64');
  const data = Buffer.from(params.data, 'base64');
  if (typeof files.getattr(path) === 'number') {
    const created = await resultOf((done) => files.create(path, done));
    if (created < 0) return fileAnswer(created);
  } else {
    const emptied = await resultOf((done) => files.truncate(path, 0, done));
    if (emptied < 0) return fileAnswer(emptied);
  }
  return changed((done) => files.write(path, data, 0, done));
}

function resultOf(run: (done: Done) => void): Promise<number> {
  return new Promise((resolve) => run(resolve));
}

async function changed(run: (done: Done) => void): Promise<ControlOutcome> {
  return fileAnswer(await resultOf(run));
}

function fileAnswer(value: unknown): ControlOutcome {
  return { result: typeof value === 'number' && value < 0 ? { errno: value } : value };
}

/** People write UTF-8; the tree holds bytes. */
function bytes(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1');
}

function text(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}

type Handled = ControlOutcome | Promise<ControlOutcome>;

function withText(params: unknown, key: string, run: (value: string) => Handled): Handled {
  const value = (params as Parameters | undefined)?.[key];
  return typeof value === 'string' ? run(value) : badParameters(`${key} is a text`);
}

function withNumber(params: unknown, key: string, run: (value: number) => Handled): Handled {
  const value = (params as Parameters | undefined)?.[key];
  return Number.isSafeInteger(value) ? run(value as number) : badParameters(`${key} is a whole number`);
}

function badParameters(sentence: string): ControlOutcome {
  return { error: { code: 'bad-parameters', message: sentence } };
}
