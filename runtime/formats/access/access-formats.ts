/** The named formats of access control, to be added to the general ones (spec/access.md §3, spec/formats.md §3). */
import type { FormatCheck, NamedPropertyString } from '../property-schema.ts';
import { isGroupName, isPoolName, isRealmName, isRoleName, splitTokenId, userIdComplaint } from './identity.ts';
import { privileges } from './privileges.ts';
import { realmTfaFormat, syncOptionsFormat } from './realm-config.schema.ts';

function fitting(isRight: (text: string) => boolean, complaint: (text: string) => string): FormatCheck {
  return (text) => (isRight(text) ? undefined : complaint(text));
}

export const realmComplaint = fitting(isRealmName, () => 'value does not look like a valid realm');

export const accessFormats: readonly (readonly [string, FormatCheck | NamedPropertyString])[] = [
  ['pve-userid', userIdComplaint],
  ['pve-realm', realmComplaint],
  ['pve-groupid', fitting(isGroupName, (text) => `group name '${text}' contains invalid characters`)],
  ['pve-roleid', fitting(isRoleName, (text) => `role name '${text}' contains invalid characters`)],
  ['pve-poolid', fitting(isPoolName, (text) => `pool name '${text}' contains invalid characters`)],
  [
    'pve-priv',
    fitting(
      (text) => privileges.has(text),
      (text) => `invalid privilege '${text}'`,
    ),
  ],
  [
    'pve-tokenid',
    fitting(
      (text) => splitTokenId(text) !== undefined,
      (text) => `value '${text}' does not look like a valid token ID`,
    ),
  ],
  ['pve-tfa-config', { properties: realmTfaFormat }],
  ['realm-sync-options', { properties: syncOptionsFormat }],
];
