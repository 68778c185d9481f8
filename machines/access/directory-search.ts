/** What is searched in a directory for a synchronisation (spec/access.md §8.3). */
import type { Realm } from '../../runtime/formats/access/realm-config.ts';
import { splitList } from '../../runtime/formats/list-text.ts';

export interface DirectorySearch {
  readonly base: string;
  readonly filter: string;
}

const userClasses = 'inetorgperson, posixaccount, person, user';
const groupClasses = 'groupOfNames, group, univentionGroup, ipausergroup';

export function userSearch({ options }: Realm): DirectorySearch {
  return {
    base: text(options, 'base_dn'),
    filter: combined(options, 'filter', text(options, 'user_classes') || userClasses),
  };
}

/** Where no other place is configured, groups are where the users are. */
export function groupSearch({ options }: Realm): DirectorySearch {
  return {
    base: text(options, 'group_dn') || text(options, 'base_dn'),
    filter: combined(options, 'group_filter', text(options, 'group_classes') || groupClasses),
  };
}

function text(options: Realm['options'], key: string): string {
  return String(options.get(key) ?? '');
}

/** One of the classes, and the configured filter, with or without its parentheses. */
function combined(options: Realm['options'], filterKey: string, classes: string): string {
  const byClass = `(|${splitList(classes)
    .map((name) => `(objectclass=${name})`)
    .join('')})`;
  const filter = text(options, filterKey);
  if (filter === '') return byClass;
  return `(&${byClass}${filter.startsWith('(') ? filter : `(${filter})`})`;
}
