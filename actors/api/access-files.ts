/** The files of access control, read and changed whole (spec/access.md §1). Changes run under the locks of the original. */
import { Buffer } from 'node:buffer';
import type { Result } from '../../machines/access/refusal.ts';
import { readUserConfig } from '../../runtime/formats/access/read-user-config.ts';
import { type RealmConfig, readRealmConfig, writeRealmConfig } from '../../runtime/formats/access/realm-config.ts';
import { readShadowConfig, type ShadowConfig, writeShadowConfig } from '../../runtime/formats/access/shadow-config.ts';
import { readTfaConfig, type TfaConfig, writeTfaConfig } from '../../runtime/formats/access/tfa-config.ts';
import { readTokenSecrets, type TokenSecrets, writeTokenSecrets } from '../../runtime/formats/access/token-secrets.ts';
import type { UserConfig } from '../../runtime/formats/access/user-config.ts';
import { writeUserConfig } from '../../runtime/formats/access/write-user-config.ts';
import { ApiFailure, granted } from './failure.ts';
import type { ApiWorld, ClusterChanges } from './world.ts';

/** A file, its lock, and its two directions. */
interface CodedFile<T> {
  readonly path: string;
  readonly lock: string;
  /** @param text byte string */
  decode(text: string): T;
  /** @returns byte string */
  encode(value: T): string;
}

export const userFile: CodedFile<UserConfig> = {
  path: 'user.cfg',
  lock: 'file-user_cfg',
  decode: (text) => readUserConfig(text).config,
  encode: writeUserConfig,
};

export const realmFile: CodedFile<RealmConfig> = {
  path: 'domains.cfg',
  lock: 'file-domains_cfg',
  decode: (text) => readRealmConfig(text).config,
  encode: writeRealmConfig,
};

export const shadowFile: CodedFile<ShadowConfig> = {
  path: 'priv/shadow.cfg',
  lock: 'file-priv_shadow_cfg',
  decode: readShadowConfig,
  encode: writeShadowConfig,
};

export const tokenFile: CodedFile<TokenSecrets> = {
  path: 'priv/token.cfg',
  lock: 'file-priv_token_cfg',
  decode: readTokenSecrets,
  encode: writeTokenSecrets,
};

export const tfaFile: CodedFile<TfaConfig> = {
  path: 'priv/tfa.cfg',
  lock: 'file-priv_tfa_cfg',
  decode: (text) => {
    const read = readTfaConfig(text);
    if ('error' in read) throw new ApiFailure(read.error);
    return read.config;
  },
  encode: writeTfaConfig,
};

/** With the rights of the process: what is in `priv` needs a privileged one. */
export async function readCoded<T>(world: ApiWorld, file: CodedFile<T>): Promise<T> {
  const source = world.changes ?? world.cluster;
  return file.decode((await source.read(file.path))?.toString('latin1') ?? '');
}

export function writeCoded<T>(changes: ClusterChanges, file: CodedFile<T>, value: T): Promise<void> {
  return changes.replace(file.path, Buffer.from(file.encode(value), 'latin1'));
}

/** Reads, changes and writes under the file's lock. A refusal is thrown and nothing is written. */
export function changeCoded<T>(
  changes: ClusterChanges,
  file: CodedFile<T>,
  change: (before: T) => Result<T>,
): Promise<void> {
  return changes.withLock(file.lock, async () => {
    const before = file.decode((await changes.read(file.path))?.toString('latin1') ?? '');
    await writeCoded(changes, file, granted(change(before)));
  });
}
