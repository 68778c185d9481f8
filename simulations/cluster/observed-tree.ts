/** Watches a memory tree: tells what is done to it, at the moment when it is done. Changes nothing. */
import type { Memdb, Stamp } from '../../machines/pmxcfs/tree/memdb.ts';
import type { TreeChange, TreeReplacement } from '../checkers/observation.ts';

export interface TreeListener {
  /** An ordered operation was carried out, or refused by the tree. */
  changed(change: TreeChange): void;
  /** The whole tree was replaced: a state transfer, or loading it again after a full disk. */
  replaced(replacement: TreeReplacement): void;
}

const SHOWN_BYTES = 24;

export function observeTree(memdb: Memdb, listener: TreeListener): void {
  const watch = (kind: TreeChange['kind'], path: string, detail: string, stamp: Stamp, run: () => number): number => {
    const versionBefore = memdb.root.version;
    const result = run();
    const versionAfter = memdb.root.version;
    const { writer, time } = stamp;
    listener.changed({ kind, path, detail, writer, time_s: time, result, versionBefore, versionAfter });
    return result;
  };
  const create = memdb.create.bind(memdb);
  const write = memdb.write.bind(memdb);
  const mkdir = memdb.mkdir.bind(memdb);
  const remove = memdb.remove.bind(memdb);
  const rename = memdb.rename.bind(memdb);
  const setMtime = memdb.setMtime.bind(memdb);
  const adopt = memdb.adopt.bind(memdb);
  const open = memdb.open.bind(memdb);
  memdb.create = (path, stamp) => watch('create', path, '', stamp, () => create(path, stamp));
  memdb.mkdir = (path, stamp) => watch('mkdir', path, '', stamp, () => mkdir(path, stamp));
  memdb.remove = (path, stamp) => watch('remove', path, '', stamp, () => remove(path, stamp));
  memdb.rename = (path, to, stamp) => watch('rename', path, to, stamp, () => rename(path, to, stamp));
  memdb.setMtime = (path, mtime, stamp) =>
    watch('mtime', path, String(mtime), stamp, () => setMtime(path, mtime, stamp));
  memdb.write = (path, data, offset, truncate, stamp) => {
    const shown = `${offset} ${truncate} ${data.length} ${data.toString('latin1', 0, SHOWN_BYTES)}`;
    return watch('write', path, shown, stamp, () => write(path, data, offset, truncate, stamp));
  };
  memdb.adopt = (plan, monotonic_s) => {
    const before = { version: memdb.root.version, mtime: memdb.root.mtime };
    const failure = adopt(plan, monotonic_s);
    listener.replaced({ cause: 'transfer', before, isGood: failure === undefined });
    return failure;
  };
  memdb.open = (rows, now) => {
    const before = { version: memdb.root.version, mtime: memdb.root.mtime };
    const opened = open(rows, now);
    listener.replaced({ cause: 'reload', before, isGood: !('failure' in opened) });
    return opened;
  };
}
