/**
 * Changes in cluster mode (spec/pmxcfs.md §5.1, §5.2): encoded as dcdb messages, ordered by the group, answered after their
 * delivery here.
 */
import type { FileOperation } from '../../machines/pmxcfs/file-operation.ts';
import * as messages from '../../machines/pmxcfs/messages/file-message.ts';
import { encodeUnlock } from '../../machines/pmxcfs/messages/unlock-message.ts';
import type { Done } from '../../runtime/file-system/file-system.ts';

/** The dcdb replica, as far as changes are concerned. */
export interface ChangeSender {
  request(subtype: number, payload: Buffer, done: Done): void;
  post(subtype: number, payload: Buffer): void;
}

/** The `submit` of a file system in cluster mode. Data is copied before it returns. */
export function createReplicatedSubmit(replica: ChangeSender): (operation: FileOperation, done: Done) => void {
  return (operation, done) => {
    if (operation.kind === 'unlock-request') {
      replica.post(messages.UNLOCK_REQUEST, encodeUnlock(operation));
      done(0);
      return;
    }
    const [subtype, payload] = encode(operation);
    replica.request(subtype, payload, done);
  };
}

function encode(operation: Exclude<FileOperation, { kind: 'unlock-request' }>): readonly [number, Buffer] {
  const { path } = operation;
  switch (operation.kind) {
    case 'write': {
      const { offset, data, isEnd } = operation;
      return [messages.WRITE, messages.encodeFileMessage({ path, offset, data, flags: isEnd ? messages.TRUNCATE : 0 })];
    }
    case 'truncate':
      return [messages.WRITE, messages.encodeFileMessage({ path, offset: operation.size, flags: messages.TRUNCATE })];
    case 'create':
      return [messages.CREATE, messages.encodeFileMessage({ path })];
    case 'mkdir':
      return [messages.MKDIR, messages.encodeFileMessage({ path })];
    case 'delete':
      return [messages.DELETE, messages.encodeFileMessage({ path })];
    case 'rename':
      return [messages.RENAME, messages.encodeFileMessage({ path, to: operation.to })];
    case 'mtime':
      return [messages.MTIME, messages.encodeFileMessage({ path, offset: operation.mtime })];
  }
}
