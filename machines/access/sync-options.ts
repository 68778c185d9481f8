/** What a synchronisation shall do: its parameters, and the realm's defaults for what they leave out (spec/access.md §8.3). */

import { syncOptionsFormat } from '../../runtime/formats/access/realm-config.schema.ts';
import type { Realm } from '../../runtime/formats/access/realm-config.ts';
import { splitPropertyString } from '../../runtime/formats/property-string.ts';
import { isTrue } from './parameters.ts';
import { badParameters, done, type Result } from './refusal.ts';

export type SyncScope = 'users' | 'groups' | 'both';

/** What goes when the directory no longer has it: the record, what the directory didn't give of it, its ACL entries. */
export type Vanishing = 'entry' | 'properties' | 'acl';

export interface SyncOptions {
  readonly scope: SyncScope;
  readonly removeVanished: ReadonlySet<Vanishing>;
  /** Whether new users may log in. */
  readonly enableNew: boolean;
}

export interface SyncParameters {
  readonly scope?: string;
  readonly 'remove-vanished'?: string;
  readonly 'enable-new'?: unknown;
  readonly full?: unknown;
  readonly purge?: unknown;
}

export function syncOptions(params: SyncParameters, realm: Realm): Result<SyncOptions> {
  const defaults = defaultsOf(realm);
  const scope = params.scope ?? defaults.scope;
  if (scope === undefined) {
    return badParameters({ scope: 'Not passed as parameter and not defined in realm default sync options.' });
  }
  const enableNew = params['enable-new'] ?? defaults['enable-new'] ?? 1;
  const vanishing = vanishingOf(params) ?? vanishingOf(defaults) ?? 'none';
  return done({
    scope: scope as SyncScope,
    enableNew: isTrue(enableNew),
    removeVanished: new Set(vanishing.split(';').filter((word) => word !== 'none' && word !== '') as Vanishing[]),
  });
}

function defaultsOf({ options }: Realm): SyncParameters {
  const text = options.get('sync-defaults-options');
  const read = splitPropertyString(String(text ?? ''), syncOptionsFormat);
  return 'error' in read ? {} : Object.fromEntries(read.values);
}

/** `full` and `purge` are what old releases had for it. */
function vanishingOf(params: SyncParameters): string | undefined {
  if (params['remove-vanished'] !== undefined) return params['remove-vanished'];
  if (params.full === undefined && params.purge === undefined) return undefined;
  return [isTrue(params.full) ? 'entry;properties' : '', isTrue(params.purge) ? 'acl' : ''].join(';');
}
