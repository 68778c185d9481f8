/** The corpora of access control: user.cfg, effective roles and privileges, GET /access/permissions, realm sync. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DirectoryAnswer } from '../../machines/access/directory-records.ts';
import { type Identity, privilegesOn, rolesOn } from '../../machines/access/effective-roles.ts';
import { permissionOverview } from '../../machines/access/permission-overview.ts';
import { syncRealm } from '../../machines/access/realm-sync.ts';
import { type SyncParameters, syncOptions } from '../../machines/access/sync-options.ts';
import { readUserConfig } from '../../runtime/formats/access/read-user-config.ts';
import type { Realm, RealmType } from '../../runtime/formats/access/realm-config.ts';
import type { UserConfig } from '../../runtime/formats/access/user-config.ts';
import { writeUserConfig } from '../../runtime/formats/access/write-user-config.ts';
import { textToUtf8 } from '../../runtime/formats/byte-string.ts';
import { canonical, fromJson, toJson, type UserConfigJson } from './access/user-config-json.ts';
import { type Corpus, type CorpusCase, differenceOf, judged } from './corpus.ts';

interface Cases<T> {
  readonly cases: readonly (T & { readonly id: string })[];
}

/** @param differenceIn undefined: as expected. What it throws is a failed case. */
function corpusOf<T>(
  name: string,
  differenceIn: (vector: T, directory: string, all: Cases<T>) => string | undefined,
): Corpus {
  return {
    name,
    run: async (directory) => {
      const all = JSON.parse(readFileSync(join(directory, 'cases.json'), 'utf8')) as Cases<T>;
      return all.cases.map((vector): CorpusCase => {
        try {
          return judged(vector.id, differenceIn(vector, directory, all));
        } catch (error) {
          return judged(vector.id, (error as Error).message);
        }
      });
    },
  };
}

interface UserConfigCase {
  readonly raw?: string;
  readonly config?: UserConfigJson;
  readonly expected_config?: UserConfigJson;
  readonly expected_raw?: string;
}

const userConfig: Corpus = corpusOf<UserConfigCase>('usercfg', (vector) => {
  const read = vector.raw === undefined ? undefined : readUserConfig(textToUtf8(vector.raw)).config;
  const wanted = vector.expected_config ?? vector.config;
  if (read !== undefined && wanted !== undefined) {
    const difference = differenceOf(canonical(toJson(read)), canonical(wanted));
    if (difference !== undefined) return `reading: ${difference}`;
  }
  const written = vector.config === undefined ? read : fromJson(vector.config);
  const text = vector.expected_raw ?? (vector.config === undefined ? undefined : vector.raw);
  if (written === undefined || text === undefined) return undefined;
  const difference = differenceOf(writeUserConfig(written), textToUtf8(text));
  return difference && `writing: ${difference}`;
});

interface PermissionCase {
  readonly config: string;
  readonly kind: 'roles' | 'permissions';
  readonly user: Identity;
  readonly path: string;
  readonly expect: readonly string[];
}

const permissions: Corpus = corpusOf<PermissionCase>('permissions', (vector, directory) => {
  const { config } = readUserConfig(readFileSync(join(directory, vector.config), 'latin1'));
  const found = (vector.kind === 'roles' ? rolesOn : privilegesOn)(config, vector.user, vector.path);
  return differenceOf([...found.keys()].sort(), [...vector.expect].sort());
});

interface OverviewCase {
  readonly rpcuser: Identity;
  readonly params: { readonly userid?: string; readonly path?: string };
  readonly result?: unknown;
  readonly should_fail?: boolean;
}

const apiPermissions: Corpus = corpusOf<OverviewCase>('api-permissions', (vector, directory) => {
  const { config } = readUserConfig(readFileSync(join(directory, 'user.cfg'), 'latin1'));
  const result = permissionOverview(config, vector.rpcuser, vector.params);
  if (vector.should_fail) return result.ok ? 'expected a refusal' : undefined;
  if (!result.ok) return `refused: ${result.refusal.message}`;
  const plain = Object.fromEntries([...result.value].map(([path, flags]) => [path, Object.fromEntries(flags)]));
  return differenceOf(canonical(plain), canonical(vector.result));
});

interface SyncCase {
  readonly params: SyncParameters & { readonly realm: string };
  readonly expected_user_cfg: UserConfigJson;
}

/** What all cases of the file start from. */
interface SyncBeginning extends Cases<SyncCase> {
  readonly domains_cfg: {
    readonly ids: Readonly<Record<string, { readonly type: RealmType } & Readonly<Record<string, string | number>>>>;
  };
  readonly initial_user_cfg: UserConfigJson;
  readonly ldap_response: {
    readonly user: DirectoryAnswer['users'];
    readonly groups: DirectoryAnswer['groups'];
  };
}

const realmSync: Corpus = corpusOf<SyncCase>('realm-sync', (vector, _directory, all) => {
  const { domains_cfg, initial_user_cfg, ldap_response } = all as SyncBeginning;
  const { type, ...values } = domains_cfg.ids[vector.params.realm]!;
  const realm: Realm = { type, options: new Map(Object.entries(values)) };
  const options = syncOptions(vector.params, realm);
  if (!options.ok) return `refused: ${options.refusal.message}`;
  const answer = { users: ldap_response.user, groups: ldap_response.groups };
  const { config } = syncRealm(fromJson(initial_user_cfg), vector.params.realm, realm, {
    answer,
    options: options.value,
  });
  const expected = toJson(fromJson(vector.expected_user_cfg));
  return differenceOf(canonical(withoutMemberships(config)), canonical(expected));
});

/** The corpus doesn't know the users' side of memberships. */
function withoutMemberships(config: UserConfig): UserConfigJson {
  for (const user of config.users.values()) user.groups.clear();
  return toJson(config);
}

export const accessCorpora: readonly Corpus[] = [userConfig, permissions, apiPermissions, realmSync];
